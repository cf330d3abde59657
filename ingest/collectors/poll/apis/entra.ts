import type { Clock } from '../../../core/clock.js';
import { isObject, readList, readText } from '../../../sources/shared/json-reader.js';
import { readMoment } from '../../../sources/shared/moment.js';
import { clientCredentials } from '../credentials.js';
import type { PollApi, PollFeed } from '../poll-api.js';
import { notAPage } from '../source-fault.js';

export const signInTypes = ['interactiveUser', 'nonInteractiveUser', 'servicePrincipal', 'managedIdentity'] as const;

export interface EntraApiOptions {
  /** `https://graph.microsoft.com`, or that of a national cloud. */
  readonly url: string;
  /** `https://login.microsoftonline.com`, or that of a national cloud. */
  readonly loginUrl: string;
  readonly tenant: string;
  readonly clientId: string;
  readonly secret: string;
  readonly signIns: readonly (typeof signInTypes)[number][];
  readonly audits: boolean;
}

/**
 * `GET /beta/auditLogs/signIns` a sign-in type (v1.0 lists interactive ones alone) and `/v1.0/auditLogs/directoryAudits`
 * (https://learn.microsoft.com/graph/api/signin-list, /graph/api/directoryaudit-list); pages by `@odata.nextLink`.
 */
export function entraApi(options: EntraApiOptions, clock: Clock): PollApi {
  const { origin } = new URL(options.url);
  const feed = (name: string, path: string, time: string, more: string): PollFeed => ({
    name,
    paging: 'windows',
    windowMs: 3_600_000,
    first({ fromMs, toMs }) {
      const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
      const filter = `${time} ge ${from} and ${time} lt ${to}${more}`;
      // `$filter` and not `%24filter`, as the documentation writes it; spaces as %20.
      return `${origin}/${path}?$filter=${encodeURIComponent(filter)}&$top=999`;
    },
    read({ body }) {
      const records = isObject(body) ? readList(body, 'value') : undefined;
      if (!isObject(body) || records === undefined) throw notAPage('entra', 'value is no list');
      return { records, next: readText(body, '@odata.nextLink') };
    },
    timeOf: (record) => (isObject(record) ? readMoment(record, time) : undefined),
  });
  return {
    product: 'entra',
    origin,
    owner: `${options.loginUrl.replace(/\/+$/, '')} ${options.tenant}`,
    headers: { accept: 'application/json' },
    credentials: clientCredentials(
      {
        url: `${options.loginUrl.replace(/\/+$/, '')}/${encodeURIComponent(options.tenant)}/oauth2/v2.0/token`,
        id: options.clientId,
        secret: options.secret,
      },
      { scope: `${origin}/.default` },
      clock,
    ),
    rights: 'the application permission AuditLog.Read.All with an administrator’s consent, and an Entra ID P1 licence',
    overlapMs: 1_800_000,
    feeds: [
      ...options.signIns.map((type) =>
        feed(type, 'beta/auditLogs/signIns', 'createdDateTime', ` and signInEventTypes/any(t: t eq '${type}')`),
      ),
      ...(options.audits ? [feed('audits', 'v1.0/auditLogs/directoryAudits', 'activityDateTime', '')] : []),
    ],
  };
}
