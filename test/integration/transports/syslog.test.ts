import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { syslogConfigSchema } from '../../../ingest/collectors/syslog/config.js';
import { createSyslogListener, type SyslogListener } from '../../../ingest/collectors/syslog/syslog-listener.js';
import type { SyslogInput } from '../../../ingest/collectors/syslog/syslog-intake.js';
import type { ServerTls } from '../../../ingest/collectors/peer/server-tls.js';
import { haproxyFactory } from '../../../ingest/sources/haproxy/source.js';
import { nginxFactory } from '../../../ingest/sources/nginx/source.js';
import { makeCertificates, spiffeId } from '../../lab/certificates.js';
import { freePorts, readSnippet } from '../../lab/places.js';
import { Processes } from '../../lab/processes.js';
import { haproxyProgram, nginxProgram } from '../../tools/components.mjs';
import { base, MemorySink, until, wallClock } from '../../unit/ingest/pipeline/support.js';

const jwt = `eyJhbGciOiJSUzI1NiJ9.${Buffer.from('{"iss":"https://id.example.com","jti":"j-1","sub":"u-1"}').toString('base64url')}.c2lnbmF0dXJl`;

describe('syslog of real proxies', () => {
  let folder = '';
  let processes: Processes;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tourniquet-syslog-'));
    processes = new Processes(folder);
  });
  afterEach(async () => {
    await processes.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function listen(
    protocol: 'udp' | 'tcp' | 'tls',
    inputs: readonly SyslogInput[],
    sink: MemorySink,
    tls?: ServerTls,
  ): Promise<{ listener: SyslogListener; port: number }> {
    const place = { protocol, host: '127.0.0.1', port: 0 };
    const deps = { ...base, clock: wallClock, sink };
    const listener = createSyslogListener(place, inputs, syslogConfigSchema.parse({}), tls, deps);
    await listener.start();
    return { listener, port: Number(listener.address.split(':').at(-1)) };
  }

  it('takes NGINX’s JSON, with the raw header that never meets a disk, and its error log', async () => {
    const sink = new MemorySink();
    const source = nginxFactory.create({});
    const { listener, port } = await listen('udp', [{ name: 'edge', source, instance: 'edge' }], sink);
    const [http = 0] = await freePorts(1);
    mkdirSync(join(folder, 'temp'));
    writeFileSync(join(folder, 'htpasswd'), 'anna:{PLAIN}right\n');
    writeFileSync(
      join(folder, 'nginx.conf'),
      [
        'daemon off; master_process off; pid nginx.pid;',
        `error_log syslog:server=127.0.0.1:${String(port)},tag=nginx,nohostname info;`,
        'events { worker_connections 64; }',
        'http {',
        ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path temp/${of};`),
        readSnippet('nginx/syslog.conf', { COLLECTOR: `127.0.0.1:${String(port)}` }),
        `server { listen 127.0.0.1:${String(http)};`,
        'location = /ready { access_log off; return 204; }',
        'location /locked { auth_basic "x"; auth_basic_user_file htpasswd; }',
        'location / { return 200 "hello"; } }',
        '}',
        '',
      ].join('\n'),
    );
    const url = `http://127.0.0.1:${String(http)}`;
    await processes.start(
      { name: 'nginx', command: nginxProgram() ?? 'nginx', args: ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')] },
      async () => (await fetch(`${url}/ready`)).status === 204,
      20_000,
    ); // prettier-ignore
    await fetch(`${url}/orders/7?token=abcdefgh12345678`, { headers: { authorization: `Bearer ${jwt}`, 'user-agent': 'via "syslog"' } });
    await fetch(`${url}/locked`, { headers: { authorization: `Basic ${Buffer.from('anna:wrong').toString('base64')}` } });
    const use = () => sink.events.find((event) => event.target?.route === '/orders/{id}');
    const wrong = () => sink.events.find((event) => event.reason === 'invalid_credentials' && event.source.record_type?.includes('error') === true);
    await until(() => use() !== undefined && wrong() !== undefined, () => [sink.events.map((e) => [e.source.record_type, e.reason]), sink.letters.map((l) => l.value.toString())]);
    await listener.stop(2_000);
    expect(use()).toMatchObject({
      outcome: 'success',
      user_agent: 'via "syslog"',
      token: { identity: 'jwt' },
      target: { method: 'GET', status: 200 },
      exposures: ['token_in_url'],
    });
    const text = JSON.stringify(sink.events) + sink.letters.map(({ value }) => value.toString()).join();
    expect([jwt, 'abcdefgh12345678', 'c2lnbmF0dXJl'].filter((secret) => text.includes(secret))).toEqual([]);
  }, 60_000); // prettier-ignore

  it('takes HAProxy’s over UDP, over TCP with octet counting, and over TLS with its certificate', async () => {
    const sinks = { udp: new MemorySink(), tcp: new MemorySink(), tls: new MemorySink() };
    const made = makeCertificates(folder, ['haproxy', 'collector']);
    const read = (path: string): string => readFileSync(path, 'utf8');
    const tls = { cert: read(made.certificate('collector')), key: read(made.key('collector')), clientCa: read(made.authority) };
    writeFileSync(join(folder, 'client.pem'), read(made.certificate('haproxy')) + read(made.key('haproxy')));
    const source = haproxyFactory.create({});
    const input = { name: 'lb', source, instance: 'lb', appNames: ['haproxy'] };
    const udp = await listen('udp', [input], sinks.udp);
    const tcp = await listen('tcp', [input], sinks.tcp);
    const secured = await listen('tls', [{ ...input, peers: [spiffeId('haproxy')] }], sinks.tls, tls);
    const [http = 0] = await freePorts(1);
    const ring = (name: string, port: number, more: string): string[] => [
      `ring ${name}`,
      'format rfc5424',
      'maxlen 4096',
      'size 65536',
      'timeout connect 5s',
      'timeout server 10s',
      `server s 127.0.0.1:${String(port)} log-proto octet-count ${more}`,
    ];
    writeFileSync(
      join(folder, 'haproxy.cfg'),
      [
        'global',
        `log 127.0.0.1:${String(udp.port)} local0`,
        'log ring@counted local0',
        'log ring@secured local0',
        ...ring('counted', tcp.port, ''),
        ...ring('secured', secured.port, `ssl verify none crt ${join(folder, 'client.pem')}`),
        'defaults',
        'mode http',
        'timeout client 5s',
        'timeout server 5s',
        'timeout connect 5s',
        readSnippet('haproxy/log.cfg'),
        'frontend edge',
        `bind 127.0.0.1:${String(http)}`,
        'http-request return status 401 if { path_beg /locked }',
        'http-request return status 200',
        '',
      ].join('\n'),
    );
    const url = `http://127.0.0.1:${String(http)}`;
    await processes.start(
      { name: 'haproxy', command: haproxyProgram() ?? 'haproxy', args: ['-db', '-f', join(folder, 'haproxy.cfg')] },
      async () => (await fetch(`${url}/ready`)).status === 200,
      40_000,
    );
    for (let i = 0; i < 5; i += 1) await fetch(`${url}/orders/${String(i)}`, { headers: { 'user-agent': 'via-haproxy' } });
    await fetch(`${url}/locked`);
    const found = (sink: MemorySink) => [
      sink.events.filter((event) => event.target?.route === '/orders/{id}').length,
      sink.events.filter((event) => event.target?.path === '/locked').map((event) => event.outcome)[0],
    ];
    const all = () => Object.values(sinks).map(found);
    const whole = [5, 'failure'];
    await until(() => JSON.stringify(all()) === JSON.stringify([whole, whole, whole]), () => [all(), Object.values(sinks).map((s) => s.letters.map((l) => l.value.toString()))]);
    await Promise.all([udp, tcp, secured].map(({ listener }) => listener.stop(2_000)));
    expect(Object.values(sinks).map((sink) => sink.letters.length)).toEqual([0, 0, 0]);
  }, 60_000); // prettier-ignore
});
