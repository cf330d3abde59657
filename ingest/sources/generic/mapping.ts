import { z } from 'zod';
import { sourceKinds } from '../../event/token-event.js';
import { accessMeanings } from '../shared/access-fields.js';
import { isTimeZone } from '../shared/local-time.js';

/** What a mapping can fill beside the meanings that every access log has. */
const ownFields = [
  'id', 'record_type', 'action', 'outcome', 'reason', 'reason_detail', 'session_id', 'token', 'credential_id',
  'credential_issuer', 'credential_kind', 'principal_id', 'principal_name', 'principal_kind', 'route',
] as const; // prettier-ignore

export const mappingFields = [...ownFields, ...accessMeanings.filter((meaning) => meaning !== 'ignore')] as const;
export type MappingField = (typeof mappingFields)[number];

const scalar = z.union([z.string().max(1024), z.number(), z.boolean()], 'Write a text, a number, true or false.');
const reference = z.string().max(1024);
const references = z.union(
  [reference.transform((one) => [one]), z.array(reference).min(1).max(16)],
  'Write a JSON pointer or a group, or a list of them.',
);

/** Where a value comes from and what becomes of it. */
const expression = z.preprocess(
  (value) => (typeof value === 'string' || Array.isArray(value) ? { from: value } : value),
  z.strictObject(
    {
      from: references.optional(),
      outer: references.optional(),
      header: z.string().min(1).max(128).optional(),
      const: scalar.optional(),
      match: z.string().max(4096).optional(),
      map: z.record(z.string().max(256), scalar).optional(),
      default: scalar.optional(),
      format: z.string().min(1).max(128).optional(),
    },
    {
      error: (issue) =>
        issue.code === 'invalid_type' ? 'Write a pointer or group, or an object with from, outer or const.' : undefined,
    },
  ),
);
export type Expression = z.output<typeof expression>;

const condition = z.strictObject({
  from: references,
  in: z.array(scalar).min(1).max(256).optional(),
  not_in: z.array(scalar).min(1).max(256).optional(),
});
export type Condition = z.output<typeof condition>;

/** Names of fields that are not one of ours. */
const fields = z.strictObject(
  Object.fromEntries(mappingFields.map((name) => [name, expression.optional()])) as Record<
    MappingField,
    z.ZodOptional<typeof expression>
  >,
);

/** A declarative mapping, as its YAML file says it; unknown keys are refused. */
export const mappingSchema = z.strictObject({
  product: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,31}$/, 'Begin with a lower-case letter; letters, digits and _ follow, at most 32.')
    .default('generic'),
  kind: z.enum(sourceKinds).default('proxy'),
  format: z.enum(['json', 'text']),
  records: z.array(reference).max(8).default([]),
  patterns: z.array(z.string().max(4096)).min(1).max(16).optional(),
  unmatched: z.enum(['refuse', 'skip']).default('refuse'),
  timezone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'Name a zone: UTC, +02:00 or an IANA name such as Europe/Vienna.')
    .default('UTC'),
  only: z.array(condition).max(16).default([]),
  fields,
  attributes: z.record(z.string().min(1).max(64), expression).default({}),
});
export type Mapping = z.output<typeof mappingSchema>;
