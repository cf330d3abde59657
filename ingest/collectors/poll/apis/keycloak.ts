import type { Clock } from '../../../core/clock.js';
import { isObject, readNumber } from '../../../sources/shared/json-reader.js';
import { clientCredentials } from '../credentials.js';
import type { PollApi, PollFeed } from '../poll-api.js';
import { notAPage } from '../source-fault.js';

export interface KeycloakApiOptions {
  readonly url: string;
  readonly realms: readonly string[];
  /** Where the client is registered that asks. */
  readonly clientRealm: string;
  readonly clientId: string;
  readonly secret: string;
  readonly lists: readonly ('events' | 'admin-events')[];
  /** Records of a page, 1 to 1,000. */
  readonly pageSize?: number;
}

const timeOf = (record: unknown): number | undefined => (isObject(record) ? readNumber(record, 'time') : undefined);

/**
 * `GET /admin/realms/{realm}/events` and `/admin-events`
 * (https://www.keycloak.org/docs-api/latest/rest-api/index.html#_realms_admin): the newest first, by `first` and `max`.
 * `dateFrom` is a day of the server's zone in the versions that know no finer time, so it is one day early, and paging
 * ends where records are older than the window. What is written meanwhile moves records to later pages, so some are
 * seen twice, and none is missed.
 */
export function keycloakApi(options: KeycloakApiOptions, clock: Clock): PollApi {
  const base = options.url.replace(/\/+$/, '');
  const pageSize = options.pageSize ?? 500;
  const feed = (realm: string, list: 'events' | 'admin-events'): PollFeed => {
    const path = `${base}/admin/realms/${encodeURIComponent(realm)}/${list}`;
    const page = (fromMs: number, first: number): string => {
      const dateFrom = new Date(fromMs - 86_400_000).toISOString().slice(0, 10);
      return `${path}?${new URLSearchParams({ dateFrom, first: String(first), max: String(pageSize) }).toString()}`;
    };
    return {
      name: `${realm}/${list}`,
      paging: 'windows',
      first: ({ fromMs }) => page(fromMs, 0),
      read({ body }, asked, { fromMs }) {
        if (!Array.isArray(body)) throw notAPage('keycloak', 'it is no list');
        const records: readonly unknown[] = body;
        const isLast = records.length < pageSize || (timeOf(records.at(-1)) ?? fromMs) < fromMs;
        const first = Number(new URL(asked).searchParams.get('first') ?? 0) + records.length;
        return { records, ...(isLast ? {} : { next: page(fromMs, first) }) };
      },
      timeOf,
    };
  };
  return {
    product: 'keycloak',
    origin: new URL(base).origin,
    headers: { accept: 'application/json' },
    credentials: clientCredentials(
      {
        url: `${base}/realms/${encodeURIComponent(options.clientRealm)}/protocol/openid-connect/token`,
        id: options.clientId,
        secret: options.secret,
      },
      {},
      clock,
    ),
    rights: 'a service account with the role view-events of the realm’s client realm-management',
    overlapMs: 60_000,
    feeds: options.realms.flatMap((realm) => options.lists.map((list) => feed(realm, list))),
  };
}
