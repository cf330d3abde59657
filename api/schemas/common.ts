import { z } from 'zod';
import { AppError } from '../../ingest/core/errors.js';
import { formatTime, isTimeMs, parseTime } from '../../ingest/event/time.js';
import { severities, type Severity } from '../../detectors/core/detector.js';

/** RFC 3339 with zone, or milliseconds since the Unix epoch; read as milliseconds. */
export const instant = z
  .string()
  .max(48)
  .refine((text) => isTimeMs(toMs(text)), 'RFC 3339 with a zone, or milliseconds since 1970')
  .describe('RFC 3339 with a zone, or milliseconds since 1970.');

function toMs(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : parseTime(text);
}

export const readInstant = (text: string): number => toMs(text);

/** Free text of a filter. */
export const filterText = z.string().min(1).max(1024);

export const uuid = z.guid().transform((text) => text.toLowerCase());

export const tokenUid = z
  .string()
  .regex(/^tok_[A-Za-z0-9_-]{22}$/, 'tok_ and 22 characters')
  .describe('Name of the token.');

export const severity = z.enum(severities);

/** This severity and all above it; empty for all. */
export const severitiesFrom = (min: Severity | undefined): string[] =>
  min === undefined ? [] : severities.slice(severities.indexOf(min));

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Rows of a page.'),
  cursor: z.string().max(512).optional().describe('next_cursor of the page before.'),
};

const cursorSchema = z.tuple([z.number().int().min(-1e15).max(1e15), z.string().max(128)]);

/** Where a page ended: the sort time and the unique name of its last row. */
export interface Cursor {
  readonly beforeMs: number;
  readonly beforeUid: string;
}

const encodeCursor = (timeIso: string, uid: string): string =>
  Buffer.from(JSON.stringify([parseTime(timeIso), uid])).toString('base64url');

/** @throws AppError TQ_REQUEST_INVALID. */
export function readCursor(text: string | undefined): Cursor {
  if (text === undefined) return { beforeMs: 0, beforeUid: '' };
  try {
    const [beforeMs, beforeUid] = cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    return { beforeMs, beforeUid };
  } catch {
    throw new AppError('TQ_REQUEST_INVALID', 'The cursor is not one of ours.', {
      mend: 'Use next_cursor of the page before as it is, or leave it out.',
    });
  }
}

/** One page out of `limit + 1` rows. */
export function pageOf<T>(
  rows: readonly T[],
  limit: number,
  place: (row: T) => { time: string; uid: string },
): { items: T[]; next_cursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  if (rows.length <= limit || last === undefined) return { items, next_cursor: null };
  const { time, uid } = place(last);
  return { items, next_cursor: encodeCursor(time, uid) };
}

export const pageSchema = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable().describe('Null on the last page.') });

export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The time window of a request.
 * @param defaults how far back `from` lies when left out, and the longest window, milliseconds.
 * @throws AppError TQ_REQUEST_INVALID.
 */
export function readWindow(
  query: { from?: string | undefined; to?: string | undefined },
  nowMs: number,
  defaults: { backMs: number; maxMs: number },
): TimeWindow {
  const toMs_ = query.to === undefined ? nowMs : readInstant(query.to);
  const fromMs = query.from === undefined ? toMs_ - defaults.backMs : readInstant(query.from);
  if (fromMs > toMs_)
    throw new AppError('TQ_REQUEST_INVALID', 'The window ends before it begins.', { mend: 'Swap from and to.' });
  if (toMs_ - fromMs > defaults.maxMs) {
    const days = Math.floor(defaults.maxMs / 86_400_000);
    throw new AppError('TQ_REQUEST_INVALID', `The window is longer than ${days} days.`, {
      mend: 'Ask for a shorter one.',
    });
  }
  return { fromMs, toMs: toMs_ };
}

export const windowQuery = {
  from: instant.optional(),
  to: instant.optional(),
};

export const windowSchema = z.object({ from: z.string(), to: z.string() });

export const countedUntilSchema = z
  .string()
  .describe('All stored lines before this time are counted; hops are found some seconds after their lines.');

export const windowOf = (window: TimeWindow): z.output<typeof windowSchema> => ({
  from: formatTime(window.fromMs),
  to: formatTime(window.toMs),
});
