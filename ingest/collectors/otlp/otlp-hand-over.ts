import type { DeadLetter } from '../../log/dlq.js';
import { makeDeadLetter } from '../../pipeline/dead-letter.js';
import { handOver } from '../../pipeline/delivery.js';
import { parseRecords, type ParsedBatch } from '../../pipeline/record-parser.js';
import { deadLetteredOf, emptyCounts } from '../../pipeline/record-tally.js';
import type { CollectorDeps } from '../collector-deps.js';
import type { OtlpRecords } from './otlp-records.js';

/** What of a request could not be used; all of it is kept as dead letters. */
export interface Rejects {
  readonly rejected: number;
  /** The first fault with its mend; empty where there is none. */
  readonly message: string;
}

/** Parses the records of a request and resolves when all of them are durable. */
export async function handRecords(records: OtlpRecords, container: string, deps: CollectorDeps): Promise<Rejects> {
  const batches: { product: string; instance: string; batch: ParsedBatch }[] = records.groups.map((group) => ({
    product: group.binding.source.product,
    instance: group.binding.instance,
    batch: parseRecords(group.binding, group.records, container, deps),
  }));
  const strayLetters = records.strays.map((stray) => strayLetter(stray, container, deps.clock.nowMs()));
  await handOver(deps.sink, {
    events: batches.flatMap(({ batch }) => batch.events),
    letters: [...batches.flatMap(({ batch }) => batch.letters), ...strayLetters],
  });
  for (const { product, instance, batch } of batches) deps.onCounts?.(product, instance, batch.counts);
  if (strayLetters.length > 0) {
    const counts = emptyCounts();
    counts.received = strayLetters.length;
    counts.dlq.no_source = strayLetters.length;
    deps.onCounts?.('otlp', '', counts);
  }
  const faults = batches.flatMap(({ batch }) => batch.faults);
  const rejected = batches.reduce((sum, { batch }) => sum + deadLetteredOf(batch.counts), strayLetters.length);
  const first = faults[0];
  const message =
    first === undefined
      ? (strayLetters[0]?.message ?? '')
      : `${first.message} ${first.mend} All refused records are kept as dead letters.`;
  return { rejected, message };
}

function strayLetter(stray: OtlpRecords['strays'][number], container: string, timeMs: number): DeadLetter {
  return makeDeadLetter({
    reason: 'no_source',
    timeMs,
    message: 'No source is configured for the resource of this log record.',
    mend: 'Set service_name of a source with input otlp, or the resource attribute tourniquet.source to its name.',
    product: 'otlp',
    instance: stray.service,
    container,
    offset: stray.record.offset,
    raw: stray.record.text,
  });
}
