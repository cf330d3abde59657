import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
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
  mappingKey,
  parseArguments,
  writeCanaryFiles,
} from '../../support/canaries.js';
import { recordsOf, rowsOf } from '../../support/canary-search.js';
import { HttpRecorder } from '../../support/http-recorder.js';
import { runCli, startCli } from '../../support/run-cli.js';
import { startKafka } from '../../tools/kafka.mjs';

const key = 'push-key-of-the-canary-test';
const keyHash = createHash('sha256').update(key).digest('hex');
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

describe('planted secrets through every transport', () => {
  let folder = '';
  const hook = new HttpRecorder();
  const telemetry = new HttpRecorder();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tourniquet-canary-up-'));
    writeCanaryFiles(folder);
  });
  let child: ChildProcess | undefined;
  afterEach(async () => {
    if (child?.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child?.once('close', resolve));
      child.kill('SIGKILL');
      await gone;
    }
    await Promise.all([hook.stop(), telemetry.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const configOf = (brokers: readonly string[] | undefined, hookUrl: string, telemetryUrl: string): string => {
    const file = (name: string): string => join(folder, name);
    writeFileSync(file('hook.secret'), `whsec_${Buffer.alloc(32, 7).toString('base64')}`);
    const inputs = canaryFiles.flatMap((canary) => {
      const { source, name } = canary;
      const product = `product: ${source},${mappingKey(folder, canary)}`;
      return [
        `  - { name: ${source}-file, ${product} input: { kind: file, paths: ['${file(`logs/${name}`)}'] } }`,
        `  - { name: ${source}-http, ${product} input: { kind: http, api_key_sha256: ${keyHash} } }`,
        `  - { name: ${source}-otlp, ${product} input: { kind: otlp, service_name: ${source} } }`,
      ];
    });
    return [
      `data_dir: '${file('data')}'`,
      `fingerprint: { key_file: '${file('fingerprint.keys')}' }`,
      ...(brokers === undefined
        ? []
        : [`log: { kind: kafka, brokers: ['${brokers.join("','")}'], partitions: 2, replication_factor: 1 }`]),
      'receivers: { port: 0 }',
      'detectors: { rate: { limits: [{ name: tight, window_seconds: 60, requests_max: 3 }] } }',
      `alerts: { destinations: [{ name: hook, kind: webhook, url: '${hookUrl}/hook', secret_file: '${file('hook.secret')}', severity_min: info }] }`,
      `telemetry: { log_level: debug, otlp_endpoint: '${telemetryUrl}' }`,
      'sources:',
      ...inputs,
      '  - { name: piped, product: envoy, input: { kind: stdin } }',
      '',
    ].join('\n');
  };

  /** Sends every record by push on both ports and by OTLP; returns every answer. */
  const send = async (api: string, receiver: string): Promise<string> => {
    const answers: string[] = [];
    const post = async (url: string, type: string, body: string, bearer = key): Promise<void> => {
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

  /** Everything that a user can read; secrets in what is asked for are not said back either. */
  const read = async (api: string): Promise<string> => {
    const texts: string[] = [];
    const get = async (path: string): Promise<string> => {
      const answer = await fetch(`${api}${path}`);
      const text = await answer.text();
      texts.push(text);
      return text;
    };
    const window = 'from=2026-10-10T00:00:00.000Z&to=2026-10-11T00:00:00.000Z';
    for (const path of ['/v1/map', `/v1/map?${window}`, '/v1/findings', '/v1/deliveries', '/metrics', '/readyz'])
      await get(path);
    const tokens = JSON.parse(await get('/v1/tokens?limit=100')) as Listed;
    const alerts = JSON.parse(await get('/v1/alerts')) as Listed;
    expect([tokens.items.length > 3, alerts.items.length > 0]).toEqual([true, true]);
    for (const { token_uid: uid = '' } of tokens.items) {
      await get(`/v1/tokens/${uid}`);
      await get(`/v1/tokens/${uid}/timeline?${window}`);
    }
    for (const { alert_uid: uid = '' } of alerts.items) await get(`/v1/alerts/${uid}`);
    for (const secret of Object.values(canaries)) {
      for (const path of [
        `/v1/tokens?cursor=${secret}`,
        `/v1/tokens/${secret}`,
        `/${secret}`,
        `/v1/map?from=${secret}`,
      ])
        await get(path);
    }
    return texts.join('\n');
  };

  const metricSum = (text: string, name: string): number =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, 'gm'))].reduce((sum, m) => sum + Number(m[1]), 0);

  it.each(['embedded', 'kafka'] as const)(
    'are nowhere that the product writes or sends, with the %s log',
    async (kind) => {
      const kafka = kind === 'kafka' ? await startKafka({ own: true }) : undefined;
      try {
        const config = join(folder, 'tourniquet.yaml');
        writeFileSync(join(folder, 'fingerprint.keys'), (await runCli(['keygen'])).stdout);
        writeFileSync(config, configOf(kafka?.brokers, await hook.start(), await telemetry.start()));
        const running = startCli(['up', '--config', config], { OTEL_METRIC_EXPORT_INTERVAL: '1000' });
        child = running;
        let said = '';
        running.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
        const { api, receiver } = await new Promise<{ api: string; receiver: string }>((resolve, reject) => {
          running.once('close', () => reject(new Error(said)));
          running.stderr?.setEncoding('utf8').on('data', (text: string) => {
            said += text;
            const found = [/"address":"(http:[^"]+)"/, /"receiver":"(http:[^"]+)"/].map((p) => p.exec(said)?.[1]);
            const [apiFound, receiverFound] = found;
            if (apiFound !== undefined && receiverFound !== undefined)
              resolve({ api: apiFound, receiver: receiverFound });
          });
        });
        running.stdin?.end(`${canaryFiles.find((f) => f.source === 'envoy')?.lines.join('\n') ?? ''}\n`);
        const answers = await send(api, receiver);
        expect(answers).toContain('202 ');
        expect(canariesIn(answers)).toEqual([]);
        const settled = async (): Promise<boolean> => {
          const text = await (await fetch(`${api}/metrics`)).text();
          const taken = metricSum(text, 'tourniquet_ingest_events_total');
          // A delivery is owed before the alert is readable, so the list of alerts is waited for as well.
          const alerts = (await (await fetch(`${api}/v1/alerts`)).json()) as Listed;
          const scored = metricSum(text, 'tourniquet_worker_events_total');
          return taken > 100 && taken === scored && alerts.items.length > 0;
        };
        for (let i = 0; i < 300 && (hook.requests.length === 0 || !(await settled())); i += 1) await delay(200);
        expect([await settled(), hook.requests.length > 0]).toEqual([true, true]);
        expect(canariesIn(await read(api))).toEqual([]);
        running.removeAllListeners('close');
        const ended = new Promise<number | null>((resolve) => running.once('close', resolve));
        running.kill('SIGTERM');
        expect(await ended).toBe(0);

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
        const data = join(folder, 'data');
        const log =
          kafka === undefined
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
        expect(records.includes('unparsable')).toBe(true);
        expect(/"traceparent":"00-[0-9a-f]{32}-[0-9a-f]{16}-01"/.test(records)).toBe(true);
        expect(canariesIn(await rowsOf(data))).toEqual([]);
        expect(canariesOnDisk(data)).toEqual([]);
        if (kafka !== undefined) expect(canariesOnDisk(kafka.directory ?? '')).toEqual([]);
      } finally {
        await kafka?.stop();
      }
    },
    240_000,
  );

  it('are nowhere in what parse prints, of any source', async () => {
    let rejects = '';
    let events = '';
    for (const canary of canaryFiles) {
      const { source, lines } = canary;
      const run = await runCli(['parse', ...parseArguments(folder, canary), '--number'], `${lines.join('\n')}\n`);
      expect([source, (run.stdout + run.stderr).includes('{')]).toEqual([source, true]);
      events += run.stdout;
      expect([source, canariesIn(run.stdout), canariesIn(run.stderr)]).toEqual([source, [], []]);
      rejects += run.stderr;
    }
    expect(rejects.split('\n').length).toBeGreaterThan(12);
    expect(events.split('\n').length).toBeGreaterThan(50);
  }, 180_000);
});
