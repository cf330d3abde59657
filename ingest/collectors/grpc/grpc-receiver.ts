import { createServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  type ConnectionInjector,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Component } from '../../core/component.js';
import { AppError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { refuseOpenHost } from '../peer/open-host.js';
import type { ServerTls } from '../peer/server-tls.js';
import type { GrpcReceiverConfig } from './config.js';

/** A service that a receiver serves. */
export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
  /** It takes records without a key and without a named peer. */
  readonly open: boolean;
  /** No new work is taken; resolves when what was received is durable, and lets go when the signal is aborted. */
  drain(signal: AbortSignal): Promise<void>;
}

export interface GrpcReceiver extends Component {
  /** `host:port`; the port is known after start. */
  readonly address: string;
}

/**
 * One gRPC server for the services of all collectors. The listening socket is ours, because gRPC's own knows no bound
 * of connections.
 *
 * @throws AppError TQ_CONFIG_INVALID when a service would be open beyond this machine.
 */
export function createGrpcReceiver(
  config: GrpcReceiverConfig,
  tls: ServerTls | undefined,
  services: readonly GrpcService[],
  logger: Logger,
): GrpcReceiver {
  const isOpen = tls?.clientCa === undefined && services.some((service) => service.open);
  refuseOpenHost(
    config.host,
    isOpen,
    'Give each source an api_key_sha256, ask for client certificates (receivers.grpc.tls.client_ca_file), or listen on 127.0.0.1.',
  );
  return new GrpcServer(config, tls, services, logger);
}

/** A connection that has said nothing by then is closed; milliseconds. */
const HELLO_MS = 10_000;
/** Answers under way after everything is drained, milliseconds. */
const ANSWER_MS = 500;
const ANSWER_STEP_MS = 20;

class GrpcServer implements GrpcReceiver {
  readonly name = 'grpc-receiver';
  private readonly config: GrpcReceiverConfig;
  private readonly services: readonly GrpcService[];
  private readonly logger: Logger;
  private readonly server: Server;
  private readonly injector: ConnectionInjector;
  private readonly listener: TcpServer;
  private readonly sockets = new Set<Socket>();
  private bound = '';
  private stopping: Promise<void> | undefined;

  constructor(
    config: GrpcReceiverConfig,
    tls: ServerTls | undefined,
    services: readonly GrpcService[],
    logger: Logger,
  ) {
    this.config = config;
    this.services = services;
    this.logger = logger;
    this.server = new Server({
      'grpc.max_receive_message_length': config.message_bytes_max,
      'grpc.max_concurrent_streams': config.streams_max,
      'grpc.keepalive_time_ms': 60_000,
      'grpc.keepalive_timeout_ms': 20_000,
      'grpc.max_connection_idle_ms': 600_000,
    });
    for (const { definition, implementation } of services) this.server.addService(definition, implementation);
    this.injector = this.server.createConnectionInjector(credentialsOf(tls));
    this.listener = createServer((socket) => this.take(socket));
    this.listener.maxConnections = config.connections_max;
    this.listener.on('drop', () => this.logger.warn({}, 'a gRPC connection was closed: too many are open'));
  }

  get address(): string {
    return this.bound;
  }

  async start(): Promise<void> {
    if (this.bound !== '' || this.stopping !== undefined) return;
    const { host, port } = this.config;
    try {
      await new Promise<void>((resolve, reject) => {
        this.listener.once('error', reject);
        this.listener.listen({ host, port }, () => {
          this.listener.off('error', reject);
          resolve();
        });
      });
    } catch (cause) {
      throw new AppError('TQ_CONFIG_INVALID', `The gRPC receiver cannot listen on ${host}:${port}.`, {
        mend: 'Free the port or set receivers.grpc.port.',
        cause,
      });
    }
    this.bound = `${host.includes(':') ? `[${host}]` : host}:${(this.listener.address() as AddressInfo).port}`;
  }

  private take(socket: Socket): void {
    this.sockets.add(socket);
    socket.setNoDelay(true);
    // Whoever says nothing holds a place that another could have.
    const silent = setTimeout(() => {
      if (socket.bytesRead === 0) socket.destroy();
    }, HELLO_MS);
    socket.once('close', () => {
      clearTimeout(silent);
      this.sockets.delete(socket);
    });
    socket.on('error', () => undefined);
    this.injector.injectConnection(socket);
  }

  stop(deadlineMs: number): Promise<void> {
    this.stopping ??= this.shutDown(deadlineMs);
    return this.stopping;
  }

  private async shutDown(deadlineMs: number): Promise<void> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), deadlineMs);
    try {
      if (this.listener.listening) this.listener.close();
      // GOAWAY: clients open their next call elsewhere, calls under way go on.
      this.injector.drain(deadlineMs);
      await Promise.all(this.services.map((service) => service.drain(abort.signal)));
      // Sessions that were told to go close when their last answer is out.
      for (let waited = 0; this.sockets.size > 0 && waited < ANSWER_MS; waited += ANSWER_STEP_MS) {
        await new Promise((resolve) => setTimeout(resolve, ANSWER_STEP_MS));
      }
    } finally {
      clearTimeout(timer);
      this.server.forceShutdown();
      for (const socket of this.sockets) socket.destroy();
    }
  }
}

function credentialsOf(tls: ServerTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(
    tls.clientCa === undefined ? null : Buffer.from(tls.clientCa),
    [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }],
    tls.clientCa !== undefined,
  );
}
