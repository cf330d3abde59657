import { z } from 'zod';
import { tokenKinds } from '../../ingest/event/token-event.js';
import {
  countedUntilSchema,
  filterText,
  instant,
  pageQuery,
  pageSchema,
  tokenUid,
  windowQuery,
  windowSchema,
} from './common.js';

const alias = z.object({ kind: z.string(), value: z.string() });

export const tokenSchema = z
  .object({
    token_uid: z.string(),
    name: z.string().describe('For people; may be empty.'),
    key_id: z.string(),
    kinds: z.array(z.string()),
    identities: z.array(z.string()).describe('What the token_uid was derived from.'),
    sources: z.array(z.string()),
    issuers: z.array(z.string()),
    scopes: z.array(z.string()),
    audience: z.array(z.string()),
    aliases: z.array(alias),
    parents: z.array(alias).describe('The credentials it was made from.'),
    principal_uid: z.string(),
    principal_kind: z.string(),
    principal_id: z.string(),
    principal_name: z.string(),
    first_seen: z.string(),
    last_seen: z.string(),
    last_use: z.string().nullable(),
    last_failure: z.string().nullable(),
    issued_at: z.string().nullable(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
    events: z.number().describe('Lines of logs, of any action.'),
    uses: z
      .number()
      .describe('Requests, each counted once, however many proxies logged it: those of its timeline over all time.'),
    failures: z.number().describe('Of the requests.'),
    secrets: z.number().describe('Distinct byte strings presented as this token; more than one is strange.'),
  })
  .meta({ id: 'Token' });

export const tokensQuery = z.strictObject({
  ...pageQuery,
  principal_uid: filterText.optional(),
  kind: z.enum(tokenKinds).optional(),
  issuer: filterText.optional(),
  source: filterText.optional().describe('Product that saw it.'),
  scope: filterText.optional(),
  q: filterText.optional().describe('Part of uid, name, key id or principal; case is ignored.'),
  seen_since: instant.optional(),
  sort: z.enum(['last_seen', 'risk']).default('last_seen').describe('Highest first; tokens without risk last.'),
});

const score = z.number().describe('What its findings add up to now; fades with time (docs/alerts.md).');

export const tokensAnswer = pageSchema(tokenSchema.extend({ risk: score }).meta({ id: 'TokenWithRisk' })).meta({
  id: 'TokenPage',
});

export const tokenParams = z.object({ uid: tokenUid });

const relative = z.object({
  token_uid: z.string(),
  name: z.string(),
  first_seen: z.string(),
  by: z.array(z.string()).describe('Kinds of the names that tie the two.'),
});

const lineage = z.object({
  made_from: z.array(relative).describe('Tokens that have the names in `parents` of the token.'),
  children: z.array(relative).describe('Tokens made from it.'),
  rotated_to: z.array(relative).describe('Of the children: those that its refresh token gave.'),
  same_as: z
    .array(relative)
    .describe('Other rows of the same token, of records that name it by less; their uses are not added.'),
  revoked_at: z
    .string()
    .nullable()
    .describe('When it was revoked, or the key deleted: the latest of this row and those in `same_as`.'),
});
export type Lineage = z.output<typeof lineage>;

export const tokenAnswer = z
  .object({
    token: tokenSchema,
    risk: z.object({
      score,
      principal_score: z.number().describe('The same of its principal, over all of its tokens.'),
      threshold: z.number().describe('From here on the risk raises an alert.'),
      half_life_s: z.number(),
      at: z.string(),
      signals: z
        .array(z.object({ detector: z.string(), measure: z.string(), findings: z.number(), risk: z.number() }))
        .describe('What adds to the score, most first.'),
    }),
    seen_with: z.array(
      z.object({
        dimension: z.string(),
        distinct_values: z.number(),
        values: z.array(
          z.object({
            value: z.string(),
            first_time: z.string(),
            last_time: z.string(),
            events: z.number().describe('Lines of logs, of any action.'),
            accepted_events: z.number().describe('Of these, what the callee accepted.'),
          }),
        ),
      }),
    ),
    ...lineage.shape,
  })
  .meta({ id: 'TokenDetail' });

export const buckets = { '1m': 60, '5m': 300, '15m': 900, '1h': 3600, '6h': 21_600, '1d': 86_400 } as const;
export type Bucket = keyof typeof buckets;
export const bucketNames = Object.keys(buckets) as [Bucket, ...Bucket[]];

export const timelineQuery = z.strictObject({
  ...windowQuery,
  bucket: z.enum(bucketNames).default('1h'),
});

export const timelineAnswer = z
  .object({
    window: windowSchema.describe('Widened to whole buckets.'),
    counted_until: countedUntilSchema,
    bucket: z.enum(bucketNames),
    buckets: z
      .array(
        z.object({
          time: z.string(),
          events: z.number().describe('Lines of logs, of any action.'),
          requests: z.number().describe('Each counted once, however many proxies logged it.'),
          outbound_requests: z.number().describe('Of the requests: seen from the caller’s side only.'),
          lent_requests: z
            .number()
            .describe(
              'The same requests on their way through proxies that knew no token; the map counts these hops too.',
            ),
          told_requests: z
            .number()
            .describe('Of the requests: the callee’s own log names the token. Stream detectors count these.'),
          issuer_refusals: z
            .number()
            .describe(
              'What an issuer refused of the token, such as a refresh: no requests, but stream detectors count them as failed ones. As far back as events are kept.',
            ),
          failures: z.number().describe('Of the requests.'),
          request_bytes: z.number(),
          response_bytes: z.number(),
          targets: z.number().describe('Distinct target services (estimate).'),
          clients: z.number().describe('Distinct client addresses (estimate).'),
        }),
      )
      .describe('Buckets without an event are left out.'),
  })
  .meta({ id: 'Timeline' });
