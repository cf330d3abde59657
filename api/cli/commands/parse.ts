import type { Readable } from 'node:stream';
import type { Clock } from '../../../ingest/core/clock.js';
import { AppError } from '../../../ingest/core/errors.js';
import type { Fingerprinter } from '../../../ingest/event/fingerprint.js';
import { LineSplitter } from '../../../ingest/pipeline/line-splitter.js';
import { parseRecords } from '../../../ingest/pipeline/record-parser.js';
import type { Source } from '../../../ingest/sources/source.js';
import { sourceFactories } from '../../../ingest/sources/registry.js';
import type { Terminal } from '../terminal.js';

/** As the collectors have it: longer lines are refused, not read. */
const lineBytesMax = 1 << 20;

export interface ParseCommandOptions {
  /** `product` or `product:variant`. */
  readonly source: string;
  readonly number: boolean;
  readonly instance: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Finds a source by the name that people type, `nginx` or `nginx:json`.
 *
 * @throws AppError TQ_CONFIG_INVALID that lists what there is.
 */
export function sourceByName(name: string, options: Readonly<Record<string, unknown>>): Source {
  const [product = '', variant] = name.split(':', 2);
  const factory = sourceFactories.find((f) => f.product === product);
  if (factory === undefined) {
    throw new AppError('TQ_CONFIG_INVALID', `There is no source "${product}".`, {
      mend: `Use one of: ${sourceFactories.map((f) => f.product).join(', ')}.`,
    });
  }
  if (variant !== undefined && !factory.variants.includes(variant)) {
    throw new AppError('TQ_CONFIG_INVALID', `The source ${product} has no variant "${variant}".`, {
      mend: `Use one of: ${factory.variants.join(', ')}.`,
    });
  }
  return factory.create(variant === undefined ? options : { ...options, format: variant });
}

/** Reads records, one a line, and prints their events; rejects go to stderr as NDJSON and make the exit code 1. */
export async function parseCommand(
  options: ParseCommandOptions,
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
