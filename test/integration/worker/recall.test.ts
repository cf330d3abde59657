import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import type { PastValue } from '../../../detectors/core/detector.js';
import type { Finding } from '../../../detectors/core/finding.js';
import { dimensions } from '../../../detectors/core/dimensions.js';
import { eventTimeMs, toObservation } from '../../../detectors/core/observation.js';
import { noPeers } from '../../../detectors/core/detector.js';
import { createNoveltyDetector } from '../../../detectors/novelty/novelty-detector.js';
import { noveltyOptionsSchema } from '../../../detectors/novelty/novelty-options.js';
import { detectorsOptionsSchema } from '../../../detectors/registry.js';
import { principalValuesQuery } from '../../../detectors/worker/past-values.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { renderMigration } from '../../../ingest/store/migration-template.js';
import { appendEvents, makeWorker, until, withParts, type RealParts } from '../../support/real-worker.js';
import { makeEvent } from '../../support/token-events.js';
import { arbitraryEvent } from '../store/arbitrary-events.js';
import { openTestStore, type TestStore } from '../store/support.js';

const DAY_MS = 86_400_000;
const novelty = createNoveltyDetector(noveltyOptionsSchema.parse({}));

/** Served uses of a principal each, in the variety of all that an event may hold; what is there is not empty. */
const served = (seed: number): readonly TokenEvent[] =>
  fc
    .sample(arbitraryEvent, { numRuns: 300, seed })
    .filter(
      ({ client, target, user_agent_family: family }) =>
        client?.asn !== 0 && client?.address !== '' && client?.network_name !== '' && target?.route !== '' && family !== '',
    )
    .map((event, n) => {
      const { direction, ...rest } = event;
      const principal = { principal_uid: `p${n}`, kind: n % 3 === 0 ? ('user' as const) : ('client' as const), id: `p${n}` };
      return { ...rest, ...(direction !== 'outbound' && direction !== undefined && { direction }), principal, action: 'use', outcome: 'success' };
    }); // prettier-ignore

async function pastOf(opened: TestStore, uids: readonly string[]): Promise<ReadonlyMap<string, readonly PastValue[]>> {
  const params = { uids: [...uids], from: '1970-01-02T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z', values: 64 };
  const rows = await opened.store.querier.run(principalValuesQuery, params);
  const found = new Map<string, PastValue[]>();
  for (const { uid, first_ms: firstMs, last_ms: lastMs, ...rest } of rows) {
    found.set(uid, [...(found.get(uid) ?? []), { ...rest, firstMs, lastMs }]);
  }
  return found;
}

const template = readFileSync(
  new URL('../../../ingest/store/migrations/0020_principal_values.sql', import.meta.url),
  'utf8',
);

describe('what history tells of the values of a principal', () => {
  let opened: TestStore;
  beforeAll(async () => {
    opened = await openTestStore();
  });
  afterAll(() => opened.close());

  it('is what novelty would have learnt from the events, whatever they hold', async () => {
    const events = served(20);
    await opened.store.writer.insertEvents(events.map((event, n) => ({ event, partition: 0, offset: BigInt(n) })), 'any'); // prettier-ignore
    const past = await pastOf(opened, events.map(({ principal }) => principal?.principal_uid ?? '')); // prettier-ignore
    const wrong: unknown[] = [];
    let values = 0;
    for (const event of events) {
      const observation = toObservation(event, 'principal');
      // The clock of the event counts where it is not ahead of its collector's.
      if (eventTimeMs(event) !== Date.parse(event.time)) continue;
      const learnt = novelty.learn(novelty.initial(), observation, false, noPeers).own;
      const recalled = novelty.recall?.(novelty.initial(), past.get(observation.entityUid) ?? []).own;
      dimensions.forEach(({ name, of }, n) => {
        // The engine sorts by bytes, which differs for some signs beyond the first plane.
        if (/[\u{10000}-\u{10ffff}]/u.test(of(event)) && (name === 'scope' || name === 'audience')) return;
        if (JSON.stringify(recalled?.seen[n]) !== JSON.stringify(learnt.seen[n]))
          wrong.push([name, of(event), past.get(observation.entityUid)]);
      });
      expect({ ...recalled, seen: [] }).toEqual({ ...learnt, seen: [] });
      values += learnt.seen.flat().length;
    }
    expect(wrong).toEqual([]);
    expect(values).toBeGreaterThan(300);
  }, 60_000);

  it('is found again by the condition of each value, and by no other event', async () => {
    const events = served(21).slice(0, 40).map((event, n) => ({ ...event, principal: { principal_uid: `q${n}`, kind: 'client' as const, id: 'q' } })); // prettier-ignore
    const v6 = ['2001:db8:1:2:aaaa::9', '2001:db8::9', '::ffff:192.0.2.7', '10.1.2.3', 'a-host'].map((address, n) => ({
      ...makeEvent({ timeMs: Date.UTC(2026, 0, 5), token: 'v6' }),
      principal: { principal_uid: `v6 ${n}`, kind: 'client' as const, id: 'v6' },
      client: { address },
    }));
    const all = [...events, ...v6];
    await opened.store.writer.insertEvents(all.map((event, n) => ({ event, partition: 2, offset: BigInt(n) })), 'conditions'); // prettier-ignore
    const wrong: unknown[] = [];
    for (const event of all) {
      const told = dimensions.filter(({ of }) => of(event) !== '');
      const sums = told.map(({ condition }) => `countIf(${condition(event)})`).join(', ');
      const found = await opened.value(
        `SELECT [${sums}] FROM events_v1 WHERE principal_uid = '${event.principal.principal_uid}'`,
      );
      told.forEach(({ name, of }, n) => {
        if (Number((found as readonly unknown[])[n]) !== 1) wrong.push([name, of(event), event.client]);
      });
    }
    expect(wrong).toEqual([]);
  }, 60_000);

  it('is filled from the events of the last month that were there before, once', async () => {
    const nowMs = Date.now();
    const events = Array.from({ length: 60 }, (_, n) => makeEvent({ timeMs: nowMs - n * DAY_MS, token: 'a', principal: 'filled' })); // prettier-ignore
    await opened.store.writer.insertEvents(events.map((event, n) => ({ event, partition: 1, offset: BigInt(n) })), 'fill'); // prettier-ignore
    const known = () =>
      opened.rows("SELECT dimension, value, day, min(first_time), max(last_time), sum(uses) FROM principal_values WHERE principal_uid = 'test|filled' AND day > today() - 31 GROUP BY ALL ORDER BY ALL"); // prettier-ignore
    const before = await known();
    await opened.command('DROP VIEW principal_values_feed');
    await opened.command('DROP TABLE principal_values');
    for (let time = 0; time < 2; time += 1) {
      for (const statement of renderMigration(template, { kind: 'single' })) await opened.command(statement);
      expect(await known()).toEqual(before);
    }
    expect(before.length).toBeGreaterThan(100);
  }, 60_000);
});

describe('novelty in a worker that has a past', () => {
  it('lets a worker know at once what is new, though the detector is new to it', async () => {
    const T0 = Date.UTC(2026, 0, 5, 9);
    const use = (timeMs: number, address: string): TokenEvent => {
      const event = makeEvent({ timeMs, token: 'key', principal: 'export', id: `${timeMs} ${address}` });
      return {
        ...event,
        principal: { principal_uid: 'idp|export', kind: 'client', id: 'export' },
        client: { address },
      };
    };
    const before = Array.from({ length: 6 * 24 }, (_, n) => use(T0 + n * 3_600_000, '10.128.0.9'));
    const thief = use(T0 + 6 * DAY_MS + 7_200_000, '203.0.113.66');
    await withParts(2, async (parts) => {
      expect(await findingsOf(parts, before, ['novelty'])).toEqual([]);
      const found = await findingsOf(parts, [use(T0 + 6 * DAY_MS + 7_000_000, '10.128.0.9'), thief], []);
      expect(found.map(({ score }) => score.measure).sort()).toEqual(['machine_outside', 'new_network']);
    });
    await withParts(2, async (parts) => {
      // Without a past there is nothing to compare with.
      expect(await findingsOf(parts, [thief], [])).toEqual([]);
    });
  }, 60_000);
});

/** Of novelty, in one life of a worker. */
async function findingsOf(parts: RealParts, events: readonly TokenEvent[], disabled: 'novelty'[]): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  const worker = makeWorker(parts, {
    options: { blockAgeMs: 50, idleFlushMs: 50, checkpointIntervalMs: 200 },
    detectors: detectorsOptionsSchema.parse({ disabled }),
    onFinding: (findings) => {
      found.push(...findings.filter(({ detector }) => detector === 'novelty'));
      return Promise.resolve();
    },
  });
  await worker.start();
  await appendEvents(parts.log, events, 10);
  await until(() => worker.caughtUp());
  await worker.stop(10_000);
  return found;
} // prettier-ignore
