import type { Finding } from '../../detectors/core/finding.js';
import { parseTime } from '../../ingest/event/time.js';
import type { Scene } from './attacks/scene.js';
import { incidentsOf, isPage, isSure, isTold, type Incident } from './incidents.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A finding so long after the last event of an attack still is about it. */
const GRACE_MS = HOUR_MS;
/** What an attack has changed at its victim is neither found nor false for so long. */
const AFTERMATH_MS = 24 * HOUR_MS;

type Relation = 'of' | 'after';

/** Whether the finding names somebody or something of the attacker's. */
function touches(scene: Scene, { entity_kind: kind, entity_uid: entity, token_uid: token, client_address: address, evidence }: Finding): boolean {
  // What is said of a whole issuer or service is said of whoever made its evidence.
  if (kind === 'source' || kind === 'service' || kind === 'deployment') return evidence.some((uid) => scene.eventUids.has(uid));
  return scene.tokens.has(entity) || scene.principals.has(entity) || scene.tokens.has(token) || scene.addresses.has(entity) || scene.addresses.has(address);
} // prettier-ignore

/** How a finding stands to an attack; null for one that has nothing to do with it. */
function relation(scene: Scene, finding: Finding): Relation | null {
  const atMs = parseTime(finding.time);
  if (atMs < scene.startMs - MINUTE_MS || atMs > scene.endMs + AFTERMATH_MS) return null;
  if (!touches(scene, finding)) return null;
  return atMs <= scene.endMs + GRACE_MS ? 'of' : 'after';
}

export interface Outcome {
  readonly scene: Scene;
  readonly attack: string;
  /** What was found of it, signals too. */
  readonly findings: Finding[];
  /** Of these, what raised an alert that is told, one that pages, and one with a sure finding. */
  readonly alerting: Finding[];
  readonly paging: Finding[];
}

/** Incidents that belong to no attack and are told. */
export interface FalseIncidents {
  readonly told: readonly Incident[];
  readonly pages: readonly Incident[];
}

export interface Graded {
  readonly outcomes: readonly Outcome[];
  readonly wrong: FalseIncidents;
  /** Incidents with a sure finding: of an attack, and of none. */
  readonly sure: { readonly right: number; readonly wrong: number };
}

export function grade(attacked: readonly { readonly scene: Scene; readonly attack: string }[], findings: readonly Finding[]): Graded {
  const outcomes = attacked.map(({ scene, attack }): Outcome => ({ scene, attack, findings: [], alerting: [], paging: [] }));
  const related = relate(outcomes, findings);
  const told: Incident[] = [];
  const sure = { right: 0, wrong: 0 };
  for (const incident of incidentsOf(findings).filter(isTold)) {
    const paging = isPage(incident);
    const foundOf = new Set<Outcome>();
    let known = false;
    for (const finding of incident.raising) {
      for (const [outcome, how] of related.get(finding) ?? []) {
        known = true;
        if (how === 'after') continue;
        foundOf.add(outcome);
        outcome.alerting.push(finding);
        if (paging) outcome.paging.push(finding);
      }
    }
    if (!known) told.push(incident);
    if (!incident.raising.some(isSure)) continue;
    if (foundOf.size > 0) sure.right += 1;
    else if (!known) sure.wrong += 1;
  }
  return { outcomes, wrong: { told, pages: told.filter(isPage) }, sure };
} // prettier-ignore

/** The attacks to which each finding belongs; fills in what was found of them. */
function relate(
  outcomes: readonly Outcome[],
  findings: readonly Finding[],
): ReadonlyMap<Finding, readonly (readonly [Outcome, Relation])[]> {
  // Attacks are few in an hour, findings are many: look only at those whose names the finding has.
  const byName = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const { tokens, principals, addresses, eventUids } = outcome.scene;
    for (const name of [...tokens, ...principals, ...addresses, ...eventUids]) {
      byName.set(name, [...(byName.get(name) ?? []), outcome]);
    }
  }
  const related = new Map<Finding, (readonly [Outcome, Relation])[]>();
  for (const finding of findings) {
    const names = [finding.entity_uid, finding.token_uid, finding.client_address, ...finding.evidence];
    for (const outcome of new Set(names.flatMap((name) => byName.get(name) ?? []))) {
      const how = relation(outcome.scene, finding);
      if (how === null) continue;
      related.set(finding, [...(related.get(finding) ?? []), [outcome, how]]);
      if (how === 'of') outcome.findings.push(finding);
    }
  }
  return related;
}

/** Minutes from the attacker's first event to the first of these findings; null where there is none. */
export function minutesTo(scene: Scene, findings: readonly Finding[]): number | null {
  const times = findings.map(({ time }) => parseTime(time));
  return times.length === 0 ? null : Math.max(0, Math.min(...times) - scene.startMs) / MINUTE_MS;
}
