import { evaluateRule } from '../../../detectors/worker/rules/evaluate-rule.js';
import { evaluateRules } from '../../../detectors/worker/rules/evaluate-rules.js';
import { panesOf, ruleBatches } from '../../../detectors/worker/rules/rule-batches.js';
import { eventMinutes } from '../../../detectors/worker/rules/rule-queries.js';
import type { ActiveRule } from '../../../detectors/worker/rules/rule-set.js';
import { compileRule } from '../../../detectors/rules/compile.js';
import { readRules } from '../../../detectors/rules/read-rules.js';
import { AppError } from '../../../ingest/core/errors.js';
import type { MinuteLines } from '../../../ingest/store/minute-batches.js';
import type { Querier } from '../../../ingest/store/store.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { Dice } from '../../eval/dice.js';
import { makeEvent } from '../../support/token-events.js';
import { openTestStore, type TestStore } from '../store/support.js';

const T0 = Date.UTC(2025, 2, 3, 9, 0, 0);
const EVENTS = 3000;
const DAYS = 2;

/** Few of everything, so that each rule holds for some and not for others. */
function randomEvent(dice: Dice, n: number): TokenEvent {
  const failed = dice.chance(0.3);
  const event = makeEvent({
    // Bursts and gaps: the square leaves most of the time empty.
    timeMs: T0 + Math.floor(dice.between(0, 1) ** 2 * DAYS * 86_400_000),
    id: `survey ${n}`,
    token: `token ${dice.whole(0, 12)}`,
    principal: `user ${dice.whole(0, 8)}`,
    action: dice.pick(['use', 'use', 'use', 'login', 'grant']),
    outcome: failed ? 'failure' : 'success',
    ...(failed && { reason: dice.pick(['invalid_token', 'invalid_credentials', 'insufficient_scope']) }),
    status: failed ? 403 : 200,
  });
  return {
    ...event,
    client: {
      address: `198.51.100.${dice.whole(0, 20)}`,
      ...(dice.chance(0.9) && { asn: 64_500 + dice.whole(0, 4) }),
    },
    target: {
      ...event.target,
      path: `/orders/${dice.whole(0, 60)}`,
      service: `service ${dice.whole(0, 3)}`,
      ...(dice.chance(0.5) && { response_bytes: dice.whole(0, 10_000) }),
    },
  };
}

const correlations = [
  ...[1, 3, 6].map((n) => `{ type: event_count, events: [bad], group_by: [token_uid], timespan: 30m, condition: { gte: ${n} } }`),
  '{ type: event_count, events: [bad], group_by: [], timespan: 10m, condition: { gt: 6, lt: 20 } }',
  '{ type: event_count, events: [good], group_by: [client_asn], timespan: 1h, condition: { lte: 3 } }',
  ...[2, 4, 18].map((n) => `{ type: value_count, group_by: [principal_uid], timespan: 6h, condition: { field: client_address, gte: ${n} } }`),
  '{ type: value_count, group_by: [token_uid, target_service], timespan: 1d, condition: { field: [client_network, target_service], gt: 8 } }',
  '{ type: value_count, group_by: [client_address], timespan: 1h, condition: { field: client_asn, eq: 2 }, also: [{ type: event_count, events: [bad], condition: { gte: 2 } }] }',
  '{ type: events_per_value, group_by: [token_uid], timespan: 2h, condition: { field: client_address, gte: 2 } }',
  '{ type: events_per_value, group_by: [token_uid], timespan: 2h, condition: { field: client_address, lte: 1 } }',
  '{ type: ratio, events: [bad], of: [bad, good], group_by: [principal_uid], timespan: 20m, condition: { gte: 0.7 }, also: [{ type: event_count, condition: { gte: 3 } }] }',
  '{ type: ratio, events: [bad], of: [bad, good], group_by: [principal_uid], timespan: 20m, condition: { lte: 0.2 } }',
  '{ type: value_sum, group_by: [token_uid], timespan: 1h, condition: { field: response_bytes, gte: 30000 } }',
  '{ type: value_sum, group_by: [token_uid], timespan: 1h, condition: { field: response_bytes, lte: 100 } }',
  '{ type: value_avg, group_by: [token_uid], timespan: 3h, condition: { field: response_bytes, gt: 8000 } }',
  '{ type: value_percentile, group_by: [token_uid], timespan: 3h, condition: { field: response_bytes, percentile: 50, gt: 8000 } }',
  '{ type: temporal, events: [bad, granted], group_by: [token_uid], timespan: 20m }',
  '{ type: temporal_ordered, events: [granted, bad, good], group_by: [principal_uid], timespan: 40m, also: [{ type: value_count, condition: { field: client_network, gte: 3 } }] }',
  '{ type: new_terms, events: [good], group_by: [token_uid], timespan: 1h, condition: { field: target_path, gte: 3 }, history: 2d, learning: 6h }',
  '{ type: new_terms, group_by: [principal_uid], timespan: 6h, condition: { field: [client_address, target_service], gte: 17 }, history: 1d, learning: 1h }',
  // More groups than a statement is narrowed to; and one that never holds.
  '{ type: event_count, group_by: [token_uid, client_address, target_path], timespan: 1d, condition: { gte: 2 } }',
  '{ type: value_count, group_by: [token_uid], timespan: 1d, condition: { field: client_address, gte: 500 } }',
]; // prettier-ignore
const never = `rule-${correlations.length - 1}`;

function activeRules(): readonly ActiveRule[] {
  return correlations.map((correlation, i) => {
    const text = `{ id: rule-${i}, title: x, description: x, severity: low, events: ${eventsOf(correlation)}, correlation: ${correlation} }`;
    const read = readRules(text);
    if (!read.ok) throw new Error(`${correlation}: ${JSON.stringify(read.error)}`);
    return { compiled: compileRule(read.value[0]!), key: `rule-${i}` };
  });
}

/** A rule may have no event that nothing counts. */
const eventsOf = (correlation: string): string => {
  const used = ['bad', 'good', 'granted'].filter((one) => new RegExp(`\\b${one}\\b`).test(correlation));
  const named = used.length === 0 ? ['good'] : used;
  const of: Record<string, string> = {
    bad: '{ outcome: failure }',
    good: '{ outcome: success }',
    granted: '{ action: grant }',
  };
  return `{ ${named.map((one) => `${one}: ${of[one] ?? ''}`).join(', ')} }`;
};

describe('a survey of rules', () => {
  let opened: TestStore;
  let minutes: readonly MinuteLines[];
  const rules = activeRules();
  const asked: string[] = [];
  let refusals = 0;

  /** What is found in these minutes, with a survey. */
  const surveyed = async (of: readonly MinuteLines[], lastMs = Infinity): Promise<readonly string[]> => {
    const found: string[] = [];
    const querier: Querier = {
      lines: (query, params) => opened.store.querier.lines(query, params),
      run: (query, params, limits) => {
        asked.push(query.name);
        if (query.name === 'rules survey' && refusals > 0) {
          refusals -= 1;
          return Promise.reject(new AppError('TQ_STORE_REFUSED', 'The query met its limit.'));
        }
        return opened.store.querier.run(query, params, limits);
      },
    };
    const lastPaneOf = ({ compiled }: ActiveRule): number => Math.floor(lastMs / (compiled.plan.paneS * 1000));
    await evaluateRules(querier, { minutes: new Map(rules.map((rule) => [rule, of])), lastPaneOf }, {
      look: async ({ key }, _, evaluate) => {
        for (const { finding } of (await evaluate()).found) found.push(`${key} ${JSON.stringify(finding)}`);
      },
      refused: (_, error) => {
        throw error;
      },
    }); // prettier-ignore
    return found.sort();
  };

  /** The same, each rule asked about everything. */
  const plainly = async (of: readonly MinuteLines[], lastMs = Infinity): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const { compiled, key } of rules) {
      const lastPane = Math.floor(lastMs / (compiled.plan.paneS * 1000));
      for (const part of ruleBatches({ minutes: of, nextMinute: null }, compiled.plan)) {
        const range = panesOf(part, compiled.plan, lastPane);
        const { found: own } = await evaluateRule(opened.store.querier, compiled, range);
        for (const { finding } of own) found.push(`${key} ${JSON.stringify(finding)}`);
      }
    }
    return found.sort();
  };

  beforeAll(async () => {
    opened = await openTestStore();
    const dice = new Dice('survey');
    const made = Array.from({ length: EVENTS }, (_, n) => ({
      event: randomEvent(dice, n),
      partition: 0,
      offset: BigInt(n),
    }));
    await opened.store.writer.insertEvents(made, 'survey');
    minutes = await opened.store.querier.run(eventMinutes, { from_minute: 0, to_minute: 100_000_000 });
  });
  afterAll(() => opened.close());

  it('leaves out nothing that any rule finds over days, and asks no rule that cannot hold', async () => {
    asked.length = 0;
    const [own, all] = [await surveyed(minutes), await plainly(minutes)];
    expect(own).toEqual(all);
    expect(asked.filter((name) => name === 'rules survey')).toHaveLength(1);
    expect(asked).toContain('rule rule-0');
    expect(asked).not.toContain(`rule ${never}`);
    const holding = new Set(all.map((one) => one.split(' ')[0]));
    expect(correlations.filter((_, i) => !holding.has(`rule-${i}`))).toEqual([correlations.at(-1)]);
  }, 180_000);

  it.each([0, 400])('nor over three minutes, from the %s-th on, as they are looked at live', async (from) => {
    const some = minutes.slice(from, from + 3);
    const lastMs = ((some.at(-1)?.minute ?? 0) + 1) * 60_000;
    expect(await surveyed(some, lastMs)).toEqual(await plainly(some, lastMs));
  });

  it('asks less at a time where a survey is refused, and then each rule', async () => {
    const some = minutes.slice(200, 203);
    const lastMs = ((some.at(-1)?.minute ?? 0) + 1) * 60_000;
    asked.length = 0;
    refusals = 6;
    expect(await surveyed(some, lastMs)).toEqual(await plainly(some, lastMs));
    expect(asked.filter((name) => name === 'rules survey').length).toBeGreaterThan(8);
    expect(refusals).toBe(0);
  });
});
