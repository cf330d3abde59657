import type { TokenHolder } from './mesh.js';
import { activity, createHolders, routes } from './mesh.js';
import type { SeededRandom } from './random.js';
import { createSeededRandom } from './random.js';

/** One request of the made-up mesh, before it is written in a product's own log format. */
export interface SampleRequest {
  readonly timeMs: number;
  readonly holder: TokenHolder;
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly address: string;
  readonly userAgent: string;
  readonly durationMs: number;
  readonly bytes: number;
}

/** What was planted, so that the demo can say what it was meant to find. */
export interface PlantedAttack {
  readonly title: string;
  readonly holder: string;
  readonly startMs: number;
}

export interface SampleTraffic {
  readonly holders: readonly TokenHolder[];
  readonly requests: readonly SampleRequest[];
  readonly attacks: readonly PlantedAttack[];
}

const hourMs = 3_600_000;

/**
 * Ordinary traffic of some hundred tokens over `days`, plus three attacks on the last day: a stolen machine token
 * replayed at speed from a foreign network, a person's token probing routes it has no scope for, and a slow
 * exfiltration that stays below any burst.
 *
 * @param endMs the last hour that is filled, milliseconds since the epoch; a whole hour.
 */
export function createSampleTraffic(endMs: number, days: number, holderCount: number, seed = 20_26): SampleTraffic {
  const random = createSeededRandom(seed);
  const holders = createHolders(holderCount, random);
  const requests: SampleRequest[] = [];
  const startMs = endMs - days * 24 * hourMs;
  for (let hour = startMs; hour < endMs; hour += hourMs) {
    for (const holder of holders) {
      const share = activity(holder.kind, new Date(hour).getUTCHours());
      const n = random.poisson(holder.requestsPerHour * share);
      for (let i = 0; i < n; i += 1) requests.push(ordinary(hour + random.below(hourMs), holder, random));
    }
  }
  const attacks = plant(holders, requests, endMs, random);
  requests.sort((a, b) => a.timeMs - b.timeMs);
  return { holders, requests, attacks };
}

function ordinary(timeMs: number, holder: TokenHolder, random: SeededRandom): SampleRequest {
  const route = random.pick(holder.routes);
  const dice = random.unit();
  const status = dice < 0.965 ? 200 : dice < 0.985 ? 404 : dice < 0.995 ? 403 : 503;
  return request(
    timeMs,
    holder,
    route.service,
    route.method,
    route.path(random),
    status,
    holder.address,
    holder.userAgent,
    random,
  );
}

function request(
  timeMs: number,
  holder: TokenHolder,
  service: string,
  method: string,
  path: string,
  status: number,
  address: string,
  userAgent: string,
  random: SeededRandom,
): SampleRequest {
  return {
    timeMs,
    holder,
    service,
    method,
    path,
    status,
    address,
    userAgent,
    durationMs: 2 + random.below(80),
    bytes: 200 + random.below(9000),
  };
}

function plant(
  holders: readonly TokenHolder[],
  requests: SampleRequest[],
  endMs: number,
  random: SeededRandom,
): PlantedAttack[] {
  const machine = holders.find((h) => h.kind === 'machine' && h.requestsPerHour > 10);
  const human = holders.find((h) => h.kind === 'human' && h.requestsPerHour > 8);
  const slow = holders.filter((h) => h.kind === 'machine' && h !== machine).find((h) => h.requestsPerHour > 12);
  if (machine === undefined || human === undefined || slow === undefined) throw new RangeError('too few token holders');

  const burst = endMs - 5 * hourMs + 11 * 60_000;
  for (let i = 0; i < 1500; i += 1) {
    requests.push(
      request(
        burst + i * 80,
        machine,
        'users',
        'GET',
        `/v1/users/${String(1000 + i)}`,
        200,
        '203.0.113.66',
        'python-requests/2.32.3',
        random,
      ),
    );
  }
  const probing = endMs - 4 * hourMs + 5 * 60_000;
  for (let i = 0; i < 240; i += 1) {
    const target = random.pick(routes);
    requests.push(
      request(
        probing + i * 9_000,
        human,
        target.service,
        target.method,
        target.path(random),
        403,
        '203.0.113.99',
        'curl/8.5.0',
        random,
      ),
    );
  }
  const exfiltration = endMs - 3 * hourMs;
  for (let i = 0; i < 600; i += 1) {
    requests.push(
      request(
        exfiltration + i * 17_000,
        slow,
        'billing',
        'GET',
        `/v1/invoices/${String(5000 + i)}`,
        200,
        slow.address,
        slow.userAgent,
        random,
      ),
    );
  }
  return [
    { title: 'stolen machine token replayed at speed from a foreign network', holder: machine.name, startMs: burst },
    { title: 'token probing routes that it has no scope for', holder: human.name, startMs: probing },
    { title: 'slow exfiltration with a machine token', holder: slow.name, startMs: exfiltration },
  ];
}
