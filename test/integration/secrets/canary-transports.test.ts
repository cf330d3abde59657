import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../../ingest/core/clock.js';
import { silentLogger } from '../../../ingest/core/logger.js';
import { createEmbeddedEventLog } from '../../../ingest/log/embedded/embedded-event-log.js';
import { topics } from '../../../ingest/log/event-log.js';
import { createKafkaEventLog } from '../../../ingest/log/kafka/kafka-event-log.js';
import {
  canaries,
  canariesIn,
  canariesOnDisk,
  canaryFiles,
  canaryJwt,
  linesOf,
  ownSecrets,
} from '../../support/canaries.js';
import { CanaryClouds } from '../../support/canary-clouds.js';
import { pushKey, writeCanaryConfig } from '../../support/canary-config.js';
import { recordsOf, rowsOf } from '../../support/canary-search.js';
import {
  fillTopic,
  postWebhooks,
  sendAls,
  sendOtlpGrpc,
  sendTcp,
  sendUdp,
  syslogMessages,
} from '../../support/canary-senders.js';
import { HttpRecorder } from '../../support/http-recorder.js';
import { runCli, startCli } from '../../support/run-cli.js';
import { startKafka, type TestKafka } from '../../tools/kafka.mjs'; // prettier-ignore

/** Enough of one token in a minute to break the hard limit below, so that alerts and webhook bodies exist. */
const burst = Array.from(
  { length: 8 },
  (_, i) =>
  JSON.stringify({
    start_time: `2026-10-10T13:55:3${String(i)}.000Z`, method: 'GET', path: `/a?token=${canaries.github}`, response_code: 200,
    authority: 'a.example', authorization: `Bearer ${canaryJwt}`, request_id: `burst-${String(i)}`, user_agent: `agent ${canaries.slack}`,
    downstream_remote_address: '192.0.2.1:40000',
  }), // prettier-ignore
);

interface Listed {
  readonly items: readonly { readonly token_uid?: string; readonly alert_uid?: string }[];
}

/** Where the process listens, as its log says. */
interface Addresses {
  readonly api: string;
  readonly receiver: string;
  readonly grpc: string;
  readonly udp: number;
  readonly tcp: number;
}

function addressesIn(said: string): Addresses | undefined {
  const find = (pattern: RegExp): string => pattern.exec(said)?.[1] ?? '';
  const found = {
    api: find(/"address":"(http:[^"]+)"/),
    receiver: find(/"receiver":"(http:[^"]+)"/),
    grpc: find(/"grpc":"([^"]+)"/),
    udp: Number(find(/"udp:\/\/[^"]*:(\d+)"/)),
    tcp: Number(find(/"tcp:\/\/[^"]*:(\d+)"/)),
  };
  return Object.values(found).every((value) => value !== '' && value !== 0) ? found : undefined;
}

describe('planted secrets through every transport', () => {
  let kafka: TestKafka;
  let folder = '';
  let child: ChildProcess | undefined;
  const [hook, telemetry] = [new HttpRecorder(), new HttpRecorder()];
  let clouds: CanaryClouds;
  beforeAll(async () => {
    // The index of a segment is laid out in full, and all of it would be searched.
    kafka = await startKafka({ own: true, settings: { 'log.index.size.max.bytes': 65_536 } });
  }, 300_000);
  afterAll(() => kafka.stop());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tourniquet-canary-up-'));
    clouds = new CanaryClouds();
  });
  afterEach(async () => {
    if (child?.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child?.once('close', resolve));
      child.kill('SIGKILL');
      await gone;
    }
    await Promise.all([hook.stop(), telemetry.stop(), clouds.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Sends every record by push on both ports and by OTLP/HTTP; returns every answer. */
  const push = async ({ api, receiver }: Addresses): Promise<string> => {
    const answers: string[] = [];
    const post = async (url: string, type: string, body: string, bearer = pushKey): Promise<void> => {
      const headers = { 'content-type': type, authorization: `Bearer ${bearer}` };
      const answer = await fetch(url, { method: 'POST', headers, body });
      answers.push(`${String(answer.status)} ${JSON.stringify([...answer.headers])} ${await answer.text()}`);
    };
    for (const { source, lines } of canaryFiles) {
      await post(`${api}/v1/events?source=${source}-http`, 'text/plain', `${lines.join('\n')}\n`);
      await post(`${receiver}/v1/events?source=${source}-http`, 'application/x-ndjson', [...lines, ''].join('\n'));
      const logRecords = lines.map((line) => ({ body: { stringValue: line } }));
      const resource = { attributes: [{ key: 'service.name', value: { stringValue: source } }] };
      const resourceLogs = [{ resource, scopeLogs: [{ logRecords }] }];
      await post(`${receiver}/v1/logs`, 'application/json', JSON.stringify({ resourceLogs }));
      await post(`${receiver}/v1/logs`, 'application/json', `{"resourceLogs": [${lines.join(',')}`);
    }
    await post(`${api}/v1/events?source=envoy-http`, 'text/plain', burst.join('\n'));
    for (const secret of Object.values(canaries)) {
      await post(`${api}/v1/events?source=${secret}`, 'text/plain', secret, secret);
      await post(`${receiver}/v1/events?source=${secret}`, 'text/plain', secret, secret);
    }
    return answers.join('\n');
  };

  const sql = async (api: string, statement: string): Promise<readonly unknown[]> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${api}/v1/sql`, { method: 'POST', headers, body: JSON.stringify({ sql: statement }) });
    return ((await answer.json()) as { readonly rows?: readonly (readonly unknown[])[] }).rows?.map(([first]) => first) ?? [];
  }; // prettier-ignore

  /** Everything that a user can read; secrets in what is asked for are not said back either. */
  const read = async (api: string): Promise<string> => {
    const texts: string[] = [];
    const get = async (path: string): Promise<string> => {
      const answer = await fetch(`${api}${path}`);
      const text = await answer.text();
      if (answer.status === 429) throw new Error(`${path} was not read: ${text}`);
      texts.push(text);
      return text;
    };
    const window = 'from=2026-10-10T00:00:00.000Z&to=2026-10-11T00:00:00.000Z';
    for (const path of [
      '/v1/map', '/v1/map?leaf=tokens&compare=day', `/v1/map?${window}`, '/v1/findings', '/v1/deliveries', '/v1/sources', '/metrics',
      '/readyz', '/openapi.json',
    ]) await get(path); // prettier-ignore
    const tokens = JSON.parse(await get('/v1/tokens?limit=100')) as Listed;
    const alerts = JSON.parse(await get('/v1/alerts')) as Listed;
    expect([tokens.items.length > 3, alerts.items.length > 0]).toEqual([true, true]);
    const rest = [
      ...tokens.items.flatMap(({ token_uid: uid = '' }) => [
        `/v1/tokens/${uid}`,
        `/v1/tokens/${uid}/timeline?${window}`,
      ]),
      ...alerts.items.map(({ alert_uid: uid = '' }) => `/v1/alerts/${uid}`),
      ...[...Object.values(canaries), ...Object.values(ownSecrets), canaryJwt].flatMap((secret) => [
        `/v1/tokens?cursor=${secret}`,
        `/v1/tokens/${secret}`,
        `/${secret}`,
        `/v1/map?from=${secret}`,
      ]),
    ];
    // By several at once, as people do: there are hundreds.
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let path = rest.pop(); path !== undefined; path = rest.pop()) await get(path);
      }),
    );
    return texts.join('\n');
  };

  const metricSum = (text: string, name: string): number =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, 'gm'))].reduce((sum, m) => sum + Number(m[1]), 0);

  /** What is not yet as it must be before the search begins. */
  const missing = async (api: string, sources: readonly string[]): Promise<readonly string[]> => {
    const text = await (await fetch(`${api}/metrics`)).text();
    const taken = metricSum(text, 'tourniquet_ingest_events_total');
    const scored = metricSum(text, 'tourniquet_worker_events_total');
    const seen = new Set(await sql(api, 'SELECT DISTINCT source_instance FROM events LIMIT 1000'));
    // A delivery is owed before the alert is readable, so the list of alerts is waited for as well.
    const alerts = (await (await fetch(`${api}/v1/alerts`)).json()) as Listed;
    return [
      ...sources.filter((name) => !seen.has(name)),
      ...(clouds.isRead() ? [] : ['lists asked again']),
      ...(scored < taken ? [`${String(taken - scored)} events`] : []),
      ...(alerts.items.length === 0 || hook.requests.length === 0 ? ['an alert'] : []),
    ];
  };

  it.each(['embedded', 'kafka'] as const)(
    'are nowhere that the product writes or sends, with the %s log',
    async (kind) => {
      const topic = `of-somebody-${kind}`;
      const [hookUrl, telemetryUrl, cloudsUrl] = await Promise.all([hook.start(), telemetry.start(), clouds.start()]);
      const places = { folder, clouds: cloudsUrl, hook: hookUrl, telemetry: telemetryUrl, brokers: kafka.brokers, topic };
      const sources = writeCanaryConfig({ ...places, log: kind });
      const config = join(folder, 'tourniquet.yaml');
      writeFileSync(join(folder, 'fingerprint.keys'), (await runCli(['keygen'])).stdout);
      await fillTopic(kafka.brokers, topic, linesOf('nginx'));
      const running = startCli(['up', '--config', config], {
        OTEL_METRIC_EXPORT_INTERVAL: '1000',
        AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
        AWS_SECRET_ACCESS_KEY: ownSecrets.awsKey,
      });
      child = running;
      let said = '';
      running.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
      const addresses = await new Promise<Addresses>((resolve, reject) => {
        running.once('close', () => reject(new Error(said)));
        running.stderr?.setEncoding('utf8').on('data', (text: string) => {
          said += text;
          const found = addressesIn(said);
          if (found !== undefined) resolve(found);
        });
      });
      const { api, receiver, grpc, udp, tcp } = addresses;
      running.stdin?.end(`${linesOf('envoy').join('\n')}\n`);
      const messages = syslogMessages(linesOf('nginx'));
      const answers = await push(addresses);
      const hooks = await postWebhooks(receiver);
      await sendOtlpGrpc(grpc, 'edge', linesOf('nginx'));
      await sendAls(grpc);
      await sendUdp(udp, messages);
      await sendTcp(tcp, messages);
      expect(answers).toContain('202 ');
      for (const product of ['auth0', 'okta', 'kong', 'github']) expect(hooks).toContain(`hook-${product} 200 `);
      expect([canariesIn(answers), canariesIn(hooks)]).toEqual([[], []]);
      const deadline = Date.now() + 300_000;
      while ((await missing(api, sources)).length > 0 && Date.now() < deadline) await delay(1_000);
      expect(await missing(api, sources)).toEqual([]);
      expect(canariesIn(await read(api))).toEqual([]);
      running.removeAllListeners('close');
      const ended = new Promise<number | null>((resolve) => running.once('close', resolve));
      running.kill('SIGTERM');
      expect(await ended).toBe(0);

      const data = join(folder, 'data');
      const files = canaryFiles.map(({ source, name }) => `${source}-file:${join(folder, 'logs', name)}`);
      const replayed = await runCli(['replay', ...files, '--json', '--config', config]);
      expect(replayed.stdout).toMatch(/"events":[1-9].*"dead_letters":[1-9]/);
      expect(canariesIn(replayed.stdout + replayed.stderr)).toEqual([]);
      if (kind === 'embedded') {
        const letters = (await runCli(['dlq', 'list', '--data', data])).stdout;
        expect([letters.includes('unparsable'), canariesIn(letters)]).toEqual([true, []]);
      }

      expect(said.length).toBeGreaterThan(500);
      expect(canariesIn(said)).toEqual([]);
      expect(canariesIn(hook.textAt('/hook'))).toEqual([]);
      const traces = telemetry.textAt('/v1/traces');
      const operations = ['send', 'process'].map((operation) =>
        traces.includes(`${operation} ${topics.tokenEvents}`),
      );
      expect([...operations, telemetry.textAt('/v1/metrics').includes('tourniquet.worker.events')]).toEqual([
        true,
        true,
        true,
      ]);
      for (const { path, headers, body } of telemetry.requests) {
        expect([path, canariesIn(headers), canariesIn(body)]).toEqual([path, [], []]);
      }
      const log =
        kind === 'embedded'
          ? createEmbeddedEventLog(
              { directory: join(data, 'log') },
              { clock: systemClock, logger: silentLogger, random: () => 0 },
            )
          : createKafkaEventLog(
              { brokers: kafka.brokers, clientId: 'canary', compression: 'gzip' },
              { logger: silentLogger, random: () => 0 },
            );
      const records = await recordsOf(log);
      expect(canariesIn(records)).toEqual([]);
      expect(['unparsable', 'no_source'].filter((reason) => !records.includes(reason))).toEqual([]);
      expect(/"traceparent":"00-[0-9a-f]{32}-[0-9a-f]{16}-01"/.test(records)).toBe(true);
      expect(canariesIn(await rowsOf(data))).toEqual([]);
      expect(canariesOnDisk(data)).toEqual([]);
      // The topics of somebody else are in the clear, as its owner wrote them.
      if (kind === 'kafka')
        expect(canariesOnDisk(kafka.directory ?? '').filter((found) => !/\/of-somebody-[a-z]+-\d+\//.test(found))).toEqual([]);
    },
    600_000,
  ); // prettier-ignore
});
