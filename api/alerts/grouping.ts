import type { Finding } from '../../detectors/core/finding.js';
import { parseTime } from '../../ingest/event/time.js';
import { assessed, openAlert, opened, raisedBy, withAlert, withFinding } from './alert-facts.js';
import type { Alert, AlertSignal } from './alert.js';
import { episodesOf, inTime, type Episode } from './episodes.js';
import { severityRank, type AlertPolicy } from './policy.js';
import { Subjects } from './subject.js';
import { transition } from './transitions.js';

export const noticeKinds = [
  'opened',
  'escalated',
  'acknowledged',
  'resolved',
  'suppressed',
  'reopened',
  'test',
] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** A change that destinations should hear of. */
export interface Notice {
  readonly alert: Alert;
  readonly kind: NoticeKind;
  /** Names the change within the alert, so that the delivery's id is deterministic. */
  readonly discriminator: string;
}

export interface GroupingOutcome {
  /** Alerts to store, newest version of each, once. */
  readonly changed: readonly Alert[];
  /** Alerts that turned out to be one with another, closed; their last step is to be stored. */
  readonly merged: readonly Alert[];
  readonly notices: readonly Notice[];
}

/** The product itself, as actor of a step. */
const SELF = 'tourniquet';

/**
 * Makes of findings the alerts of their subjects: one for each subject and episode, whichever stage and detector found what
 * and in whatever order it became known. Pure and idempotent: a finding that an alert holds already changes nothing.
 *
 * @param findings news first, in the order of the log; then what the store holds of their subjects around them.
 * @param current recent alerts of the subjects, any state, and every alert that holds one of the findings.
 */
export function groupFindings(
  findings: readonly Finding[],
  current: readonly Alert[],
  policy: AlertPolicy,
  nowIso: string,
): GroupingOutcome {
  const subjects = new Subjects(findings, current);
  const groups = new Map<string, { findings: Map<string, Finding>; alerts: Alert[] }>();
  const groupOf = (key: string) => {
    const known = groups.get(key) ?? { findings: new Map<string, Finding>(), alerts: [] };
    groups.set(key, known);
    return known;
  };
  for (const finding of findings) {
    const group = groupOf(subjects.ofFinding(finding)).findings;
    if (!group.has(finding.finding_uid)) group.set(finding.finding_uid, finding);
  }
  for (const alert of current) groupOf(subjects.ofAlert(alert)).alerts.push(alert);
  const outcomes = [...groups.values()]
    .filter((group) => group.findings.size > 0)
    .map((group) => groupSubject([...group.findings.values()], group.alerts, policy, nowIso));
  return {
    changed: outcomes.flatMap(({ changed }) => changed),
    merged: outcomes.flatMap(({ merged }) => merged),
    notices: outcomes.flatMap(({ notices }) => notices),
  };
}

function groupSubject(
  findings: readonly Finding[],
  alerts: readonly Alert[],
  policy: AlertPolicy,
  nowIso: string,
): GroupingOutcome {
  const open = alerts.filter(({ state }) => state === 'open' || state === 'acknowledged');
  let closed = alerts.filter((alert) => !open.includes(alert));
  const held = new Set(open.flatMap((alert) => alert.finding_uids));
  const settled = new Set(closed.flatMap((alert) => alert.finding_uids));
  const live: Finding[] = [];
  const grown = new Map<string, Alert>();
  for (const finding of findings) {
    if (held.has(finding.finding_uid)) live.push(finding);
    else if (!settled.has(finding.finding_uid)) {
      const silent = silentHome(closed, finding, policy);
      if (silent === undefined) {
        live.push(finding);
        continue;
      }
      const after = nextVersion(silent, raisedBy(withFinding(silent, finding), finding), nowIso);
      closed = closed.map((alert) => (alert === silent ? after : alert));
      if (after !== silent) grown.set(after.alert_uid, after);
    }
  }
  const known = new Map(live.map((finding, place) => [finding, place]));
  const outcomes = episodesOf([...live].sort(inTime), open, policy).map((episode) =>
    settle(episode, (finding) => known.get(finding) ?? 0, policy, nowIso),
  );
  return {
    changed: [...grown.values(), ...outcomes.flatMap(({ changed }) => changed)],
    merged: outcomes.flatMap(({ merged }) => merged),
    notices: outcomes.flatMap(({ notices }) => notices),
  };
}

const MERGED = 'One incident with alert ';

/** Whether it was closed because it is one with another, which holds what it held and takes what is of its time. */
function isMerged({ state, history }: Alert): boolean {
  const last = history.at(-1);
  return state === 'resolved' && last?.actor === SELF && last.reason.startsWith(MERGED);
}

/** The closed alert that takes the finding without a word, if any: the one of the latest episode. */
function silentHome(closed: readonly Alert[], finding: Finding, policy: AlertPolicy): Alert | undefined {
  const time = parseTime(finding.time);
  const takes = (alert: Alert): boolean => {
    if (isMerged(alert)) return false;
    const [first, last] = [parseTime(alert.first_seen), parseTime(alert.last_seen)];
    if (alert.state === 'suppressed' && alert.suppressed_until !== null) {
      // What comes before its end, and nothing after it; another token found by another detector is news all the same.
      const known = alert.token_uids.includes(finding.token_uid) || alert.detectors.includes(finding.detector);
      return known && time >= first - policy.episodeGapMs && time < parseTime(alert.suppressed_until);
    }
    // Once resolved, only what happened before the end of the episode still belongs to it.
    return time >= first - policy.episodeGapMs && time <= last;
  };
  return closed
    .filter(takes)
    .reduce<Alert | undefined>(
      (best, alert) => (best === undefined || alert.last_seen > best.last_seen ? alert : best),
      undefined,
    );
}

const byOpening = (a: Alert, b: Alert): number =>
  a.opened_at < b.opened_at || (a.opened_at === b.opened_at && a.alert_uid < b.alert_uid) ? -1 : 1;

/** The alert of an episode after its new findings. @param placeOf where a finding stands among what became known. */
function settle(
  episode: Episode,
  placeOf: (finding: Finding) => number,
  policy: AlertPolicy,
  nowIso: string,
): GroupingOutcome {
  const [before, ...others] = [...episode.alerts].sort(byOpening);
  const { raising, signals } = episode;
  // The one that was known first names the alert, so that it has the same name wherever the log is cut.
  const opening = [...raising].sort((a, b) => placeOf(a) - placeOf(b))[0];
  const start = before ?? (opening === undefined ? undefined : openAlert(opening, nowIso));
  if (start === undefined) return { changed: [], merged: [], notices: [] };
  const grown = [...raising, ...signals].sort(inTime).reduce(withFinding, others.reduce(withAlert, start));
  const judged = assessed(raising.reduce(raisedBy, grown), episode.risk, policy);
  if (before === undefined) {
    const alert = opened({ ...judged, version: 1 }, nowIso);
    return { changed: [alert], merged: [], notices: [{ alert, kind: 'opened', discriminator: 'opened' }] };
  }
  const after = nextVersion(before, judged, nowIso);
  if (after === before && others.length === 0) return { changed: [], merged: [], notices: [] };
  const merged = others.map((other) =>
    transition(
      other,
      {
        to: 'resolved',
        actor: SELF,
        reason: `${MERGED}${before.alert_uid}, which goes on.`,
        suppressedUntil: null,
      },
      nowIso,
    ),
  );
  const worse = worseThan(before, after);
  return {
    changed: after === before ? [] : [after],
    merged,
    notices: [
      ...(worse === null ? [] : [worse]),
      ...merged.map((alert): Notice => ({ alert, kind: 'resolved', discriminator: `merged:${before.alert_uid}` })),
    ],
  };
}

const nextVersion = (before: Alert, after: Alert, nowIso: string): Alert =>
  after === before ? before : { ...after, updated_at: nowIso, version: before.version + 1 };

const isSure = ({ fidelity, severity }: AlertSignal): boolean =>
  fidelity === 'high' && severityRank(severity) >= severityRank('medium');

/** Each rise of severity is told, and each new kind of signal of high fidelity. */
function worseThan(before: Alert, after: Alert): Notice | null {
  if (severityRank(after.severity) > severityRank(before.severity)) {
    return { alert: after, kind: 'escalated', discriminator: `escalated:${after.severity}` };
  }
  const news = after.signals.find(
    (signal) =>
      isSure(signal) &&
      !before.signals.some((one) => isSure(one) && one.detector === signal.detector && one.measure === signal.measure),
  );
  if (news === undefined) return null;
  return { alert: after, kind: 'escalated', discriminator: `signal:${news.detector}/${news.measure}` };
}
