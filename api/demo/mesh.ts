import type { SeededRandom } from './random.js';

/** The made-up company whose traffic the demo replays: services, who calls what, and who holds which token. */
export interface Route {
  readonly service: string;
  readonly method: string;
  readonly path: (random: SeededRandom) => string;
}

export interface TokenHolder {
  readonly kind: 'machine' | 'human';
  readonly name: string;
  readonly jti: string;
  readonly sid: string;
  readonly scope: string;
  readonly caller: string;
  readonly address: string;
  readonly userAgent: string;
  readonly routes: readonly Route[];
  /** Mean requests in an hour of full activity. */
  readonly requestsPerHour: number;
}

const id = (random: SeededRandom): string => String(1000 + random.below(90_000));
const route = (service: string, method: string, path: (random: SeededRandom) => string): Route => ({
  service,
  method,
  path,
});

export const routes: readonly Route[] = [
  route('orders', 'GET', (r) => `/v1/orders/${id(r)}`),
  route('orders', 'POST', () => '/v1/orders'),
  route('payments', 'POST', () => '/v1/payments'),
  route('payments', 'GET', (r) => `/v1/payments/${id(r)}`),
  route('inventory', 'GET', (r) => `/v1/stock/${id(r)}`),
  route('inventory', 'PATCH', (r) => `/v1/stock/${id(r)}`),
  route('catalog', 'GET', () => '/v1/products'),
  route('catalog', 'GET', (r) => `/v1/products/${id(r)}`),
  route('users', 'GET', (r) => `/v1/users/${id(r)}`),
  route('search', 'GET', () => '/v1/search'),
  route('shipping', 'POST', () => '/v1/shipments'),
  route('billing', 'GET', (r) => `/v1/invoices/${id(r)}`),
  route('reports', 'GET', () => '/v1/reports/daily'),
  route('notifications', 'POST', () => '/v1/messages'),
];

const machines = [
  'orders',
  'payments',
  'inventory',
  'catalog',
  'search',
  'shipping',
  'billing',
  'reports',
  'notifications',
  'edge',
];
const browsers = [
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
];

function uuid(random: SeededRandom): string {
  return `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-a${random.hex(3)}-${random.hex(12)}`;
}

/** @param count how many token holders; one in three is a machine, the others are people. */
export function createHolders(count: number, random: SeededRandom): readonly TokenHolder[] {
  return Array.from({ length: count }, (_, i): TokenHolder => {
    const machine = i % 3 === 0;
    const caller = machine ? random.pick(machines) : 'edge';
    const own = routes.filter((r) => r.service !== caller);
    return {
      kind: machine ? 'machine' : 'human',
      name: machine ? `${caller}-client-${String(i)}` : `user${String(i)}@example.com`,
      jti: uuid(random),
      sid: uuid(random),
      scope: machine ? 'orders:read stock:write' : 'openid profile orders',
      caller,
      address: machine
        ? `10.20.${String(random.below(8))}.${String(2 + random.below(250))}`
        : `198.51.100.${String(2 + random.below(250))}`,
      userAgent: machine ? `${caller}-service/2.${String(random.below(9))}` : random.pick(browsers),
      routes: Array.from({ length: 2 + random.below(3) }, () => random.pick(own)),
      requestsPerHour: machine ? 6 + random.below(18) : 4 + random.below(10),
    };
  });
}

/** Share of full activity in an hour of the day (UTC): people sleep, machines less so. */
export function activity(kind: TokenHolder['kind'], hour: number): number {
  const day = 0.5 - 0.5 * Math.cos(((hour - 2) / 24) * 2 * Math.PI);
  return kind === 'machine' ? 0.6 + 0.4 * day : day < 0.25 ? 0.02 : day;
}
