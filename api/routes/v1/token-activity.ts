import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { baselineOptionsSchema, type BaselineOptions } from '../../../detectors/baseline/baseline-options.js';
import { expectedHours } from '../../../detectors/baseline/expected-hours.js';
import { optionsFor } from '../../../detectors/registry.js';
import { formatTime, parseTime } from '../../../ingest/event/time.js';
import type { ApiDeps } from '../../api-deps.js';
import { countedUntil } from '../../map/counted-until.js';
import { contextsMade } from '../../queries/contexts-made.js';
import { getToken } from '../../queries/get-token.js';
import { tokenCalls } from '../../queries/token-calls.js';
import { tokenFailureReasons } from '../../queries/token-failure-reasons.js';
import { tokenFacets } from '../../queries/token-facets.js';
import { tokenTimeline } from '../../queries/token-timeline.js';
import { pageOf, readCursor, readWindow, windowOf } from '../../schemas/common.js';
import { problemResponses } from '../../schemas/problem.js';
import {
  baselineAnswer, baselineQuery, callsAnswer, callsQuery, usualAnswer, usualQuery,
} from '../../schemas/token-activity.js'; // prettier-ignore
import { tokenParams } from '../../schemas/tokens.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How much past tells what is usual. */
const USUAL_MS = 28 * DAY_MS;
const VALUES_MAX = 20;

const wholeHour = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;

type Usual = z.output<typeof usualAnswer>;
type Dimension = Usual['facets'][number]['dimension'];
const dimensions = usualAnswer.shape.facets.element.shape.dimension.options;

/** Those of an override, where one is for the token as the inventory knows it. */
async function baselineOptionsOf(uid: string, { querier, scoring: { detectors } }: ApiDeps): Promise<BaselineOptions> {
  if (detectors === undefined) return baselineOptionsSchema.parse({});
  const [row] = detectors.overrides.length === 0 ? [] : await querier.run(getToken, { token_uid: uid });
  if (row === undefined) return detectors.baseline;
  const { key_id, kinds: [kind = ''], issuers: [issuer], principal_uid } = row;
  const token = { token_uid: uid, kind, ...(key_id !== '' && { key_id }), ...(issuer !== undefined && { issuer }) };
  return optionsFor(detectors, { token, principal: { principal_uid } }).baseline;
} // prettier-ignore

export function tokenActivityRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const { querier, clock } = deps;
  typed.get(
    '/v1/tokens/:uid/usual',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'getTokenUsual',
        summary: 'From where, by what and to what a token is used, beside what is usual for it',
        tags: ['tokens'],
        params: tokenParams,
        querystring: usualQuery,
        response: { 200: usualAnswer, ...problemResponses },
      },
    },
    async ({ params, query }) => {
      const window = readWindow(query, clock.nowMs(), { backMs: DAY_MS, maxMs: 93 * DAY_MS });
      const sinceMs = Math.max(0, wholeHour(window.fromMs) - USUAL_MS);
      const before = { fromMs: sinceMs, toMs: window.fromMs };
      const counted = await countedUntil(querier, window);
      const [made] = await querier.run(contextsMade, { from_ms: sinceMs, to_ms: window.toMs });
      // Hours after it, such as the one that runs, are read from their hops.
      const madeMs = Math.max(sinceMs, (made?.made_ms ?? 0) + HOUR_MS);
      const wholeMs = wholeHour(window.fromMs + HOUR_MS - 1);
      const rows = await querier.run(tokenFacets, {
        from_ms: window.fromMs,
        to_ms: window.toMs,
        since_ms: sinceMs,
        first_ms: Math.min(wholeHour(window.fromMs), madeMs),
        whole_ms: wholeMs,
        last_ms: Math.max(wholeMs, Math.min(wholeHour(window.toMs), madeMs)),
        token_uid: params.uid,
        values_max: VALUES_MAX,
      });
      const facets = dimensions.map((dimension: Dimension) => ({
        dimension,
        values: rows
          .filter((row) => row.dimension === dimension)
          .map((row) => ({
            value: row.value,
            now: row.now_requests,
            now_failures: row.now_failures,
            before: row.before_requests,
            first_time: row.first_time,
            last_time: row.last_time,
          })),
      }));
      return { window: windowOf(window), counted_until: formatTime(counted), compared_with: windowOf(before), facets };
    },
  );
  typed.get(
    '/v1/tokens/:uid/baseline',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'getTokenBaseline',
        summary: 'Requests of a token in each hour, beside what detector baseline expects of that hour',
        tags: ['tokens'],
        params: tokenParams,
        querystring: baselineQuery,
        response: { 200: baselineAnswer, ...problemResponses },
      },
    },
    async ({ params, query }) => {
      const asked = readWindow(query, clock.nowMs(), { backMs: 7 * DAY_MS, maxMs: 31 * DAY_MS });
      const fromMs = wholeHour(asked.fromMs);
      const toMs = Math.max(Math.ceil(asked.toMs / HOUR_MS) * HOUR_MS, fromMs + HOUR_MS);
      const counted = await countedUntil(querier, { fromMs, toMs });
      const options = await baselineOptionsOf(params.uid, deps);
      const asks = { to_ms: toMs, token_uid: params.uid };
      const rows = await querier.run(tokenTimeline, {
        ...asks,
        from_ms: Math.max(0, fromMs - options.weeks * 7 * DAY_MS),
        bucket_s: HOUR_MS / 1000,
      });
      const reasons = await querier.run(tokenFailureReasons, { ...asks, from_ms: fromMs });
      // The band is of what the detector counts, so that it speaks where the band says it does.
      const history = rows.map((row) => ({
        hourStartMs: parseTime(row.bucket),
        requests: row.told_requests + row.issuer_refusals,
        failures: row.failures,
      }));
      const known = new Map(rows.map((row) => [parseTime(row.bucket), row]));
      const hours = expectedHours(history, fromMs, toMs, options).map((hour) => ({
        time: formatTime(hour.hourStartMs),
        requests: known.get(hour.hourStartMs)?.requests ?? 0,
        told: hour.requests,
        issuer_refusals: known.get(hour.hourStartMs)?.issuer_refusals ?? 0,
        failures: hour.failures,
        expected: hour.expected,
        spread: hour.spread,
        samples: hour.sampleCount,
      }));
      return {
        window: windowOf({ fromMs, toMs }),
        counted_until: formatTime(counted),
        threshold: options.threshold,
        hours,
        failures_by_reason: [...reasons],
      };
    },
  );
  typed.get(
    '/v1/tokens/:uid/calls',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'listTokenCalls',
        summary: 'Events of a token, newest first',
        tags: ['tokens'],
        params: tokenParams,
        querystring: callsQuery,
        response: { 200: callsAnswer, ...problemResponses },
      },
    },
    async ({ params, query }) => {
      const window = readWindow(query, clock.nowMs(), { backMs: USUAL_MS, maxMs: 400 * DAY_MS });
      const cursor = readCursor(query.cursor);
      const rows = await querier.run(tokenCalls, {
        from_ms: window.fromMs,
        to_ms: window.toMs,
        token_uid: params.uid,
        before_ms: cursor.beforeMs,
        before_uid: cursor.beforeUid,
        rows: query.limit + 1,
      });
      return pageOf(rows, query.limit, (row) => ({ time: row.time, uid: row.event_uid }));
    },
  );
}
