import { deterministicUuid } from '../../ingest/event/event-uid.js';
import { isDrill } from '../../ingest/event/drill.js';
import { formatTime } from '../../ingest/event/time.js';
import type { TokenEvent, TokenFacts } from '../../ingest/event/token-event.js';
import type { AnyDetector, Notice, Observation, Score, Speaker, Verdict } from './detector.js';
import type { Finding } from './finding.js';

/** Whose finding it is. */
interface Named {
  readonly entityKind: Speaker;
  readonly entityUid: string;
}

/**
 * The id that names what was found, not when it was computed: a replay makes the same one. Whoever can choose the name
 * of a principal cannot choose the id of a token's finding.
 */
export function findingUid(
  detector: AnyDetector,
  { entityKind, entityUid }: Named,
  { measure, windowStartMs }: Score,
  grade: readonly string[] = [],
): string {
  const kind = entityKind === 'token' ? [] : [entityKind];
  return deterministicUuid('finding', detector.id, ...kind, entityUid, measure, String(windowStartMs), ...grade);
}

/** What a finding names beside its entity: that of its last event. */
export interface Subject {
  readonly event_uid: string;
  readonly token_uid: string;
  readonly token_name: string;
  readonly principal_uid: string;
  readonly principal_name: string;
  readonly client_address: string;
  readonly target_service: string;
  readonly drill: boolean;
}

/** A JWT's key id is that of the key that signed it, which a thousand others bear. */
const nameOf = ({ display_name, identity, algorithm, key_id, jti }: TokenFacts): string =>
  display_name ?? (identity === 'jwt' || algorithm !== undefined ? undefined : key_id) ?? jti ?? '';

export function subjectOf(event: TokenEvent): Subject {
  const { token, principal, target } = event;
  return {
    event_uid: event.event_uid,
    token_uid: token?.token_uid ?? '',
    token_name: token === undefined ? '' : nameOf(token),
    principal_uid: principal?.principal_uid ?? '',
    principal_name: principal?.name ?? principal?.id ?? '',
    client_address: event.client?.address ?? '',
    target_service: target?.service ?? target?.address ?? '',
    drill: isDrill(event),
  };
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
  const { severity, fidelity, evidence = [] } = verdict;
  const finding_uid = findingUid(detector, observation, score, graver ? [severity, fidelity] : []);
  const sql = detector.sql(score, observation);
  return findingOf(detector, observation, finding_uid, { score, verdict, sql }, subjectOf(observation.event), observation.timeMs, [
    ...evidence,
    ...recent,
  ]);
} // prettier-ignore

/** What a detector said when it was woken at `timeMs`. @param subject that of the entity's last event. */
export function makeNotice(
  detector: AnyDetector,
  named: Named,
  timeMs: number,
  notice: Notice,
  subject: Subject,
  recent: readonly string[],
): Finding {
  return findingOf(detector, named, findingUid(detector, named, notice.score), notice, subject, timeMs, recent);
}

function findingOf(
  detector: AnyDetector,
  { entityKind, entityUid }: Named,
  finding_uid: string,
  { score, verdict, sql }: Notice,
  { event_uid, drill, ...names }: Subject,
  timeMs: number,
  others: readonly string[],
): Finding {
  return {
    finding_uid,
    detector: detector.id,
    detector_version: detector.version,
    entity_kind: entityKind,
    entity_uid: entityUid,
    ...names,
    severity: verdict.severity,
    fidelity: verdict.fidelity,
    summary: drill ? `[DRILL] ${verdict.summary}` : verdict.summary,
    ...(drill && { drill: true as const }),
    techniques: verdict.techniques,
    score,
    time: formatTime(timeMs),
    evidence: [...new Set([event_uid, ...others])].slice(0, EVIDENCE_MAX),
    sql,
  };
}
