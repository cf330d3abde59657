import { z } from 'zod';
import { countedUntilSchema, pageQuery, pageSchema, windowQuery, windowSchema } from './common.js';

export const usualQuery = z.strictObject({ ...windowQuery });

export const usualAnswer = z
  .object({
    window: windowSchema,
    counted_until: countedUntilSchema,
    compared_with: windowSchema.describe('The time before the window that "before" counts; begins with a whole hour.'),
    facets: z.array(
      z.object({
        dimension: z.enum([
          'network',
          'client_address',
          'client_country',
          'user_agent',
          'caller_service',
          'target_service',
          'target_route',
          'source',
        ]),
        values: z.array(
          z.object({
            value: z.string(),
            now: z.number().describe('Requests in the window, each counted once, however many proxies logged it.'),
            now_failures: z.number(),
            before: z.number().describe('The same in the time before.'),
            first_time: z.string().describe('In the window or the time before.'),
            last_time: z.string(),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'TokenUsual' });

export const baselineQuery = z.strictObject({ ...windowQuery });

export const baselineAnswer = z
  .object({
    window: windowSchema.describe('Widened to whole hours.'),
    counted_until: countedUntilSchema,
    threshold: z.number().describe('Spreads above the expectation at which detector baseline speaks.'),
    hours: z.array(
      z.object({
        time: z.string(),
        requests: z.number().describe('Each counted once, however many proxies logged it.'),
        told: z
          .number()
          .describe(
            'What detector baseline counts and `expected` is of: requests of which the callee’s own log names the token, and refusals at an issuer.',
          ),
        issuer_refusals: z
          .number()
          .describe('What an issuer refused of the token, such as a refresh; in `told`, not in the requests.'),
        failures: z.number().describe('Of the requests.'),
        expected: z.number().nullable().describe('Of `told`; null while too little is known.'),
        spread: z.number().nullable(),
        samples: z.number().describe('Closed hours known.'),
      }),
    ),
    failures_by_reason: z
      .array(z.object({ reason: z.string().describe('Empty when no source told one.'), failures: z.number() }))
      .describe('Of the failures of these hours, most first.'),
  })
  .meta({ id: 'TokenBaseline' });

export const callsQuery = z.strictObject({ ...pageQuery, ...windowQuery });

const call = z.object({
  event_uid: z.string(),
  time: z.string(),
  source: z.string(),
  action: z.string(),
  direction: z.string(),
  outcome: z.string(),
  reason: z.string(),
  client_address: z.string(),
  user_agent: z.string(),
  caller_service: z.string(),
  target_service: z.string(),
  target_method: z.string(),
  target_route: z.string(),
  target_status: z.number(),
  response_bytes: z.number().nullable(),
  duration_ms: z.number().nullable(),
});

export const callsAnswer = pageSchema(call).meta({ id: 'TokenCalls' });
