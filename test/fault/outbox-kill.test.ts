import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDeliveryRepository } from '../../api/alerts/store-repository.js';
import { listAlerts } from '../../api/queries/list-alerts.js';
import { listDeliveries } from '../../api/queries/list-deliveries.js';
import { TIME_MAX_MS } from '../../ingest/event/time.js';
import { ClickHouseStore } from '../../ingest/store/clickhouse-store.js';
import { finding } from '../support/alert-fixtures.js';
import { pagerDutyReceiver, SLACK_PATH, slackReceiver } from '../support/contract-receiver.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

/** Between any two steps of an alert and its deliveries: owed, written, in its history, sent, how that ended. */
const kills = [
  'before owe', 'after owe', 'after alerts', 'after alert_history', 'before post', 'after post', 'before note', 'after note',
]; // prettier-ignore
const ENTITIES = 30;
const ROUTING_KEY = 'R0123456789abcdefABCDEF012345678';
const child = fileURLToPath(new URL('outbox-child.mjs', import.meta.url));

/** Each token has three findings, the last one worse: one alert, two messages. */
const findings = Array.from({ length: ENTITIES * 3 }, (_, n) => {
  const token = `tok_${String(n % ENTITIES).padStart(22, '0')}`;
  const minute = Math.floor(n / ENTITIES);
  return finding(minute, { entity_uid: token, token_uid: token, severity: minute === 2 ? 'critical' : 'medium' });
});

function severityOf(text: string): string {
  const event = JSON.parse(text) as { dedup_key: string; payload: { severity: string } };
  return `${event.dedup_key} ${event.payload.severity}`;
}

describe('alerts and outbox under SIGKILL', () => {
  it('owe and send exactly what the findings ask for, each at least once under one id', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tourniquet outbox '));
    const receiver = new WebhookReceiver();
    const pager = pagerDutyReceiver();
    const chat = slackReceiver();
    try {
      const file = async (name: string, content: string): Promise<string> => {
        await writeFile(join(directory, name), content);
        return join(directory, name);
      };
      const common = { severity_min: 'low', drills: true };
      const url = await receiver.start();
      const secret_file = await file('soc.secret', receiver.secret);
      const routing_key_file = await file('pager.key', `${ROUTING_KEY}\n`);
      const pagerUrl = await pager.start();
      const url_file = await file('chat.url', `${await chat.start()}\n`);
      const configured = [
        { ...common, name: 'soc', kind: 'webhook', url, secret_file },
        { ...common, name: 'pager', kind: 'pagerduty', url: pagerUrl, routing_key_file },
        { ...common, name: 'chat', kind: 'slack', url_file },
      ];
      const destinationsFile = await file('destinations.json', JSON.stringify(configured));
      const findingsFile = await file('findings.json', JSON.stringify(findings));
      receiver.answers.push(...Array.from({ length: 12 }, () => ({ status: 503 })));
      const limited = { status: 429, headers: { 'retry-after': '0' } };
      pager.played.push(...Array.from({ length: 6 }, () => [limited, 'reset' as const]).flat());
      chat.played.push(...Array.from({ length: 6 }, () => ['reset' as const, limited]).flat());

      const run = async (killAt = ''): Promise<string> => {
        const running = spawn(process.execPath, [child, directory, destinationsFile, findingsFile, killAt]);
        let output = '';
        for (const stream of [running.stdout, running.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
        const [, signal] = (await once(running, 'close')) as [number | null, string | null];
        return `${output}${signal ?? ''}`;
      };

      const callsAtKill: number[] = [];
      for (const killAt of kills) {
        // What an earlier life left is sent before a new one is ready.
        expect(`${killAt}: ${await run(killAt)}`).toMatch(/: (ready\n)?SIGKILL$/);
        callsAtKill.push(receiver.calls.length);
      }
      // The kills fell into the work, not all before or after it.
      expect(callsAtKill.some((calls) => calls > 0 && calls < ENTITIES * 2)).toBe(true);
      expect(await run()).toBe('ready\ndone\n');

      const store = new ClickHouseStore({ kind: 'embedded', directory: join(directory, 'clickhouse') });
      await store.start();
      const everything = { before_ms: 0, before_uid: '', rows: 10_000 };
      const alerts = await store.querier.run(listAlerts, {
        ...everything,
        from_ms: 0,
        to_ms: TIME_MAX_MS,
        states: [],
        severities: [],
        token_uid: '',
        principal_uid: '',
      });
      const deliveries = await store.querier.run(listDeliveries, {
        ...everything,
        state: '',
        alert_uid: '',
        destination: '',
      });
      expect(await createDeliveryRepository(store.querier, store.writer).pending(1)).toEqual([]);
      await store.stop();

      expect(alerts).toHaveLength(ENTITIES);
      expect(alerts.every((alert) => alert.finding_count === 3 && alert.severity === 'critical')).toBe(true);
      expect(alerts.every((alert) => alert.history.length === 1)).toBe(true);
      expect(deliveries).toHaveLength(ENTITIES * 2 * configured.length);
      expect(deliveries.every((delivery) => delivery.state === 'delivered')).toBe(true);
      const taken = receiver.calls.filter((call) => call.status === 204);
      expect(receiver.calls.every((call) => call.verified)).toBe(true);
      const owed = deliveries.filter((one) => one.destination === 'soc').map((one) => one.delivery_uid);
      expect(new Set(taken.map((call) => call.id))).toEqual(new Set(owed));

      const uids = new Set(alerts.map((alert) => alert.alert_uid));
      expect([...pager.calls, ...chat.calls].flatMap((call) => call.faults)).toEqual([]);
      const triggered = pager.calls.filter((call) => call.status === 202).map((call) => severityOf(call.text));
      const expected = [...uids].flatMap((uid) => [`${uid} warning`, `${uid} critical`]);
      expect(new Set(triggered)).toEqual(new Set(expected));
      const posted = chat.calls.filter((call) => call.status === 200).map((call) => call.text);
      for (const uid of uids) {
        const own = posted.filter((text) => text.includes(uid));
        expect(own.some((text) => text.includes('Opened'))).toBe(true);
        expect(own.some((text) => text.includes('Worse than before'))).toBe(true);
      }
      const stored = JSON.stringify(deliveries);
      for (const secret of [ROUTING_KEY, SLACK_PATH, receiver.secret]) expect(stored).not.toContain(secret);
    } finally {
      await Promise.all([receiver.stop(), pager.stop(), chat.stop()]);
      await rm(directory, { recursive: true, force: true });
    }
  }, 180_000);
});
