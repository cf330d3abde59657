import type { Severity } from '../../detectors/core/detector.js';
import { severities } from '../../detectors/core/detector.js';
import type { Finding } from '../../detectors/core/finding.js';
import { parseTime } from '../../ingest/event/time.js';
import type { Scene } from './attacks/scene.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** As in the shipped policy of alerts: what an entity shows within this time is one alert. */
const EPISODE_GAP_MS = 4 * HOUR_MS;
/** A finding so long after the last event of an attack still is about it. */
const GRACE_MS = HOUR_MS;
/** What an attack has changed at its victim is neither found nor false for so long. */
const AFTERMATH_MS = 24 * HOUR_MS;

const rank = (severity: Severity): number => severities.indexOf(severity);

/** Info is a signal, from low on it is an alert. */
export const isAlert = ({ severity }: Finding): boolean => rank(severity) >= rank('low');
/** High fidelity wakes somebody, unless it is about a duty of the owner. */
export const isPage = ({ severity, fidelity }: Finding): boolean =>
  fidelity === 'high' && rank(severity) >= rank('medium');

/** What one entity showed in one episode. */
export interface Episode {
  readonly entity: string;
  readonly findings: Finding[];
  lastMs: number;
}

export function toEpisodes(findings: readonly Finding[]): readonly Episode[] {
  const found: Episode[] = [];
  const open = new Map<string, Episode>();
  for (const finding of findings) {
    if (!isAlert(finding)) continue;
    const atMs = parseTime(finding.time);
    const running = open.get(finding.entity_uid);
    if (running !== undefined && atMs - running.lastMs <= EPISODE_GAP_MS) {
      running.findings.push(finding);
      running.lastMs = Math.max(running.lastMs, atMs);
      continue;
    }
    const episode = { entity: finding.entity_uid, findings: [finding], lastMs: atMs };
    found.push(episode);
    open.set(finding.entity_uid, episode);
  }
  return found;
}

type Relation = 'of' | 'after';

/** How a finding stands to an attack; null for one that has nothing to do with it. */
function relation(scene: Scene, finding: Finding, atMs: number): Relation | null {
  if (atMs < scene.startMs - MINUTE_MS || atMs > scene.endMs + AFTERMATH_MS) return null;
  const { entity_uid: entity, token_uid: token, client_address: address } = finding;
  const touches =
    scene.tokens.has(entity) || scene.principals.has(entity) || scene.tokens.has(token) || scene.addresses.has(address);
  if (!touches) return null;
  return atMs <= scene.endMs + GRACE_MS ? 'of' : 'after';
}

export interface Outcome {
  readonly scene: Scene;
  readonly attack: string;
  readonly findings: Finding[];
}

export interface Graded {
  readonly outcomes: readonly Outcome[];
  /** Findings that belong to no attack. */
  readonly stray: readonly Finding[];
}

export function grade(attacked: readonly { readonly scene: Scene; readonly attack: string }[], findings: readonly Finding[]): Graded {
  const outcomes = attacked.map(({ scene, attack }) => ({ scene, attack, findings: [] as Finding[] }));
  // Attacks are few in an hour, findings are many: look only at those whose names the finding has.
  const byName = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const { tokens, principals, addresses } = outcome.scene;
    for (const name of [...tokens, ...principals, ...addresses]) byName.set(name, [...(byName.get(name) ?? []), outcome]);
  }
  const stray: Finding[] = [];
  for (const finding of findings) {
    const atMs = parseTime(finding.time);
    const names = [finding.entity_uid, finding.token_uid, finding.client_address];
    let known = false;
    for (const outcome of new Set(names.flatMap((name) => byName.get(name) ?? []))) {
      const how = relation(outcome.scene, finding, atMs);
      if (how === null) continue;
      known = true;
      if (how === 'of') outcome.findings.push(finding);
    }
    if (!known) stray.push(finding);
  }
  return { outcomes, stray };
} // prettier-ignore

/** Minutes from the attacker's first event to the first finding that counts; null where there is none. */
export function minutesTo({ scene, findings }: Outcome, counts: (finding: Finding) => boolean): number | null {
  const times = findings.filter(counts).map(({ time }) => parseTime(time));
  return times.length === 0 ? null : Math.max(0, Math.min(...times) - scene.startMs) / MINUTE_MS;
}
