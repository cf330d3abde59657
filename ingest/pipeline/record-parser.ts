import type { Clock } from '../core/clock.js';
import type { DeclaredRoutes } from '../enrich/routes/declared-routes.js';
import type { Fingerprinter } from '../event/fingerprint.js';
import type { TokenEvent } from '../event/token-event.js';
import type { DeadLetter } from '../log/dlq.js';
import type { ParseError, Source } from '../sources/source.js';
import { recordContainer } from './content-identity.js';
import { makeDeadLetter, type DeadLetterReason } from './dead-letter.js';
import { emptyCounts, type RecordCounts } from './record-tally.js';

/** A raw record as a transport delivers it. */
export interface RawRecord {
  readonly text: string;
  /** Byte offset or ordinal inside the container. */
  readonly offset: number;
  /** Stable identity of what held this record, where it is not the batch's. */
  readonly container?: string;
  /** The transport cut the record at its limit; it is dead-lettered without a try. */
  readonly truncated?: boolean;
  /** False when broken bytes were replaced; the record still gets its try. */
  readonly validUtf8?: boolean;
}

/** What a source of records is bound to: its parser and which installation of the product speaks. */
export interface SourceBinding {
  readonly source: Source;
  readonly instance: string;
  /** Path templates that the operator declared for it. */
  readonly routes?: DeclaredRoutes | undefined;
  /** Milliseconds added to the times of its events, to correct a clock that is off. */
  readonly clockOffsetMs?: number | undefined;
}

/** A record refused, for the sender's eyes. */
export interface RecordFault {
  /** Position of the record in the batch, counting from 0. */
  readonly index: number;
  readonly reason: DeadLetterReason;
  readonly field: string;
  readonly message: string;
  readonly mend: string;
}

export interface ParsedBatch {
  readonly events: TokenEvent[];
  /** For each event the index of the record that it came from. */
  readonly recordOf: number[];
  readonly letters: DeadLetter[];
  readonly faults: RecordFault[];
  readonly counts: RecordCounts;
}

/** Never throws, and knows neither clock nor chance: the same events in the same order are enriched alike. */
export interface EventEnricher {
  enrich(event: TokenEvent, binding: SourceBinding): TokenEvent;
}

export interface RecordParserDeps {
  readonly fingerprinter: Fingerprinter;
  /** Adds what the record cannot tell, such as the client's country; without it events stay as parsed. */
  readonly enricher?: EventEnricher | undefined;
  readonly clock: Clock;
}

const blankPattern = /^\s*$/;

/**
 * Takes raw records through the source's parser. Every record ends in exactly one of ok, drop(reason) and
 * dlq(reason); one bad record never costs its neighbours.
 *
 * @param container stable identity of the file, request or stream; see `contentIdentity`.
 */
export function parseRecords(
  binding: SourceBinding,
  records: readonly RawRecord[],
  container: string,
  deps: RecordParserDeps,
): ParsedBatch {
  const batch: ParsedBatch = { events: [], recordOf: [], letters: [], faults: [], counts: emptyCounts() };
  const observedMs = deps.clock.nowMs();
  for (const [index, record] of records.entries()) {
    batch.counts.received += 1;
    const refuse = (reason: DeadLetterReason, error: Pick<ParseError, 'field' | 'message' | 'mend'>): void => {
      const { field, message, mend } = error;
      batch.counts.dlq[reason] += 1;
      batch.faults.push({ index, reason, field, message, mend });
      batch.letters.push(
        makeDeadLetter({
          reason,
          timeMs: observedMs,
          message,
          mend,
          product: binding.source.product,
          instance: binding.instance,
          field,
          container: record.container ?? container,
          offset: record.offset,
          raw: record.text,
        }),
      );
    };
    if (record.truncated === true) {
      refuse('too_large', {
        field: '',
        message: 'The record is longer than the limit of its transport, or its transport ended inside it.',
        mend: 'Raise the limit of the collector, make the product write shorter records, or mend the octet counts of a syslog sender.',
      });
      continue;
    }
    if (blankPattern.test(record.text)) {
      batch.counts.drop.blank += 1;
      continue;
    }
    try {
      parseOne(binding, record, container, observedMs, deps, batch, index, refuse);
    } catch {
      // The cause is not quoted: it may hold a part of the record.
      refuse('parser_fault', {
        field: '',
        message: `The ${binding.source.product} parser failed unexpectedly on this record.`,
        mend: 'Report the redacted record; it can be replayed when the parser is mended.',
      });
    }
  }
  return batch;
}

function parseOne(
  binding: SourceBinding,
  record: RawRecord,
  container: string,
  observedMs: number,
  { fingerprinter, enricher }: RecordParserDeps,
  batch: ParsedBatch,
  index: number,
  refuse: (reason: DeadLetterReason, error: ParseError) => void,
): void {
  const parsed = binding.source.parse(record.text, {
    instance: binding.instance,
    observedMs,
    position: { container: recordContainer(record.container ?? container, record.text), offset: record.offset },
    fingerprinter,
  });
  if (!parsed.ok) {
    refuse(record.validUtf8 === false ? 'invalid_encoding' : 'unparsable', parsed.error);
    return;
  }
  if (parsed.value.length === 0) {
    batch.counts.drop.no_auth_event += 1;
    return;
  }
  batch.counts.ok += 1;
  batch.counts.events += parsed.value.length;
  for (const event of parsed.value) {
    batch.events.push(enricher === undefined ? event : enricher.enrich(event, binding));
    batch.recordOf.push(index);
  }
}

/**
 * Takes a text that may hold several records of a document source apart; texts of line sources and texts that
 * cannot be taken apart stay one record, whose parse then names the fault.
 */
export function splitRecord(source: Source, record: RawRecord): readonly RawRecord[] {
  if (source.split === undefined || record.truncated === true || blankPattern.test(record.text)) return [record];
  try {
    const parts = source.split(record.text);
    // Each part takes at least one byte of the document, so offset + index names no other record.
    if (parts.ok) return parts.value.map((text, index) => ({ ...record, text, offset: record.offset + index }));
  } catch {
    // Left whole, the record meets the parser, which names the fault.
  }
  return [record];
}
