import { deterministicUuid } from '../../ingest/event/event-uid.js';
import { isDrill } from '../../ingest/event/drill.js';
import { formatTime } from '../../ingest/event/time.js';
import type { AnyDetector, Observation, Score, Verdict } from './detector.js';
import type { Finding } from './finding.js';

/**
 * The id that names what was found, not when it was computed: a replay makes the same one. Whoever can choose the name
 * of a principal cannot choose the id of a token's finding.
 */
export function findingUid(
  detector: AnyDetector,
  { entityKind, entityUid }: Observation,
  { measure, windowStartMs }: Score,
  grade: readonly string[] = [],
): string {
  const kind = entityKind === 'token' ? [] : [entityKind];
  return deterministicUuid('finding', detector.id, ...kind, entityUid, measure, String(windowStartMs), ...grade);
}

/** event_uids in one finding. */
export const EVIDENCE_MAX = 5;

/**
 * @param graver true if the window has had a finding that was less grave: then severity and fidelity are part of the name.
 * @param recent event_uids of the entity's requests before the deciding one, newest first; they fill the places that
 *   the detector's own evidence leaves.
 */
export function makeFinding(
  detector: AnyDetector,
  observation: Observation,
  score: Score,
  verdict: Verdict,
  recent: readonly string[],
  graver = false,
): Finding {
  const { event, entityKind, entityUid } = observation;
  const token = event.token;
  const evidence = new Set([event.event_uid, ...(verdict.evidence ?? []), ...recent]);
  return {
    finding_uid: findingUid(detector, observation, score, graver ? [verdict.severity, verdict.fidelity] : []),
    detector: detector.id,
    detector_version: detector.version,
    entity_kind: entityKind,
    entity_uid: entityUid,
    token_uid: token?.token_uid ?? '',
    token_name: token?.display_name ?? token?.key_id ?? token?.jti ?? '',
    principal_uid: event.principal?.principal_uid ?? '',
    principal_name: event.principal?.name ?? event.principal?.id ?? '',
    severity: verdict.severity,
    fidelity: verdict.fidelity,
    summary: isDrill(event) ? `[DRILL] ${verdict.summary}` : verdict.summary,
    ...(isDrill(event) && { drill: true as const }),
    techniques: verdict.techniques,
    score,
    time: formatTime(observation.timeMs),
    client_address: event.client?.address ?? '',
    target_service: event.target?.service ?? event.target?.address ?? '',
    evidence: [...evidence].slice(0, EVIDENCE_MAX),
    sql: detector.sql(score, observation),
  };
}
