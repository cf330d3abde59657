import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { z } from 'zod';
import { reasons } from '../../../ingest/event/token-event.js';
import { createDetectors, detectorsOptionsSchema } from '../../../detectors/registry.js';
import { PartitionRuntime } from '../../../detectors/worker/partition-runtime.js';
import { makeEvent, type EventSketch } from '../../support/token-events.js';
import { seededRandom } from '../../support/random.js';

const root = fileURLToPath(new URL('../../scenarios', import.meta.url));
const MINUTE_MS = 60_000;

/**
 * traffic.json: phases one after the other in one stream. `requests` lie evenly, with some jitter, in each `every` of
 * the phase; `hours` keeps only some hours of the day, `weekdays` only Monday to Friday.
 */
const phase = z.strictObject({
  token: z.string().default('subject'),
  start_minute: z.number(),
  minutes: z.number(),
  every_minutes: z.number(),
  requests: z.number(),
  hours: z.tuple([z.number(), z.number()]).optional(),
  weekdays: z.boolean().default(false),
  within_seconds: z.number().optional(),
  failing_share: z.number().default(0),
  reason: z.enum(reasons).optional(),
  status: z.number().optional(),
  secret: z.string().optional(),
  direction: z.enum(['inbound', 'outbound', 'edge']).optional(),
  kind: z.enum(['proxy', 'mesh', 'issuer', 'cloud']).default('proxy'),
  action: z.enum(['use', 'login']).default('use'),
});
const scenario = z.strictObject({
  why: z.string(),
  detectors: detectorsOptionsSchema.prefault({}),
  start: z.iso.datetime(),
  phases: z.array(phase).min(1),
});
const expectation = z.array(
  z.strictObject({
    detector: z.string(),
    measure: z.string(),
    token: z.string().default('subject'),
    from_minute: z.number(),
    to_minute: z.number(),
    expected: z.tuple([z.number(), z.number()]),
  }),
);

type Phase = z.output<typeof phase>;

function isOn(part: Phase, timeMs: number): boolean {
  const date = new Date(timeMs);
  const hour = date.getUTCHours();
  if (part.hours !== undefined && (hour < part.hours[0] || hour >= part.hours[1])) return false;
  return !part.weekdays || (date.getUTCDay() >= 1 && date.getUTCDay() <= 5);
}

function* sketches(part: Phase, startMs: number, random: () => number): Generator<EventSketch> {
  const fromMs = startMs + part.start_minute * MINUTE_MS;
  const everyMs = part.every_minutes * MINUTE_MS;
  const spreadMs = part.within_seconds === undefined ? everyMs : part.within_seconds * 1000;
  for (let atMs = fromMs; atMs < fromMs + part.minutes * MINUTE_MS; atMs += everyMs) {
    if (!isOn(part, atMs)) continue;
    const count = Math.max(0, Math.round(part.requests * (0.9 + 0.2 * random())));
    for (let n = 0; n < count; n += 1) {
      const failed = random() < part.failing_share;
      yield {
        timeMs: Math.floor(atMs + ((n + random()) / count) * spreadMs),
        token: part.token,
        kind: part.kind,
        action: part.action,
        ...(part.secret === undefined ? {} : { secret: part.secret }),
        ...(part.direction === undefined ? {} : { direction: part.direction }),
        ...(failed ? { outcome: 'failure', status: part.status ?? 404 } : {}),
        ...(failed && part.reason !== undefined ? { reason: part.reason } : {}),
      };
    }
  }
}

const read = (folder: string, name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));

const cases = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => readdirSync(join(root, name)).map((one) => [`${name}/${one}`] as const));

describe('scenarios', () => {
  it.each(cases)('%s', (name) => {
    const folder = join(root, name);
    const { detectors, start, phases } = scenario.parse(read(folder, 'traffic.json'));
    const expected = expectation.parse(read(folder, 'expected.json'));
    const random = seededRandom(42);
    const startMs = Date.parse(start);
    const events = phases
      .flatMap((part) => [...sketches(part, startMs, random)])
      .sort((a, b) => a.timeMs - b.timeMs)
      .map(makeEvent);
    const runtime = new PartitionRuntime({
      detectors: createDetectors(detectors),
      allowedLatenessMs: 1000,
      entitiesMax: 1000,
    });
    events.forEach((event, n) => runtime.offer(event, { offset: BigInt(n), ordinal: 0 }));
    runtime.flush();
    const found = runtime.takeFindings();
    expect(
      found.map(({ detector, score, token_name: token }) => ({ detector, measure: score.measure, token })),
    ).toEqual(expected.map(({ detector, measure, token }) => ({ detector, measure, token })));
    expected.forEach((wanted, n) => {
      const finding = found[n]!;
      const minute = (Date.parse(finding.time) - startMs) / MINUTE_MS;
      expect(minute).toBeGreaterThanOrEqual(wanted.from_minute);
      expect(minute).toBeLessThanOrEqual(wanted.to_minute);
      expect(finding.score.expected).toBeGreaterThanOrEqual(wanted.expected[0]);
      expect(finding.score.expected).toBeLessThanOrEqual(wanted.expected[1]);
      expect(finding.score.observed).toBeGreaterThan(finding.score.expected);
      expect(finding.evidence.length).toBeGreaterThan(1);
    });
  });
});
