import { AppError } from '../../../../ingest/core/errors.js';
import {
  inHalves,
  panesOf,
  ruleBatches,
  sharedBatches,
  type RuleBatch,
} from '../../../../detectors/worker/rules/rule-batches.js';
import { planWindow } from '../../../../detectors/rules/window-plan.js';

const minutesOf = (from: number, count: number, lines: number) =>
  Array.from({ length: count }, (_, n) => ({ minute: from + n, lines }));
const whole = (minutes: RuleBatch['minutes']): RuleBatch => ({ minutes, nextMinute: null });
const starved = (): AppError => {
  const engine = Object.assign(new Error('Memory limit exceeded'), { clickhouseCode: 241 });
  return new AppError('TQ_STORE_UNAVAILABLE', 'No.', { retryable: true, cause: engine });
};
/** Panes of all batches, each as often as it is looked at. */
const looked = (batches: readonly RuleBatch[], plan: ReturnType<typeof planWindow>, lastPane: number): number[] =>
  batches.flatMap((batch) => {
    const { fromPane, toPane } = panesOf(batch, plan, lastPane);
    return Array.from({ length: Math.max(0, toPane - fromPane + 1) }, (_, n) => fromPane + n);
  });

describe('batches of rules', () => {
  it.each([600, 3600, 86_400])('look at every window of %i s once, those that reach beyond the last minute too', (timespan) => {
    const plan = planWindow(timespan);
    const minutes = minutesOf(29_000_000, 6000, 5000);
    const batches = ruleBatches({ minutes, nextMinute: null }, plan);
    expect(batches.length).toBeGreaterThan(2);
    expect(batches.flatMap((batch) => batch.minutes)).toEqual(minutes);
    const panes = looked(batches, plan, Infinity);
    const [first, last] = [panes[0]!, panes.at(-1)!];
    expect(panes).toEqual(Array.from({ length: last - first + 1 }, (_, n) => first + n));
    expect(first).toBe(Math.floor((29_000_000 * 60) / plan.paneS));
    expect(last).toBe(Math.floor((29_006_000 * 60 - 1) / plan.paneS) + plan.panesBefore);
    expect(looked(batches, plan, last - 3).at(-1)).toBe(last - 3);
  }); // prettier-ignore

  it('hold the minutes of a sparse log together, and part them where a day lies between', () => {
    const plan = planWindow(300);
    const seventh = (from: number) => Array.from({ length: 200 }, (_, n) => ({ minute: from + n * 7, lines: 1 }));
    const minutes = [...seventh(29_000_000), ...seventh(29_003_000)];
    const batches = ruleBatches({ minutes, nextMinute: null }, plan);
    expect(batches.map((batch) => batch.minutes.length)).toEqual([200, 200]);
    const panes = looked(batches, plan, Infinity);
    const single = minutes.flatMap((one) => looked([{ minutes: [one], nextMinute: one.minute + 7 }], plan, Infinity));
    expect(single.filter((pane) => !panes.includes(pane))).toEqual([]);
    expect(new Set(panes).size).toBe(panes.length);
  });

  it('of several rules are shared as far as one read serves them, and each rule keeps its own minutes', () => {
    const plan = planWindow(3600);
    const early = minutesOf(29_000_000, 3000, 1500);
    const late = [...minutesOf(29_002_000, 2000, 1500), ...minutesOf(29_090_000, 5, 1)];
    const shared = [...sharedBatches(new Map([['early', early], ['late', late], ['none', []]]))]; // prettier-ignore
    // Five million lines, the rest of them, and what lies months later.
    expect(shared.map((batches) => [...batches.keys()])).toEqual([['early', 'late'], ['late'], ['late']]);
    for (const [rule, minutes] of [
      ['early', early],
      ['late', late],
    ] as const) {
      const own = shared.flatMap((batches) => batches.get(rule) ?? []);
      expect(own.flatMap((batch) => batch.minutes)).toEqual(minutes);
      expect(own.map(({ nextMinute }) => nextMinute)).toEqual([
        ...own.slice(1).map((one) => one.minutes[0]!.minute),
        null,
      ]);
      const panes = looked(own.flatMap((batch) => ruleBatches(batch, plan)), plan, Infinity); // prettier-ignore
      expect(new Set(panes).size).toBe(panes.length);
      expect(looked(own.flatMap((batch) => ruleBatches(batch, plan, true)), plan, Infinity)).toEqual(panes); // prettier-ignore
    }
  });

  it('are asked in halves as long as the engine starves, and look at every window once', async () => {
    const plan = planWindow(600);
    const [batch] = ruleBatches(whole(minutesOf(29_000_000, 100, 10)), plan);
    const done: RuleBatch[] = [];
    await inHalves(batch!, (part) => {
      if (part.minutes.length > 30) return Promise.reject(starved());
      done.push(part);
      return Promise.resolve();
    });
    expect(done.map(({ minutes }) => minutes.length)).toEqual([25, 25, 25, 25]);
    expect(looked(done, plan, Infinity)).toEqual(looked([batch!], plan, Infinity));
  });

  it('give up on a single minute that starves, and on other errors at once', async () => {
    const [batch] = ruleBatches(whole(minutesOf(29_000_000, 4, 10)), planWindow(600));
    await expect(inHalves(batch!, () => Promise.reject(starved()))).rejects.toMatchObject({ message: 'No.' });
    let asked = 0;
    const other = inHalves(batch!, () => {
      asked += 1;
      return Promise.reject(new Error('gone'));
    });
    await expect(other).rejects.toThrow('gone');
    expect(asked).toBe(1);
  });
});
