import { z } from 'zod';
import { baselineOptionsSchema } from '../baseline/baseline-options.js';
import { concurrentOptionsSchema } from '../concurrent/concurrent-options.js';
import { entityFields, type EntityMatch } from '../core/entity-match.js';
import { detectorIds, type DetectorId } from '../detector-ids.js';
import { exchangeOptionsSchema } from '../exchange/exchange-options.js';
import { failuresOptionsSchema } from '../failures/failures-options.js';
import { lifecycleOptionsSchema } from '../lifecycle/lifecycle-options.js';
import { noveltyOptionsSchema } from '../novelty/novelty-options.js';
import { rateOptionsSchema } from '../rate/rate-options.js';
import { scopeOptionsSchema } from '../scope/scope-options.js';
import { sessionOptionsSchema } from '../session/session-options.js';
import { silenceOptionsSchema } from '../silence/silence-options.js';
import { travelOptionsSchema } from '../travel/travel-options.js';

const ENTRIES_MAX = 256;

/**
 * The settings of each detector that an override may change: those that are read when something is judged. The others say
 * what a state holds (`buckets`, `weeks`, `period_hours`, `forget_days`, `egress`), are asked for without an event
 * (`unused_days`), or go by entity already (`limits`).
 */
export const overridable = {
  rate: ['buckets_min', 'requests_min', 'spread_floor', 'threshold', 'cool_down_buckets'],
  baseline: ['hours_min', 'requests_min', 'failures_min', 'requests_floor', 'share_floor', 'threshold', 'adopt_hours'],
  failures: ['guesses_min', 'signatures_min', 'leak_seconds'],
  lifecycle: [
    'revoke_leeway_seconds', 'home_leeway_seconds', 'clock_leeway_seconds', 'rotate_grace_hours', 'dormant_days', 'rotation_days',
    'lifetime_days', 'expiry_notice_days', 'heavy_uses',
  ],
  concurrent: ['window_minutes', 'usual_days', 'home_uses', 'home_minutes'],
  scope: ['routes_min', 'window_minutes', 'grant_minutes'],
  session: ['end_leeway_seconds', 'home_leeway_seconds', 'reuse_leeway_seconds'],
  novelty: ['learning_days', 'learning_uses', 'combination_bits'],
  travel: ['speed_kmh', 'distance_km', 'error_km'],
  silence: ['periods_min', 'minutes_min'],
  exchange: ['hours_min', 'threshold', 'bytes_min', 'targets_min', 'timed_min', 'duration_floor_ms'],
  honeytoken: [],
  binding: [],
} as const satisfies Readonly<Record<DetectorId, readonly string[]>>; // prettier-ignore

type Part<Schema extends z.ZodType, Id extends DetectorId> = Partial<
  Pick<z.output<Schema>, (typeof overridable)[Id][number] & keyof z.output<Schema>>
>;

/** A value that must not be there. */
const refused = (message: string, mend: string): z.ZodType =>
  z.unknown().superRefine((value, context) => {
    if (value !== undefined) context.addIssue({ code: 'custom', message, params: { mend } });
  });

/** Some settings of a detector, none of which has a default. */
function partOf<Schema extends z.ZodObject, Id extends DetectorId>(id: Id, schema: Schema) {
  const names: readonly string[] = overridable[id];
  const fields = Object.entries(schema.shape).map(([name, field]): readonly [string, z.core.$ZodType] => {
    if (names.includes(name)) return [name, z.optional(field instanceof z.ZodDefault ? field.unwrap() : field)];
    const message = `${name} of ${id} holds for all entities: it cannot be overridden`;
    return [name, z.optional(refused(message, `Remove it, or set detectors.${id}.${name}; of ${id}, ${names.join(', ')} can be overridden.`))];
  });
  const part = z.strictObject(Object.fromEntries(fields)).superRefine((given, context) => {
    // A key that is unknown is told already.
    if (Object.keys(given).length > 0 || context.issues.length > 0) return;
    context.addIssue({ code: 'custom', message: 'no setting is given', params: { mend: `Name what differs, or remove ${id}; off: [${id}] switches it off.` } });
  });
  return part.optional() as unknown as z.ZodOptional<z.ZodType<Part<Schema, Id>>>;
} // prettier-ignore

const withoutSettings = (id: DetectorId) =>
  z.optional(refused(`detector ${id} has no settings`, `Remove it; off: [${id}] switches it off.`));

const parts = {
  rate: partOf('rate', rateOptionsSchema),
  baseline: partOf('baseline', baselineOptionsSchema),
  failures: partOf('failures', failuresOptionsSchema),
  lifecycle: partOf('lifecycle', lifecycleOptionsSchema),
  concurrent: partOf('concurrent', concurrentOptionsSchema),
  scope: partOf('scope', scopeOptionsSchema),
  session: partOf('session', sessionOptionsSchema),
  novelty: partOf('novelty', noveltyOptionsSchema),
  travel: partOf('travel', travelOptionsSchema),
  silence: partOf('silence', silenceOptionsSchema),
  exchange: partOf('exchange', exchangeOptionsSchema),
  honeytoken: withoutSettings('honeytoken'),
  binding: withoutSettings('binding'),
} satisfies Readonly<Record<DetectorId, z.ZodType>>;

const entrySchema = z
  .strictObject({ ...entityFields, ...parts, off: z.array(z.enum(detectorIds)).default([]).describe('Find nothing.') })
  .superRefine((entry, context) => {
    const fault = (path: (string | number)[], message: string, mend: string): void => {
      context.addIssue({ code: 'custom', path, message, params: { mend } });
    };
    const changed = detectorIds.filter((id) => entry[id] !== undefined);
    if (fieldsOf(entry).length === 0)
      fault([], 'it is for no entity', `Give at least one of ${Object.keys(entityFields).join(', ')}.`);
    if (changed.length === 0 && entry.off.length === 0 && context.issues.length === 0)
      fault([], 'it overrides nothing', 'Give settings of a detector, or off: [detector].');
    entry.off.forEach((id, at) => {
      if (entry[id] !== undefined) fault(['off', at], `${id} is off and has settings here`, 'Remove one of the two.');
      if (entry.off.indexOf(id) !== at) fault(['off', at], `${id} is named twice`, 'Name it once.');
    });
  });

/** Exceptions for some tokens and principals; the first entry that matches holds. */
export const overridesSchema = z
  .array(entrySchema)
  .max(ENTRIES_MAX)
  .default([])
  .superRefine((entries, context) => {
    entries.forEach((entry, at) => {
      const before = entries.slice(0, at).findIndex((other) => fieldsOf(other).length > 0 && covers(other, entry));
      if (before < 0) return;
      const message = `entry ${before} matches all that this one does, so this one never holds`;
      const mend = 'Join the two, or put the one that is for fewer entities first.';
      context.addIssue({ code: 'custom', path: [at], message, params: { mend } });
    });
  });

export type OverrideEntry = z.output<typeof entrySchema>;

const fieldsOf = (match: EntityMatch): readonly (keyof EntityMatch)[] =>
  (Object.keys(entityFields) as (keyof EntityMatch)[]).filter((field) => match[field] !== undefined);

const covers = (wide: EntityMatch, narrow: EntityMatch): boolean =>
  fieldsOf(wide).every((field) => wide[field] === narrow[field]);
