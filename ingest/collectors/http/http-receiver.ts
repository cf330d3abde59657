import { fastify, type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import { z } from 'zod';
import type { Component } from '../../core/component.js';
import { AppError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { refuseOpenHost } from '../peer/open-host.js';
import { tlsOptions, type ServerTls } from '../peer/server-tls.js';
import { httpFault, problemBody, sendProblem } from './problem.js';

export const httpReceiverConfigSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(4318),
  /** Bytes of a request body as sent. */
  body_bytes_max: z.int().min(1_024).max(268_435_456).default(16_777_216),
  /** Open connections; more are refused. */
  connections_max: z.int().min(1).max(65_535).default(1_024),
  /** A sender must have sent its whole request within this, milliseconds. */
  request_timeout_ms: z.int().min(1_000).max(600_000).default(30_000),
});

export type HttpReceiverConfig = z.output<typeof httpReceiverConfigSchema>;

/** Routes that a receiver serves. `open`: they take records without a key. */
export interface ReceiverRoutes {
  readonly plugin: FastifyPluginAsync;
  readonly open: boolean;
}

export interface HttpReceiver extends Component {
  /** `http://host:port`, or `https:`; the port is known after start. */
  readonly address: string;
}

/**
 * A server that mounts the routes of one or more HTTP collectors.
 *
 * @throws AppError TQ_CONFIG_INVALID when routes without a key would be open beyond this machine.
 */
export function createHttpReceiver(
  config: HttpReceiverConfig,
  routes: readonly ReceiverRoutes[],
  logger: Logger,
  tls?: ServerTls,
): HttpReceiver {
  refuseOpenHost(
    config.host,
    tls?.clientCa === undefined && routes.some((route) => route.open),
    'Give every source that is pushed an api_key_sha256, ask for client certificates (receivers.tls.client_ca_file), or listen on 127.0.0.1.',
  );
  return new FastifyReceiver(config, routes, logger, tls);
}

class FastifyReceiver implements HttpReceiver {
  readonly name = 'http-receiver';
  private readonly config: HttpReceiverConfig;
  private readonly app: FastifyInstance;
  private readonly routes: readonly ReceiverRoutes[];
  private bound = '';
  private stopping: Promise<void> | undefined;

  constructor(
    config: HttpReceiverConfig,
    routes: readonly ReceiverRoutes[],
    logger: Logger,
    tls: ServerTls | undefined,
  ) {
    this.config = config;
    this.routes = routes;
    this.app = fastify({
      https: tls === undefined ? null : tlsOptions(tls),
      bodyLimit: config.body_bytes_max,
      requestTimeout: config.request_timeout_ms,
      forceCloseConnections: 'idle',
      // Fastify's own answers to a path that it cannot read quote it.
      frameworkErrors: (error, _request, reply) => void sendProblem(reply, httpFault(error)),
      // Bodies are never logged: they may hold secrets.
      logger: false,
    });
    this.app.server.maxConnections = config.connections_max;
    this.app.setErrorHandler(async (error, _request, reply) => {
      const fault = httpFault(error);
      if (fault.status >= 500) logger.error({ code: fault.code, reason: fault.reason }, 'a pushed batch was not taken');
      await reply.code(fault.status).type('application/problem+json').send(problemBody(fault));
    });
    this.app.setNotFoundHandler(async (_request, reply) => {
      const fault = httpFault(new AppError('TQ_NOT_FOUND', 'There is no such route.'));
      await reply.code(404).type('application/problem+json').send(problemBody(fault));
    });
  }

  get address(): string {
    return this.bound;
  }

  async start(): Promise<void> {
    if (this.bound !== '' || this.stopping !== undefined) return;
    for (const route of this.routes) await this.app.register(route.plugin);
    const { host, port } = this.config;
    try {
      this.bound = await this.app.listen({ host, port });
    } catch (cause) {
      throw new AppError('TQ_CONFIG_INVALID', `The receiver cannot listen on ${host}:${port}.`, {
        mend: 'Free the port or set receivers.port.',
        cause,
      });
    }
  }

  stop(deadlineMs: number): Promise<void> {
    this.stopping ??= this.shutDown(deadlineMs);
    return this.stopping;
  }

  /** Requests under way are answered; what is not done at the deadline is cut off, and its sender tries again. */
  private async shutDown(deadlineMs: number): Promise<void> {
    const timer = setTimeout(() => {
      this.app.server.closeAllConnections();
    }, deadlineMs);
    try {
      await this.app.close();
    } finally {
      clearTimeout(timer);
    }
  }
}
