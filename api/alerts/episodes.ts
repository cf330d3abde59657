import type { Finding } from '../../detectors/core/finding.js';
import { parseTime } from '../../ingest/event/time.js';
import type { Alert } from './alert.js';
import { severityRank, type AlertPolicy } from './policy.js';
import { pointsOf, riskAt, type RiskPart } from './risk.js';

/** Findings of one subject that are one incident, with the open alerts that it has already. */
export interface Episode {
  /** Event time of the first and last finding that raised it, milliseconds. */
  fromMs: number;
  toMs: number;
  alerts: Alert[];
  /** Findings that raise it, in order of time. */
  raising: Finding[];
  /** Other signals within reach that no alert holds, in order of time. */
  signals: Finding[];
  /** Highest risk at a finding that raised it. */
  risk: number;
}

interface Raised {
  readonly finding: Finding;
  readonly timeMs: number;
  readonly risk: number;
  /** How far behind it another one may lie to be the same episode, milliseconds. */
  readonly gapMs: number;
}

export const kindOf = ({ detector, score }: Finding): string => `${detector}/${score.measure}`;

/** One finding is enough: nothing else needs to be known to raise an alert. */
export const isStrong = (finding: Finding, { risk }: AlertPolicy): boolean =>
  finding.fidelity === 'high' || pointsOf(finding) >= risk.threshold;

export const inTime = (a: Finding, b: Finding): number =>
  a.time < b.time || (a.time === b.time && a.finding_uid < b.finding_uid) ? -1 : 1;

/**
 * Findings that raise an alert: of high fidelity, or while the risk is above the threshold. More findings never make fewer
 * of them, so the order in which they become known does not matter.
 *
 * @param findings of one subject, in order of time.
 */
function raisedIn(findings: readonly Finding[], policy: AlertPolicy): readonly Raised[] {
  const { episodeGapMs, severityMin, risk } = policy;
  const parts = riskParts(findings);
  return findings.flatMap((finding) => {
    if (severityRank(finding.severity) < severityRank(severityMin)) return [];
    const timeMs = parseTime(finding.time);
    const strong = isStrong(finding, policy);
    const now = riskAt(parts, timeMs, risk.halfLifeMs);
    if (finding.fidelity !== 'high' && now < risk.threshold) return [];
    // A weak one raises only on top of what was before; that is the episode it goes on with.
    const gapMs = strong ? episodeGapMs : Math.max(episodeGapMs, risk.halfLifeMs);
    return [{ finding, timeMs, risk: now, gapMs }];
  });
}

/**
 * What goes into the risk. One event may tell both stages the same: of a token, and of the principal that has no other. That is one fact, and
 * the stronger word for it counts.
 */
function riskParts(findings: readonly Finding[]): readonly RiskPart[] {
  const parts: RiskPart[] = [];
  const facts = new Map<string, { readonly token: RiskPart[]; readonly principal: RiskPart[] }>();
  for (const finding of findings) {
    const part = { kind: kindOf(finding), points: pointsOf(finding), timeMs: parseTime(finding.time) };
    const { entity_kind: entity } = finding;
    if (entity !== 'token' && entity !== 'principal') {
      parts.push(part);
      continue;
    }
    const fact = `${part.kind} ${part.timeMs}`;
    const words = facts.get(fact) ?? { token: [], principal: [] };
    words[entity].push(part);
    facts.set(fact, words);
  }
  const total = (words: readonly RiskPart[]): number => words.reduce((sum, { points }) => sum + points, 0);
  for (const { token, principal } of facts.values())
    parts.push(...(total(principal) > total(token) ? principal : token));
  return parts;
}

/**
 * The incidents that findings of one subject make: those that raise an alert and follow each other within the gap are one,
 * and what an open alert holds is one with it. Signals that raise nothing join what they came shortly before, or after.
 *
 * @param findings of one subject, in order of time.
 * @param open alerts of the subject that are neither resolved nor suppressed.
 */
export function episodesOf(
  findings: readonly Finding[],
  open: readonly Alert[],
  policy: AlertPolicy,
): readonly Episode[] {
  const held = new Set(open.flatMap((alert) => alert.finding_uids));
  let episodes: Episode[] = open.map((alert) => ({
    fromMs: parseTime(alert.first_seen),
    toMs: parseTime(alert.last_seen),
    alerts: [alert],
    raising: [],
    signals: [],
    risk: alert.risk,
  }));
  const raised = raisedIn(findings, policy);
  for (const one of raised) {
    const linked = episodes.filter(
      ({ fromMs, toMs }) => one.timeMs <= toMs + one.gapMs && one.timeMs >= fromMs - policy.episodeGapMs,
    );
    episodes = [...episodes.filter((episode) => !linked.includes(episode)), joined(linked, one)];
  }
  episodes.sort((a, b) => a.fromMs - b.fromMs);
  const raising = new Set(raised.map(({ finding }) => finding));
  for (const finding of findings) {
    if (raising.has(finding) || held.has(finding.finding_uid)) continue;
    const timeMs = parseTime(finding.time);
    const home = episodes.find(
      ({ fromMs, toMs }) => timeMs >= fromMs - policy.risk.halfLifeMs && timeMs <= toMs + policy.episodeGapMs,
    );
    home?.signals.push(finding);
  }
  return episodes;
}

function joined(episodes: readonly Episode[], { finding, timeMs, risk }: Raised): Episode {
  return {
    fromMs: Math.min(timeMs, ...episodes.map(({ fromMs }) => fromMs)),
    toMs: Math.max(timeMs, ...episodes.map(({ toMs }) => toMs)),
    alerts: episodes.flatMap(({ alerts }) => alerts),
    raising: [...episodes.flatMap(({ raising }) => raising), finding],
    signals: [],
    risk: Math.max(risk, ...episodes.map((episode) => episode.risk)),
  };
}
