import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { send, type Answer } from './http.js';
import { services, type Ports, type Service } from './mesh.js';
import { claimsOf, type Truth } from './truth.js';

export interface ServicesContext {
  readonly ports: Ports;
  readonly truth: Truth;
  /** A token of the service's own. */
  readonly ownToken: (service: Service) => Promise<string>;
}

/** What a service knows of the request that it answers. */
interface Visit {
  readonly service: Service;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly context: ServicesContext;
}

/** Three small services. Each hands on the request id and either the caller's token or one of its own. */
export async function startServices(context: ServicesContext): Promise<{ stop(): Promise<void> }> {
  const servers = await Promise.all(services.map((service) => listen(service, context)));
  return {
    stop: async () => {
      await Promise.all(
        servers.map((server) => {
          server.closeAllConnections();
          return new Promise<void>((resolve) => server.close(() => resolve()));
        }),
      );
    },
  };
}

function listen(service: Service, context: ServicesContext): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    request.resume();
    answer({ service, path, headers: request.headers, context })
      .then((status) => reply(response, status, { service, path }))
      .catch((error: unknown) => reply(response, 500, { service, error: String(error) }));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(context.ports.services[service].app, '127.0.0.1', () => resolve(server));
  });
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** How often a path of `inventory` was asked; every first answer of a flaky one is 503. */
const asked = new Map<string, number>();

async function answer(visit: Visit): Promise<number> {
  const { service, path } = visit;
  if (service === 'orders') {
    if (path.startsWith('/orders/flaky')) return withRetry(visit, path.replace('/orders', '/stock'));
    if (path !== '/orders') return (await call(visit, 'inventory', path.replace('/orders', '/stock'))).status;
    const [payment, stock] = await Promise.all([
      call(visit, 'payments', '/charges'),
      call(visit, 'inventory', '/stock'),
    ]);
    return Math.max(payment.status, stock.status);
  }
  // Payments book on their own account, not on the customer's.
  if (service === 'payments') return (await call(visit, 'inventory', '/stock/ledger', 'own')).status;
  if (!path.startsWith('/stock/flaky')) return 200;
  const times = (asked.get(path) ?? 0) + 1;
  asked.set(path, times);
  return times % 2 === 1 ? 503 : 200;
}

async function withRetry(visit: Visit, path: string): Promise<number> {
  const first = await call(visit, 'inventory', path);
  return first.status === 503 ? (await call(visit, 'inventory', path)).status : first.status;
}

async function call(visit: Visit, callee: Service, path: string, whose: 'caller' | 'own' = 'caller'): Promise<Answer> {
  const { service, headers, context } = visit;
  const port = context.ports.services[service].outbound[callee];
  if (port === undefined) throw new Error(`${service} has no way to ${callee}`);
  const authorization = whose === 'own' ? `Bearer ${await context.ownToken(service)}` : headers.authorization;
  const requestId = headers['x-request-id'];
  context.truth.calls.push({
    caller: service,
    callee,
    method: 'GET',
    path,
    jti: authorization === undefined ? undefined : claimsOf(authorization.slice(7)).jti,
    counts: authorization !== undefined,
    atMs: Date.now(),
  });
  return send({
    url: `http://127.0.0.1:${port}${path}`,
    headers: {
      'user-agent': `${service}/1.0`,
      ...(authorization !== undefined && { authorization }),
      ...(typeof requestId === 'string' && { 'x-request-id': requestId }),
    },
  });
}
