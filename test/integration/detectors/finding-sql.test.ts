import { runScenario, scenarioNames } from '../../support/scenario.js';
import { createFailuresDetector } from '../../../detectors/failures/failures-detector.js';
import { failuresOptionsSchema } from '../../../detectors/failures/failures-options.js';
import { createLifecycleDetector } from '../../../detectors/lifecycle/lifecycle-detector.js';
import { lifecycleOptionsSchema } from '../../../detectors/lifecycle/lifecycle-options.js';
import { PartitionRuntime } from '../../../detectors/worker/partition-runtime.js';
import { deterministicUuid } from '../../../ingest/event/event-uid.js';
import { formatTime } from '../../../ingest/event/time.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { makeEvent } from '../../support/token-events.js';
import { openTestStore, type TestStore } from '../store/support.js';

const T0 = Date.UTC(2026, 0, 5, 9);
const DAY_MS = 86_400_000;

/** Their traffic is long; the SQL of their detectors runs in worker.test.ts, but for that of drops. */
const statistical = /^(?:rate|baseline)\/(?!signal-half-of-the-callers-gone$)/;
const runs = scenarioNames.filter((name) => !statistical.test(name)).map(runScenario);
const findings = runs.flatMap(({ name, found }) =>
  found.map((finding) => [`${name} ${finding.score.measure}`, finding] as const),
);

describe('the SQL of findings, on the ClickHouse engine with the events of all scenarios', () => {
  let opened: TestStore;

  beforeAll(async () => {
    opened = await openTestStore();
    const events = runs.flatMap((run) => run.events);
    const positioned = events.map((event, n) => ({ event, partition: 0, offset: BigInt(n) }));
    await opened.store.writer.insertEvents(positioned, 'all scenarios');
  }, 60_000);
  afterAll(() => opened.close());

  it.each(findings)('%s', async (_name, { sql, score }) => {
    expect(Number(await opened.value(sql))).toBeCloseTo(score.observed, 6);
  });

  /** Each in both formats of one proxy's log. */
  const inTwoFormats = (count: number, event: (n: number) => TokenEvent): TokenEvent[] =>
    Array.from({ length: count }, (_, n) =>
      ['json', 'combined'].map((format) => ({
        ...event(n),
        event_uid: deterministicUuid('two formats', event(n).event_uid, format),
        source: { product: 'nginx', instance: 'edge', kind: 'proxy', record_type: format } as const,
        trace: { request_id: `request ${n}` },
      })),
    ).flat();
  const guess = (n: number): TokenEvent =>
    makeEvent({ timeMs: T0 + n * 500, token: 'guessed', secret: `${n}`, outcome: 'failure', status: 401, id: `g${n}` });
  const heavyUse = (n: number): TokenEvent => {
    const event = makeEvent({ timeMs: T0 + n * 500, token: 'expiring', id: `u${n}` });
    const times = { issued_at: formatTime(T0 - 90 * DAY_MS), expires_at: formatTime(T0 + DAY_MS) };
    return { ...event, token: { ...event.token!, kind: 'api_key', ...times } };
  };
  it.each([
    // One has leaked away by then.
    ['refusals', createFailuresDetector(failuresOptionsSchema.parse({})), 'guesses', guess, 11],
    ['uses', createLifecycleDetector(lifecycleOptionsSchema.parse({ heavy_uses: 10 })), 'expires_in_heavy_use', heavyUse, 10],
  ] as const)('counts %s of a log that tells each in two formats once, as the detector does', async (_, detector, measure, event, due) => {
    const events = inTwoFormats(12, event);
    const runtime = new PartitionRuntime({ detectors: [detector], allowedLatenessMs: 1000, entitiesMax: 10 });
    events.forEach((one, n) => runtime.offer(one, { offset: BigInt(n), ordinal: 0 }));
    runtime.flush();
    await opened.store.writer.insertEvents(events.map((one, n) => ({ event: one, partition: 1, offset: BigInt(n) })), measure);
    const found = runtime.takeFindings().find(({ score }) => score.measure === measure);
    expect(found?.score.observed).toBe(due);
    expect(Number(await opened.value(found?.sql ?? ''))).toBe(due);
  }); // prettier-ignore
});
