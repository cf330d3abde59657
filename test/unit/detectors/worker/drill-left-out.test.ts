import { makeDrill } from '../../../../api/drill/attacks.js';
import type { Finding } from '../../../../detectors/core/finding.js';
import { stages, type Stage } from '../../../../detectors/core/detector.js';
import { HandOver } from '../../../../detectors/core/hand-over.js';
import { createDetectors, detectorsOptionsSchema } from '../../../../detectors/registry.js';
import { PartitionRuntime } from '../../../../detectors/worker/partition-runtime.js';
import { DRILL_INSTANCE, isDrill } from '../../../../ingest/event/drill.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { nginxFactory } from '../../../../ingest/sources/nginx/source.js';
import { makeEvent } from '../../../support/token-events.js';
import { testContext } from '../../ingest/sources/shared/case-table.js';

const T0 = Date.UTC(2026, 0, 5, 10);
const MINUTE_MS = 60_000;
const detectors = createDetectors(detectorsOptionsSchema.parse({}));

/** Two users and a machine with ordinary days; the last day one of them comes from elsewhere with another program. */
function ordinary(): TokenEvent[] {
  return Array.from({ length: 3 * 24 * 12 }, (_, n) => {
    const timeMs = T0 - 60 * MINUTE_MS - (3 * 24 * 12 - n) * 5 * MINUTE_MS;
    return ['alice', 'bob', 'machine'].map((name) => {
      const event = makeEvent({ timeMs, token: name, principal: name, id: `${name} ${n}` });
      const strange = name === 'alice' && n > 3 * 24 * 12 - 6;
      return {
        ...event,
        client: { address: strange ? '203.0.113.99' : '192.0.2.1' },
        user_agent: strange ? 'curl/8' : 'Mozilla/5.0',
      };
    });
  }).flat();
}

/** A drill as its source would tell it, in the hour after the ordinary traffic. */
function drilled(): TokenEvent[] {
  const source = nginxFactory.create({ format: 'json' });
  const lines = makeDrill()
    .attacks(T0)
    .flatMap(({ history, lines: sent }) => [...history, ...sent]);
  return lines.flatMap((line, n) => {
    const context = { ...testContext, instance: DRILL_INSTANCE, observedMs: T0, position: { container: 'drill', offset: n } };
    const parsed = source.parse(line, context);
    if (!parsed.ok) throw new Error(parsed.error.message);
    return [...parsed.value];
  });
} // prettier-ignore

/** What is kept and found of each entity, by stage. */
function judged(events: readonly TokenEvent[], stage: Stage): { states: Map<string, string>; findings: readonly Finding[] } {
  const runtime = new PartitionRuntime({ stage, detectors, allowedLatenessMs: 1000, entitiesMax: 10_000 });
  const handOver = new HandOver();
  const inOrder = [...events].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  const seen = stage === 'token' ? inOrder : inOrder.flatMap((event) => handOver.take(event).map((one) => one.event));
  seen.forEach((event, n) => runtime.offer(event, { offset: BigInt(n), ordinal: 0 }));
  runtime.flush();
  const states = new Map([...runtime.keyed.all()].map((entity) => [entity.uid, JSON.stringify(runtime.keyed.encode(entity))]));
  return { states, findings: runtime.takeFindings() };
} // prettier-ignore

describe.each(stages)('a drill in the %s stage', (stage) => {
  const real = ordinary();
  const drill = drilled();
  // Of the hour of the drill, so that event time has come equally far without it.
  const last = ['alice', 'bob', 'machine'].map((name) =>
    makeEvent({ timeMs: T0 + MINUTE_MS, token: name, principal: name, id: `${name} last` }),
  );

  it('teaches nobody else: what is known and found of others is the same to the last byte', () => {
    const without = judged([...real, ...last], stage);
    const beside = judged([...real, ...drill, ...last], stage);
    expect(without.states.size).toBeGreaterThanOrEqual(3);
    for (const [uid, state] of without.states) expect([uid, beside.states.get(uid)]).toEqual([uid, state]);
    expect(beside.findings.filter(({ drill: marked }) => marked !== true)).toEqual(without.findings);
  });

  it('has states of its own only under its own names, and its findings are marked', () => {
    const beside = judged([...real, ...drill, ...last], stage);
    const without = judged([...real, ...last], stage);
    const own = new Set([...beside.states.keys()].filter((uid) => !without.states.has(uid)));
    expect(own.size).toBeGreaterThan(0);
    const others = new Set([...real, ...last].flatMap(({ token, principal }) => [token?.token_uid, principal?.principal_uid]));
    for (const uid of own) expect(others).not.toContain(uid);
    expect(drill.every(isDrill)).toBe(true);
    if (stage === 'token') {
      expect(beside.findings.filter(({ drill: marked }) => marked === true).map(({ detector }) => detector)).toContain('rate');
    }
  }); // prettier-ignore
});
