import type { Readable } from 'node:stream';
import type { Clock } from '../../../ingest/core/clock.js';
import { AppError } from '../../../ingest/core/errors.js';
import type { Fingerprinter } from '../../../ingest/event/fingerprint.js';
import { LineSplitter } from '../../../ingest/pipeline/line-splitter.js';
import { parseRecords, splitRecord, type RawRecord, type RecordFault } from '../../../ingest/pipeline/record-parser.js';
import { readMappingFile } from '../../config/mapping-file.js';
import { sourceByName } from '../source-by-name.js';
import type { Terminal } from '../terminal.js';

/** As the collectors have it: longer lines are refused, not read. */
const lineBytesMax = 1 << 20;
/** A whole log file may be one line (CloudTrail's are). */
const documentBytesMax = 64 << 20;
const uidsMax = 100_000;

export interface ParseOptions {
  /** `product` or `product:variant`. */
  readonly source: string;
  readonly number: boolean;
  readonly instance: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * The source that `--source` or `--mapping` names, with its `--options`.
 *
 * @throws AppError TQ_REQUEST_INVALID when none or both are given, TQ_FILE_UNREADABLE for the mapping.
 */
export function namedSource(flags: {
  readonly source?: string;
  readonly mapping?: string;
  readonly options: string;
}): Pick<ParseOptions, 'source' | 'options'> {
  const options = sourceOptions(flags.options);
  const { source, mapping } = flags;
  if (mapping !== undefined && (source === undefined || source === 'generic')) {
    return { source: 'generic', options: { ...options, mapping: readMappingFile(mapping) } };
  }
  if (source !== undefined && mapping === undefined) return { source, options };
  const words =
    source === undefined ? 'Neither --source nor --mapping is given.' : 'Only the generic source has a mapping.';
  throw new AppError('TQ_REQUEST_INVALID', words, { mend: 'Give --source PRODUCT, or --mapping FILE.' });
}

/** @throws AppError TQ_REQUEST_INVALID if the text is not a JSON object. */
function sourceOptions(text: string): Readonly<Record<string, unknown>> {
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

/**
 * Reads records, one a line, and prints their events; rejects go to stderr as NDJSON and make the exit code 1. A line
 * that holds several records (a list, CloudTrail's `Records`) gives the events of all under its own number. An event
 * that two records tell of (Vault's refused request and its response) is printed once, as the store counts it.
 */
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
  const splitter = new LineSplitter(0, source.framing === 'document' ? documentBytesMax : lineBytesMax);
  const spread = new SpreadDocuments();
  const seen = new RecentUids();
  const explained = new Set<string>();
  let record = 0;
  const reject = (fault: object): void => {
    deps.terminal.err(JSON.stringify(fault));
    deps.terminal.setExitCode(1);
  };
  /** Once for each product: what the records are taken for, and by which marks. */
  const explain = (text: string): void => {
    const [taken, ...others] = source.explain?.(text) ?? [];
    if (taken === undefined || others.length > 0 || explained.has(taken.product)) return;
    explained.add(taken.product);
    deps.terminal.err(JSON.stringify({ record, recognised: taken.product, why: taken.reason }));
  };
  const handle = (lines: ReturnType<LineSplitter['push']>): void => {
    const records: RawRecord[] = [];
    const numberOf: number[] = [];
    for (const line of lines) {
      record += 1;
      const role = spread.roleOf(line.text);
      if (role === 'begins') reject({ record, product: source.product, ...spreadFault(source.product) });
      if (role !== 'none') continue;
      explain(line.text);
      for (const part of splitRecord(source, line)) {
        records.push(part);
        numberOf.push(record);
      }
    }
    // The container is the stream's own name, so that equal lines keep apart and a second run gives the same ids.
    const parsed = parseRecords(binding, records, 'stdin', deps);
    for (const { index, ...fault } of parsed.faults)
      reject({ record: numberOf[index], product: source.product, ...fault });
    parsed.events.forEach((event, i) => {
      if (!seen.add(event.event_uid)) return;
      const number = numberOf[parsed.recordOf[i] ?? 0];
      deps.terminal.out(JSON.stringify(options.number ? { record: number, event } : event));
    });
  };
  for await (const chunk of deps.input)
    handle(splitter.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))));
  handle(splitter.flush());
}

const spreadFault = (product: string): Omit<RecordFault, 'index'> => ({
  reason: 'unparsable',
  field: '',
  message: 'A JSON document begins here that goes on over several lines; an input record is a line.',
  mend: `Put it on one line with \`jq -c .\`, or read the whole file with \`tourniquet replay ${product}:FILE\`.`,
});

/** Finds pretty-printed JSON, so that it is one reject with its mend and not one for each of its lines. */
class SpreadDocuments {
  #inside = false;

  roleOf(line: string): 'begins' | 'goes on' | 'none' {
    if (this.#inside) {
      if (/^[ \t]/.test(line)) return 'goes on';
      this.#inside = false;
      if (/^[}\]],?\s*$/.test(line)) return 'goes on';
    }
    if (!/^[{[]\s*$/.test(line)) return 'none';
    this.#inside = true;
    return 'begins';
  }
}

/** Records of one event stand near each other; what is long past is forgotten, so that memory stays bounded. */
class RecentUids {
  #young = new Set<string>();
  #old = new Set<string>();

  /** @returns false if the uid was seen lately. */
  add(uid: string): boolean {
    if (this.#young.has(uid) || this.#old.has(uid)) return false;
    this.#young.add(uid);
    if (this.#young.size >= uidsMax) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    return true;
  }
}
