import type { Readable } from 'node:stream';
import { z } from 'zod';
import { SeriesDetector, VALUE_MAX } from '../../../detectors/series/series-detector.js';
import { LineSplitter, type RawLine } from '../../../ingest/pipeline/line-splitter.js';
import type { Terminal } from '../terminal.js';

const lineBytesMax = 1 << 16;
/** Numbers below are seconds since the epoch (until the year 5138), others milliseconds. */
const secondsMax = 1e11;
const timeMsMax = 8.64e15;

const point = z.object({
  timestamp: z.union([z.string().max(64), z.number()]),
  value: z.number().min(-VALUE_MAX).max(VALUE_MAX),
});

/**
 * Reads `{"timestamp","value"}` as JSON lines and writes one `{"score"}` for each, in order and as they come. A line that
 * is no point gets `{"score":null,"error":…}` in its place, so that lines stay aligned, and makes the exit code 1; it
 * teaches nothing. Blank lines are passed over.
 */
export async function scoreInput(input: Readable, terminal: Terminal): Promise<void> {
  const detector = new SeriesDetector();
  const splitter = new LineSplitter(0, lineBytesMax);
  let number = 0;
  const answer = (line: RawLine): string => {
    const read = readPoint(line);
    if (typeof read !== 'string') return `{"score":${String(detector.score(read.timeMs, read.value))}}`;
    terminal.setExitCode(1);
    return JSON.stringify({ score: null, error: `line ${String(number)}: ${read}` });
  };
  const handle = (lines: readonly RawLine[]): void => {
    const answers: string[] = [];
    for (const line of lines) {
      number += 1;
      if (line.text.trim() !== '') answers.push(answer(line));
    }
    if (answers.length > 0) terminal.out(answers.join('\n'));
  };
  for await (const chunk of input) handle(splitter.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))));
  handle(splitter.flush());
}

/** @returns the point, or what is wrong with the line and how to mend it. */
function readPoint(line: RawLine): { readonly timeMs: number; readonly value: number } | string {
  if (line.truncated) return `longer than ${String(lineBytesMax)} bytes; write one point a line`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(line.text);
  } catch {
    return 'no JSON; write {"timestamp":"2026-01-31T00:00:00Z","value":1.5}';
  }
  const checked = point.safeParse(parsed);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    return `${issue?.path.join('.') || 'the line'}: ${issue?.message ?? 'invalid'}; write {"timestamp":"2026-01-31T00:00:00Z","value":1.5}`;
  }
  const timeMs = toMs(checked.data.timestamp);
  if (Number.isNaN(timeMs)) return 'timestamp: no time; write RFC 3339, or seconds or milliseconds since 1970';
  return { timeMs, value: checked.data.value };
}

/** A time without a zone is UTC, as monitoring systems export it. NaN if it is no time. */
function toMs(timestamp: string | number): number {
  if (typeof timestamp === 'number') {
    const ms = Math.abs(timestamp) < secondsMax ? timestamp * 1000 : timestamp;
    return Math.abs(ms) <= timeMsMax ? ms : NaN;
  }
  const zoneless = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?$/.exec(timestamp);
  return Date.parse(zoneless === null ? timestamp : `${zoneless[1] ?? ''}T${zoneless[2] ?? '00:00'}Z`);
}
