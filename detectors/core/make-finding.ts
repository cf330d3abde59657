import { deterministicUuid } from '../../ingest/event/event-uid.js';
import { isDrill } from '../../ingest/event/drill.js';
import { formatTime } from '../../ingest/event/time.js';
import type { AnyDetector, Observation, Score, Verdict } from './detector.js';
import type { Finding } from './finding.js';

/**
 * The id that names what was found, not when it was computed: a replay makes the same one.
 *
 * @param entity token_uid or principal_uid.
 */
export function findingUid(detector: AnyDetector, entity: string, score: Score): string {
  return deterministicUuid('finding', detector.id, entity, score.measure, String(score.windowStartMs));
}

/** @param evidence event_uids of the observations before the deciding one, newest first. */
export function makeFinding(
  detector: AnyDetector,
  observation: Observation,
  score: Score,
  verdict: Verdict,
  evidence: readonly string[],
): Finding {
  const { event } = observation;
  const token = event.token;
  const entity = token?.token_uid ?? '';
  return {
    finding_uid: findingUid(detector, entity, score),
    detector: detector.id,
    detector_version: detector.version,
    entity_kind: 'token',
    entity_uid: entity,
    token_uid: entity,
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
    evidence: [event.event_uid, ...evidence],
    sql: detector.sql(score, observation),
  };
}
