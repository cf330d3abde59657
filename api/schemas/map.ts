import { z } from 'zod';
import { lanes } from '../map/fold-map.js';
import { filterText, tokenUid, windowQuery, windowSchema } from './common.js';

const layer = z.enum(['caller_service', 'service_leaf', 'leaf_network']);

const sums = {
  requests: z.number().describe('Uses as the callee or the edge logged them.'),
  failures: z.number(),
  outbound_requests: z.number().describe('Uses as the caller logged them; where both sides log, the same calls.'),
};

export const mapQuery = z.object({
  ...windowQuery,
  leaf: z.enum(['routes', 'tokens']).default('routes').describe('What the third lane shows.'),
  networks: z.stringbool().default(true).describe('Whether the fourth lane is wanted; it needs raw rows.'),
  service: filterText.optional().describe('Only hops from or to this service.'),
  token_uid: tokenUid.optional(),
  principal_uid: filterText.optional(),
  lane_limit: z.coerce.number().int().min(1).max(500).default(30).describe('Named boxes of a lane.'),
  edge_limit: z.coerce.number().int().min(1).max(5000).default(200).describe('Edges of all layers together.'),
});

export const mapAnswer = z
  .object({
    window: windowSchema.describe('Widened to whole hours.'),
    nodes: z.array(
      z.object({
        id: z.string().describe('<lane>:<name>; <lane>: is unnamed, <lane>:~rest stands for others.'),
        lane: z.enum(lanes),
        name: z.string(),
        label: z.string().describe('For people; a token shows its name.'),
        nodes: z.number().describe('How many boxes it stands for (at least).'),
        ...sums,
      }),
    ),
    edges: z.array(
      z.object({
        source: z.string(),
        target: z.string(),
        layer,
        ...sums,
        first_time: z.string().describe('First use in the window.'),
        last_time: z.string(),
        first_seen: z.string().nullable().describe('First use at all; null where only the window was read.'),
        hops: z.number().describe('How many connections it stands for.'),
      }),
    ),
    layers: z.array(
      z.object({
        layer,
        ...sums,
        hops: z.number(),
        rest: z.object({ ...sums, edges: z.number(), hops: z.number() }).describe('Edges that are not shown.'),
      }),
    ),
  })
  .meta({ id: 'Map' });
