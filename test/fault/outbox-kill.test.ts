import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createDeliveryRepository } from '../../api/alerts/store-repository.js';
import { listAlerts } from '../../api/queries/list-alerts.js';
import { listDeliveries } from '../../api/queries/list-deliveries.js';
import { TIME_MAX_MS } from '../../ingest/event/time.js';
import { ClickHouseStore } from '../../ingest/store/clickhouse-store.js';
import { finding } from '../support/alert-fixtures.js';
import { seededRandom } from '../support/random.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

const KILLS = 8;
const ENTITIES = 30;
const child = fileURLToPath(new URL('outbox-child.mjs', import.meta.url));

/** Each token has three findings, the last one worse: one alert, two messages. */
const findings = Array.from({ length: ENTITIES * 3 }, (_, n) => {
  const token = `tok_${String(n % ENTITIES).padStart(22, '0')}`;
  const minute = Math.floor(n / ENTITIES);
  return finding(minute, { entity_uid: token, token_uid: token, severity: minute === 2 ? 'critical' : 'medium' });
});

describe('alerts and outbox under SIGKILL', () => {
  it('owe and send exactly what the findings ask for, each at least once under one id', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tourniquet outbox '));
    const receiver = new WebhookReceiver();
    const random = seededRandom(6);
    try {
      const url = await receiver.start();
      const secretFile = join(directory, 'soc.secret');
      const findingsFile = join(directory, 'findings.json');
      await writeFile(secretFile, receiver.secret);
      await writeFile(findingsFile, JSON.stringify(findings));
      receiver.answers.push(...Array.from({ length: 12 }, () => ({ status: 503 })));

      const run = async (killAfterMs: number | null): Promise<string> => {
        const running = spawn(process.execPath, [child, directory, url, secretFile, findingsFile]);
        let output = '';
        let errors = '';
        running.stderr.on('data', (chunk) => (errors += String(chunk)));
        const ready = new Promise<void>((resolve) => {
          running.stdout.on('data', (chunk) => {
            output += String(chunk);
            if (output.includes('ready')) resolve();
          });
        });
        const exited = once(running, 'exit');
        await Promise.race([ready, exited]);
        if (killAfterMs !== null) {
          await delay(killAfterMs);
          running.kill('SIGKILL');
        }
        await exited;
        return output + errors;
      };

      const callsAtKill: number[] = [];
      for (let kill = 0; kill < KILLS; kill += 1) {
        await run(Math.round(random() * 700));
        callsAtKill.push(receiver.calls.length);
      }
      // The kills fell into the work, not all before or after it.
      expect(callsAtKill.some((calls) => calls > 0 && calls < ENTITIES * 2)).toBe(true);
      expect(await run(null)).toBe('ready\ndone\n');

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
      expect(deliveries).toHaveLength(ENTITIES * 2);
      expect(deliveries.every((delivery) => delivery.state === 'delivered')).toBe(true);
      const taken = receiver.calls.filter((call) => call.status === 204);
      expect(receiver.calls.every((call) => call.verified)).toBe(true);
      expect(new Set(taken.map((call) => call.id))).toEqual(new Set(deliveries.map((one) => one.delivery_uid)));
    } finally {
      await receiver.stop();
      await rm(directory, { recursive: true, force: true });
    }
  }, 180_000);
});
