import { systemClock } from '../../../ingest/core/clock.js';
import { AppError } from '../../../ingest/core/errors.js';
import { destinationsOf } from '../../alerts/destinations.js';
import { samplePayload } from '../../alerts/sample-payload.js';
import { printable } from '../../alerts/wording.js';
import { alertDetailSchema, alertsAnswer, deliveriesAnswer, deliverySchema } from '../../schemas/alerts.js';
import { alertText } from '../alert-text.js';
import { createApiClient, type ApiClient, type ApiOptions } from '../api-client.js';
import type { CommonOptions } from '../cli-context.js';
import { readConfig } from '../config-file.js';
import { readSecretFile } from '../secret-file.js';
import type { Terminal } from '../terminal.js';

/** `alerts list --check` found some: scripts tell it from a failure (1). */
const EXIT_SOME = 2;
const PAGE = 200;

const queryOf = (values: Readonly<Record<string, string | undefined>>): string => {
  const set = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return set.length === 0 ? '' : `?${new URLSearchParams(set).toString()}`;
};

export async function alertsList(
  options: ApiOptions & { state?: string; severityMin?: string; limit: string; json: boolean; check: boolean },
  terminal: Terminal,
): Promise<void> {
  const api = createApiClient(options, terminal.env);
  const query = queryOf({ state: options.state, severity_min: options.severityMin, limit: options.limit });
  const { items } = await api.get(`/v1/alerts${query}`, alertsAnswer);
  for (const alert of items) {
    const who = alert.principal_name || alert.token_name || alert.token_uid;
    const line = [alert.alert_uid, alert.severity, alert.state, alert.last_seen, who, alert.title].join('  ');
    terminal.out(options.json ? JSON.stringify(alert) : printable(line));
  }
  if (!options.json && items.length === 0) terminal.err('No alerts.');
  if (options.check && items.length > 0) terminal.setExitCode(EXIT_SOME);
}

export async function alertsShow(
  uid: string,
  options: ApiOptions & { json: boolean },
  terminal: Terminal,
): Promise<void> {
  const api = createApiClient(options, terminal.env);
  const alert = await api.get(`/v1/alerts/${encodeURIComponent(uid)}`, alertDetailSchema);
  if (options.json) {
    terminal.out(JSON.stringify(alert, null, 2));
    return;
  }
  terminal.out(alertText(alert));
  const until = alert.suppressed_until === null ? '' : ` until ${alert.suppressed_until}`;
  terminal.out(
    `  state      ${alert.state}${until}, ${alert.finding_count} finding(s) by ${alert.detectors.join(', ')}`,
  );
  terminal.out(printable(`  next       ${alert.next_step}`));
  for (const { detector, false_positives: causes, next_steps: steps } of alert.guidance) {
    for (const text of steps) terminal.out(`  step       ${detector}: ${text}`);
    for (const text of causes) terminal.out(`  ordinary   ${detector}: ${text}`);
  }
  terminal.out(printable(`  open       ${alert.links.alert}`));
  terminal.out(printable(`  sql        ${alert.reading.sql}`));
  for (const { time, to, actor, reason } of alert.history)
    terminal.out(printable(`  history    ${time}  ${to}  ${actor}: ${reason}`));
}

/** Decides on each alert; one that refuses does not keep the others from being decided. */
export function alertsDecide(
  verb: 'acknowledge' | 'resolve' | 'reopen' | 'suppress',
  uids: readonly string[],
  options: ApiOptions & { reason: string; until?: string },
  terminal: Terminal,
): Promise<void> {
  const api = createApiClient(options, terminal.env);
  const body = { reason: options.reason, ...(options.until === undefined ? {} : { until: options.until }) };
  return each(uids, terminal, async (uid) => {
    const alert = await api.send('POST', `/v1/alerts/${encodeURIComponent(uid)}/${verb}`, body, alertDetailSchema);
    const until = alert.suppressed_until === null ? '' : ` until ${alert.suppressed_until}`;
    return `${alert.alert_uid}  ${alert.state}${until}`;
  });
}

/** Sends a marked sample through the real notifier; PagerDuty's is resolved at once, so that nothing stays open. */
export async function alertsTest(name: string, options: CommonOptions, terminal: Terminal): Promise<void> {
  const { alerts, api } = readConfig(options.config, terminal.env);
  const configured = alerts.destinations.find((entry) => entry.name === name);
  if (configured === undefined) {
    const names = alerts.destinations.map((entry) => entry.name).join(', ') || 'none';
    throw new AppError('TQ_NOT_FOUND', `The configuration has no destination ${printable(name)}.`, {
      mend: `Configured are: ${names}. Name the file with --config.`,
    });
  }
  const [destination] = destinationsOf([configured], readSecretFile, systemClock);
  const baseUrl = api.base_url ?? `http://127.0.0.1:${String(api.port)}`;
  const kinds = configured.kind === 'pagerduty' ? (['test', 'resolved'] as const) : (['test'] as const);
  const nowMs = systemClock.nowMs();
  for (const kind of kinds) {
    const notification = samplePayload(kind, baseUrl.replace(/\/$/, ''), nowMs);
    const outcome = await destination?.notifier.notify(notification, AbortSignal.timeout(60_000));
    const sent = outcome?.kind === 'delivered';
    const said = outcome === undefined || outcome.kind === 'delivered' ? '' : `: ${outcome.reason}`;
    terminal.out(`${name}  ${kind}  ${sent ? `taken, answered ${outcome.status}` : `not taken${said}`}`);
    if (!sent) {
      terminal.setExitCode(1);
      return;
    }
  }
}

export async function deliveriesList(
  options: ApiOptions & { state?: string; destination?: string; limit: string; json: boolean },
  terminal: Terminal,
): Promise<void> {
  const api = createApiClient(options, terminal.env);
  const { state, destination, limit } = options;
  const { items } = await api.get(`/v1/deliveries${queryOf({ state, destination, limit })}`, deliveriesAnswer);
  for (const one of items) {
    const { delivery_uid, destination: to, kind, attempts, alert_uid, last_reason, created_at } = one;
    const line = [delivery_uid, one.state, to, kind, `${attempts} attempt(s)`, created_at, alert_uid, last_reason];
    terminal.out(options.json ? JSON.stringify(one) : printable(line.join('  ').trimEnd()));
  }
  if (!options.json && items.length === 0) terminal.err('No deliveries.');
}

export async function deliveriesRetry(
  uids: readonly string[],
  options: ApiOptions & { allDead: boolean; destination?: string },
  terminal: Terminal,
): Promise<void> {
  if ((uids.length === 0) !== options.allDead) {
    throw new AppError('TQ_REQUEST_INVALID', 'Name the deliveries, or give --all-dead.', {
      mend: '`tourniquet alerts deliveries --state dead` lists them.',
    });
  }
  const api = createApiClient(options, terminal.env);
  const wanted = options.allDead ? await deadOnes(api, options.destination) : uids;
  if (wanted.length === 0) terminal.err('No dead deliveries.');
  await each(wanted, terminal, async (uid) => {
    const one = await api.send('POST', `/v1/deliveries/${encodeURIComponent(uid)}/retry`, {}, deliverySchema);
    return `${one.delivery_uid}  ${one.state}  ${one.destination}`;
  });
}

async function deadOnes(api: ApiClient, destination: string | undefined): Promise<readonly string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const query = queryOf({ state: 'dead', destination, limit: String(PAGE), cursor });
    const page = await api.get(`/v1/deliveries${query}`, deliveriesAnswer);
    found.push(...page.items.map((one) => one.delivery_uid));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

/** Does all, and fails at the end if one failed. What concerns all (no key, no answer) is said once. */
async function each(
  uids: readonly string[],
  terminal: Terminal,
  work: (uid: string) => Promise<string>,
): Promise<void> {
  for (const uid of uids) {
    try {
      terminal.out(await work(uid));
    } catch (error) {
      const own =
        error instanceof AppError && ['TQ_NOT_FOUND', 'TQ_CONFLICT', 'TQ_REQUEST_INVALID'].includes(error.code);
      if (!own) throw error;
      terminal.err(`tourniquet: ${error.message}`);
      terminal.setExitCode(1);
    }
  }
}
