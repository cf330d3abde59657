import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { parseKeyFile } from '../../../ingest/event/key-file.js';
import { ClickHouseStore } from '../../../ingest/store/clickhouse-store.js';
import { defineQuery } from '../../../ingest/store/query.js';
import { runCli, startCli } from '../../support/run-cli.js';

const line = (second: number, path = '/v1/orders/7'): string =>
  `192.0.2.7 - - [10/Oct/2026:13:55:${String(second).padStart(2, '0')} +0000] "GET ${path} HTTP/1.1" 200 12 "-" "curl/8.5.0"`;

describe('tourniquet', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tourniquet cli '));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('parse prints events with the number of their record, rejects on stderr, and exits 1', async () => {
    const run = await runCli(['parse', '--source', 'nginx', '--number'], `${line(1)}\nnot a log line\n${line(2)}\n`);
    const events = run.stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as { record: number; event: { client: { address: string } } });
    expect(events.map((e) => [e.record, e.event.client.address])).toEqual([
      [1, '192.0.2.7'],
      [3, '192.0.2.7'],
    ]);
    expect(JSON.parse(run.stderr)).toMatchObject({ record: 2, product: 'nginx' });
    expect(run.code).toBe(1);
  });

  it('parse gives the same events each time, and none for a source that there is not', async () => {
    const first = await runCli(['parse', '--source', 'nginx'], `${line(1)}\n`);
    const again = await runCli(['parse', '--source', 'nginx'], `${line(1)}\n`);
    const uid = (text: string): unknown => (JSON.parse(text) as { event_uid: string }).event_uid;
    expect(uid(first.stdout)).toBe(uid(again.stdout));
    const unknown = await runCli(['parse', '--source', 'nope'], line(1));
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('nginx, envoy');
  });

  it('score answers each line in its place, and names what is wrong with one', async () => {
    const quiet = Array.from({ length: 400 }, (_, i) => ({
      timestamp: new Date(Date.parse('2026-01-05T00:00:00Z') + i * 300_000).toISOString(),
      value: i % 7,
    }));
    const points = [...quiet, { timestamp: '2026-01-06 09:20:00', value: 5000 }];
    const lines = points.map((point) => JSON.stringify(point));
    lines.splice(10, 0, 'what', '{"timestamp":"2026-01-05T00:50:00Z","value":"7"}', '{"timestamp":"noon","value":7}');
    const run = await runCli(['score'], lines.join('\n'));
    const answers = run.stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as { score: number | null; error?: string });
    expect(answers).toHaveLength(lines.length);
    expect(answers.slice(10, 13).map(({ score }) => score)).toEqual([null, null, null]);
    expect(answers.slice(10, 13).map(({ error }) => error?.split(':', 2).join(':'))).toEqual([
      'line 11: no JSON; write {"timestamp"',
      'line 12: value',
      'line 13: timestamp',
    ]);
    expect(run.code).toBe(1);
    const scores = answers.map(({ score }) => score ?? 0);
    expect(scores.slice(0, -1).filter((score) => score >= 0.5)).toEqual([]);
    expect(scores.at(-1)).toBeGreaterThan(0.5);
  });

  it('parse takes documents of several records apart under the number of their line', async () => {
    const event = (id: number): string =>
      JSON.stringify({ eventVersion: '1.09', eventID: `e-${String(id)}`, eventTime: '2026-10-10T13:55:36Z', eventSource: 'sts.amazonaws.com', eventName: 'GetCallerIdentity', userIdentity: { type: 'IAMUser', accessKeyId: 'AKIAIOSFODNN7EXAMPLE' } }); // prettier-ignore
    const input = [
      event(1),
      `{"Records":[${event(2)},{"eventName":"broken"},${event(3)}]}`,
      `[${event(4)},${event(5)}]`,
      JSON.stringify({ 'detail-type': 'AWS API Call via CloudTrail', detail: JSON.parse(event(6)) as unknown }),
      JSON.stringify(JSON.parse(`{"Records":[${event(7)}]}`), null, 2),
      event(8),
      event(8),
    ];
    const run = await runCli(['parse', '--source', 'cloudtrail', '--number'], `${input.join('\n')}\n`);
    const records = run.stdout.trim().split('\n').map((text) => (JSON.parse(text) as { record: number }).record); // prettier-ignore
    const pretty = (input[4] ?? '').split('\n').length;
    expect(records).toEqual([1, 2, 2, 3, 3, 4, 5 + pretty]);
    const rejects = run.stderr.trim().split('\n').map((text) => JSON.parse(text) as { record: number; mend: string }); // prettier-ignore
    expect(rejects.map((r) => r.record).sort()).toEqual([2, 5]);
    expect(rejects.find((r) => r.record === 5)?.mend).toMatch(/jq -c \..*replay cloudtrail:FILE/);
  });

  it('parse reads any product by a mapping, and tells what is wrong with one', async () => {
    const file = join(folder, 'mapping.yaml');
    writeFileSync(file, 'product: ours\nformat: json\nfields: { time: /t, status: /s, token: /k }\n');
    const good = await runCli(
      ['parse', '--mapping', file],
      '{"t":1748779402,"s":200,"k":"opaque-secret-0123456789"}\n',
    );
    expect(JSON.parse(good.stdout)).toMatchObject({ source: { product: 'ours' }, outcome: 'success' });
    expect(good.code).toBe(0);
    expect(good.stdout + good.stderr).not.toContain('opaque-secret');
    writeFileSync(file, 'format: json\nfields: { time: t, colour: /c }\n');
    const bad = await runCli(['parse', '--mapping', file], '{}\n');
    expect(bad.code).not.toBe(0);
    expect(bad.stderr).toContain('fields (line 2): unknown key colour');
    for (const args of [['--mapping', join(folder, 'none')], ['--mapping', file, '-s', 'nginx'], []])
      expect((await runCli(['parse', ...args], '')).code).not.toBe(0);
  });

  it('sources list shows every source with what it can be', async () => {
    const run = await runCli(['sources', 'list', '--json']);
    const rows = run.stdout.trim().split('\n').map((text) => JSON.parse(text) as { product: string; kinds: string[]; documentation: string }); // prettier-ignore
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.find((row) => row.product === 'envoy')).toMatchObject({
      kinds: ['mesh', 'proxy'],
      formats: ['auto', 'text', 'json', 'als'],
      inputs: expect.arrayContaining(['file', 'http', 'otlp']) as string[],
    });
    expect(rows.filter((row) => row.kinds.length === 0 || !existsSync(row.documentation))).toEqual([]);
    expect((await runCli(['sources', 'list'])).stdout).toMatch(/^vault +issuer/m);
  });

  it('parse prints an event that two records tell of once, as the store counts it', async () => {
    const audit = (type: string): string =>
      JSON.stringify({ time: '2026-10-10T13:55:36Z', type, auth: { client_token: 'hmac-sha256:01' }, request: { id: 'q-1', operation: 'read', path: 'secret/a', client_token: 'hmac-sha256:01' }, error: 'permission denied' }); // prettier-ignore
    const run = await runCli(['parse', '-s', 'vault', '--number'], `${audit('request')}\n${audit('response')}\n`);
    expect(run.stdout.trim().split('\n')).toHaveLength(1);
    expect([run.code, run.stderr]).toEqual([0, '']);
  });

  it('keygen prints a key file line that is taken', async () => {
    const run = await runCli(['keygen']);
    expect(parseKeyFile(run.stdout)).toHaveLength(1);
    expect((await runCli(['keygen', '--api'])).stdout).toMatch(/^key {5}tq_\S{43}\nsha256 {2}[0-9a-f]{64}\n$/);
  });

  it('config validate lists all faults with their mends', async () => {
    const file = join(folder, 'bad.yaml');
    writeFileSync(file, 'worker: { block_age_max: soon }\nwhat: 1\n');
    const run = await runCli(['config', 'validate', '--config', file]);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('worker.block_age_max');
    expect(run.stderr).toContain('what');
  });

  it('replay of plain and gzipped files is complete, and changes nothing the second time', async () => {
    const data = join(folder, 'data dir');
    writeFileSync(join(folder, 'a.log'), [0, 2, 4].map((s) => line(s)).join('\n') + '\nbroken\n');
    writeFileSync(join(folder, 'b.log.gz'), gzipSync([1, 3].map((s) => line(s, '/v1/users/9')).join('\n') + '\n'));
    const files = [`nginx:${join(folder, 'a.log')}`, `nginx:${join(folder, 'b.log.gz')}`];
    const summaryOf = (text: string): unknown =>
      (JSON.parse(text.trim().split('\n').at(-1) ?? '') as { summary: unknown }).summary;

    const first = await runCli(['replay', ...files, '--json', '--data', data]);
    expect(summaryOf(first.stdout)).toMatchObject({
      files: 2,
      records: 6,
      events: 5,
      dead_letters: 1,
      first_time: '2026-10-10T13:55:00.000Z',
    });
    const second = await runCli(['replay', ...files, '--json', '--data', data]);
    expect(summaryOf(second.stdout)).toMatchObject({ files: 2, resumed_files: 2, events: 0, dead_letters: 0 });

    const list = await runCli(['dlq', 'list', '--data', data]);
    expect(list.stdout.trim().split('\n')).toHaveLength(1);
    const position = list.stdout.split(' ')[0] ?? '';
    expect(JSON.parse((await runCli(['dlq', 'show', position, '--data', data])).stdout)).toMatchObject({
      product: 'nginx',
      record: 'broken',
    });
    expect((await runCli(['dlq', 'replay', '--data', data])).stdout).toContain('0 replayed, 1 still refused');
    const doctor = await runCli(['doctor', '--data', data]);
    expect(doctor.stdout).not.toContain('FAIL');
    expect(doctor.code).toBe(0);
  }, 240_000);

  it('replay names every file that cannot be read, before a data directory is made', async () => {
    const data = join(folder, 'never-made');
    writeFileSync(join(folder, 'good.log'), `${line(1)}\n`);
    const files = [
      `nginx:${join(folder, 'nope.log')}`,
      `nginx:${folder}`,
      `nginx:${join(folder, 'good.log')}`,
      'nginx:-',
    ];
    const { code, stderr } = await runCli(['replay', ...files, '--data', data]);
    expect(code).toBe(1);
    expect(stderr).toContain(`There is no file ${join(folder, 'nope.log')}.`);
    expect(stderr).toContain(`${folder} is not a file.`);
    expect(stderr).toContain('Standard input cannot be replayed.');
    expect(existsSync(data)).toBe(false);
  }, 60_000);

  it('doctor tells a key file that the stored tokens were not named with', async () => {
    const log = join(folder, 'mesh.log');
    const record = { start_time: '2026-10-10T13:55:00Z', method: 'GET', path: '/a', response_code: 200 };
    writeFileSync(log, `${JSON.stringify({ ...record, jwt_iss: 'https://id.example.com', jwt_jti: 'j-1' })}\n`);
    const [keys, config] = [join(folder, 'own.keys'), join(folder, 'own-key.yaml')];
    const keyLine = (id: string): string => `${id} ${randomBytes(32).toString('base64')}\n`;
    const first = keyLine('k-first');
    writeFileSync(keys, first);
    writeFileSync(config, `data_dir: ${join(folder, 'own-key')}\nfingerprint: { key_file: ${keys} }\n`);
    expect((await runCli(['replay', `envoy:${log}`, '--config', config])).code).toBe(0);
    writeFileSync(keys, `${keyLine('k-second')}${first}`);
    expect((await runCli(['doctor', '--config', config])).stdout).toMatch(/^ok +stored names +.*k-first/m);
    writeFileSync(keys, keyLine('k-second'));
    const doctor = await runCli(['doctor', '--config', config]);
    expect(doctor.stdout).toMatch(/^FAIL +stored names +.*k-first.*k-second/m);
    expect(doctor.code).toBe(1);
  }, 240_000);

  it('replay places clients, unless the configuration says not to', async () => {
    const log = join(folder, 'access.log');
    writeFileSync(log, `${line(1).replace('192.0.2.7', '193.0.6.139')}\n${line(2)}\n`);
    const config = join(folder, 'off.yaml');
    writeFileSync(config, 'enrich: { geo: { enabled: false } }\n');
    for (const [name, args, expected] of [
      ['on', [], ['192.0.2.7  0', '193.0.6.139 NL 3333']],
      ['off', ['--config', config], ['192.0.2.7  0', '193.0.6.139  0']],
    ] as const) {
      const data = join(folder, name);
      expect((await runCli(['replay', `nginx:${log}`, ...args, '--data', data])).code).toBe(0);
      const store = new ClickHouseStore({ kind: 'embedded', directory: join(data, 'clickhouse') });
      await store.start();
      const sql = "SELECT concat(client_address, ' ', client_country, ' ', toString(client_asn)) AS place FROM token_events ORDER BY place"; // prettier-ignore
      const rows = await store.querier.run(
        defineQuery({ name: 'place', sql, params: z.object({}), row: z.object({ place: z.string() }) }),
        {},
      );
      await store.stop();
      expect([name, rows.map((r) => r.place)]).toEqual([name, expected]);
    }
    const doctor = await runCli(['doctor', '--data', join(folder, 'on')]);
    expect(doctor.stdout).toMatch(/^ok +geo database +country ipvAll of 20\d\d-\d\d-\d\d, asn /m);
  }, 240_000);

  it('the demo finds what it planted, serves it, and stops cleanly; a backtest finds it again', async () => {
    const data = join(folder, 'demo');
    const child = startCli(['demo', '--days', '3', '--tokens', '24', '--data', data]);
    let out = '';
    const address = await new Promise<string>((resolve, reject) => {
      child.once('close', () => reject(new Error(`ended early: ${out}`)));
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        out += text;
        const found = /The API runs at (http:\S+);/.exec(out)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    const alerts = (await (await fetch(`${address}/v1/alerts`)).json()) as {
      alerts?: unknown[];
      items?: { principal_name: string }[];
    };
    const found = JSON.stringify(alerts);
    const planted = [...out.matchAll(/^ {2}2\S+ {2}.*\((\S+)\)$/gm)].map(([, holder = '']) => holder);
    expect([planted.length, planted.filter((holder) => !found.includes(holder))]).toEqual([3, []]);
    expect((await fetch(`${address}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${address}/metrics`)).text()).toContain('tourniquet_worker_events');
    child.removeAllListeners('close');
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const findings = (await (await fetch(`${address}/v1/findings?limit=200`)).json()) as {
      items: { detector: string }[];
    };
    child.kill('SIGINT');
    expect(await ended).toBe(0);

    const again = await runCli(['backtest', '--since', '30d', '--json', '--data', data]);
    expect(again.stderr).toBe('');
    const {
      events,
      tried,
      alerts: raised,
    } = JSON.parse(again.stdout) as {
      events: number;
      tried: { findings: number };
      alerts: { tried: { alerts: number } };
    };
    expect(events).toBeGreaterThan(10_000);
    expect(tried.findings).toBe(findings.items.length);
    expect(raised.tried.alerts).toBeGreaterThanOrEqual(3);
  }, 120_000);
});
