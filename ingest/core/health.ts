/**
 * Health by evidence: a part is well when it did its work recently, or has none to do. "The process is up" says
 * nothing; a worker that has lag and has not written for a minute is not ready, an idle one is.
 */
export interface PartOptions {
  /** How old the last report may be while work is waiting, milliseconds. */
  readonly maxAgeMs: number;
  /** False for what this process cannot mend, such as somebody else's API: its failure is shown, and the process stays ready. */
  readonly required?: boolean;
}

export type PartState = 'ok' | 'idle' | 'starting' | 'stale' | 'failing';

export interface PartHealth {
  readonly part: string;
  readonly state: PartState;
  /** Milliseconds since the Unix epoch of the last work done; null when none yet. */
  readonly lastReportMs: number | null;
  /** Work waiting, in the part's own unit (records, deliveries). */
  readonly pending: number;
  readonly maxAgeMs: number;
  /** Whether the process is not ready without it. */
  readonly required: boolean;
  /** Why the part is failing, in words that are safe to show. */
  readonly reason: string | null;
}

export interface HealthStatus {
  readonly ready: boolean;
  readonly parts: readonly PartHealth[];
}

interface PartRecord {
  readonly maxAgeMs: number;
  readonly required: boolean;
  lastReportMs: number | null;
  pending: number;
  /** Since when work has been waiting without a break; an age is never counted from before there was work. */
  pendingSinceMs: number | null;
  reason: string | null;
}

const DEFAULT_MAX_AGE_MS = 30_000;

/** Parts report to it; `/readyz` reads it. Not persistent: a restart begins at `starting`. */
export class HealthRegistry {
  readonly #parts = new Map<string, PartRecord>();

  /** Makes the part known before its first report, so that a part that never starts is seen as `starting`. */
  declare(part: string, options: PartOptions = { maxAgeMs: DEFAULT_MAX_AGE_MS }): void {
    if (this.#parts.has(part)) return;
    this.#parts.set(part, {
      maxAgeMs: options.maxAgeMs,
      required: options.required ?? true,
      lastReportMs: null,
      pending: 0,
      pendingSinceMs: null,
      reason: null,
    });
  }

  /** The part finished a piece of work (or became ready to) at `atMs`; clears a failure. */
  report(part: string, atMs: number): void {
    const record = this.#record(part);
    record.lastReportMs = Math.max(record.lastReportMs ?? atMs, atMs);
    record.reason = null;
  }

  /** @param pending how much work waits for the part, 0 or more. */
  lag(part: string, pending: number, atMs: number): void {
    const record = this.#record(part);
    record.pending = Math.max(0, pending);
    if (record.pending === 0) record.pendingSinceMs = null;
    else record.pendingSinceMs ??= atMs;
  }

  /** The part cannot work now; holds until its next report. @param reason safe to show to anyone. */
  fail(part: string, reason: string): void {
    this.#record(part).reason = reason;
  }

  /** @param nowMs milliseconds since the Unix epoch. */
  status(nowMs: number): HealthStatus {
    const parts = [...this.#parts.entries()]
      .map(([part, record]) => describe(part, record, nowMs))
      .sort((a, b) => (a.part < b.part ? -1 : 1));
    const isWell = ({ state, required }: PartHealth): boolean => !required || state === 'ok' || state === 'idle';
    return { ready: parts.every(isWell), parts };
  }

  #record(part: string): PartRecord {
    this.declare(part);
    const record = this.#parts.get(part);
    if (record === undefined) throw new TypeError(`part ${part} was not declared`);
    return record;
  }
}

function describe(part: string, record: PartRecord, nowMs: number): PartHealth {
  return {
    part,
    state: stateOf(record, nowMs),
    lastReportMs: record.lastReportMs,
    pending: record.pending,
    maxAgeMs: record.maxAgeMs,
    required: record.required,
    reason: record.reason,
  };
}

function stateOf(record: PartRecord, nowMs: number): PartState {
  if (record.reason !== null) return 'failing';
  if (record.lastReportMs === null) return 'starting';
  if (record.pending === 0) return nowMs - record.lastReportMs <= record.maxAgeMs ? 'ok' : 'idle';
  const waitingSince = Math.max(record.lastReportMs, record.pendingSinceMs ?? record.lastReportMs);
  return nowMs - waitingSince <= record.maxAgeMs ? 'ok' : 'stale';
}
