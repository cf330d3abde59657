import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../core/clock.js';
import { AppError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { tryJson } from '../../core/try-json.js';
import { codeOf } from '../../pipeline/error-code.js';
import { replaceFile } from '../../pipeline/replace-file.js';

const ms = z.number().int().nonnegative();

const nextLengthMax = 16_384;
/** Objects of a bucket that wait for another try, at most. */
export const refusedMax = 500;

const feedStateSchema = z.strictObject({
  /** Every record of an event time before this was read, but for late ones; milliseconds since the Unix epoch. */
  watermarkMs: ms,
  /** The page to ask for next, where a window or a list of arrivals was left in its middle. */
  next: z.string().max(nextLengthMax).optional(),
  /** The window that `next` belongs to. */
  window: z.strictObject({ fromMs: ms, toMs: ms }).optional(),
  /** Digest of the list that `next` and `window` belong to. */
  api: z.string().max(64).optional(),
  /** Keys of objects that were refused and passed over. */
  refused: z.array(z.string().max(nextLengthMax)).max(refusedMax).optional(),
});

const fileSchema = z.strictObject({ version: z.literal(1), feeds: z.record(z.string(), feedStateSchema) });

export type FeedState = z.infer<typeof feedStateSchema>;

/** Whether a file with this cursor can be opened again. */
export const isKeepable = (next: string | undefined): boolean => (next?.length ?? 0) <= nextLengthMax;

/** How far each list of one API was read, in a file. What it says is durable in the log. */
export class PollState {
  readonly #path: string;
  readonly #feeds: Map<string, FeedState>;
  readonly #isSecret: (text: string) => boolean;

  private constructor(path: string, feeds: Map<string, FeedState>, isSecret: (text: string) => boolean) {
    this.#path = path;
    this.#feeds = feeds;
    this.#isSecret = isSecret;
  }

  /**
   * A file that is none is put aside: reading again makes no second event.
   *
   * @param isSecret what of a cursor may not be written down. It is used while the process runs; after its end the list
   *   is read on from its watermark.
   * @throws AppError TQ_DATA_DIR_UNUSABLE
   */
  static async open(
    path: string,
    clock: Clock,
    logger: Logger,
    isSecret: (text: string) => boolean,
  ): Promise<PollState> {
    try {
      await mkdir(dirname(path), { recursive: true });
      const text = await readFile(path, 'utf8').catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      });
      if (text === undefined) return new PollState(path, new Map(), isSecret);
      const parsed = fileSchema.safeParse(tryJson(text));
      if (parsed.success) return new PollState(path, new Map(Object.entries(parsed.data.feeds)), isSecret);
      const aside = `${path}.broken-${String(clock.nowMs())}`;
      await rename(path, aside);
      logger.error(
        { path, aside },
        'the cursors are broken and were put aside; the API is read again from lookback on',
      );
      return new PollState(path, new Map(), isSecret);
    } catch (error) {
      throw unusable(path, error);
    }
  }

  get(feed: string): FeedState | undefined {
    return this.#feeds.get(feed);
  }

  /** Resolves when it is on disk. @throws AppError TQ_DATA_DIR_UNUSABLE, retryable */
  async set(feed: string, state: FeedState): Promise<void> {
    this.#feeds.set(feed, state);
    try {
      const feeds = [...this.#feeds].map(([name, at]) => [name, this.#writable(at)] as const);
      await replaceFile(this.#path, JSON.stringify({ version: 1, feeds: Object.fromEntries(feeds) }));
    } catch (error) {
      throw unusable(this.#path, error);
    }
  }

  #writable(state: FeedState): FeedState {
    if (state.next === undefined || !this.#isSecret(state.next)) return state;
    return { ...state, next: undefined, window: undefined };
  }
}

function unusable(path: string, cause: unknown): AppError {
  return new AppError('TQ_DATA_DIR_UNUSABLE', `The cursors in ${path} cannot be kept (${codeOf(cause)}).`, {
    retryable: true,
    mend: 'Free space, and make the folder writable for this user, or set another data directory.',
    cause,
  });
}
