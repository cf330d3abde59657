import { compileRule, type CompiledRule } from '../../../detectors/rules/compile.js';
import { readRules } from '../../../detectors/rules/read-rules.js';
import { windowAt } from '../../../detectors/rules/window-plan.js';
import { isToldAgain, type ToldRequest } from '../../../detectors/core/told-once.js';
import { evaluateRule, type RuleEvaluation } from '../../../detectors/worker/rules/evaluate-rule.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { seededRandom } from '../../support/random.js';
import { makeEvent } from '../../support/token-events.js';
import { openTestStore, type TestStore } from '../store/support.js';

const T0 = Date.UTC(2025, 2, 3, 9, 0, 0);

function rule(correlation: string): CompiledRule {
  const read = readRules(
    `{ id: example, title: Example, description: x, severity: low, events: { read: { is_request: true } }, correlation: ${correlation} }`,
  );
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const [first] = read.value;
  if (first === undefined) throw new Error('no rule');
  return compileRule(first);
}

/** A line of a request in one of a proxy's formats; only one of them tells the size, and only one the user agent. */
function line(token: string, atMs: number, format: string, id: string | null, path = '/a'): TokenEvent {
  const event = makeEvent({ timeMs: T0 + atMs, token, id: `${token} ${atMs} ${format} ${id ?? ''} ${path}` });
  return {
    ...event,
    source: { product: 'nginx', instance: 'edge', kind: 'proxy', record_type: format },
    target: { service: 'api', method: 'GET', path, status: 200, ...(format === 'json' && { response_bytes: 100 }) },
    ...(format === 'combined' && { user_agent: `agent of ${path}` }),
    ...(id !== null && { trace: { request_id: id } }),
  };
}

describe('rules count requests, not lines', () => {
  let opened: TestStore;
  let stored = 0;

  const store = async (events: readonly TokenEvent[]): Promise<void> => {
    const positioned = events.map((event) => ({ event, partition: 0, offset: BigInt((stored += 1)) }));
    await opened.store.writer.insertEvents(positioned, `told once ${stored}`);
  };
  const evaluate = (compiled: CompiledRule): Promise<RuleEvaluation> => {
    const pane = Math.floor(T0 / (compiled.plan.paneS * 1000));
    expect(windowAt(compiled.plan, pane).fromMs).toBeLessThan(T0);
    return evaluateRule(opened.store.querier, compiled, { fromPane: pane, toPane: pane });
  };
  /** What was found of a token, as read and as its statement gives it. */
  async function readingOf(token: string, correlation: string): Promise<readonly number[]> {
    const { found } = await evaluate(rule(correlation));
    const own = found.filter(({ finding }) => finding.entity_uid.includes(token));
    const readings: number[] = [];
    for (const { finding } of own) readings.push(finding.score.observed, Number(await opened.value(finding.sql)));
    return readings;
  }

  beforeAll(async () => {
    opened = await openTestStore();
  }, 60_000);
  afterAll(() => opened.close());

  it('of a log that tells each in two formats, with and without ids, as the stream counts them', async () => {
    const random = seededRandom(11);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const events = Array.from({ length: 400 }, () => {
      const atMs = Math.floor(random() * 290_000);
      // Few ids and paths, so that they are used again, in both formats or in one.
      const id = pick(['a', 'b', 'c', null]);
      const path = pick(['/a', '/b']);
      const formats = pick([['json'], ['combined'], ['json', 'combined'], ['combined', 'json', 'json']]);
      return formats.map((format, n) => line('mixed', atMs + n, format, id === null ? null : `${id}${Math.floor(atMs / 20_000)}`, path));
    }).flat();
    await store(events);
    const told: ToldRequest[] = [];
    const inOrder = [...events].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.event_uid < b.event_uid ? -1 : 1));
    const counted = inOrder.filter((event) => !isToldAgain(told, event, Date.parse(event.time))).length;
    expect(counted).toBeLessThan(events.length);
    const all = '{ type: event_count, group_by: [token_uid], timespan: 1h, condition: { gte: 2 } }';
    expect(await readingOf(events[0]!.token!.token_uid, all)).toEqual([counted, counted]);
  }); // prettier-ignore

  it('and hides neither repetition behind one id nor what only the second line tells', async () => {
    const same = Array.from({ length: 50 }, (_, n) => line('same', n * 100, 'json', 'one id'));
    const twice = Array.from({ length: 20 }, (_, n) => [
      line('twice', n * 100, 'combined', `r${n}`, `/o/${n}`),
      line('twice', n * 100 + 1, 'json', `r${n}`, `/o/${n}`),
    ]).flat();
    await store([...same, ...twice]);
    const [sameUid, twiceUid] = [same[0]!.token!.token_uid, twice[0]!.token!.token_uid];
    const of = (type: string, condition: string): string =>
      `{ type: ${type}, group_by: [token_uid], timespan: 1h, condition: ${condition} }`;
    expect(await readingOf(sameUid, of('event_count', '{ gte: 2 }'))).toEqual([50, 50]);
    expect(await readingOf(twiceUid, of('event_count', '{ gte: 2 }'))).toEqual([20, 20]);
    expect(await readingOf(twiceUid, of('event_count', '{ gte: 21 }'))).toEqual([]);
    expect(await readingOf(twiceUid, of('events_per_value', '{ field: target_path, lte: 1 }'))).toEqual([1, 1]);
    expect(await readingOf(twiceUid, of('value_sum', '{ field: response_bytes, gte: 1 }'))).toEqual([2000, 2000]);
    expect(await readingOf(twiceUid, of('value_count', '{ field: user_agent, gte: 2 }'))).toEqual([20, 20]);
  });
});
