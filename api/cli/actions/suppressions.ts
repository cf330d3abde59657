import { systemClock } from '../../../ingest/core/clock.js';
import { parseTime } from '../../../ingest/event/time.js';
import { printable } from '../../alerts/wording.js';
import { suppressionsAnswer, suppressionSchema, type Suppression } from '../../schemas/suppressions.js';
import { createApiClient, type ApiOptions } from '../api-client.js';
import type { Terminal } from '../terminal.js';

export interface AddOptions extends ApiOptions {
  readonly reason: string;
  readonly until: string;
  readonly from?: string;
  readonly detector?: string;
  readonly measure?: string;
  readonly token?: string;
  readonly principal?: string;
  readonly address?: string;
  readonly service?: string;
  readonly severityMax: string;
}

const named = ['detector', 'measure', 'token_uid', 'principal_uid', 'address', 'service'] as const;

/** One line: what it takes, from when to when, why, and by whom. */
function lineOf(one: Suppression): string {
  const what = named.filter((key) => one[key] !== '').map((key) => `${key}=${one[key]}`);
  const when = `${one.from ?? 'always'} to ${one.until ?? 'for good'}`;
  return printable([one.suppression_uid, what.join(' '), `up to ${one.severity_max}`, when, one.created_by, one.reason].join('  ')); // prettier-ignore
}

export async function suppressionsAdd(options: AddOptions, terminal: Terminal): Promise<void> {
  const { reason, until, from, detector, measure, token, principal, address, service, severityMax } = options;
  const body = {
    reason,
    until,
    from,
    detector,
    measure,
    token_uid: token,
    principal_uid: principal,
    address,
    service,
    severity_max: severityMax,
  };
  const api = createApiClient(options, terminal.env);
  terminal.out(lineOf(await api.send('POST', '/v1/suppressions', body, suppressionSchema)));
}

export async function suppressionsList(
  options: ApiOptions & { all: boolean; json: boolean },
  terminal: Terminal,
): Promise<void> {
  const { items } = await createApiClient(options, terminal.env).get('/v1/suppressions', suppressionsAnswer);
  const nowMs = systemClock.nowMs();
  const wanted = items.filter(({ until }) => options.all || until === null || parseTime(until) > nowMs);
  for (const item of wanted) terminal.out(options.json ? JSON.stringify(item) : lineOf(item));
  if (!options.json && wanted.length === 0) terminal.err('No suppressions.');
}

export async function suppressionsRemove(uid: string, options: ApiOptions, terminal: Terminal): Promise<void> {
  const path = `/v1/suppressions/${encodeURIComponent(uid)}`;
  const ended = await createApiClient(options, terminal.env).send('DELETE', path, undefined, suppressionSchema);
  terminal.out(`${ended.suppression_uid}  ended ${ended.until ?? ''}`);
}
