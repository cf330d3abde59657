import { runScenario, scenarioNames } from '../../support/scenario.js';
import { openTestStore, type TestStore } from '../store/support.js';

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
});
