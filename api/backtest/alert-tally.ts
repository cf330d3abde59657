import type { Severity } from '../../detectors/core/detector.js';
import type { Finding } from '../../detectors/core/finding.js';
import { incidentsOf } from '../alerts/incidents.js';
import type { AlertPolicy } from '../alerts/policy.js';
import type { Matcher } from '../suppressions/matching.js';

/** What makes alerts of findings. */
export interface AlertSettings {
  readonly policy: AlertPolicy;
  /** Findings that one of these takes raise nothing: suppressions of the configuration, and detectors that are only observed. */
  readonly suppressed: readonly Matcher[];
}

/** Alerts that the findings of a run would have raised. */
export interface AlertCounts {
  readonly alerts: number;
  readonly by_severity: Readonly<Record<string, number>>;
  /** By day (UTC) of the finding that raised it first, and severity. */
  readonly days: Readonly<Record<string, Readonly<Record<Severity, number>>>>;
  /** Findings that raise nothing whatever they are. */
  readonly suppressed: number;
  /** Findings that were not looked at, because there were too many. */
  readonly left_out: number;
}

/** Findings of one subject that are looked at: what comes after belongs to alerts that are there. */
const PER_SUBJECT_MAX = 2_000;
const FINDINGS_MAX = 100_000;

export class AlertTally {
  readonly #settings: AlertSettings;
  readonly #findings: Finding[] = [];
  readonly #bySubject = new Map<string, number>();
  #suppressed = 0;
  #leftOut = 0;

  constructor(settings: AlertSettings) {
    this.#settings = settings;
  }

  add(finding: Finding): void {
    if (this.#settings.suppressed.some((takes) => takes(finding))) {
      this.#suppressed += 1;
      return;
    }
    const key = `${finding.entity_kind} ${finding.entity_uid}`;
    const before = this.#bySubject.get(key) ?? 0;
    if (before >= PER_SUBJECT_MAX || this.#findings.length >= FINDINGS_MAX) {
      this.#leftOut += 1;
      return;
    }
    this.#bySubject.set(key, before + 1);
    // Neither says whose it is, nor how grave.
    this.#findings.push({ ...finding, sql: '', evidence: [] });
  }

  read(): AlertCounts {
    const days = new Map<string, Record<Severity, number>>();
    const bySeverity: Record<string, number> = { critical: 0, high: 0, medium: 0, low: 0 };
    const incidents = incidentsOf(this.#findings, this.#settings.policy);
    for (const { raising, severity } of incidents) {
      const date = raising[0]?.time.slice(0, 10) ?? '';
      const day = days.get(date) ?? { info: 0, low: 0, medium: 0, high: 0, critical: 0 };
      day[severity] += 1;
      days.set(date, day);
      bySeverity[severity] = (bySeverity[severity] ?? 0) + 1;
    }
    return {
      alerts: incidents.length,
      by_severity: bySeverity,
      days: Object.fromEntries([...days].sort(([a], [b]) => (a < b ? -1 : 1))),
      suppressed: this.#suppressed,
      left_out: this.#leftOut,
    };
  }
}
