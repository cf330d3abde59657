import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { tlsOptions, type ServerTls } from '../../../../ingest/collectors/peer/server-tls.js';
import { syslogConfigSchema } from '../../../../ingest/collectors/syslog/config.js';
import type { SyslogInput } from '../../../../ingest/collectors/syslog/syslog-intake.js';
import {
  createSyslogListener,
  type SyslogListener,
  type SyslogPlace,
} from '../../../../ingest/collectors/syslog/syslog-listener.js';
import type { RecordCounts } from '../../../../ingest/pipeline/record-tally.js';
import { makeCertificates, spiffeId } from '../../../lab/certificates.js';
import { base, lineSource, MemorySink, until } from '../pipeline/support.js';

const open: SyslogInput[] = [{ name: 'all', source: lineSource, instance: 'i' }];

class GatedSink extends MemorySink {
  gate: Promise<void> = Promise.resolve();
  counts: RecordCounts[] = [];
  override async accept(batch: Parameters<MemorySink['accept']>[0]): Promise<void> {
    await this.gate;
    await super.accept(batch);
  }
}

interface Setting {
  readonly place?: Partial<SyslogPlace>;
  readonly inputs?: readonly SyslogInput[];
  readonly limits?: object;
  readonly tls?: ServerTls;
}

async function withSyslog(
  { place, inputs = open, limits = {}, tls }: Setting,
  work: (listener: SyslogListener, sink: GatedSink) => Promise<void>,
): Promise<GatedSink> {
  const sink = new GatedSink();
  const listener = createSyslogListener(
    { protocol: 'tcp', host: '127.0.0.1', port: 0, ...place },
    inputs,
    syslogConfigSchema.parse(limits),
    tls,
    { ...base, sink, onCounts: (_product, _instance, counts) => sink.counts.push(counts) },
  );
  await listener.start();
  try {
    await work(listener, sink);
  } finally {
    await listener.stop(2_000);
  }
  return sink;
}

const portOf = (listener: SyslogListener): number => Number(listener.address.split(':').at(-1));
const tcp = (listener: SyslogListener): Promise<Socket> =>
  new Promise((resolve) => {
    const socket: Socket = connect(portOf(listener), '127.0.0.1', () => resolve(socket));
    socket.on('error', () => undefined);
  });
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.resume().once('close', () => resolve()));
const header = '<190>Nov 28 15:42:18 edge nginx: ';

describe('UDP', () => {
  const send = async (listener: SyslogListener, messages: readonly string[]): Promise<void> => {
    const socket = createSocket('udp4');
    for (const message of messages)
      await new Promise((resolve) => socket.send(message, portOf(listener), '127.0.0.1', resolve));
    socket.close();
  };

  it('takes each datagram as one message, equal ones too', async () => {
    const sink = await withSyslog({ place: { protocol: 'udp' } }, async (listener, received) => {
      await send(listener, [`${header}1 a`, `${header}1 a`, `${header}2 b\n`, `${header}???`]);
      await until(() => received.events.length === 3 && received.letters.length === 1, () => received.names);
    }); // prettier-ignore
    expect([sink.names, sink.uids.size]).toEqual([['a', 'a', 'b'], 3]);
  });

  it('drops and counts what comes while too many wait', async () => {
    const place = { protocol: 'udp' } as const;
    const sink = await withSyslog({ place, limits: { pending_records_max: 100 } }, async (listener, received) => {
      let release: () => void = () => undefined;
      received.gate = new Promise<void>((resolve) => (release = resolve));
      await send(listener, Array.from({ length: 150 }, (_, i) => `${header}${String(i)} a`));
      await until(() => received.counts.length >= 50, () => received.counts.length);
      release();
      await until(() => received.events.length === 100, () => received.events.length);
    }); // prettier-ignore
    const sum = (of: (counts: RecordCounts) => number): number => sink.counts.reduce((n, counts) => n + of(counts), 0);
    expect([sum((c) => c.received), sum((c) => c.ok), sum((c) => c.drop.overloaded)]).toEqual([150, 100, 50]);
  });

  it('takes nothing of senders that `allow` does not name', async () => {
    const place = { protocol: 'udp', allow: ['192.0.2.0/24'] } as const;
    const sink = await withSyslog({ place }, async (listener) => {
      await send(listener, [`${header}1 a`]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    });
    expect(sink.events).toEqual([]);
  });
});

describe('TCP', () => {
  it('takes octet counting and lines, from several connections at a time', async () => {
    const sink = await withSyslog({}, async (listener, received) => {
      const [counted, lines] = await Promise.all([tcp(listener), tcp(listener)]);
      const message = `${header}1 a`;
      counted.write(`${String(message.length)} ${message}${String(message.length)} `);
      lines.write(`${header}2 b\n${header}3`);
      await until(() => received.events.length === 2, () => received.names);
      counted.end(message);
      lines.end(' c');
      await Promise.all([closed(counted), closed(lines)]);
      await until(() => received.events.length === 4, () => received.names);
    }); // prettier-ignore
    expect(sink.names.sort()).toEqual(['a', 'a', 'b', 'c']);
  });

  it('loses nothing of more than may wait while the log is slow, and keeps the order', async () => {
    const count = 3_000;
    const sink = await withSyslog({ limits: { pending_records_max: 100 } }, async (listener, received) => {
      let release: () => void = () => undefined;
      received.gate = new Promise<void>((resolve) => (release = resolve));
      const socket = await tcp(listener);
      socket.end(Array.from({ length: count }, (_, i) => `${String(i)} n${String(i)}\n`).join(''));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(received.events).toEqual([]);
      release();
      await until(() => received.events.length === count, () => received.events.length);
    }); // prettier-ignore
    expect(sink.names).toEqual(Array.from({ length: count }, (_, i) => `n${String(i)}`));
  });

  it('keeps what was received at a stop, and takes no more', async () => {
    const sink = await withSyslog({}, async (listener, received) => {
      const socket = await tcp(listener);
      const port = portOf(listener);
      socket.write(Array.from({ length: 500 }, (_, i) => `${header}${String(i)} a\n`).join(''));
      await until(() => received.events.length > 0, () => received.names);
      await listener.stop(2_000);
      const late = await new Promise<string>((resolve) => {
        connect(port, '127.0.0.1', () => resolve('open')).once('error', () => resolve('closed'));
      });
      expect(late).toBe('closed');
    }); // prettier-ignore
    expect(sink.events).toHaveLength(500);
  });

  it('stops at the deadline though the log is away', async () => {
    const started = Date.now();
    await withSyslog({}, async (listener, received) => {
      received.failures = Infinity;
      (await tcp(listener)).write(`${header}1 a\n`);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await listener.stop(300);
    });
    expect(Date.now() - started).toBeLessThan(3_000);
  });

  it('closes connections beyond the limit and of strangers, and reads the others', async () => {
    const sink = await withSyslog({ limits: { connections_max: 1 } }, async (listener, received) => {
      const first = await tcp(listener);
      await closed(await tcp(listener));
      first.write(`${header}1 a\n`);
      await until(() => received.events.length === 1, () => received.names);
    }); // prettier-ignore
    expect(sink.names).toEqual(['a']);
    await withSyslog({ place: { allow: ['192.0.2.1', '2001:db8::/32'] } }, async (listener) => {
      await closed(await tcp(listener));
    });
  });

  it('keeps a message that is too long, and broken framing, as dead letters without secrets', async () => {
    const secret = 'Bearer opaque-0123456789-abcdefgh';
    const sink = await withSyslog({ limits: { message_bytes_max: 480 } }, async (listener, received) => {
      const long = await tcp(listener);
      long.end(`${header}${secret} ${'x'.repeat(2_000)}\n${header}1 a\n`);
      const broken = await tcp(listener);
      broken.write(`4 <1>b${secret}`);
      await closed(broken);
      await until(() => received.letters.length >= 3, () => received.letters.length);
    }); // prettier-ignore
    expect(sink.names).toEqual(['a']);
    expect(sink.letters.map(({ reason }) => reason).sort()).toEqual(['too_large', 'too_large', 'unparsable']);
    expect(sink.letters.map(({ value }) => value.toString()).join()).not.toContain('opaque-0123456789');
  });

  it('sorts messages to sources by the program’s name; what nobody takes is a dead letter', async () => {
    const inputs: SyslogInput[] = [
      { ...open[0]!, name: 'n', instance: 'nginx-1', appNames: ['nginx'] },
      { ...open[0]!, name: 'h', instance: 'haproxy-1', appNames: ['haproxy', 'lb'] },
    ];
    const sink = await withSyslog({ inputs }, async (listener, received) => {
      const socket = await tcp(listener);
      socket.end(`${header}1 a\n<1>1 - - lb - - - 2 b\n<13>Nov 28 15:42:18 h cron[1]: 3 c\n`);
      await until(() => received.letters.length === 1, () => received.letters.length);
    }); // prettier-ignore
    expect(sink.events.map((event) => event.source.instance)).toEqual(['nginx-1', 'haproxy-1']);
    expect(sink.letters).toMatchObject([{ reason: 'no_source', product: 'syslog' }]);
  });

  it('is never open to strangers', () => {
    const make = (place: Partial<SyslogPlace>) =>
      createSyslogListener(
        { protocol: 'tcp', host: '0.0.0.0', port: 0, ...place },
        open,
        syslogConfigSchema.parse({}),
        undefined,
        { ...base, sink: new MemorySink() },
      );
    expect(() => make({})).toThrow('strangers');
    expect(() => make({ protocol: 'udp' })).toThrow('strangers');
    expect(() => make({ protocol: 'tls', host: '127.0.0.1' })).toThrow('no certificate');
    expect(make({ allow: ['10.0.0.0/8'] }).name).toBe('syslog:tcp:0.0.0.0:0');
  });
});

describe('sockets and certificates', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tq-syslog-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('listens on a unix socket, also where a crash left its file', async () => {
    const path = join(folder, 's');
    const crashed = createServer();
    await new Promise<void>((resolve) => crashed.listen({ path }, resolve));
    await expect(withSyslog({ place: { protocol: 'unix', path } }, () => Promise.resolve())).rejects.toThrow(path);
    await new Promise((resolve) => crashed.close(resolve));
    const sink = await withSyslog({ place: { protocol: 'unix', path } }, async (listener, received) => {
      expect(listener.address).toBe(path);
      connect(path).end('{"bare": "json"}\n1 a\n');
      await until(() => received.events.length === 1, () => received.names);
    }); // prettier-ignore
    expect(sink.letters).toHaveLength(1);
  });

  it('asks for certificates that the source’s peers allow', async () => {
    const made = makeCertificates(folder, ['collector', 'edge', 'other']);
    const read = (path: string): string => readFileSync(path, 'utf8');
    const tls = {
      cert: read(made.certificate('collector')),
      key: read(made.key('collector')),
      clientCa: read(made.authority),
    };
    const inputs = [{ ...open[0]!, peers: [spiffeId('edge')] }];
    const sink = await withSyslog({ place: { protocol: 'tls' }, inputs, tls }, async (listener, received) => {
      const send = (name: string | undefined): Promise<void> =>
        new Promise((resolve) => {
          const own = name === undefined ? {} : { cert: read(made.certificate(name)), key: read(made.key(name)) };
          const options = { port: portOf(listener), host: '127.0.0.1', ca: tls.clientCa, ...own };
          const socket = connectTls({ ...options, checkServerIdentity: () => undefined });
          socket.on('error', () => undefined).once('close', () => resolve());
          socket.once('secureConnect', () => socket.end(`${header}1 ${name ?? 'nobody'}\n`)).resume();
        });
      await send('other');
      await send(undefined);
      const plain = await tcp(listener);
      plain.write(`${header}1 plain\n`);
      await closed(plain);
      await send('edge');
      await until(() => received.events.length === 1, () => received.names);
    }); // prettier-ignore
    expect(sink.names).toEqual(['edge']);
    expect(tlsOptions(tls).minVersion).toBe('TLSv1.2');
  });
});
