import { AppError } from '../../../ingest/core/errors.js';
import type { StoredDeadLetter } from '../../../ingest/log/dlq.js';
import { deadLetters, listDeadLetters, replayDeadLetters, showDeadLetter } from '../../../ingest/log/dlq.js';
import { parseRecords, type SourceBinding } from '../../../ingest/pipeline/record-parser.js';
import { sourceFactories } from '../../../ingest/sources/registry.js';
import { printable } from '../../alerts/wording.js';
import type { SourceConfig } from '../../config/schema.js';
import { openFingerprinter } from '../fingerprint-keys.js';
import type { Surroundings } from '../open-parts.js';
import { ensureDataDir, openEnricher, openLog, openSink } from '../open-parts.js';
import { bindingOf, sourceByName } from '../source-by-name.js';
import type { Terminal } from '../terminal.js';

const replayMax = 1_000_000;

export async function dlqList(s: Surroundings, terminal: Terminal, limit: number): Promise<void> {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new AppError('TQ_REQUEST_INVALID', '--limit must be a whole number, 1 or more.');
  }
  ensureDataDir(s.config);
  const log = await openLog(s);
  for (const letter of await listDeadLetters(log, { max: limit })) {
    terminal.out(
      printable(
        [
          `${letter.partition}:${letter.offset}`,
          new Date(letter.timeMs).toISOString(),
          letter.product ?? '-',
          letter.step,
          letter.reason,
          letter.message,
        ].join('  '),
      ),
    );
  }
}

/** @throws AppError TQ_REQUEST_INVALID, TQ_NOT_FOUND */
export async function dlqShow(s: Surroundings, terminal: Terminal, position: string): Promise<void> {
  const match = /^(\d{1,6}):(\d{1,18})$/.exec(position);
  if (match === null) {
    throw new AppError('TQ_REQUEST_INVALID', 'A dead letter is named PARTITION:OFFSET.', {
      mend: 'Take it from `tourniquet dlq list`.',
    });
  }
  ensureDataDir(s.config);
  const log = await openLog(s);
  const { value, offset, timeMs, ...rest } = await showDeadLetter(log, Number(match[1]), BigInt(match[2] ?? '0'));
  terminal.out(
    JSON.stringify(
      { ...rest, offset: String(offset), time: new Date(timeMs).toISOString(), record: value.toString('utf8') },
      null,
      2,
    ),
  );
}

/** Takes every letter through its parser again; what is good now goes to the log under the event_uid that it would have had. */
export async function dlqReplay(s: Surroundings, terminal: Terminal): Promise<void> {
  ensureDataDir(s.config);
  const log = await openLog(s);
  const writer = await s.lifecycle.start(log.writer());
  const sink = openSink(s, writer);
  const fingerprinter = openFingerprinter(s.config);
  const enricher = await openEnricher(s);
  const report = await replayDeadLetters(deadLetters(log, { max: replayMax }), writer, async (letter) => {
    const place = placeOf(letter);
    if (place === undefined) return false;
    const binding = readerOf(letter, s.config.sources);
    if (binding === undefined) return false;
    const parsed = parseRecords(
      binding,
      [{ text: letter.value.toString('utf8'), offset: place.offset }],
      place.container,
      {
        fingerprinter,
        enricher,
        clock: s.clock,
      },
    );
    if (parsed.events.length === 0) return false;
    await sink.accept(parsed.events);
    return true;
  });
  terminal.out(`${String(report.replayed)} replayed, ${String(report.refused)} still refused.`);
}

/** Who reads the record of a letter: the source that is configured for it, else its product's as it comes; nobody, where neither is known. */
export function readerOf(
  { product, instance }: Pick<StoredDeadLetter, 'product' | 'instance'>,
  sources: readonly SourceConfig[],
): SourceBinding | undefined {
  if (product === undefined) return undefined;
  const own = sources.find((c) => c.product === product && (c.instance ?? c.name) === instance);
  if (own !== undefined) return bindingOf(own);
  // Without its mapping nobody can read it, and a stray record of a transport names that instead of a product.
  if (product === 'generic' || !sourceFactories.some((f) => f.product === product)) return undefined;
  return { source: sourceByName(product, {}), instance: instance ?? product };
}

function placeOf(letter: StoredDeadLetter): { readonly container: string; readonly offset: number } | undefined {
  const match = /^(.*):(\d+)$/s.exec(letter.origin ?? '');
  return match === null ? undefined : { container: match[1] ?? '', offset: Number(match[2]) };
}
