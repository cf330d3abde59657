import { createBaselineDetector } from '../../../../detectors/baseline/baseline-detector.js';
import { baselineOptionsSchema } from '../../../../detectors/baseline/baseline-options.js';
import type { AnyDetector } from '../../../../detectors/core/detector.js';
import { toPrincipalEvent } from '../../../../detectors/core/principal-event.js';
import { isToldAgain, type ToldRequest } from '../../../../detectors/core/told-once.js';
import { KeyedState } from '../../../../detectors/worker/keyed-state.js';
import { PartitionRuntime } from '../../../../detectors/worker/partition-runtime.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { makeEvent } from '../../../support/token-events.js';
import { seededRandom } from '../../../support/random.js';

const T0 = Date.UTC(2026, 0, 5, 10);

const line = (atMs: number, format: string, id: string | null, change: Partial<TokenEvent> = {}): TokenEvent => {
  const event = makeEvent({ timeMs: T0 + atMs, token: 't' });
  return {
    ...event,
    source: { product: 'nginx', instance: 'edge', kind: 'proxy', record_type: format },
    target: { service: 'api', method: 'GET', path: '/a', status: 200 },
    ...(id === null ? {} : { trace: { request_id: id } }),
    ...change,
  };
};
const counted = (events: readonly TokenEvent[]): number => {
  const told: ToldRequest[] = [];
  return events.filter((event) => !isToldAgain(told, event, Date.parse(event.time))).length;
};

describe('a request that several lines tell of', () => {
  it('counts once in whichever order its lines come, and a retry with the same id again', () => {
    const lines = ['json', 'combined'].flatMap((format) => [line(0, format, 'a'), line(40, format, 'a'), line(50, format, 'b')]);
    const random = seededRandom(4);
    for (let round = 0; round < 20; round += 1) {
      const mixed = lines.map((one) => ({ one, rank: random() })).sort((a, b) => a.rank - b.rank);
      expect(counted(mixed.map(({ one }) => one))).toBe(3);
    }
  }); // prettier-ignore

  it('is told again only by the same proxy, of the same thing, within the time of a join', () => {
    const first = line(0, 'json', 'a');
    const others = [
      line(1, 'combined', 'a', { source: { product: 'nginx', instance: 'other', kind: 'proxy', record_type: 'combined' } }),
      line(1, 'combined', 'a', { target: { service: 'api', method: 'GET', path: '/b', status: 200 } }),
      line(1, 'combined', 'b'),
      line(15_001, 'combined', 'a'),
      line(1, 'combined', 'a', { action: 'refresh' }),
    ];
    for (const other of others) expect(counted([first, other])).toBe(2);
    expect(counted([first, line(15_000, 'combined', 'a')])).toBe(1);
    // Without an id: by status and second.
    expect(counted([line(5, 'json', null), line(999, 'combined', null)])).toBe(1);
    expect(counted([line(5, 'json', null), line(1000, 'combined', null)])).toBe(2);
  }); // prettier-ignore

  it('hides nothing behind an id that a caller sends again and again', () => {
    expect(counted(Array.from({ length: 3000 }, (_, n) => line(n * 10, 'json', 'same')))).toBe(3000);
  });

  it('is remembered within bounds', () => {
    const told: ToldRequest[] = [];
    for (let n = 0; n < 5000; n += 1) isToldAgain(told, line(n, 'json', `r${n}`), T0 + n);
    expect(told.length).toBe(256);
    isToldAgain(told, line(60_000, 'json', 'late'), T0 + 60_000);
    expect(told.length).toBe(1);
  });

  it('is the same request to the principal stage, which is given neither path nor trace', () => {
    const person = { principal_uid: 'p', kind: 'user', id: 'p' } as const;
    const both = ['json', 'combined'].map((format) => toPrincipalEvent(line(7, format, 'a', { principal: person }))!);
    expect(JSON.stringify(both)).not.toContain('/a');
    expect(counted(both)).toBe(1);
    expect(counted([...both, toPrincipalEvent(line(7, 'json', 'c', { principal: person }))!])).toBe(2);
  });

  it('counts once for a detector, over a restart between its lines and when a line comes late', () => {
    const detectors: AnyDetector[] = [createBaselineDetector(baselineOptionsSchema.parse({ requests_min: 1 }))];
    const options = { detectors, allowedLatenessMs: 1000, entitiesMax: 10 };
    const runtimes = [new PartitionRuntime(options), new PartitionRuntime(options)];
    const lines = Array.from({ length: 30 }, (_, n) => [line(n * 400, 'json', `r${n}`), line(n * 400 + 20, 'combined', `r${n}`)]).flat();
    lines.push(line(3 * 400, 'third', 'r3'));
    const uid = lines[0]?.token?.token_uid ?? '';
    let running = runtimes[0]!;
    lines.forEach((event, n) => {
      if (n === 31) {
        running.flush();
        const kept = running.keyed.encode(running.keyed.peek(uid)!);
        running = runtimes[1]!;
        running.restore(uid, kept);
        running.resumeAt(Date.parse(event.time));
      }
      running.offer(event, { offset: BigInt(n), ordinal: 0 });
    });
    running.flush();
    expect(running.keyed.peek(uid)?.states[0]).toMatchObject({ requests: 30 });
    const empty = new KeyedState(detectors, { max: 1 });
    expect(empty.encode(empty.touch('x'))).not.toHaveProperty('told');
  }); // prettier-ignore
});
