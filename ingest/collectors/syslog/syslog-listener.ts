import { randomUUID } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { rm, stat } from 'node:fs/promises';
import { BlockList, connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import type { Component } from '../../core/component.js';
import { AppError } from '../../core/errors.js';
import type { CollectorDeps } from '../collector-deps.js';
import { isLoopback } from '../peer/open-host.js';
import { isAllowedPeer, peerNames } from '../peer/peer-names.js';
import { tlsOptions, type ServerTls } from '../peer/server-tls.js';
import type { SyslogConfig } from './config.js';
import { frameOf, SyslogFramer } from './syslog-framing.js';
import { SyslogIntake, type SyslogInput } from './syslog-intake.js';

export interface SyslogPlace {
  readonly protocol: 'udp' | 'tcp' | 'tls' | 'unix';
  readonly host: string;
  readonly port: number;
  /** Of a `unix` stream socket. */
  readonly path?: string;
  /** Addresses and CIDR ranges that may send; without them everybody who reaches a loopback address. */
  readonly allow?: readonly string[];
}

export interface SyslogListener extends Component {
  /** `host:port` or the path; the port is known after start. */
  readonly address: string;
}

/** How long is still read at a stop, milliseconds. */
const LAST_READ_MS = 200;

/** Whether the place takes messages of anybody who reaches it. */
function isOpen(place: SyslogPlace, tls: ServerTls | undefined): boolean {
  if (place.protocol === 'unix' || place.allow !== undefined || isLoopback(place.host)) return false;
  return place.protocol !== 'tls' || tls?.clientCa === undefined;
}

/**
 * One syslog listener (RFC 5424 and 3164 over UDP, TCP with both framings of RFC 6587, TLS as in RFC 5425, or a unix
 * stream socket), whose sources are told apart by the program's name.
 *
 * @throws AppError TQ_CONFIG_INVALID when it would be open to strangers, or speaks TLS without a certificate.
 */
export function createSyslogListener(
  place: SyslogPlace,
  inputs: readonly SyslogInput[],
  config: SyslogConfig,
  tls: ServerTls | undefined,
  deps: CollectorDeps,
): SyslogListener {
  if (isOpen(place, tls)) {
    throw new AppError('TQ_CONFIG_INVALID', `A syslog input on ${place.host} takes messages of strangers.`, {
      mend: 'Name the senders in `allow`, use protocol tls with receivers.syslog.tls.client_ca_file, or listen on 127.0.0.1.',
    });
  }
  if (place.protocol === 'tls' && tls === undefined) {
    throw new AppError('TQ_CONFIG_INVALID', 'A syslog input speaks TLS, and no certificate is configured.', {
      mend: 'Set receivers.syslog.tls with cert_file and key_file.',
    });
  }
  return new Listener(place, inputs, config, tls, deps);
}

function allowList(ranges: readonly string[] | undefined): BlockList | undefined {
  if (ranges === undefined) return undefined;
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/', 2);
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

class Listener implements SyslogListener {
  readonly name: string;
  private readonly place: SyslogPlace;
  private readonly inputs: readonly SyslogInput[];
  private readonly config: SyslogConfig;
  private readonly tls: ServerTls | undefined;
  private readonly deps: CollectorDeps;
  private readonly allowed: BlockList | undefined;
  private readonly lost = new AbortController();
  private readonly intake: SyslogIntake;
  private readonly reading = new Set<Promise<void>>();
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private udp: UdpSocket | undefined;
  private bound = '';
  private hasComplained = false;
  private stopping: Promise<void> | undefined;

  constructor(
    place: SyslogPlace,
    inputs: readonly SyslogInput[],
    config: SyslogConfig,
    tls: ServerTls | undefined,
    deps: CollectorDeps,
  ) {
    this.place = place;
    this.inputs = inputs;
    this.config = config;
    this.tls = tls;
    this.deps = deps;
    this.name = `syslog:${place.protocol}:${place.path ?? `${place.host}:${place.port}`}`;
    this.allowed = allowList(place.allow);
    this.intake = new SyslogIntake(deps, config.pending_records_max, `syslog:${randomUUID()}`, this.lost.signal);
  }

  get address(): string {
    return this.bound;
  }

  async start(): Promise<void> {
    if (this.bound !== '' || this.stopping !== undefined) return;
    const { place } = this;
    try {
      if (place.protocol === 'udp') await this.bindUdp();
      else await this.listen();
    } catch (cause) {
      throw new AppError('TQ_CONFIG_INVALID', `The listener ${this.name} cannot be opened.`, {
        mend: 'Free its address, or give the input another one; ports below 1024 need the right to bind them.',
        cause,
      });
    }
  }

  private async bindUdp(): Promise<void> {
    const { host, port } = this.place;
    const udp = createSocket({ type: isIP(host) === 6 ? 'udp6' : 'udp4', recvBufferSize: 4 << 20 });
    this.udp = udp;
    await new Promise<void>((resolve, reject) => {
      udp.once('error', reject);
      udp.bind(port, host, () => {
        udp.off('error', reject);
        resolve();
      });
    });
    udp.on('error', (error) => this.deps.logger.warn({ error: error.message }, 'a syslog datagram failed'));
    udp.on('message', (bytes, { address }) => {
      if (!this.isAllowed(address)) return;
      if (!this.intake.hasRoom) {
        this.intake.drop(this.inputs);
        return;
      }
      const truncated = bytes.length > this.config.message_bytes_max;
      this.intake.add([frameOf(truncated ? bytes.subarray(0, 16_384) : bytes, truncated)], this.inputs);
    });
    this.bound = `${host}:${udp.address().port}`;
  }

  private async listen(): Promise<void> {
    const { protocol, host, port, path } = this.place;
    const take = (socket: Socket): void => this.take(socket);
    const server =
      protocol === 'tls' && this.tls !== undefined
        ? createTlsServer({ ...tlsOptions(this.tls), handshakeTimeout: 10_000 }, take)
        : createServer(take);
    this.server = server;
    server.maxConnections = this.config.connections_max;
    server.on('tlsClientError', () => undefined);
    server.on('drop', () => this.deps.logger.warn({ listener: this.name }, 'a syslog connection was closed: too many'));
    if (path !== undefined) await removeStale(path);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path === undefined ? { host, port } : { path }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    const bound = server.address();
    this.bound = typeof bound === 'object' && bound !== null ? `${host}:${bound.port}` : (path ?? '');
  }

  private isAllowed(address: string): boolean {
    if (this.allowed === undefined) return true;
    const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(plain) !== 0 && this.allowed.check(plain, family)) return true;
    if (!this.hasComplained)
      this.deps.logger.warn({ listener: this.name, address: plain }, 'syslog of a sender that `allow` does not name');
    this.hasComplained = true;
    return false;
  }

  private take(socket: Socket): void {
    socket.on('error', () => undefined);
    const names = socket instanceof TLSSocket && socket.authorized ? peerNames(socket.getPeerCertificate()) : [];
    const inputs = this.inputs.filter(({ peers }) => peers === undefined || isAllowedPeer(names, peers));
    const isKnown = this.place.protocol === 'unix' || this.isAllowed(socket.remoteAddress ?? '');
    if (!isKnown || inputs.length === 0) {
      socket.destroy();
      return;
    }
    socket.setKeepAlive(true, 60_000);
    this.sockets.add(socket);
    const work = this.read(socket, inputs).finally(() => {
      this.sockets.delete(socket);
      this.reading.delete(work);
    });
    this.reading.add(work);
  }

  /** Reads no further than there is room, so a sender feels a log that is slow or away. */
  private async read(socket: Socket, inputs: readonly SyslogInput[]): Promise<void> {
    const framer = new SyslogFramer(this.config.message_bytes_max);
    try {
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        this.intake.add(framer.push(chunk), inputs);
        if (framer.broken) break;
        await this.intake.room();
      }
    } catch {
      // The connection broke: what it brought before counts.
    }
    this.intake.add(framer.flush(), inputs);
    socket.destroy();
  }

  stop(deadlineMs: number): Promise<void> {
    this.stopping ??= this.shutDown(deadlineMs);
    return this.stopping;
  }

  private async shutDown(deadlineMs: number): Promise<void> {
    const timer = setTimeout(() => this.lost.abort(), deadlineMs);
    const closed = this.server?.listening === true ? new Promise((resolve) => this.server?.close(resolve)) : undefined;
    // Syslog acknowledges nothing: what is on its way when the sender has not heard of the stop yet is still read.
    if (this.sockets.size > 0 || this.udp !== undefined) await delay(Math.min(LAST_READ_MS, deadlineMs / 4));
    for (const socket of this.sockets) socket.destroy();
    if (this.udp !== undefined && this.bound !== '') this.udp.close();
    await Promise.all(this.reading);
    await this.intake.drain();
    clearTimeout(timer);
    await closed;
  }
}

/** A socket file that nobody listens on any more would keep us from starting after a crash. */
async function removeStale(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isSocket() !== true) return;
  const isLive = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
  if (!isLive) await rm(path, { force: true });
}
