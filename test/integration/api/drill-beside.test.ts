import { makeDrill } from '../../../api/drill/attacks.js';
import { DRILL_INSTANCE } from '../../../ingest/event/drill.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { HopEvaluator } from '../../../ingest/store/hops/hop-evaluator.js';
import { nginxFactory } from '../../../ingest/sources/nginx/source.js';
import { T0 } from '../../support/alert-fixtures.js';
import { testContext } from '../../unit/ingest/sources/shared/case-table.js';
import { apiOn, getFrom, type ApiFixture } from './api-fixture.js';
import { emptyStore, HOUR, tokens, traffic, type SeededStore } from './seeded-store.js';

/** The lines of a drill as its source tells them. */
function drill(nowMs: number): TokenEvent[] {
  const source = nginxFactory.create({ format: 'json' });
  const lines = makeDrill()
    .attacks(nowMs)
    .flatMap((attack) => [...attack.history, ...attack.lines]);
  return lines.flatMap((line, offset) => {
    const position = { container: 'drill', offset };
    const parsed = source.parse(line, { ...testContext, instance: DRILL_INSTANCE, observedMs: nowMs, position });
    if (!parsed.ok) throw new Error(parsed.error.message);
    return [...parsed.value];
  });
}

describe('a drill beside the tokens of others', () => {
  let opened: SeededStore;
  let api: ApiFixture;
  let stored = 0;

  const get = getFrom(() => api);
  const store = async (events: readonly TokenEvent[]): Promise<void> => {
    const positioned = events.map((event) => ({ event, partition: 0, offset: BigInt((stored += 1)) }));
    await opened.store.writer.insertEvents(positioned, `drill ${stored}`);
    await new HopEvaluator(opened.store, api.clock).pass();
  };
  const span = `from=${new Date(T0 - 12 * HOUR).toISOString()}&to=${new Date(T0 + HOUR).toISOString()}`;
  /** All that the pages show of a token. */
  async function pageOf(uid: string): Promise<Record<string, unknown>> {
    const paths = {
      token: `/v1/tokens/${uid}?`,
      baseline: `/v1/tokens/${uid}/baseline?${span}`,
      minutes: `/v1/tokens/${uid}/timeline?bucket=1m&${span}`,
      hours: `/v1/tokens/${uid}/timeline?bucket=1h&${span}`,
      usual: `/v1/tokens/${uid}/usual?${span}`,
      calls: `/v1/tokens/${uid}/calls?limit=100&${span}`,
      map: `/v1/map?leaf=tokens&token_uid=${uid}&${span}`,
    };
    const page: Record<string, unknown> = {};
    for (const [name, path] of Object.entries(paths)) page[name] = await get(path);
    return page;
  }

  beforeAll(async () => {
    opened = await emptyStore();
    api = await apiOn(opened.store);
    await store(traffic());
  });
  afterAll(async () => {
    await api.app.close();
    await opened.close();
  });

  it('changes nothing of their page: chart, band, usual values, calls and map are the same', async () => {
    const before = new Map<string, Record<string, unknown>>();
    for (const uid of tokens) before.set(uid, await pageOf(uid));
    const [first] = tokens;
    const { hours } = before.get(first)?.['baseline'] as { hours: { requests: number }[] };
    expect(hours.reduce((sum, { requests }) => sum + requests, 0)).toBeGreaterThan(500);

    const sent = drill(T0 - 30 * 60_000);
    expect(new Set(sent.map(({ source }) => source.instance))).toEqual(new Set([DRILL_INSTANCE]));
    await store(sent);

    for (const [uid, page] of before) expect(await pageOf(uid)).toEqual(page);
    // It is in the inventory, under its own names only.
    const { items } = await get<{ items: { token_uid: string; uses: number }[] }>('/v1/tokens?limit=200');
    const drilled = items.filter(({ token_uid: uid }) => !tokens.includes(uid));
    expect(new Set(drilled.map(({ token_uid: uid }) => uid))).toEqual(
      new Set(sent.flatMap(({ token }) => (token === undefined ? [] : [token.token_uid]))),
    );
    expect(drilled.reduce((sum, { uses }) => sum + uses, 0)).toBe(sent.filter(({ token }) => token !== undefined).length);
  }); // prettier-ignore
});
