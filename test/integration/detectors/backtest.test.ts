import { z } from 'zod';
import { explain } from '../../../api/explain/explain.js';
import { defaultPolicy } from '../../../api/alerts/policy.js';
import { runBacktest } from '../../../api/backtest/run-backtest.js';
import { StageRuns } from '../../../api/backtest/stage-runs.js';
import { detectorsOptionsSchema } from '../../../detectors/registry.js';
import { readHistory } from '../../../detectors/worker/history.js';
import { RuleSet } from '../../../detectors/worker/rules/rule-set.js';
import { silentLogger } from '../../../ingest/core/logger.js';
import { workerOptionsSchema } from '../../../detectors/worker/worker-options.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { defineQuery } from '../../../ingest/store/query.js';
import type { Querier } from '../../../ingest/store/store.js';
import { appendEvents, makeWorker, until, withParts } from '../../support/real-worker.js';
import { runScenario } from '../../support/scenario.js';
import { makeEvent } from '../../support/token-events.js';

const findingsQuery = defineQuery({
  name: 'test_findings',
  sql: 'SELECT DISTINCT toString(finding_uid) AS uid, detector FROM findings ORDER BY uid',
  params: z.object({}),
  row: z.object({ uid: z.string(), detector: z.string() }),
});
const countQuery = defineQuery({
  name: 'test_counts',
  sql: 'SELECT (SELECT count() FROM token_events) AS events, (SELECT count() FROM findings) AS findings, (SELECT count() FROM detector_state) AS states',
  params: z.object({}),
  row: z.record(z.string(), z.coerce.number()),
});

const findingQuery = defineQuery({
  name: 'test_finding',
  sql: 'SELECT detector, measure, entity_kind, entity_uid, severity, observed, expected, sample_count, evidence FROM findings FINAL WHERE finding_uid = toUUID({uid:String})',
  params: z.object({ uid: z.string() }),
  row: z.object({
    detector: z.string(),
    measure: z.string(),
    entity_kind: z.string(),
    entity_uid: z.string(),
    severity: z.string(),
    observed: z.number(),
    expected: z.number(),
    sample_count: z.number(),
    evidence: z.array(z.string()),
  }),
});
const tokenQuery = defineQuery({
  name: 'test_token',
  sql: "SELECT token_uid AS uid FROM token_events WHERE token_uid != '' ORDER BY token_uid LIMIT 1",
  params: z.object({}),
  row: z.object({ uid: z.string() }),
});

const scenarios = [
  'concurrent/attack-tool-beside-a-browser',
  'lifecycle/attack-used-after-revocation-from-elsewhere',
  'lifecycle/attack-re-signed-with-another-key',
  'failures/attack-password-guessing',
  'session/attack-refresh-token-used-twice',
  'binding/attack-dpop-token-with-another-key',
  'travel/attack-paris-then-sydney',
  'exchange/attack-collection-carried-off',
];

/** Somebody tries an account each ten seconds from one address, until then: no partition comes to be later than another by it. */
const stuffing = (endMs: number): readonly TokenEvent[] =>
  Array.from({ length: 40 }, (_, i) => ({
    ...makeEvent({
      timeMs: endMs - i * 10_000,
      kind: 'issuer',
      action: 'login',
      outcome: 'failure',
      reason: 'invalid_credentials',
      principal: `user-${i}`,
      id: `stuffing ${i}`,
    }),
    client: { address: '198.51.100.7' },
  }));
const isOfRule = (detector: string): boolean => detector.startsWith('rule:');

/** The deciding event of each of these findings is explained by the very numbers of the finding. */
async function checkExplanations(
  querier: Querier,
  live: readonly { readonly uid: string; readonly detector: string }[],
): Promise<void> {
  const deps = { querier, allowedLatenessMs: 1000, lookBackMs: 40 * 86_400_000 };
  const ofEachDetector = new Map(live.map((finding) => [finding.detector, finding.uid]));
  for (const uid of ofEachDetector.values()) {
    const [finding] = await querier.run(findingQuery, { uid });
    const explained = await explain(finding!.evidence[0]!, deps);
    if (explained.kind !== 'event') throw new Error('no event');
    expect(explained.event.event_uid).toBe(finding!.evidence[0]);
    expect(explained.stored).toHaveLength(1);
    const stage = explained.stages.find(({ stage: name }) => name === finding!.entity_kind);
    expect(stage?.entityUid).toBe(finding!.entity_uid);
    const reading = stage?.detectors
      .find(({ detector }) => detector === finding!.detector)
      ?.readings.find(({ measure }) => measure === finding!.measure);
    expect(reading?.verdict?.severity).toBe(finding!.severity);
    expect(reading?.observed).toBeCloseTo(finding!.observed);
    expect(reading?.expected).toBeCloseTo(finding!.expected);
    expect(reading?.sampleCount).toBe(finding!.sample_count);
  }
  const [token] = await querier.run(tokenQuery, {});
  const explained = await explain(token!.uid, deps);
  expect(explained).toMatchObject({ kind: 'token', last: { event: { token: { token_uid: token!.uid } } } });
  await expect(explain('tok_0000000000000000000000', deps)).rejects.toMatchObject({ code: 'TQ_NOT_FOUND' });
  await expect(explain('00000000-0000-8000-8000-000000000000', deps)).rejects.toMatchObject({ code: 'TQ_NOT_FOUND' });
  await expect(explain("x' OR 1", deps)).rejects.toMatchObject({ code: 'TQ_REQUEST_INVALID' });
}

describe('backtest on the ClickHouse engine', () => {
  it('finds exactly what the worker found live, and writes nothing', async () => {
    const told = scenarios.flatMap((name) => runScenario(name).events);
    const endMs = Math.max(...told.map(({ time }) => Date.parse(time)));
    const events = [...told, ...stuffing(endMs)].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    await withParts(2, async (parts) => {
      await appendEvents(parts.log, events);
      const shipped = { pack: true, disabled: [], observe: [] };
      const rules = new RuleSet(shipped, silentLogger);
      const options = { latenessMs: 15_000, lookbackMs: 86_400_000 };
      const worker = makeWorker(parts, { ruleDuty: { rules, options, byItself: false } });
      await worker.start();
      await until(() => worker.caughtUp(), 60_000);
      await worker.finish();
      await worker.stop(20_000);
      const live = await parts.store.querier.run(findingsQuery, {});
      expect(new Set(live.map(({ detector }) => detector)).size).toBeGreaterThanOrEqual(7);
      expect(live.map(({ detector }) => detector)).toContain('rule:credential-stuffing');
      const before = await parts.store.querier.run(countQuery, {});

      const { querier } = parts.store;
      const fromMs = Date.parse('2026-01-01T00:00:00Z');
      const span = { fromMs, toMs: fromMs + 365 * 86_400_000 };
      const stored: TokenEvent[] = [];
      for await (const page of readHistory(querier, span)) stored.push(...page);
      // What was written comes back as it was.
      const byUid = new Map(events.map((event) => [event.event_uid, event]));
      expect(stored).toHaveLength(byUid.size);
      for (const event of stored) expect(event).toEqual(byUid.get(event.event_uid));

      // As good as disabled: it is off for tokens of every kind.
      const kinds = new Set(events.map(({ token }) => token?.kind));
      const overrides = [...kinds].flatMap((kind) => (kind === undefined ? [] : [{ kind, off: ['concurrent'] }]));
      const strict = detectorsOptionsSchema.parse({ overrides });
      const { allowedLatenessMs, keysMax } = workerOptionsSchema.parse({});
      const result = await runBacktest(
        {
          ...span,
          warmUpMs: 0,
          tried: {
            detectors: detectorsOptionsSchema.parse({}),
            rules,
            alerts: { policy: defaultPolicy, suppressed: [] },
          },
          today: {
            detectors: strict,
            alerts: { policy: defaultPolicy, suppressed: [({ detector }) => isOfRule(detector)] },
            rules: new RuleSet({ ...shipped, disabled: ['credential-stuffing'] }, silentLogger),
          },
          allowedLatenessMs,
          entitiesMax: keysMax,
        },
        { querier, decoys: [], openStage: (plan) => new StageRuns(plan), elapsedMs: () => performance.now() },
      );
      expect(result.events).toBe(byUid.size);
      expect([...result.uids].sort()).toEqual(live.map(({ uid }) => uid));
      expect(result.rules).toMatchObject({ events: byUid.size * rules.current().length, refused: [] });
      const added = Object.keys(result.difference?.added ?? {});
      expect(added).toContain('rule:credential-stuffing/event_count');
      expect(added.filter((name) => !isOfRule(name)).length).toBeGreaterThan(0);
      expect(added.every((name) => isOfRule(name) || name.startsWith('concurrent/'))).toBe(true);
      expect(result.difference?.gone).toEqual({});
      const raised = result.alerts.tried;
      expect(raised).toMatchObject({ suppressed: 0, left_out: 0 });
      expect(raised.by_severity['high']).toBeGreaterThan(0);
      // One for each scenario's owner or token, and the stuffing's address.
      expect(raised.alerts).toBeGreaterThanOrEqual(scenarios.length);
      expect(raised.alerts).toBeLessThan(live.length);
      expect(result.alerts.today?.alerts).toBeLessThan(raised.alerts);
      const { noisiest, days, findings, signals } = result.tried;
      expect(findings).toBe(live.length);
      expect(noisiest.length).toBeGreaterThan(3);
      const weighty = Object.values(days).reduce((sum, { low, medium, high }) => sum + low + medium + high, 0);
      expect(weighty).toBe(findings - signals);
      await checkExplanations(
        querier,
        live.filter(({ detector }) => !isOfRule(detector)),
      );
      expect(await parts.store.querier.run(countQuery, {})).toEqual(before);
    });
  }, 180_000);
});
