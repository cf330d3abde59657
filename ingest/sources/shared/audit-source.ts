import { z } from 'zod';
import { AppError } from '../../core/errors.js';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import type { TokenEvent } from '../../event/token-event.js';
import type { Recognition } from '../recognition.js';
import type { ParseContext, ParseError, Source, SourceFactory } from '../source.js';
import { type AuditOrigin, type AuditRecord, buildAuditEvent } from './audit-event.js';
import { collectRecords } from './collect-each.js';
import type { JsonObject } from './json-reader.js';
import { type Envelope, openEnvelope, readJsonRecords } from './json-records.js';
import { splitDocument } from './json-split.js';

/** An issuer or cloud that writes JSON audit records. */
export interface AuditProduct<Options> extends AuditOrigin {
  readonly envelope: Envelope;
  /** Validates the operator's options; unknown keys are refused. */
  readonly options: z.ZodType<Options>;
  /** What one record says, once or several times; undefined where it is of this product but holds no auth event. */
  readonly read: (
    record: JsonObject,
    context: ParseContext,
    options: Options,
  ) => Result<AuditRecord | readonly AuditRecord[] | undefined, ParseError>;
  /** Whether a record is this product's. */
  readonly recognise: (record: JsonObject) => Recognition | undefined;
}

/** @throws AppError TQ_CONFIG_INVALID that names every wrong option. */
export function readOptions<T>(product: string, schema: z.ZodType<T>, options: unknown): T {
  const parsed = schema.safeParse(options ?? {});
  if (parsed.success) return parsed.data;
  throw new AppError(
    'TQ_CONFIG_INVALID',
    `The options of source ${product} are refused: ${z.prettifyError(parsed.error)}`,
    { mend: `See ingest/sources/${product}/README.md for every option.` },
  );
}

function parseWith<Options>(
  spec: AuditProduct<Options>,
  options: Options,
  raw: string,
  context: ParseContext,
): Result<readonly TokenEvent[], ParseError> {
  const records = readJsonRecords(raw, spec.product, spec.envelope);
  if (!records.ok) return records;
  return collectRecords(spec.product, records.value, (record, ordinal) => {
    const read = spec.read(record, context, options);
    if (!read.ok) return read;
    const said = read.value === undefined ? [] : 'action' in read.value ? [read.value] : read.value;
    // Several events of one record that has no id of its own are told apart by their place in it.
    return ok(said.map((one, index) => buildAuditEvent(one, spec, context, ordinal + index * 65_536)));
  });
}

/** The source of such a product: single records, lists, NDJSON and the product's envelopes. */
export function auditSourceFactory<Options>(spec: AuditProduct<Options>): SourceFactory {
  const { product, kind, envelope } = spec;
  return {
    product,
    kinds: [kind],
    variants: [],
    create(given): Source {
      const options = readOptions(product, spec.options, given);
      return {
        product,
        kind,
        framing: 'document',
        parse: (raw, context) => parseWith(spec, options, raw, context),
        split: (document) => ok(splitDocument(document, envelope.lists)),
      };
    },
    recognise({ json }) {
      if (json === undefined) return undefined;
      const records = openEnvelope(json, product, envelope, 0);
      const first = records.ok ? records.value[0] : undefined;
      return first === undefined ? undefined : spec.recognise(first);
    },
  };
}
