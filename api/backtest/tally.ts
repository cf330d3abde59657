import type { Finding } from '../../detectors/core/finding.js';
import type { Fidelity } from '../../detectors/core/detector.js';
import { defaultPolicy, severityRank } from '../alerts/policy.js';

const ENTITIES_SHOWN = 10;
/** Entities that are counted one by one; what comes after is counted in sum only. */
const ENTITIES_MAX = 200_000;

export interface NoisyEntity {
  readonly entity_kind: Finding['entity_kind'];
  readonly entity_uid: string;
  readonly name: string;
  readonly findings: number;
}

/** What a run of the detectors found. A finding below the severity at which alerts begin is a signal. */
export interface BacktestTally {
  readonly findings: number;
  readonly signals: number;
  /** By day (UTC) and fidelity, signals left out. */
  readonly days: Readonly<Record<string, Readonly<Record<Fidelity, number>>>>;
  readonly by_measure: Readonly<Record<string, number>>;
  readonly noisiest: readonly NoisyEntity[];
}

interface Entity {
  readonly kind: Finding['entity_kind'];
  readonly uid: string;
  /** As the first finding that has one calls it. */
  name: string;
  count: number;
}

/** Most first. Findings come in another order from run to run, which must not show. */
const byCount =
  <T>(count: (one: T) => number, name: (one: T) => string) =>
  (a: T, b: T): number =>
    count(b) - count(a) || (name(a) < name(b) ? -1 : 1);

export class Tally {
  #findings = 0;
  #signals = 0;
  readonly #days = new Map<string, Record<Fidelity, number>>();
  readonly #measures = new Map<string, number>();
  readonly #entities = new Map<string, Entity>();

  add(finding: Finding): void {
    const measure = `${finding.detector}/${finding.score.measure}`;
    this.#findings += 1;
    this.#measures.set(measure, (this.#measures.get(measure) ?? 0) + 1);
    if (severityRank(finding.severity) < severityRank(defaultPolicy.severityMin)) {
      this.#signals += 1;
      return;
    }
    const date = finding.time.slice(0, 10);
    const day = this.#days.get(date) ?? { low: 0, medium: 0, high: 0 };
    day[finding.fidelity] += 1;
    this.#days.set(date, day);
    const { entity_kind: kind, entity_uid: uid, token_name, principal_name } = finding;
    const name = kind === 'token' ? token_name : principal_name;
    const key = `${kind} ${uid}`;
    const known = this.#entities.get(key);
    if (known !== undefined) {
      known.count += 1;
      known.name ||= name;
    } else if (this.#entities.size < ENTITIES_MAX) this.#entities.set(key, { kind, uid, name, count: 1 });
  }

  read(): BacktestTally {
    const entities = [...this.#entities.values()].sort(
      byCount(
        ({ count }) => count,
        ({ uid }) => uid,
      ),
    );
    const measures = [...this.#measures].sort(
      byCount(
        ([, count]) => count,
        ([measure]) => measure,
      ),
    );
    return {
      findings: this.#findings,
      signals: this.#signals,
      days: Object.fromEntries([...this.#days].sort(([a], [b]) => (a < b ? -1 : 1))),
      by_measure: Object.fromEntries(measures),
      noisiest: entities
        .slice(0, ENTITIES_SHOWN)
        .map(({ kind, uid, name, count }) => ({ entity_kind: kind, entity_uid: uid, name, findings: count })),
    };
  }
}
