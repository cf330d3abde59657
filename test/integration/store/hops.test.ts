import { systemClock } from '../../../ingest/core/clock.js';
import { deterministicUuid } from '../../../ingest/event/event-uid.js';
import { formatTime } from '../../../ingest/event/time.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { HopEvaluator } from '../../../ingest/store/hops/hop-evaluator.js';
import type { EventWriter } from '../../../ingest/store/store.js';
import { seededRandom } from '../../support/random.js';
import { openTestStore, type TestStore } from './support.js';

const T0 = Date.UTC(2026, 0, 5, 10, 0, 30);

interface Line {
  readonly at: number;
  readonly from?: string;
  readonly to: string;
  readonly id?: string;
  readonly side?: 'inbound' | 'outbound' | 'edge';
  readonly path?: string;
  readonly token?: string | undefined;
  readonly log?: string;
  readonly format?: string;
  readonly failed?: boolean;
}

let made = 0;

function line({ at, from, to, id, side = 'inbound', path = '/items/1', token, log, format, failed }: Line): TokenEvent {
  made += 1;
  return {
    schema_version: 1,
    event_uid: deterministicUuid('hop', String(made)),
    time: formatTime(T0 + at),
    observed_time: formatTime(T0 + at + 50),
    source: {
      product: 'envoy',
      instance: log ?? (side === 'outbound' ? (from ?? '') : to),
      kind: 'mesh',
      record_type: format ?? 'http',
    },
    action: 'use',
    outcome: failed === true ? 'failure' : 'success',
    direction: side,
    ...(token !== undefined && { token: { token_uid: token, fp_key_id: 'k', identity: 'jwt', kind: 'access_token' } }),
    ...(from !== undefined && { caller: { service: from } }),
    target: { service: to, method: 'GET', path, route: '/items/{id}', status: 200 },
    ...(id !== undefined && { trace: { request_id: id } }),
  };
}

/** Both sides of one call. */
const call = (at: number, from: string, to: string, more: Partial<Line> = {}): TokenEvent[] => [
  line({ at, from, to, side: 'outbound', ...more, token: undefined }),
  line({ at: at + 2, from, to, ...more }),
];

/** `caller callee seen_from token lent` of each hop, with how many there are. */
async function hops(store: TestStore): Promise<Record<string, number>> {
  const rows = await store.rows(
    `SELECT concat(caller_service, ' ', target_service, ' ', seen_from, ' ', token_uid, if(token_lent, ' lent', '')) AS hop,
       count() AS n FROM hops_v1 GROUP BY hop ORDER BY hop`,
  );
  return Object.fromEntries(rows.map(({ hop, n }) => [hop, n])) as Record<string, number>;
}

describe('hops', () => {
  let opened: TestStore;
  let evaluator: HopEvaluator;
  let blocks = 0;

  const store = async (events: readonly TokenEvent[]): Promise<void> => {
    blocks += 1;
    const positioned = events.map((event, index) => ({ event, partition: 0, offset: BigInt(index) }));
    await opened.store.writer.insertEvents(positioned, `block-${blocks}`);
  };

  const empty = async (): Promise<void> => {
    for (const table of [
      'tokens',
      'token_events',
      'hop_buckets',
      'hops',
      'edge_hours',
      'token_hours',
      'token_contexts',
      'token_usage_hourly',
    ])
      await opened.command(`TRUNCATE TABLE ${table}`);
    evaluator = new HopEvaluator(opened.store, systemClock);
  };

  beforeAll(async () => {
    opened = await openTestStore();
  });
  beforeEach(empty);
  afterAll(() => opened.close());

  const writerWith = (derive: EventWriter['derive']): EventWriter => {
    const { writer } = opened.store;
    return {
      newBlock: () => writer.newBlock(),
      insertBlock: (...args) => writer.insertBlock(...args),
      insertEvents: (...args) => writer.insertEvents(...args),
      insertRows: (...args) => writer.insertRows(...args),
      derive,
    };
  };

  const evaluated = async (events: readonly TokenEvent[]): Promise<Record<string, number>> => {
    await store(events);
    await evaluator.pass();
    return hops(opened);
  };

  it('joins the two sides of a call, a retry being a second one', async () => {
    const id = 'req-1';
    expect(
      await evaluated([
        ...call(0, 'orders', 'stock', { id, token: 'tok_a' }),
        ...call(40, 'orders', 'stock', { id, token: 'tok_a', failed: true }),
        ...call(5, 'orders', 'payments', { id, token: 'tok_a' }),
        ...call(9, 'payments', 'stock', { id, token: 'tok_p' }),
      ]),
    ).toEqual({ 'orders stock both tok_a': 2, 'orders payments both tok_a': 1, 'payments stock both tok_p': 1 });
  });

  it('takes a log in two formats for one, and gives proxies in front the token of what they passed on', async () => {
    const id = 'req-1';
    expect(
      await evaluated([
        line({ at: 30, to: 'edge', side: 'edge', id, format: 'json' }),
        line({ at: -30_000 + 30_000, to: 'edge', side: 'edge', id, format: 'combined' }),
        line({ at: 1, from: 'edge', to: 'gateway', side: 'edge', id, format: 'http_text' }),
        line({ at: 1, from: 'edge', to: 'gateway', side: 'edge', id }),
        line({ at: 3, from: 'gateway', to: 'orders', id, token: 'tok_a' }),
        ...call(5, 'orders', 'stock', { id, token: 'tok_o' }),
        // The second request of the same kind carries no token, though a service behind uses one of its own.
        line({ at: 100, to: 'edge', side: 'edge', id: 'req-2', format: 'json' }),
        line({ at: 101, from: 'edge', to: 'gateway', side: 'edge', id: 'req-2' }),
        line({ at: 103, from: 'gateway', to: 'orders', id: 'req-2' }),
        ...call(105, 'orders', 'stock', { id: 'req-2', token: 'tok_o' }),
      ]),
    ).toEqual({
      ' edge callee tok_a lent': 1,
      'edge gateway callee tok_a lent': 1,
      'gateway orders callee tok_a': 1,
      'orders stock both tok_o': 2,
      ' edge callee ': 1,
      'edge gateway callee ': 1,
      'gateway orders callee ': 1,
    });
  });

  it('takes the caller from the side that knows it, and the callee’s word where both do', async () => {
    expect(
      await evaluated([
        line({ at: 0, from: 'orders', to: 'stock', side: 'outbound', id: 'a' }),
        line({ at: 1, to: 'stock', id: 'a', token: 'tok_a' }),
        line({ at: 0, from: 'orders', to: 'stock', side: 'outbound', id: 'b' }),
        line({ at: 1, from: 'orders-account', to: 'stock', id: 'b' }),
      ]),
    ).toEqual({ 'orders stock both tok_a': 1, 'orders-account stock both ': 1 });
  });

  it('shows a call that only its caller saw, unless the callee’s log may have it without its id', async () => {
    expect(
      await evaluated([
        line({ at: 0, from: 'orders', to: 'mail.example', side: 'outbound', id: 'a' }),
        line({ at: 0, from: 'orders', to: 'bank', side: 'outbound' }),
        ...call(10, 'orders', 'stock', { id: 'b' }),
        line({ at: 20, from: 'orders', to: 'stock', side: 'outbound', id: 'c' }),
        // This callee logs no ids; its lines are counted, the caller's are not.
        line({ at: 0, from: 'orders', to: 'old', side: 'outbound', id: 'd' }),
        line({ at: 1, to: 'old' }),
      ]),
    ).toEqual({
      'orders mail.example caller ': 1,
      'orders bank caller ': 1,
      'orders stock both ': 1,
      'orders stock caller ': 1,
      ' old callee ': 1,
    });
  });

  it('counts lines without ids by the side that logged more', async () => {
    const both = Array.from({ length: 30 }, (_, n) => call(n * 500, 'web', 'orders')).flat();
    const twice = Array.from({ length: 5 }, (_, n) => [
      line({ at: n, to: 'edge', side: 'edge', format: 'json' }),
      line({ at: -(T0 % 1000), to: 'edge', side: 'edge', format: 'combined' }),
    ]).flat();
    expect(await evaluated([...both, ...twice])).toEqual({ 'web orders both ': 30, ' edge callee ': 5 });
  });

  it('loses nothing to one request id that everyone sends', async () => {
    const many = Array.from({ length: 3000 }, (_, n) => call(n * 10, 'web', 'orders', { id: '1' })).flat();
    expect(await evaluated(many)).toEqual({ 'web orders both ': 3000 });
  });

  it('evaluates a minute anew when a line comes late, and only then', async () => {
    const [out, inbound] = call(0, 'orders', 'stock', { id: 'a', token: 'tok_a' });
    // Across the end of a minute, so that what is taken back stands in another minute than what is added.
    const [lateOut, lateIn] = call(29_999, 'orders', 'stock', { id: 'b', token: 'tok_a' });
    expect(await evaluated([out, lateOut] as TokenEvent[])).toEqual({ 'orders stock caller ': 2 });
    expect((await evaluator.pass()).minutes).toBe(0);
    expect(await evaluated([inbound, lateIn] as TokenEvent[])).toEqual({ 'orders stock both tok_a': 2 });
    expect((await evaluator.pass()).minutes).toBe(0);
    expect((await new HopEvaluator(opened.store, systemClock).pass()).minutes).toBe(0);
    expect(await opened.rows('SELECT sum(requests) AS n, sum(caller_seen) AS c, sum(callee_seen) AS s FROM edges_v1')).toEqual([
      { n: 2, c: 2, s: 2 },
    ]);
  }); // prettier-ignore

  it('takes an edge out of the roll-up that a later evaluation knows better', async () => {
    await evaluated([line({ at: 0, to: 'stock', id: 'a' })]);
    const edges = (): Promise<unknown> => opened.rows('SELECT caller_service, target_service, requests FROM edges_v1');
    expect(await edges()).toEqual([{ caller_service: '', target_service: 'stock', requests: 1 }]);
    await evaluated([line({ at: 0, from: 'orders', to: 'stock', side: 'outbound', id: 'a' })]);
    expect(await edges()).toEqual([{ caller_service: 'orders', target_service: 'stock', requests: 1 }]);
  });

  it('takes from a token’s hours what a later evaluation gives to another or to none', async () => {
    const usage = (): Promise<unknown> =>
      opened.rows(
        `SELECT token_uid, toInt32(requests) AS requests, toInt32(outbound_requests) AS outbound, toInt32(lent_requests) AS lent,
           toInt32(failures) AS failures FROM token_usage_v1 WHERE requests + lent_requests > 0 ORDER BY token_uid`,
      );
    await evaluated([
      line({ at: 0, to: 'edge', side: 'edge', id: 'a', format: 'json', token: 'tok_a', failed: true }),
      line({ at: 20, from: 'orders', to: 'stock', side: 'outbound', id: 'b', token: 'tok_b' }),
    ]);
    expect(await usage()).toEqual([
      { token_uid: 'tok_a', requests: 1, outbound: 0, lent: 0, failures: 1 },
      { token_uid: 'tok_b', requests: 1, outbound: 1, lent: 0, failures: 0 },
    ]);
    await evaluated([
      // The same line in another format: no second request.
      line({ at: 0, to: 'edge', side: 'edge', id: 'a', format: 'combined', token: 'tok_a', failed: true }),
      // The callee's own word: it was another token.
      line({ at: 21, from: 'orders', to: 'stock', id: 'b', token: 'tok_c' }),
      // Behind a proxy that knew none.
      line({ at: 30, to: 'edge', side: 'edge', id: 'c' }),
      line({ at: 31, from: 'edge', to: 'orders', id: 'c', token: 'tok_c' }),
    ]);
    expect(await usage()).toEqual([
      { token_uid: 'tok_a', requests: 1, outbound: 0, lent: 0, failures: 1 },
      { token_uid: 'tok_c', requests: 2, outbound: 0, lent: 1, failures: 0 },
    ]);
    expect(await opened.rows('SELECT reasons FROM token_hours FINAL WHERE failures > 0')).toEqual([{ reasons: { '': 1 } }]);
  }); // prettier-ignore

  it('evaluates quiet minutes that lie apart together, and does not read a crowd between them for nothing', async () => {
    const minutes = [0, 7, 20, 45, 46];
    const statements: string[] = [];
    const watched = new HopEvaluator(
      {
        querier: opened.store.querier,
        writer: writerWith((derivation, params) => {
          statements.push(derivation.name);
          return opened.store.writer.derive(derivation, params);
        }),
      },
      systemClock,
    );
    const sparse = (round: number) =>
      minutes.flatMap((n) => call(n * 60_000, 'orders', 'stock', { id: `r${round}-${n}`, token: 'tok_a' }));
    await store(sparse(1));
    await watched.pass();
    expect(statements).toEqual(['evaluate-hops', 'roll-up-token-hours', 'roll-up-hours', 'roll-up-token-contexts']);
    const crowd = Array.from({ length: 21_000 }, (_, n) => line({ at: 30 * 60_000 + n, to: 'edge', side: 'edge', id: `c${n}` }));
    await store(crowd);
    await watched.pass();
    statements.length = 0;
    await store(sparse(2));
    await watched.pass();
    // 45 and 46 are neighbours.
    expect(statements.filter((name) => name === 'evaluate-hops')).toHaveLength(4);
    expect(await hops(opened)).toEqual({ 'orders stock both tok_a': 10, ' edge callee ': 21_000 });
    expect(await opened.value('SELECT toInt32(sum(requests)) FROM edges_v1')).toBe(21_010);
  }); // prettier-ignore

  it('is exact again whatever step it was stopped before or after', async () => {
    const { store: whole } = opened;
    let next = 0;
    for (const step of ['evaluate-hops', 'roll-up-token-hours', 'roll-up-token-contexts', 'roll-up-hours']) {
      for (const when of ['before', 'after']) {
        const stop = (): never => {
          throw new Error(`stopped ${when} ${step}`);
        };
        const writer = writerWith(async (derivation, params) => {
          if (derivation.name === step && when === 'before') stop();
          await whole.writer.derive(derivation, params);
          if (derivation.name === step) stop();
        });
        // What the step before left half done has grown by a late line and a new call.
        next += 1;
        await store([...call(next * 10, 'orders', 'stock', { id: `r${next}`, token: 'tok_a' })]);
        await expect(new HopEvaluator({ querier: whole.querier, writer }, systemClock).pass()).rejects.toThrow(
          'stopped',
        );
        await store([line({ at: 5, to: 'edge', side: 'edge', id: `e${next}` })]);
        await new HopEvaluator(whole, systemClock).pass();
        expect(await hops(opened)).toEqual({ 'orders stock both tok_a': next, ' edge callee ': next });
        expect(await opened.value('SELECT toInt32(sum(requests)) FROM token_usage_v1')).toBe(next);
        expect(await opened.value('SELECT toInt32(sum(requests)) FROM edges_v1')).toBe(next * 2);
        expect(await opened.value('SELECT toInt32(sum(requests)) FROM token_contexts FINAL')).toBe(next);
      }
    }
  });

  it('makes anew the hours that a version before left without one of its roll-ups, or half filled', async () => {
    const hours = Array.from({ length: 5 }, (_, n) => n * 3_600_000);
    await store(hours.flatMap((at) => call(at, 'orders', 'stock', { id: `r${at}`, token: 'tok_a' })));
    await evaluator.pass();
    const counted = (): Promise<unknown> =>
      opened.rows(`SELECT (SELECT sum(requests) FROM token_hours FINAL) AS hours, (SELECT sum(requests) FROM token_contexts FINAL) AS contexts,
        (SELECT sum(requests) FROM edges_v1) AS edges`);
    const whole = [{ hours: 5, contexts: 5, edges: 5 }];
    expect(await counted()).toEqual(whole);
    // As an older worker leaves them, which makes `edge_hours` only, and as a kill leaves a migration that fills.
    await opened.store.stop();
    await opened.store.start();
    for (const [table, from] of [['token_hours', 2], ['token_contexts', 1], ['token_contexts', 4], ['edge_hours', 3]] as const) {
      await opened.command(`ALTER TABLE ${table} DELETE WHERE hour >= toDateTime(${Math.floor(T0 / 1000) + from * 3600 - 1800}, 'UTC') SETTINGS mutations_sync = 2`);
    }
    expect(await counted()).not.toEqual(whole);
    // The evaluator at work looks at what it changed itself; one that begins looks at all.
    const pass = await new HopEvaluator(opened.store, systemClock).pass();
    expect([pass.minutes, pass.more]).toEqual([0, false]);
    expect(await counted()).toEqual(whole);
  }); // prettier-ignore

  it('makes contexts of an hour once it is over by the clock, and sums at once', async () => {
    let nowMs = T0 + 60_000;
    const working = new HopEvaluator(opened.store, { ...systemClock, nowMs: () => nowMs });
    await store(call(0, 'orders', 'stock', { id: 'a', token: 'tok_a' }));
    await working.pass();
    const sums = 'SELECT (SELECT toInt32(sum(requests)) FROM token_hours FINAL) AS hours, (SELECT toInt32(sum(requests)) FROM token_contexts FINAL) AS contexts';
    expect(await opened.rows(sums)).toEqual([{ hours: 1, contexts: 0 }]);
    nowMs += 3_600_000;
    await working.pass();
    expect(await opened.rows(sums)).toEqual([{ hours: 1, contexts: 1 }]);
  }); // prettier-ignore

  it('asks once more for what a worker before it left in its last pass', async () => {
    const clock = { ...systemClock, nowMs: () => nowMs };
    let nowMs = Date.now();
    const taking = new HopEvaluator(opened.store, clock);
    await taking.pass();
    await store(call(0, 'orders', 'stock', { id: 'a', token: 'tok_a' }));
    // An older version: evaluates and makes the roll-up of edges, nothing else.
    const writer = writerWith(async (derivation, params) => {
      if (!derivation.name.startsWith('roll-up-token')) await opened.store.writer.derive(derivation, params);
    });
    await new HopEvaluator({ querier: opened.store.querier, writer }, clock).pass();
    const used = (): Promise<unknown> => opened.value('SELECT toInt32(sum(uses)) FROM tokens_v1');
    await taking.pass();
    expect(await used()).toBe(0);
    nowMs += 600_000;
    await taking.pass();
    expect(await used()).toBe(1);
  });

  it('keeps by token what its requests came with, each once, and says of which the callee’s log names it', async () => {
    const contexts = (): Promise<unknown> =>
      opened.rows(
        `SELECT token_uid, target_service, source, toInt32(requests) AS n, toInt32(failures) AS failed FROM token_contexts FINAL
         WHERE requests > 0 ORDER BY ALL`,
      );
    await evaluated([
      line({ at: 0, to: 'edge', side: 'edge', id: 'a', format: 'json', token: 'tok_a', failed: true }),
      line({ at: 0, to: 'edge', side: 'edge', id: 'a', format: 'combined', token: 'tok_a', failed: true }),
      line({ at: 1, from: 'edge', to: 'orders', side: 'outbound', id: 'a', token: 'tok_a' }),
      line({ at: 2, from: 'edge', to: 'orders', id: 'a' }),
      line({ at: 20, from: 'orders', to: 'stock', side: 'outbound', id: 'b', token: 'tok_a' }),
      line({ at: 31, to: 'edge', side: 'edge', id: 'c' }),
      line({ at: 32, from: 'edge', to: 'orders', id: 'c', token: 'tok_a' }),
    ]);
    expect(await contexts()).toEqual([
      { token_uid: 'tok_a', target_service: 'edge', source: 'envoy edge', n: 1, failed: 1 },
      { token_uid: 'tok_a', target_service: 'orders', source: 'envoy orders', n: 2, failed: 0 },
      { token_uid: 'tok_a', target_service: 'stock', source: 'envoy orders', n: 1, failed: 0 },
    ]);
    const told = 'SELECT toInt32(sum(requests)) AS all, toInt32(sum(callee_told)) AS told FROM token_hours FINAL';
    expect(await opened.rows(told)).toEqual([{ all: 4, told: 2 }]);
    // The callee's own word: it was another token.
    await evaluated([line({ at: 21, from: 'orders', to: 'stock', id: 'b', token: 'tok_c' })]);
    expect(await contexts()).toEqual([
      { token_uid: 'tok_a', target_service: 'edge', source: 'envoy edge', n: 1, failed: 1 },
      { token_uid: 'tok_a', target_service: 'orders', source: 'envoy orders', n: 2, failed: 0 },
      { token_uid: 'tok_c', target_service: 'stock', source: 'envoy stock', n: 1, failed: 0 },
    ]);
    expect(await opened.rows('SELECT token_uid, toInt32(uses) AS uses, toInt32(failures) AS failed FROM tokens_v1 ORDER BY token_uid')).toEqual([
      { token_uid: 'tok_a', uses: 3, failed: 1 },
      { token_uid: 'tok_c', uses: 1, failed: 0 },
    ]);
  }); // prettier-ignore

  it('comes to the same hops in whatever blocks and order the lines come, and with two at work', async () => {
    const random = seededRandom(5);
    const events = Array.from({ length: 150 }, (_, n) => {
      const at = Math.floor(random() * 300_000) - 150_000;
      const id = `r${n}`;
      return [
        line({ at: at + 9, to: 'edge', side: 'edge', id, format: 'json' }),
        line({ at: at + 1, from: 'edge', to: 'gateway', side: 'edge', id }),
        ...(n % 7 === 0 ? [] : [line({ at: at + 2, from: 'gateway', to: 'orders', id, token: `tok_${n % 9}` })]),
        ...call(at + 4, 'orders', 'stock', { id, token: `tok_${n % 9}` }),
        ...(n % 5 === 0 ? call(at + 6, 'orders', 'stock', { id, token: `tok_${n % 9}`, failed: true }) : []),
      ];
    }).flat();
    const shuffled = events
      .map((event) => ({ event, rank: random() }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ event }) => event);
    const other = new HopEvaluator(opened.store, systemClock);
    for (let at = 0; at < shuffled.length; at += 450) {
      await store(shuffled.slice(at, at + 450));
      await Promise.all([evaluator.pass(), other.pass()]);
    }
    const inPieces = await opened.rows('SELECT * FROM hops_v1 ORDER BY ALL');
    const edgesInPieces = await opened.rows('SELECT * EXCEPT tokens FROM edges_v1 ORDER BY ALL');
    // Edge, gateway and stock each time, orders but every seventh, a retry every fifth.
    expect(inPieces.length).toBe(150 * 3 + (150 - 22) + 30);
    const usage = "SELECT * EXCEPT (targets, clients) FROM token_usage_v1 WHERE token_uid != '' ORDER BY ALL";
    const usageInPieces = await opened.rows(usage);
    await empty();
    await store(events);
    await evaluator.pass();
    expect(await opened.rows('SELECT * FROM hops_v1 ORDER BY ALL')).toEqual(inPieces);
    expect(await opened.rows(usage)).toEqual(usageInPieces);
    const usedByHops = await opened.rows(
      `SELECT token_uid, toStartOfHour(time) AS hour, countIf(NOT token_lent) AS requests, countIf(token_lent) AS lent_requests,
         countIf(NOT token_lent AND outcome = 'failure') AS failures
       FROM hops_v1 WHERE token_uid != '' GROUP BY token_uid, hour ORDER BY ALL`,
    );
    expect(usedByHops.length).toBeGreaterThanOrEqual(9);
    expect(
      await opened.rows(
        'SELECT token_uid, hour, requests, lent_requests, failures FROM token_usage_v1 ORDER BY token_uid, hour',
      ),
    ).toEqual(usedByHops);
    expect(await opened.rows('SELECT * EXCEPT tokens FROM edges_v1 ORDER BY ALL')).toEqual(edgesInPieces);
  });
});
