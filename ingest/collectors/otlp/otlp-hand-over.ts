import { handOver } from '../../pipeline/delivery.js';
import { parseRecords, type ParsedBatch } from '../../pipeline/record-parser.js';
import { deadLetteredOf } from '../../pipeline/record-tally.js';
import type { CollectorDeps } from '../collector-deps.js';
import { countStrays, strayLetters } from '../stray-records.js';
import type { OtlpRecords } from './otlp-records.js';

const strayRule = {
  transport: 'otlp',
  message: 'No source is configured for the resource of this log record.',
  mend: 'Set service_name of a source with input otlp, or the resource attribute tourniquet.source to its name.',
};

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
  const strays = records.strays.map(({ service, record: { text, offset } }) => ({
    text,
    offset,
    container,
    instance: service,
  }));
  const stray = strayLetters(strays, strayRule, deps.clock.nowMs());
  await handOver(deps.sink, {
    events: batches.flatMap(({ batch }) => batch.events),
    letters: [...batches.flatMap(({ batch }) => batch.letters), ...stray],
  });
  for (const { product, instance, batch } of batches) deps.onCounts?.(product, instance, batch.counts);
  countStrays(stray, strayRule, deps.onCounts);
  const faults = batches.flatMap(({ batch }) => batch.faults);
  const rejected = batches.reduce((sum, { batch }) => sum + deadLetteredOf(batch.counts), stray.length);
  const first = faults[0];
  const message =
    first === undefined
      ? (stray[0]?.message ?? '')
      : `${first.message} ${first.mend} All refused records are kept as dead letters.`;
  return { rejected, message };
}
