import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Clock } from '../../../ingest/core/clock.js';
import { AppError } from '../../../ingest/core/errors.js';
import type { Fingerprinter } from '../../../ingest/event/fingerprint.js';
import type { Source } from '../../../ingest/sources/source.js';
import { sourceFactories } from '../../../ingest/sources/registry.js';
import type { Terminal } from '../terminal.js';

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
  deps: { readonly terminal: Terminal; readonly input: Readable; readonly clock: Clock; readonly fingerprinter: Fingerprinter },
): Promise<void> {
  const source = sourceByName(options.source, options.options);
  const lines = createInterface({ input: deps.input, crlfDelay: Infinity });
  let record = 0;
  for await (const line of lines) {
    record += 1;
    if (line.trim() === '') continue;
    const parsed = source.parse(line, {
      instance: options.instance,
      observedMs: deps.clock.nowMs(),
      position: { container: 'stdin', offset: record },
      fingerprinter: deps.fingerprinter,
    });
    if (!parsed.ok) {
      deps.terminal.err(JSON.stringify({ record, ...parsed.error }));
      deps.terminal.setExitCode(1);
      continue;
    }
    for (const event of parsed.value) deps.terminal.out(JSON.stringify(options.number ? { record, event } : event));
  }
}
