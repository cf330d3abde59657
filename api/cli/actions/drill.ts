import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { systemClock } from '../../../ingest/core/clock.js';
import { AppError } from '../../../ingest/core/errors.js';
import { DRILL_INSTANCE } from '../../../ingest/event/drill.js';
import type { Fingerprinter } from '../../../ingest/event/fingerprint.js';
import { RawSecret } from '../../../ingest/event/raw-secret.js';
import { parseRecords } from '../../../ingest/pipeline/record-parser.js';
import { makeDrill, type DrillAttack } from '../../drill/attacks.js';
import { alertsAnswer, deliveriesAnswer } from '../../schemas/alerts.js';
import { honeytokenSchema } from '../../schemas/honeytokens.js';
import { createApiClient, readKeyFile, type ApiClient, type ApiOptions } from '../api-client.js';
import type { CommonOptions } from '../cli-context.js';
import { readConfig } from '../config-file.js';
import { existingFingerprinter } from '../fingerprint-keys.js';
import { sourceByName } from '../source-by-name.js';
import type { Terminal } from '../terminal.js';
import { decoyIdentity } from './honeytoken.js';

export interface DrillOptions extends ApiOptions, CommonOptions {
  readonly source: string;
  readonly pushUrl?: string;
  readonly pushKeyFile?: string;
  readonly within: string;
  readonly json: boolean;
}

/** A little longer than workers take to read the registered decoys again. */
const REGISTRY_MS = 7000;
const POLL_MS = 250;

interface AttackReport {
  readonly attack: DrillAttack['name'];
  readonly token_uid: string;
  readonly events: number;
  readonly alert_uid: string | null;
  readonly severity: string | null;
  /** From the moment the push was acknowledged; null when not within the time. */
  readonly detected_s: number | null;
  /** Until every destination that wants it has taken the message; null when not, or when none wants it. */
  readonly delivered_s: number | null;
  readonly deliveries: Readonly<Record<string, string>>;
}

interface Sent {
  /** When the push was acknowledged. */
  readonly atMs: number;
  report: AttackReport;
}

const pushReceipt = z.object({ received: z.number(), events: z.number(), rejected: z.number() });

/** @throws AppError when a part is not configured or does not answer; what is not detected is exit code 1. */
export async function drillCommand(options: DrillOptions, terminal: Terminal): Promise<void> {
  const within = Number(options.within);
  if (!Number.isFinite(within) || within <= 0) {
    throw new AppError('TQ_REQUEST_INVALID', '--within must be a number of seconds above 0.');
  }
  const read = readConfig(options.config, terminal.env);
  const fingerprinter = existingFingerprinter(options.data === undefined ? read : { ...read, data_dir: options.data });
  const api = createApiClient(options, terminal.env);
  const push = createApiClient(
    { url: options.pushUrl ?? api.url },
    {
      TOURNIQUET_API_KEY:
        options.pushKeyFile === undefined ? terminal.env['TOURNIQUET_PUSH_KEY'] : readKeyFile(options.pushKeyFile),
    },
  );
  const drill = makeDrill();
  const registration = {
    ...decoyIdentity(new RawSecret(drill.decoy), fingerprinter),
    format: 'generic',
    name: `drill ${drill.id}`,
    planted: 'a drill',
    note: 'Made by `tourniquet drill`, which removes it.',
  };
  const { token_uid } = await api.send('POST', '/v1/honeytokens', registration, honeytokenSchema);
  try {
    if (!options.json) terminal.err(`Drill ${drill.id}: waiting until workers know the decoy.`);
    await delay(REGISTRY_MS);
    const sent: Sent[] = [];
    for (const attack of drill.attacks(systemClock.nowMs()))
      sent.push(await send(attack, options.source, push, fingerprinter));
    await watch(sent, api, within * 1000);
    const attacks = sent.map((one) => one.report);
    tell({ drill: drill.id, within_s: within, attacks }, options.json, terminal);
  } finally {
    await api.send('DELETE', `/v1/honeytokens/${encodeURIComponent(token_uid)}`, undefined, honeytokenSchema);
  }
}

async function send(attack: DrillAttack, source: string, push: ApiClient, fingerprinter: Fingerprinter): Promise<Sent> {
  const path = `/v1/events?source=${encodeURIComponent(source)}`;
  if (attack.history.length > 0) await push.pushLines(path, attack.history, pushReceipt);
  const { events } = await push.pushLines(path, attack.lines, pushReceipt);
  const report: AttackReport = {
    attack: attack.name,
    token_uid: tokenOf(attack, fingerprinter),
    events,
    alert_uid: null,
    severity: null,
    detected_s: null,
    delivered_s: null,
    deliveries: {},
  };
  return { atMs: systemClock.nowMs(), report };
}

/** The name that the collector gives to the attack's credential: made by the same parser from the same line. */
function tokenOf(attack: DrillAttack, fingerprinter: Fingerprinter): string {
  const binding = { source: sourceByName('nginx', {}), instance: DRILL_INSTANCE };
  const records = attack.lines.slice(0, 1).map((text) => ({ text, offset: 0 }));
  const { events } = parseRecords(binding, records, 'drill', { fingerprinter, clock: systemClock });
  return events[0]?.token?.token_uid ?? '';
}

async function watch(sent: readonly Sent[], api: ApiClient, withinMs: number): Promise<void> {
  const endMs = systemClock.nowMs() + withinMs;
  for (;;) {
    for (const one of sent) if (!isOver(one.report)) one.report = await look(one, api);
    if (sent.every((one) => isOver(one.report)) || systemClock.nowMs() > endMs) return;
    await delay(POLL_MS);
  }
}

const isOver = ({ detected_s, deliveries }: AttackReport): boolean =>
  detected_s !== null && Object.values(deliveries).every((state) => state !== 'pending');

async function look({ atMs, report }: Sent, api: ApiClient): Promise<AttackReport> {
  const [alert] = (await api.get(`/v1/alerts?token_uid=${report.token_uid}&limit=1`, alertsAnswer)).items;
  if (alert === undefined) return report;
  const detected_s = report.detected_s ?? secondsSince(atMs);
  // Deliveries are stored before their alert, so none found means none wanted.
  const { items } = await api.get(`/v1/deliveries?alert_uid=${alert.alert_uid}&limit=1000`, deliveriesAnswer);
  const deliveries: Record<string, string> = {};
  // What an alert adds later is a message of its own: a destination knows of the attack with its first one.
  for (const { destination, state } of items)
    if (deliveries[destination] !== 'delivered') deliveries[destination] = state;
  const states = Object.values(deliveries);
  const delivered = states.length > 0 && states.every((state) => state === 'delivered');
  return {
    ...report,
    alert_uid: alert.alert_uid,
    severity: alert.severity,
    detected_s,
    delivered_s: delivered ? secondsSince(atMs) : null,
    deliveries,
  };
}

const secondsSince = (ms: number): number => Math.round((systemClock.nowMs() - ms) / 10) / 100;

interface Report {
  readonly drill: string;
  readonly within_s: number;
  readonly attacks: readonly AttackReport[];
}

function tell({ attacks, ...head }: Report, json: boolean, terminal: Terminal): void {
  const detected = attacks.filter((one) => one.detected_s !== null && one.detected_s <= head.within_s).length;
  if (detected < attacks.length) terminal.setExitCode(1);
  if (json) {
    terminal.out(JSON.stringify({ ...head, detected, sent: attacks.length, attacks }));
    return;
  }
  const table = [['attack', 'events', 'severity', 'detected', 'delivered', 'destinations'], ...attacks.map(cells)];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const padded = table.map((row) => row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join('  '));
  for (const line of padded) terminal.out(line.trimEnd());
  terminal.out(`${detected} of ${attacks.length} detected within ${head.within_s} s.`);
}

function cells(one: AttackReport): readonly string[] {
  const states = Object.entries(one.deliveries);
  const delivered = one.delivered_s === null ? 'not delivered' : `${one.delivered_s} s`;
  return [
    one.attack,
    String(one.events),
    one.severity ?? '-',
    one.detected_s === null ? 'not detected' : `${one.detected_s} s`,
    states.length === 0 ? 'no destination' : delivered,
    states.map(([name, state]) => `${name} ${state}`).join(', '),
  ];
}
