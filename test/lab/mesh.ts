/** Who stands where in the lab's mesh; every other file reads it from here. */
export const services = ['orders', 'payments', 'inventory'] as const;
export type Service = (typeof services)[number];
export const namespace = 'shop';

/** Which service the gateway sends a path to. */
export const routes: Readonly<Record<Service, string>> = {
  orders: '/orders',
  payments: '/charges',
  inventory: '/stock',
};

/** Whom a service may call; a sidecar has a listener for each. */
export const calls: Readonly<Record<Service, readonly Service[]>> = {
  orders: ['payments', 'inventory'],
  payments: ['inventory'],
  inventory: [],
};

/** The scope that a service's sidecar asks of a token. */
export const neededScope: Readonly<Record<Service, string>> = {
  orders: 'shop.orders',
  payments: 'shop.orders',
  inventory: 'shop.stock',
};

export interface ServicePorts {
  readonly app: number;
  readonly inbound: number;
  /** Where the service finds the others, through its own sidecar. */
  readonly outbound: Readonly<Partial<Record<Service, number>>>;
  readonly admin: number;
}

export interface Ports {
  readonly edge: number;
  readonly gateway: number;
  readonly gatewayAdmin: number;
  readonly services: Readonly<Record<Service, ServicePorts>>;
}

export function assignPorts(free: readonly number[]): Ports {
  const rest = [...free];
  const next = (): number => {
    const port = rest.shift();
    if (port === undefined) throw new Error('too few ports were reserved');
    return port;
  };
  const of = (service: Service): ServicePorts => ({
    app: next(),
    inbound: next(),
    outbound: Object.fromEntries(calls[service].map((callee) => [callee, next()])),
    admin: next(),
  });
  return {
    edge: next(),
    gateway: next(),
    gatewayAdmin: next(),
    services: { orders: of('orders'), payments: of('payments'), inventory: of('inventory') },
  };
}
