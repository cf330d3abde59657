import { deliver } from '../../pipeline/delivery.js';
import { parseRecords, splitRecord, type RawRecord, type SourceBinding } from '../../pipeline/record-parser.js';
import { emptyCounts } from '../../pipeline/record-tally.js';
import type { CollectorDeps } from '../collector-deps.js';
import { countStrays, strayLetters } from '../stray-records.js';
import type { Frame } from './syslog-framing.js';
import { readSyslog } from './syslog-message.js';

/** A source that takes syslog messages. */
export interface SyslogInput extends SourceBinding {
  readonly name: string;
  /** APP-NAME or TAG of its messages; without them it takes what no other source of the listener names. */
  readonly appNames?: readonly string[];
  /** Names of client certificates that may send to it, on a TLS listener. */
  readonly peers?: readonly string[];
}

interface Waiting {
  readonly input: SyslogInput | undefined;
  readonly record: RawRecord;
}

const batchMax = 2_000;

/**
 * Messages of one listener on their way to the log, in order. Syslog knows neither ids nor acknowledgements, so a
 * message is named by the start of the listener and its place after it; two equal lines are two events.
 */
export class SyslogIntake {
  private readonly deps: CollectorDeps;
  private readonly pendingMax: number;
  private readonly container: string;
  private readonly lost: AbortSignal;
  private waiting: Waiting[] = [];
  private inWork = 0;
  private place = 0;
  private running: Promise<void> | undefined;
  private roomFor: (() => void)[] = [];

  /** @param container names this listener and its start, unlike any other. @param lost aborted at the deadline of the stop. */
  constructor(deps: CollectorDeps, pendingMax: number, container: string, lost: AbortSignal) {
    this.deps = deps;
    this.pendingMax = pendingMax;
    this.container = container;
    this.lost = lost;
  }

  get hasRoom(): boolean {
    return this.waiting.length + this.inWork < this.pendingMax;
  }

  /** Resolves when there is room again. */
  room(): Promise<void> {
    if (this.hasRoom) return Promise.resolve();
    return new Promise((resolve) => this.roomFor.push(resolve));
  }

  /** @param inputs the sources that the sender may send to. */
  add(frames: readonly Frame[], inputs: readonly SyslogInput[]): void {
    for (const { text: raw, truncated, validUtf8 } of frames) {
      const { appName, text } = readSyslog(raw);
      const record: RawRecord = { text, offset: this.place, truncated, validUtf8 };
      this.place += raw.length + 1;
      this.waiting.push({ input: chooseInput(inputs, appName), record });
    }
    this.running ??= this.work().finally(() => (this.running = undefined));
  }

  /** A datagram that came while there was no room: it is gone, and counted. */
  drop(inputs: readonly SyslogInput[]): void {
    const counts = emptyCounts();
    counts.received = 1;
    counts.drop.overloaded = 1;
    const [input] = inputs;
    this.deps.onCounts?.(input?.source.product ?? 'syslog', input?.instance ?? '', counts);
  }

  /** Resolves when everything that was added is durable, or given up. */
  async drain(): Promise<void> {
    while (this.running !== undefined) await this.running.catch(() => undefined);
  }

  private async work(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, batchMax);
      this.inWork = batch.length;
      try {
        await this.hand(batch);
      } catch {
        // Only the deadline of the stop ends the tries.
        this.deps.logger.error({ records: batch.length + this.waiting.length }, 'syslog messages were given up');
        this.waiting = [];
      }
      this.inWork = 0;
      for (const resolve of this.roomFor.splice(0)) resolve();
    }
  }

  private async hand(batch: readonly Waiting[]): Promise<void> {
    const byInput = new Map<SyslogInput | undefined, RawRecord[]>();
    for (const { input, record } of batch) {
      const list = byInput.get(input);
      const parts = input === undefined ? [record] : splitRecord(input.source, record);
      if (list === undefined) byInput.set(input, [...parts]);
      else list.push(...parts);
    }
    for (const [input, records] of byInput) {
      if (input === undefined) await this.refuse(records);
      else {
        const parsed = parseRecords(input, records, this.container, this.deps);
        await deliver(parsed, this.deps, { signal: this.lost });
        this.deps.onCounts?.(input.source.product, input.instance, parsed.counts);
      }
    }
  }

  private async refuse(records: readonly RawRecord[]): Promise<void> {
    const strays = records.map(({ text, offset }) => ({ text, offset, container: this.container }));
    const letters = strayLetters(strays, strayRule, this.deps.clock.nowMs());
    await deliver({ events: [], letters }, this.deps, { signal: this.lost });
    countStrays(letters, strayRule, this.deps.onCounts);
  }
}

const strayRule = {
  transport: 'syslog',
  message: 'No source of this syslog listener takes messages of this program.',
  mend: 'Name its APP-NAME or TAG in app_names of a source, or leave app_names out at one source.',
};

function chooseInput(inputs: readonly SyslogInput[], appName: string | undefined): SyslogInput | undefined {
  const named = inputs.find((input) => appName !== undefined && input.appNames?.includes(appName) === true);
  if (named !== undefined) return named;
  const [only, ...others] = inputs.filter((input) => input.appNames === undefined);
  return others.length === 0 ? only : undefined;
}
