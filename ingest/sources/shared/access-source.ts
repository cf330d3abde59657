import { z } from 'zod';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { isTimeMs } from '../../event/time.js';
import type { SourceKind, TokenEvent } from '../../event/token-event.js';
import { isTimeZone } from './local-time.js';
import type { Recognise } from '../recognition.js';
import type { ParseContext, ParseError, Source, SourceFactory, StructuredKeys } from '../source.js';
import { accessSettings, buildAccessEvent, type AccessSettings, type PlaceOptions } from './access-event.js';
import { accessMeanings, KeyDictionary } from './access-fields.js';
import type { AccessRecord } from './access-record.js';
import { readOptions } from './audit-source.js';
import { isAddressRange } from '../../core/address-ranges.js';
import { stripContainerPrefix } from './container-prefix.js';
import { refuse } from './refuse.js';

const name = z.string().min(1).max(256);

export const trustedOption = z
  .array(z.string().max(64).refine(isAddressRange, 'Write an address or a CIDR range.'))
  .max(256)
  .default([])
  .describe('Your own proxies with public addresses; private ranges are always trusted in X-Forwarded-For.');

/** Where a proxy stands; what every proxy has. */
export const placeOptions = {
  direction: z.enum(['edge', 'inbound', 'outbound']).default('edge').describe('Where this proxy stands.'),
  service: name.optional().describe('The service that this proxy stands before, if it is one.'),
  trusted_proxies: trustedOption,
};

/** Options of proxies in a mesh, or behind another proxy. */
export const callerOption = name
  .optional()
  .describe('Who calls this proxy, if its records do not say it: the one proxy before it.');
export const namespaceOption = name.optional().describe('The namespace of that workload.');

/** Options of proxies whose keys the operator names. */
export const accessOptions = {
  fields: z.record(z.string().min(1).max(128), z.enum(accessMeanings)).default({}).describe('What your own keys mean.'),
  ...placeOptions,
};

export const timezoneOption = z
  .string()
  .max(64)
  .refine(isTimeZone, 'Name a zone: UTC, +02:00 or an IANA name such as Europe/Vienna.')
  .default('UTC')
  .describe('Zone of the log, whose times carry none.');

interface CommonOptions extends PlaceOptions {
  readonly fields?: Readonly<Record<string, (typeof accessMeanings)[number]>>;
}

/** What one line says; undefined where it holds no request (a start-up line). */
export type LineRecord = Result<AccessRecord | undefined, ParseError>;

export interface AccessProduct<Options extends CommonOptions> {
  readonly product: string;
  readonly variants: readonly string[];
  readonly options: z.ZodType<Options>;
  readonly read: (line: string, options: Options, dictionary: KeyDictionary) => LineRecord;
  /** `proxy` unless told. */
  readonly kinds?: readonly SourceKind[];
  readonly kindOf?: (options: Options) => SourceKind;
  /** Events of lines that tell no request; undefined for all others, which `read` gets. */
  readonly readAside?: (line: string, context: ParseContext, options: Options) => readonly TokenEvent[] | undefined;
  /** What the product calls the time; `time` unless told. */
  readonly timeField?: string;
  /** What keys of JSON and pairs mean in this product, where that differs from the usual; `fields` wins. */
  readonly keys?: Readonly<Record<string, (typeof accessMeanings)[number]>>;
  /** What to do where the record has no time. */
  readonly timeMend: string;
  readonly recognise: Recognise;
  readonly structured?: StructuredKeys;
}

/** Longer lines are refused: no proxy lets request line and headers grow so far. */
const LINE_MAX = 262_144;

function parseWith<O extends CommonOptions>(
  spec: AccessProduct<O>,
  options: O,
  dictionary: KeyDictionary,
  settings: AccessSettings,
  raw: string,
  context: ParseContext,
): Result<readonly TokenEvent[], ParseError> {
  if (raw.length > LINE_MAX) {
    const message = `The line is longer than ${LINE_MAX} characters.`;
    return refuse(spec.product, '', message, 'Check the line ends of the file.', LINE_MAX);
  }
  const line = stripContainerPrefix(raw);
  if (line.trim() === '') return ok([]);
  const aside = spec.readAside?.(line, context, options);
  if (aside !== undefined) return ok(aside);
  const record = spec.read(line, options, dictionary);
  if (!record.ok) return record;
  if (record.value === undefined) return ok([]);
  if (!isTimeMs(record.value.timeMs)) {
    const message = 'The record has no time that names a moment.';
    return refuse(spec.product, spec.timeField ?? 'time', message, spec.timeMend);
  }
  return ok([buildAccessEvent(record.value, context, settings)]);
}

/** The source of a proxy that writes one request a line. */
export function accessSourceFactory<O extends CommonOptions>(spec: AccessProduct<O>): SourceFactory {
  const { product, variants, kinds = ['proxy'] } = spec;
  return {
    product,
    kinds,
    variants,
    create(given): Source {
      const options = readOptions(product, spec.options, given);
      const dictionary = new KeyDictionary(options.fields ?? {}, spec.keys);
      const kind = spec.kindOf?.(options) ?? 'proxy';
      const settings = accessSettings(product, kind, options);
      return {
        product,
        kind,
        framing: 'line',
        ...(spec.structured !== undefined && { structured: spec.structured }),
        parse: (raw, context) => parseWith(spec, options, dictionary, settings, raw, context),
      };
    },
    recognise: spec.recognise,
  };
}
