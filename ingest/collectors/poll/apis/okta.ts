import { readMoment } from '../../../sources/shared/moment.js';
import { isObject } from '../../../sources/shared/json-reader.js';
import { nextLink } from '../link-header.js';
import { fixedCredentials } from '../credentials.js';
import type { PollApi } from '../poll-api.js';
import { notAPage } from '../source-fault.js';

/**
 * `GET /api/v1/logs` without `until`: Okta then orders by arrival and always names the next page, so nothing comes late
 * (https://developer.okta.com/docs/reference/system-log-query/, "Polling requests").
 */
export function oktaApi(url: string, token: string): PollApi {
  const { origin } = new URL(url);
  return {
    product: 'okta',
    origin,
    headers: { accept: 'application/json' },
    credentials: fixedCredentials('SSWS', token),
    rights: 'an API token of an administrator who may view the System Log (report administrator)',
    // Only where there is no cursor: what came late before it was lost is read again.
    overlapMs: 600_000,
    feeds: [
      {
        name: 'logs',
        paging: 'cursor',
        first({ fromMs }) {
          const query = new URLSearchParams({ since: new Date(fromMs).toISOString(), sortOrder: 'ASCENDING', limit: '1000' });
          return `${origin}/api/v1/logs?${query.toString()}`;
        },
        read({ body, headers }, asked) {
          if (!Array.isArray(body)) throw notAPage('okta', 'it is no list');
          return { records: body, next: nextLink(headers, asked) };
        },
        timeOf: (record) => (isObject(record) ? readMoment(record, 'published') : undefined),
      },
    ],
  };
} // prettier-ignore
