import { readFileSync } from 'node:fs';
import { systemClock } from '../../../ingest/core/clock.js';
import { HopEvaluator } from '../../../ingest/store/hops/hop-evaluator.js';
import { renderMigration } from '../../../ingest/store/migration-template.js';
import { makeEvent } from '../../support/token-events.js';
import { openTestStore, type TestStore } from './support.js';

const T0 = Date.UTC(2026, 0, 5, 10);
const MINUTE_MS = 60_000;
const template = readFileSync(
  new URL('../../../ingest/store/migrations/0017_token_contexts.sql', import.meta.url),
  'utf8',
);

describe('migration 0017', () => {
  let opened: TestStore;
  beforeAll(async () => {
    opened = await openTestStore();
  });
  afterAll(() => opened.close());

  const migrate = async (): Promise<void> => {
    for (const statement of renderMigration(template, { kind: 'single' })) await opened.command(statement);
  };
  const counts = (): Promise<unknown> =>
    opened.rows(`SELECT
      (SELECT groupArray((bucket, n)) FROM (SELECT bucket, sum(lines) AS n FROM hop_buckets GROUP BY bucket ORDER BY bucket)) AS buckets,
      (SELECT groupArray((minute, n)) FROM (SELECT minute, sum(lines) AS n FROM event_minutes GROUP BY minute ORDER BY minute)) AS minutes,
      (SELECT groupArray((source, user_agent, client_country, callee_told)) FROM (SELECT * FROM hops FINAL WHERE is_hop ORDER BY line)) AS hops`);

  it('fills what a kill left out of the fillings before it, fills hops found before, and changes nothing again', async () => {
    const old = Array.from({ length: 40 }, (_, n) => ({
      ...makeEvent({ timeMs: T0 + n * 20_000, token: 'a', id: `old ${n}` }),
      user_agent: 'curl/8',
      client: { address: '192.0.2.7', geo: { country_iso_code: 'DE' } },
    }));
    // Read only now: its block may be under way, so nobody counts it twice.
    const fresh = { ...makeEvent({ timeMs: T0 - 60 * MINUTE_MS, token: 'a', id: 'fresh' }), observed_time: new Date().toISOString() };
    await opened.store.writer.insertEvents([...old, fresh].map((event, n) => ({ event, partition: 0, offset: BigInt(n) })), 'old');
    await new HopEvaluator(opened.store, systemClock).pass();
    const whole = await counts();
    expect(JSON.stringify(whole)).toContain('curl/8');

    const last = Math.floor((T0 + 5 * MINUTE_MS) / MINUTE_MS);
    await opened.command(`ALTER TABLE hop_buckets DELETE WHERE bucket >= ${last * 4} SETTINGS mutations_sync = 2`);
    await opened.command(`ALTER TABLE event_minutes DELETE WHERE minute >= ${last} SETTINGS mutations_sync = 2`);
    await opened.command(`ALTER TABLE hops UPDATE source = '', user_agent = '', client_country = '' WHERE 1 SETTINGS mutations_sync = 2`);
    expect(await counts()).not.toEqual(whole);
    await migrate();
    expect(await counts()).toEqual(whole);
    await migrate();
    expect(await counts()).toEqual(whole);

    await opened.command(`ALTER TABLE hop_buckets DELETE WHERE bucket < ${(T0 / MINUTE_MS) * 4} SETTINGS mutations_sync = 2`);
    await migrate();
    expect(await opened.value(`SELECT count() FROM hop_buckets WHERE bucket < ${(T0 / MINUTE_MS) * 4}`)).toBe(0);
  }, 60_000); // prettier-ignore
});
