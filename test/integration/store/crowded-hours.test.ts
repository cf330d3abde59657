import { systemClock } from '../../../ingest/core/clock.js';
import { HopEvaluator } from '../../../ingest/store/hops/hop-evaluator.js';
import type { EventWriter } from '../../../ingest/store/store.js';
import { openTestStore, type TestStore } from './support.js';

/** One request each: more than goes in with its mark. */
const TOKENS = 120_000;
const HOUR = 490_000;

describe('roll-ups of an hour with very many tokens', () => {
  let opened: TestStore;
  beforeAll(async () => {
    opened = await openTestStore();
    await opened.command(
      `INSERT INTO hops (minute, line, version, is_hop, time, target_service, seen_from, token_uid, outcome, callee_told)
       SELECT ${HOUR * 60} + intDiv(number, 5000), number, 5000, true, fromUnixTimestamp64Milli(${HOUR * 3_600_000} + number * 10),
         'orders', 'callee', concat('tok_', toString(number)), 'success', true
       FROM numbers(${TOKENS})`,
    );
  });
  afterAll(() => opened.close());

  const countsIn = (table: string): string => `
    SELECT '${table}' AS t, toInt32(sum(requests)) AS requests, toInt32(uniqExactIf(token_uid, token_uid != '')) AS tokens,
      toInt32(countIf(token_uid = '')) AS marks
    FROM ${table} FINAL`;
  const counts = (): Promise<unknown> =>
    opened.rows(`SELECT * FROM (${countsIn('token_hours')} UNION ALL ${countsIn('token_contexts')}) ORDER BY t DESC`);

  it('are marked as made after all of their rows, and made anew until they are', async () => {
    const { writer, querier } = opened.store;
    const derived: string[] = [];
    let stopBefore = 'mark-token-hours';
    const stopping: EventWriter = Object.assign(Object.create(writer) as EventWriter, {
      derive: (async (derivation, params) => {
        if (derivation.name === stopBefore) throw new Error(`stopped before ${stopBefore}`);
        derived.push(derivation.name);
        await writer.derive(derivation, params);
      }) satisfies EventWriter['derive'],
    });
    const pass = (): Promise<unknown> => new HopEvaluator({ querier, writer: stopping }, systemClock).pass();

    await expect(pass()).rejects.toThrow('stopped');
    expect(await counts()).toEqual([
      { t: 'token_hours', requests: TOKENS, tokens: TOKENS, marks: 0 },
      { t: 'token_contexts', requests: 0, tokens: 0, marks: 0 },
    ]);
    stopBefore = 'mark-token-contexts';
    await expect(pass()).rejects.toThrow('stopped');
    stopBefore = '';
    await pass();
    expect(await counts()).toEqual([
      { t: 'token_hours', requests: TOKENS, tokens: TOKENS, marks: 1 },
      { t: 'token_contexts', requests: TOKENS, tokens: TOKENS, marks: 1 },
    ]);
    expect(derived).toEqual([
      'roll-up-token-hours',
      ...['roll-up-token-hours', 'mark-token-hours', 'roll-up-hours', 'roll-up-token-contexts'],
      ...['roll-up-token-contexts', 'mark-token-contexts'],
    ]);
    derived.length = 0;
    await pass();
    expect(derived).toEqual([]);
  });
});
