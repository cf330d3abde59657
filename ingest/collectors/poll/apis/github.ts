import { isObject } from '../../../sources/shared/json-reader.js';
import { readMoment } from '../../../sources/shared/moment.js';
import { fixedCredentials } from '../credentials.js';
import { nextLink } from '../link-header.js';
import type { PollApi } from '../poll-api.js';
import { notAPage } from '../source-fault.js';

export interface GithubApiOptions {
  /** `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise Server. */
  readonly url: string;
  /** `orgs/NAME` or `enterprises/NAME`. */
  readonly owner: string;
  readonly token: string;
}

const second = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/**
 * `GET /orgs/{org}/audit-log`, the oldest first, windows by `created:` (https://docs.github.com/rest/orgs/orgs#get-the-audit-log-for-an-organization).
 * The `after` cursor comes with the Link header.
 */
export function githubApi({ url, owner, token }: GithubApiOptions): PollApi {
  const base = url.replace(/\/+$/, '');
  return {
    product: 'github',
    origin: new URL(base).origin,
    headers: {
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
      'user-agent': 'tourniquet',
    },
    credentials: fixedCredentials('Bearer', token),
    rights: 'read:audit_log (classic token), or read access to organization administration',
    overlapMs: 600_000,
    feeds: [
      {
        name: 'audit-log',
        paging: 'windows',
        windowMs: 86_400_000,
        first({ fromMs, toMs }) {
          const phrase = `created:${second(fromMs)}..${second(toMs)}`;
          const query = new URLSearchParams({ phrase, include: 'all', order: 'asc', per_page: '100' });
          return `${base}/${owner}/audit-log?${query.toString()}`;
        },
        read({ body, headers }, asked) {
          if (!Array.isArray(body)) throw notAPage('github', 'it is no list');
          return { records: body, next: nextLink(headers, asked) };
        },
        timeOf: (record) =>
          isObject(record) ? (readMoment(record, '@timestamp') ?? readMoment(record, 'created_at')) : undefined,
      },
    ],
  };
}
