import type { Clock } from '../../../core/clock.js';
import { isObject, readList, readObject, readText } from '../../../sources/shared/json-reader.js';
import { readMoment } from '../../../sources/shared/moment.js';
import { serviceAccountCredentials, type ServiceAccountKey } from '../credentials.js';
import type { PollApi } from '../poll-api.js';
import { notAPage } from '../source-fault.js';

export interface WorkspaceApiOptions {
  /** `https://admin.googleapis.com`. */
  readonly url: string;
  readonly key: ServiceAccountKey;
  /** The administrator that the service account acts for. */
  readonly subject: string;
  readonly applications: readonly string[];
}

/**
 * `activities.list` of the Reports API, a window at a time, pages by `nextPageToken`
 * (https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities/list).
 */
export function workspaceApi({ url, key, subject, applications }: WorkspaceApiOptions, clock: Clock): PollApi {
  const { origin } = new URL(url);
  return {
    product: 'workspace',
    origin,
    owner: subject,
    headers: { accept: 'application/json' },
    credentials: serviceAccountCredentials(
      key,
      { subject, scope: 'https://www.googleapis.com/auth/admin.reports.audit.readonly' },
      clock,
    ),
    rights:
      'domain-wide delegation of admin.reports.audit.readonly, and a subject who may see the audit logs; the Admin SDK API switched on',
    // https://support.google.com/a/answer/7061566: some logs come hours late.
    overlapMs: 4 * 3_600_000,
    feeds: applications.map((application) => ({
      name: application,
      paging: 'windows',
      windowMs: 6 * 3_600_000,
      first({ fromMs, toMs }) {
        const query = new URLSearchParams({
          startTime: new Date(fromMs).toISOString(),
          endTime: new Date(toMs).toISOString(),
          maxResults: '1000',
        });
        return `${origin}/admin/reports/v1/activity/users/all/applications/${encodeURIComponent(application)}?${query.toString()}`;
      },
      read({ body }, asked) {
        if (!isObject(body)) throw notAPage('workspace', 'it is no object');
        const token = readText(body, 'nextPageToken');
        const next = new URL(asked);
        if (token !== undefined) next.searchParams.set('pageToken', token);
        // Without activities the member is left out.
        return { records: readList(body, 'items') ?? [], ...(token === undefined ? {} : { next: next.href }) };
      },
      timeOf: (record) => (isObject(record) ? readMoment(readObject(record, 'id') ?? {}, 'time') : undefined),
    })),
  };
}
