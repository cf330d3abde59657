import type { Clock } from '../../../core/clock.js';
import { isObject, readText } from '../../../sources/shared/json-reader.js';
import { readMoment } from '../../../sources/shared/moment.js';
import { clientCredentials } from '../credentials.js';
import { nextLink } from '../link-header.js';
import type { PollApi } from '../poll-api.js';
import { notAPage } from '../source-fault.js';

/**
 * `GET /api/v2/logs` by checkpoint: ordered by `log_id`, so that nothing is skipped when Auth0 is late
 * (https://auth0.com/docs/deploy-monitor/logs/retrieve-log-events-using-mgmt-api#retrieve-logs-by-checkpoint). The first
 * checkpoint is the oldest record of the time that is asked for.
 */
export function auth0Api(
  { url, clientId, secret }: { readonly url: string; readonly clientId: string; readonly secret: string },
  clock: Clock,
): PollApi {
  const { origin } = new URL(url);
  const checkpoint = (id: string): string =>
    `${origin}/api/v2/logs?${new URLSearchParams({ from: id, take: '100' }).toString()}`;
  return {
    product: 'auth0',
    origin,
    headers: { accept: 'application/json' },
    credentials: clientCredentials(
      { url: `${origin}/oauth/token`, id: clientId, secret },
      { audience: `${origin}/api/v2/` },
      clock,
    ),
    rights: 'a machine-to-machine application with the scope read:logs of the Management API',
    // Only where there is no cursor: what came late before it was lost is read again.
    overlapMs: 600_000,
    feeds: [
      {
        name: 'logs',
        paging: 'cursor',
        first({ fromMs }) {
          const q = `date:[${new Date(fromMs).toISOString()} TO *]`;
          return `${origin}/api/v2/logs?${new URLSearchParams({ q, sort: 'date:1', page: '0', per_page: '1' }).toString()}`;
        },
        read({ body, headers }, asked) {
          if (!Array.isArray(body)) throw notAPage('auth0', 'it is no list');
          const records: readonly unknown[] = body;
          const last = records.at(-1);
          const id = isObject(last) ? (readText(last, 'log_id') ?? readText(last, '_id')) : undefined;
          return { records, next: nextLink(headers, asked) ?? (id === undefined ? undefined : checkpoint(id)) };
        },
        timeOf: (record) => (isObject(record) ? readMoment(record, 'date') : undefined),
      },
    ],
  };
}
