import type { Readable } from 'node:stream';
import type { Clock } from '../../../ingest/core/clock.js';
import { AppError } from '../../../ingest/core/errors.js';
import type { Fingerprinter } from '../../../ingest/event/fingerprint.js';
import { LineSplitter } from '../../../ingest/pipeline/line-splitter.js';
import { parseRecords } from '../../../ingest/pipeline/record-parser.js';
import { sourceByName } from '../source-by-name.js';
import type { Terminal } from '../terminal.js';

/** As the collectors have it: longer lines are refused, not read. */
const lineBytesMax = 1 << 20;

export interface ParseOptions {
  /** `product` or `product:variant`. */
  readonly source: string;
  readonly number: boolean;
  readonly instance: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** @throws AppError TQ_REQUEST_INVALID if the text is not a JSON object. */
export function sourceOptions(text: string): Readonly<Record<string, unknown>> {
  const mend = 'Write a JSON object, for example --options \'{"format":"json"}\'.';
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new AppError('TQ_REQUEST_INVALID', '--options is not JSON.', { mend, cause });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new AppError('TQ_REQUEST_INVALID', '--options is not a JSON object.', { mend });
  }
  return { ...parsed };
}

/** Reads records, one a line, and prints their events; rejects go to stderr as NDJSON and make the exit code 1. */
export async function parseInput(
  options: ParseOptions,
  deps: {
    readonly terminal: Terminal;
    readonly input: Readable;
    readonly clock: Clock;
    readonly fingerprinter: Fingerprinter;
  },
): Promise<void> {
  const source = sourceByName(options.source, options.options);
  const binding = { source, instance: options.instance };
  const splitter = new LineSplitter(0, lineBytesMax);
  let record = 0;
  const handle = (lines: ReturnType<LineSplitter['push']>): void => {
    // The container is the number's own name, so that equal lines keep apart and a second run gives the same ids.
    const parsed = parseRecords(binding, lines, 'stdin', deps);
    for (const { index, ...fault } of parsed.faults) {
      deps.terminal.err(JSON.stringify({ record: record + index + 1, product: source.product, ...fault }));
      deps.terminal.setExitCode(1);
    }
    parsed.events.forEach((event, i) => {
      const number = record + (parsed.recordOf[i] ?? 0) + 1;
      deps.terminal.out(JSON.stringify(options.number ? { record: number, event } : event));
    });
    record += lines.length;
  };
  for await (const chunk of deps.input)
    handle(splitter.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))));
  handle(splitter.flush());
}
