import type { Readable } from 'node:stream';
import { z } from 'zod';
import { endsWithin } from '../../core/deadline.js';
import type { Component } from '../../core/component.js';
import { AppError, describeError } from '../../core/errors.js';
import type { HealthRegistry } from '../../core/health.js';
import { contentIdentity, identityPrefix } from '../../pipeline/content-identity.js';
import { deliver } from '../../pipeline/delivery.js';
import { codeOf } from '../../pipeline/error-code.js';
import { LineSplitter, type RawLine } from '../../pipeline/line-splitter.js';
import { parseRecords, splitRecord, type SourceBinding } from '../../pipeline/record-parser.js';
import type { CollectorDeps } from '../collector-deps.js';

export const stdinConfigSchema = z.strictObject({
  line_bytes_max: z.int().min(1_024).max(67_108_864).default(1_048_576),
});

export type StdinConfig = z.output<typeof stdinConfigSchema>;

export interface StdinDeps extends CollectorDeps {
  readonly binding: SourceBinding;
  readonly input: Readable;
  readonly health: HealthRegistry;
}

export interface StdinCollector extends Component {
  /** Resolves at the end of the input, when everything is durable; rejects when the input breaks or stop cut it off. */
  readonly finished: Promise<void>;
}

/**
 * Lines of a stream that cannot be read twice. It reads no further than the sink is durable, so a pipe's writer feels
 * the back-pressure. The same stream given again has the same event_uids.
 */
export function createStdinCollector(config: StdinConfig, deps: StdinDeps): StdinCollector {
  return new LineStreamCollector(config, deps);
}

const brokenMend =
  'See why its writer or the device failed, then start Tourniquet with the input again; what is sent twice counts once.';

class LineStreamCollector implements StdinCollector {
  readonly name: string;
  readonly finished: Promise<void>;
  private readonly config: StdinConfig;
  private readonly deps: StdinDeps;
  private readonly abort = new AbortController();
  private readonly settle: { resolve: (done: Promise<void>) => void };
  private running: Promise<void> | undefined;

  constructor(config: StdinConfig, deps: StdinDeps) {
    this.config = config;
    this.deps = deps;
    this.name = `stdin:${deps.binding.source.product}:${deps.binding.instance}`;
    let resolve: (done: Promise<void>) => void = () => undefined;
    this.finished = new Promise<void>((settled) => (resolve = settled));
    this.finished.catch(() => undefined);
    this.settle = { resolve };
    // Nobody can open a broken pipe again, so other inputs stay in service.
    deps.health.declare(this.name, { maxAgeMs: 60_000, required: false });
  }

  start(): Promise<void> {
    if (this.running === undefined && !this.abort.signal.aborted) {
      this.running = this.read();
      this.settle.resolve(this.running);
    }
    return Promise.resolve();
  }

  async stop(deadlineMs: number): Promise<void> {
    if (this.abort.signal.aborted) return;
    this.abort.abort();
    this.deps.input.destroy();
    await endsWithin(
      this.running?.catch(() => undefined),
      deadlineMs,
    );
    if (this.running === undefined) this.settle.resolve(Promise.resolve());
  }

  private async read(): Promise<void> {
    const { health, clock, logger } = this.deps;
    health.report(this.name, clock.nowMs());
    try {
      await this.readLines();
      logger.info({ input: this.name }, 'the standard input ended; all that it held is durable');
    } catch (error) {
      // Stopped in the middle: who stopped it knows.
      if (!this.abort.signal.aborted) this.tellBroken(error);
      throw error;
    }
  }

  private tellBroken(error: unknown): void {
    const cause = error instanceof AppError ? describeError(error) : codeOf(error) || 'an unexpected error';
    const said = `The standard input is no longer read: ${cause}`;
    this.deps.health.fail(this.name, said);
    this.deps.logger.error(
      { input: this.name, error: said, mend: brokenMend },
      'the standard input broke; what was read until then is durable, and nothing more will come from it',
    );
  }

  private async readLines(): Promise<void> {
    const splitter = new LineSplitter(0, this.config.line_bytes_max);
    let head = Buffer.alloc(0);
    let container: string | undefined;
    for await (const chunk of this.deps.input) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      if (container === undefined) {
        head = Buffer.concat([head, bytes]);
        container = this.containerOf(head, false);
      }
      const lines = splitter.push(bytes);
      // A whole line is always enough to name the stream by, however its bytes were cut.
      if (container !== undefined) await this.take(lines, container);
    }
    container ??= this.containerOf(head, true);
    if (container !== undefined) await this.take(splitter.flush(), container);
  }

  private containerOf(head: Buffer, ended: boolean): string | undefined {
    const prefix = identityPrefix(head, ended);
    return prefix === undefined ? undefined : contentIdentity(this.deps.binding.instance, prefix);
  }

  private async take(lines: readonly RawLine[], container: string): Promise<void> {
    if (lines.length === 0) return;
    const { binding } = this.deps;
    const records = lines.flatMap((line) => splitRecord(binding.source, line));
    const parsed = parseRecords(binding, records, container, this.deps);
    await deliver(parsed, this.deps, { signal: this.abort.signal });
    this.deps.health.report(this.name, this.deps.clock.nowMs());
    this.deps.onCounts?.(binding.source.product, binding.instance, parsed.counts);
  }
}
