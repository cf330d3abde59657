import { z } from 'zod';
import { severities } from '../../detectors/core/detector.js';
import { isDetectorName } from '../../detectors/registry.js';
import { addressesOf, isWide } from '../suppressions/addresses.js';
import { instant, uuid } from './common.js';

const name = z.string().trim().max(1024).default('');

/** What a suppression takes: findings that fit all that it names. */
const matchers = {
  detector: name.refine(
    (text) => text === '' || isDetectorName(text),
    'no detector of that name; `rule:` and its name for a rule',
  ),
  measure: name,
  token_uid: name,
  principal_uid: name,
  address: name.refine((text) => text === '' || addressesOf(text) !== null, 'an IP address or a CIDR block'),
  service: name,
  severity_max: z
    .enum(severities)
    .default('high')
    .describe('Graver findings are heard all the same; critical ones unless this says critical.'),
};

const reason = z.string().trim().min(1).max(1024);

/** One that names nothing would make the product blind. */
const namesSomething = (value: Readonly<Record<string, unknown>>): boolean =>
  ['detector', 'token_uid', 'principal_uid', 'address', 'service'].some((key) => value[key] !== '');
const NAMES_NOTHING = 'names neither detector, token_uid, principal_uid, address nor service';

/** Nor may one that takes the clients of half the Internet stand alone. */
const isNarrow = ({ address, ...value }: Readonly<Record<string, unknown>> & { readonly address: string }): boolean =>
  !isWide(address) || namesSomething({ ...value, address: '' });
const TOO_WIDE = {
  path: ['address'],
  error: 'too many addresses: at least /8 (IPv6: /32), or a detector, token_uid, principal_uid or service beside it',
};

/** As the configuration has it: an allow-list entry, or a maintenance window with its ends. Times are event time. */
export const suppressionEntry = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'lower-case letters, digits, dot, dash, underscore'),
    ...matchers,
    from: instant.optional(),
    until: instant.optional(),
    reason,
  })
  .refine(namesSomething, NAMES_NOTHING)
  .refine(isNarrow, TOO_WIDE);
export type SuppressionEntry = z.output<typeof suppressionEntry>;

export const suppressionBody = z
  .strictObject({
    ...matchers,
    from: instant.optional().describe('Event time of the first finding that it takes; now unless told.'),
    until: instant.describe('Event time of its end; at most 90 days from now.'),
    reason,
  })
  .refine(namesSomething, NAMES_NOTHING)
  .refine(isNarrow, TOO_WIDE);
export type SuppressionBody = z.output<typeof suppressionBody>;

export const suppressionSchema = z
  .object({
    suppression_uid: z.string().describe('`config:NAME` for those of the configuration.'),
    detector: z.string().describe('Empty text fits all, here and below.'),
    measure: z.string(),
    token_uid: z.string(),
    principal_uid: z.string(),
    address: z.string(),
    service: z.string(),
    severity_max: z.enum(severities),
    from: z.string().nullable(),
    until: z.string().nullable(),
    reason: z.string(),
    created_at: z.string().nullable(),
    created_by: z.string(),
  })
  .meta({ id: 'Suppression' });
export type Suppression = z.output<typeof suppressionSchema>;

export const suppressionsAnswer = z.object({ items: z.array(suppressionSchema) }).meta({ id: 'SuppressionList' });
export const suppressionParams = z.object({ uid: uuid });
