import { runScenario, scenarioNames } from '../../support/scenario.js';
import { createFailuresDetector } from '../../../detectors/failures/failures-detector.js';
import { failuresOptionsSchema } from '../../../detectors/failures/failures-options.js';
import { PartitionRuntime } from '../../../detectors/worker/partition-runtime.js';
import { makeEvent } from '../../support/token-events.js';
import { openTestStore, type TestStore } from '../store/support.js';

const T0 = Date.UTC(2026, 0, 5, 9);

/** Their traffic is long; the SQL of their detectors runs in worker.test.ts. */
const statistical = /^(?:rate|baseline)\//;
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

  it('counts refusals of a log that tells each in two formats once, as the detector does', async () => {
    const guesses = Array.from({ length: 12 }, (_, n) =>
      ['json', 'combined'].map((format) => ({
        ...makeEvent({ timeMs: T0 + n * 500, token: 'guessed', secret: `${n}`, outcome: 'failure', status: 401, id: `${n} ${format}` }),
        source: { product: 'nginx', instance: 'edge', kind: 'proxy', record_type: format } as const,
        trace: { request_id: `guess ${n}` },
      })),
    ).flat();
    const runtime = new PartitionRuntime({
      detectors: [createFailuresDetector(failuresOptionsSchema.parse({}))],
      allowedLatenessMs: 1000,
      entitiesMax: 10,
    });
    guesses.forEach((event, n) => runtime.offer(event, { offset: BigInt(n), ordinal: 0 }));
    runtime.flush();
    await opened.store.writer.insertEvents(guesses.map((event, n) => ({ event, partition: 1, offset: BigInt(n) })), 'two formats');
    const [found] = runtime.takeFindings();
    // One has leaked away by then.
    expect(found?.score.observed).toBe(11);
    expect(Number(await opened.value(found?.sql ?? ''))).toBe(11);
  }); // prettier-ignore
});
