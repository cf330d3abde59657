import { createDetectors, detectorsOptionsSchema } from '../../../../detectors/registry.js';
import { PartitionRuntime } from '../../../../detectors/worker/partition-runtime.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { makeEvent, type EventSketch } from '../../../support/token-events.js';

const T0 = Date.UTC(2026, 2, 2, 12);
const MINUTE = 60_000;
const DAY = 24 * 60;

const event = (minute: number, change: Partial<EventSketch> = {}): TokenEvent =>
  makeEvent({ timeMs: T0 + minute * MINUTE, observedMs: T0 + 30 * DAY * MINUTE, token: 'key', ...change });
const many = (count: number, make: (n: number) => TokenEvent): TokenEvent[] =>
  Array.from({ length: count }, (_, n) => make(n));

/** Measures of one detector, in the order in which they were found. */
function found(detector: string, events: readonly TokenEvent[], stage: 'token' | 'principal' = 'token'): string[] {
  const detectors = createDetectors(detectorsOptionsSchema.parse({})).filter(({ id }) => id === detector);
  const runtime = new PartitionRuntime({ stage, detectors, allowedLatenessMs: 1000, entitiesMax: 100 });
  events.forEach((one, n) => runtime.offer(one, { offset: BigInt(n), ordinal: 0 }));
  runtime.flush();
  return runtime.takeFindings().map(({ score }) => score.measure);
} // prettier-ignore

const paris = (minute: number): TokenEvent => ({
  ...event(minute),
  client: { address: '198.51.100.7', asn: 3215, geo: { country_iso_code: 'FR' } },
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
});
const berlin = (minute: number): TokenEvent => ({
  ...event(minute),
  client: { address: '203.0.113.66', asn: 24940, geo: { country_iso_code: 'DE' } },
  user_agent: 'python-requests/2.32',
});
const denied = (minute: number, n: number): TokenEvent => ({
  ...event(minute, { outcome: 'failure', status: 403, reason: 'insufficient_scope' }),
  target: { service: 'orders', method: 'GET', route: `/admin-${n}`, status: 403 },
});
const guess = (minute: number, n: number): TokenEvent =>
  event(minute, {
    kind: 'issuer',
    action: 'login',
    outcome: 'failure',
    reason: 'invalid_credentials',
    secret: `s${n}`,
  });

describe('a log that is read long after newer events', () => {
  it('puts no token in two places at once that lie days apart', () => {
    expect(found('concurrent', [paris(0), paris(1), berlin(-3 * DAY)])).toEqual([]);
    expect(found('concurrent', [paris(0), paris(1), berlin(-5)])).toEqual(['two_countries']);
  });

  it('joins no refusals of other days to probing', () => {
    const today = many(5, (n) => denied(n, n));
    expect(found('scope', [...today.slice(0, 4), event(30), denied(-3 * DAY, 9)])).toEqual([]);
    expect(found('scope', [...today.slice(0, 4), event(30), denied(-2, 9)])).toEqual(['probing']);
    expect(found('scope', [event(0), ...many(5, (n) => denied(-3 * DAY + n, n))])).toEqual(['probing']);
  });

  it('fills no bucket of today with wrong passwords of a whole day', () => {
    const day = many(14, (n) => guess(-3 * DAY + n * 100, n));
    expect(found('failures', [guess(0, 99), event(30), ...day])).toEqual([]);
    const burst = many(14, (n) => guess(-3 * DAY + n / 10, n));
    expect(found('failures', [guess(0, 99), event(30), ...burst])).toEqual(['guesses']);
  });

  it('takes no sign-in from before the guesses for a right one', () => {
    const guesses = many(14, (n) => guess(n / 10, n));
    const signIn = (minute: number): TokenEvent => event(minute, { kind: 'issuer', action: 'login' });
    expect(found('failures', [...guesses, signIn(-1)])).toEqual(['guesses']);
    expect(found('failures', [...guesses, signIn(2)])).toEqual(['guesses', 'success_after_guesses']);
  });

  it('takes no use from before a grant for one that follows from it', () => {
    const mine = { principal: 'anna' };
    const refused: TokenEvent = event(0, { ...mine, outcome: 'failure', status: 403, reason: 'insufficient_scope' });
    const granted = event(10, { ...mine, kind: 'issuer', action: 'grant' });
    const used = (minute: number): TokenEvent => event(minute, mine);
    expect(found('scope', [refused, granted, event(12, { ...mine, status: 404, outcome: 'failure' }), used(5)], 'principal')).toEqual([]);
    expect(found('scope', [refused, granted, used(12)], 'principal')).toEqual(['granted_then_used']);
  }); // prettier-ignore

  it('has no decades of silence from a clock that was never set', () => {
    const never = makeEvent({ timeMs: 0, observedMs: T0, token: 'key' });
    const hour = many(80, (n) => event(n / 2));
    expect(found('baseline', [never, ...hour])).toEqual([]);
  });
});
