import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deterministicUuid } from '../../../ingest/event/event-uid.js';
import { formatTime } from '../../../ingest/event/time.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { systemClock } from '../../../ingest/core/clock.js';
import { ClickHouseStore } from '../../../ingest/store/clickhouse-store.js';
import { HopEvaluator } from '../../../ingest/store/hops/hop-evaluator.js';
import { T0 } from '../../support/alert-fixtures.js';
import { prepareStore } from '../../support/prepared-store.js';

export const HOUR = 3_600_000;
export const tokens = ['A', 'B', 'C'].map((letter) => `tok_${letter.repeat(22)}`) as [string, string, string];

/** One use of a token; `n` numbers it, so that the same number is the same event. */
export function use(n: number, timeMs: number, change: Partial<TokenEvent> = {}): TokenEvent {
  return {
    schema_version: 1,
    event_uid: deterministicUuid('seed', String(n)),
    time: formatTime(timeMs),
    observed_time: formatTime(timeMs + 20),
    source: { product: 'envoy', instance: 'mesh', kind: 'mesh' },
    action: 'use',
    outcome: 'success',
    direction: 'inbound',
    token: {
      token_uid: tokens[0],
      fp_key_id: 'k1',
      identity: 'jwt',
      kind: 'access_token',
      issuer: 'https://idp.example',
      display_name: 'ci-deploy',
      scopes: ['orders:read'],
      aliases: [{ kind: 'jti', value: 'jti-a' }],
    },
    principal: {
      principal_uid: 'https://idp.example|deployer',
      kind: 'service_account',
      id: 'deployer',
      name: 'deployer',
    },
    client: { address: '203.0.113.7' },
    caller: { service: 'web' },
    target: {
      service: 'orders',
      method: 'GET',
      route: '/orders/{id}',
      status: 200,
      response_bytes: 100,
      duration_ms: 5,
    },
    ...change,
  };
}

/**
 * Ten hours of traffic: token A 60 uses an hour (every tenth refused), token B 5 uses an hour from another network to
 * another service, token C one use, made from A, plus outbound lines that are the other side of A's first hour.
 */
export function traffic(): TokenEvent[] {
  const events: TokenEvent[] = [];
  for (let hour = 0; hour < 10; hour += 1) {
    const start = T0 - (10 - hour) * HOUR;
    for (let i = 0; i < 60; i += 1) {
      const refused = i % 10 === 0;
      events.push(
        use(events.length, start + i * 60_000, refused ? { outcome: 'failure', reason: 'invalid_token' } : {}),
      );
    }
    for (let i = 0; i < 5; i += 1) {
      events.push(
        use(events.length, start + i * 600_000, {
          token: { token_uid: tokens[1], fp_key_id: 'k1', identity: 'key', kind: 'api_key', display_name: "it's <b>" },
          principal: { principal_uid: 'partner', kind: 'client', id: 'partner' },
          client: { address: '2001:db8:1:2::5' },
          caller: { service: 'batch' },
          target: { service: 'billing', method: 'POST', route: '/invoices' },
        }),
      );
    }
  }
  for (let i = 0; i < 60; i += 1) {
    events.push(use(events.length, T0 - 10 * HOUR + i * 60_000 + 1, { direction: 'outbound' }));
  }
  events.push(
    use(events.length, T0 - HOUR, {
      token: {
        token_uid: tokens[2],
        fp_key_id: 'k1',
        identity: 'jwt',
        kind: 'access_token',
        parent: { kind: 'jti', value: 'jti-a' },
      },
      client: { address: '203.0.113.200', network_name: 'office-berlin', network_kind: 'office' },
      caller: {},
    }),
  );
  return events;
}

export interface SeededStore {
  readonly store: ClickHouseStore;
  close(): Promise<void>;
}

export async function emptyStore(): Promise<SeededStore> {
  const directory = await mkdtemp(join(tmpdir(), 'tourniquet api '));
  await prepareStore(join(directory, 'clickhouse'));
  const store = new ClickHouseStore({ kind: 'embedded', directory: join(directory, 'clickhouse') });
  await store.start();
  await store.migrator.up();
  return {
    store,
    close: async () => {
      await store.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function seededStore(): Promise<SeededStore> {
  const made = await emptyStore();
  const events = traffic().map((event, index) => ({ event, partition: 0, offset: BigInt(index) }));
  await made.store.writer.insertEvents(events, 'seed');
  await new HopEvaluator(made.store, systemClock).pass();
  return made;
}
