import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { Component } from '../../../ingest/core/component.js';
import { endsWithin } from '../../../ingest/core/deadline.js';
import { AppError, describeError } from '../../../ingest/core/errors.js';
import type { Logger } from '../../../ingest/core/logger.js';
import { fromPlainError, type PlainError } from '../../../ingest/core/plain-error.js';
import type { EventLogWriter } from '../../../ingest/log/event-log.js';
import { serveWriter } from '../../../ingest/log/ported-writer.js';
import type { ReplayProgress, ReplaySummary } from '../../../ingest/pipeline/replay.js';
import type { Config } from '../../config/schema.js';
import type { SourceSettings } from '../source-by-name.js';

/** A file and the source that wrote it, as data: the thread makes the parser. */
export interface SourceFile {
  readonly path: string;
  readonly source: SourceSettings;
}

/** What the thread is given. It reads the fingerprint key by itself. */
export interface ReplayOrder {
  readonly config: Config;
  readonly files: readonly SourceFile[];
  readonly writer: MessagePort;
}

export type PlainSummary = Omit<ReplaySummary, 'faults'> & {
  readonly faults: readonly { readonly path: string; readonly error: PlainError }[];
};

/** What the thread says; `done` or `failed` comes last. */
export type ReplayMessage =
  | { readonly kind: 'progress'; readonly progress: ReplayProgress }
  | { readonly kind: 'log'; readonly level: keyof Logger; readonly fields: object; readonly message: string }
  | { readonly kind: 'done'; readonly summary: PlainSummary }
  | { readonly kind: 'failed'; readonly error: PlainError };

export interface ThreadedReplayDeps {
  readonly writer: EventLogWriter;
  readonly logger: Logger;
  readonly onProgress: (progress: ReplayProgress) => void;
}

/**
 * A replay whose files are read, parsed and encoded by a thread of their own, while this one stores and scores what has
 * come. Order, checkpoints and back-pressure are those of `replayFiles`: one batch is on its way to the log at a time.
 */
export class ThreadedReplay implements Component {
  readonly name = 'replay';
  readonly #order: Omit<ReplayOrder, 'writer'>;
  readonly #deps: ThreadedReplayDeps;
  #thread: Worker | undefined;
  #ended: Promise<void> = Promise.resolve();
  #summary: Promise<ReplaySummary> | undefined;

  constructor(order: Omit<ReplayOrder, 'writer'>, deps: ThreadedReplayDeps) {
    this.#order = order;
    this.#deps = deps;
  }

  start(): Promise<void> {
    const { port1: here, port2: there } = new MessageChannel();
    serveWriter(here, this.#deps.writer);
    const thread = new Worker(new URL('./replay-thread.js', import.meta.url), {
      workerData: { ...this.#order, writer: there } satisfies ReplayOrder,
      transferList: [there],
    });
    this.#thread = thread;
    this.#ended = new Promise((resolve) => {
      thread.once('exit', () => {
        here.close();
        resolve();
      });
    });
    this.#summary = this.#listen(thread);
    // Seen by who asks for it; this only keeps it from being unhandled until then.
    this.#summary.catch(() => undefined);
    return Promise.resolve();
  }

  /** @throws what `replayFiles` throws; AppError TQ_INTERNAL when the thread itself failed. */
  async summary(): Promise<ReplaySummary> {
    if (this.#summary === undefined) throw new TypeError('the replay was not started');
    return this.#summary;
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#thread?.postMessage('stop');
    if (!(await endsWithin(this.#ended, deadlineMs))) await this.#thread?.terminate();
    this.#thread = undefined;
  }

  #listen(thread: Worker): Promise<ReplaySummary> {
    const { logger, onProgress } = this.#deps;
    return new Promise((resolve, reject) => {
      thread.on('message', (message: ReplayMessage) => {
        if (message.kind === 'progress') onProgress(message.progress);
        else if (message.kind === 'log') logger[message.level](message.fields, message.message);
        else if (message.kind === 'failed') reject(fromPlainError(message.error));
        else resolve(toSummary(message.summary));
      });
      const failed = (cause?: unknown): void => {
        const why = cause === undefined ? 'It ended early.' : describeError(cause);
        const mend = 'Repeat the command; what was read is not read twice.';
        reject(new AppError('TQ_INTERNAL', `The thread that reads the files failed: ${why}`, { cause, mend }));
      };
      thread.once('error', failed);
      thread.once('exit', () => failed());
    });
  }
}

const toSummary = ({ faults, ...summary }: PlainSummary): ReplaySummary => ({
  ...summary,
  faults: faults.map(({ path, error }) => ({ path, error: fromPlainError(error) })),
});
