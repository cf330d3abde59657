import { z } from 'zod';
import { severities } from '../../detectors/core/detector.js';
import { lanes } from '../map/fold-map.js';
import { mapStates } from '../map/map-state.js';
import { countedUntilSchema, filterText, tokenUid, windowQuery, windowSchema } from './common.js';
import { bucketNames } from './tokens.js';

/** Longest window that is read from single hops only, milliseconds. */
export const EXACT_MAX_MS = 24 * 3_600_000;

const layer = z.enum(['caller_service', 'service_leaf', 'leaf_network']);

const sums = {
  requests: z.number().describe('Hops: a request between two services is one, however many lines tell of it.'),
  failures: z.number(),
  caller_only: z.number().describe('Of the requests, those that only the caller’s side logged.'),
  callee_only: z.number().describe('Of the requests, those that only the callee’s side logged.'),
};

const standing = {
  ...sums,
  before: z
    .object(sums)
    .nullable()
    .describe(
      'The same in the window compared with; null where none was asked for, or the store has no call of that time.',
    ),
  state: z.enum(mapStates).describe('Beside the window compared with; steady without one.'),
  alert: z.enum(severities).nullable().describe('The gravest open alert that it is part of.'),
};

const counted = { ...sums, edges: z.number(), hops: z.number() };

export const mapQuery = z.strictObject({
  ...windowQuery,
  leaf: z.enum(['routes', 'tokens']).default('routes').describe('What the third lane shows.'),
  networks: z.stringbool().default(true).describe('Whether the fourth lane is wanted; it needs single hops.'),
  service: filterText.optional().describe('Only hops from or to this service.'),
  token_uid: tokenUid.optional(),
  principal_uid: filterText.optional(),
  compare: z
    .enum(['none', 'previous', 'day', 'week'])
    .default('none')
    .describe('The window just before, or the same hours of the day or week before.'),
  exact: z
    .stringbool()
    .default(false)
    .describe('Not widened to whole hours: read from single hops; at most 24 hours, without first_seen.'),
  hubs: z
    .enum(['show', 'fold'])
    .default('show')
    .describe('fold: edges of boxes that touch more than 30 % of all boxes are counted, not listed.'),
  lane_limit: z.coerce.number().int().min(1).max(500).default(30).describe('Named boxes of a lane.'),
  edge_limit: z.coerce.number().int().min(1).max(5000).default(200).describe('Edges of all layers together.'),
});

export const mapTimelineQuery = mapQuery
  .pick({ from: true, to: true, service: true, token_uid: true, principal_uid: true })
  .extend({ bucket: z.enum(bucketNames).default('1h') });

export const streamQuery = mapQuery.omit({ from: true, to: true }).extend({
  window_s: z.coerce.number().int().min(60).max(604_800).default(900).describe('Length of the window, seconds.'),
});

export const streamAnswer = {
  description:
    'Events `picture` (a Map), `tick` (what changed since the event before) and `end`; `Last-Event-ID` goes on after it.',
  content: { 'text/event-stream': { schema: z.string().describe('Server-sent events; `data` is JSON.') } },
} as const;

const node = z.object({
  id: z.string().describe('<lane>:<name>; <lane>: is unnamed, <lane>:~rest stands for others.'),
  lane: z.enum(lanes),
  name: z.string(),
  label: z.string().describe('For people; a token shows its name.'),
  group: z.string().describe('Boxes of a lane that belong together; may be empty.'),
  nodes: z.number().describe('How many boxes it stands for (at least).'),
  hub: z.boolean().describe('Its edges are counted in hubs of the layer.'),
  ...standing,
});

const edge = z.object({
  source: z.string(),
  target: z.string(),
  layer,
  ...standing,
  first_time: z.string().describe('First use in the window.'),
  last_time: z.string(),
  first_seen: z.string().nullable().describe('First use at all; null where only the window was read.'),
  hops: z.number().describe('How many connections it stands for.'),
});

const layerSums = z.object({
  layer,
  ...sums,
  hops: z.number(),
  rest: z.object(counted).describe('Edges that are not shown.'),
  hubs: z.object(counted).describe('Edges of hubs, not shown either.'),
});

export const mapTimelineAnswer = z
  .object({
    window: windowSchema.describe('Widened to whole buckets.'),
    bucket_s: z.number(),
    buckets: z
      .array(z.object({ time: z.string(), requests: z.number(), failures: z.number() }))
      .describe('Hops; buckets without any are left out.'),
  })
  .meta({ id: 'MapTimeline' });

export const mapAnswer = z
  .object({
    window: windowSchema.describe('Widened to whole hours unless exact.'),
    compared_with: windowSchema.nullable(),
    counted_until: countedUntilSchema,
    nodes: z.array(node),
    edges: z.array(edge),
    layers: z.array(layerSums),
  })
  .meta({ id: 'Map' });
