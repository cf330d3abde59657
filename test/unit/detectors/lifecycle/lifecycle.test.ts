import { createDetectors, detectorsOptionsSchema } from '../../../../detectors/registry.js';
import { PartitionRuntime } from '../../../../detectors/worker/partition-runtime.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { makeEvent, tokenUid, type EventSketch } from '../../../support/token-events.js';

const T0 = Date.UTC(2026, 2, 2, 3);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const only = detectorsOptionsSchema.parse({ disabled: ['rate', 'baseline', 'failures'] });

const use = (minute: number, change: Partial<EventSketch> = {}): TokenEvent =>
  makeEvent({ timeMs: T0 + minute * MINUTE, token: 'key', ...change });
const told = (minute: number, action: TokenEvent['action'], change: Partial<EventSketch> = {}): TokenEvent =>
  use(minute, { kind: 'issuer', action, ...change });
const at = (event: TokenEvent, address: string): TokenEvent => ({ ...event, client: { address } });

function run(events: readonly TokenEvent[], warm: readonly number[] = []): readonly [string, number][] {
  const runtime = new PartitionRuntime({ detectors: createDetectors(only), allowedLatenessMs: 1000, entitiesMax: 100 });
  if (warm.length > 0) {
    runtime.warmUp(tokenUid('key'), warm.map((hourStartMs) => ({ hourStartMs, requests: 5, failures: 0 }))); // prettier-ignore
  }
  events.forEach((event, n) => runtime.offer(event, { offset: BigInt(n), ordinal: 0 }));
  runtime.flush();
  return runtime.takeFindings().map(({ score }) => [score.measure, score.observed]);
}

describe('detector lifecycle', () => {
  it('finds the uses after a revocation whose log is read an hour late', () => {
    expect(run([use(0), use(9), use(60), use(70), told(8, 'revoke')])).toEqual([['use_after_end', 52 * 60]]);
    expect(run([use(0), use(8), use(60), use(70, { token: 'other' }), told(60, 'revoke')])).toEqual([]);
  });

  it('says an ending once, however long it is ignored, and the next one again', () => {
    const after = [12, 200, 900, 2000].map((minute) => use(minute));
    expect(run([use(0), told(10, 'revoke'), ...after])).toEqual([['use_after_end', 120]]);
    const again = [told(2001, 'issue'), use(2002), told(2003, 'revoke'), use(2005)];
    expect(run([use(0), told(10, 'revoke'), ...after, ...again]).map(([measure]) => measure)).toEqual([
      'use_after_end',
      'use_after_end',
    ]);
  });

  it.each<[string, string, number]>([
    ['the same address', '198.51.100.1', 0],
    ['an address of the same IPv6 /64', '2001:db8:1:2:aaaa::9', 0],
    ['an IPv4 address written as IPv6', '::ffff:198.51.100.1', 0],
    ['another address', '198.51.100.2', 1],
    ['another /64', '2001:db8:1:3::1', 1],
  ])('tells %s from elsewhere', (_name, address, elsewhere) => {
    const home = [at(use(0), '198.51.100.1'), at(use(1), '2001:db8:1:2::1')];
    const [found] = run([...home, told(2, 'revoke'), at(use(4), address)]);
    expect(found).toEqual([elsewhere === 1 ? 'use_after_end_elsewhere' : 'use_after_end', 120]);
  });

  it('leaves a minute for clocks that differ where the token is known, and seconds elsewhere', () => {
    const home = [at(use(0), '198.51.100.1'), at(use(1), '198.51.100.1')];
    const from = (minute: number, address: string): TokenEvent[] => [
      ...home,
      told(2, 'revoke'),
      at(use(minute), address),
    ];
    expect(run(from(3, '198.51.100.1'))).toEqual([]);
    expect(run(from(2.1, '198.51.100.2'))).toEqual([['use_after_end_elsewhere', 6]]);
    // The same where the issuer's log is read after the use.
    const next = use(2.6, { token: 'other' });
    const late = (address: string): TokenEvent[] => [...home, at(use(2.5), address), next, told(2, 'revoke')];
    expect(run(late('198.51.100.1'))).toEqual([]);
    expect(run(late('198.51.100.2'))).toEqual([['use_after_end', 30]]);
  });

  it.each<[string, TokenEvent]>([
    ['a revocation that failed', told(5, 'revoke', { outcome: 'failure', status: 403 })],
    ['a revocation that a cloud key asked for', use(5, { kind: 'cloud', action: 'revoke' })],
    ['an object deleted with the key', use(5, { kind: 'cloud', action: 'delete' })],
    ['a login', told(5, 'login')],
  ])('takes %s for no ending', (_name, event) => {
    expect(run([use(0), event, use(30)])).toEqual([]);
  });

  it('takes the deletion of an AWS key for an ending', () => {
    const deleted = use(5, { kind: 'cloud', action: 'delete' });
    // As CloudTrail's records are read: their type is AwsApiCall, whatever was called.
    const source = { ...deleted.source, record_type: 'AwsApiCall' };
    const named = { ...deleted, source, target: { service: 'iam.amazonaws.com', method: 'DeleteAccessKey' } };
    expect(run([use(0), named, use(30)])).toEqual([['use_after_end', 25 * 60]]);
  });

  const ofCloud = (minute: number, action: TokenEvent['action'], method: string): TokenEvent => ({
    ...use(minute, { kind: 'cloud', action }),
    target: { service: 'iam', method },
  });

  it.each<[TokenEvent['action'], string]>([
    ['delete', 'google.iam.admin.v1.DeleteServiceAccountKey'],
    ['revoke', 'google.iam.admin.v1.DisableServiceAccountKey'],
    ['delete', 'google.api.apikeys.v2.ApiKeys.DeleteKey'],
  ])('takes %s of a Google key, %s, for an ending', (action, method) => {
    expect(run([use(0), ofCloud(5, action, method), use(30)])).toEqual([['use_after_end', 25 * 60]]);
  });

  it.each<[TokenEvent['action'], string]>([
    ['grant', 'UpdateAccessKey'],
    ['grant', 'google.iam.admin.v1.EnableServiceAccountKey'],
    ['create', 'google.api.apikeys.v2.ApiKeys.UndeleteKey'],
  ])('takes an end back when a cloud switches the key on again: %s by %s', (action, method) => {
    const off = ofCloud(5, 'revoke', 'UpdateAccessKey');
    expect(run([use(0), off, ofCloud(10, action, method), use(30)])).toEqual([]);
    expect(run([use(0), off, ofCloud(10, action, 'AttachUserPolicy'), use(30)])).toEqual([['use_after_end', 25 * 60]]);
  });

  it('is not made to wait for uses by what comes late: not after a revocation, nor after the wait was told', () => {
    const ofKind = (event: TokenEvent, kind: 'api_key' | 'session'): TokenEvent => ({
      ...event,
      token: { ...event.token!, kind },
    });
    const key = (event: TokenEvent): TokenEvent => ofKind(event, 'api_key');
    const day = 24 * 60;
    const passed = (days: number): TokenEvent => ofKind(use(days * day, { token: `of day ${days}` }), 'session');
    expect(run([key(use(0)), passed(100)])).toEqual([['unused_alive', 45]]);
    expect(run([key(use(0)), key(told(10, 'revoke')), passed(1), key(use(5)), passed(100)])).toEqual([]);
    expect(run([key(use(0)), passed(50), key(use(2 * day)), key(use(3 * day)), passed(100)])).toEqual([
      ['unused_alive', 45],
    ]);
    expect(run([passed(60), key(use(0)), key(use(2 * day)), passed(110)])).toEqual([]);
  });

  it('knows from the store when a token was used last', () => {
    expect(run([use(0)], [T0 - 40 * DAY])).toEqual([['dormant_awakened', 40]]);
    expect(run([use(0)], [T0 - 40 * DAY, T0 - 2 * HOUR])).toEqual([]);
  });

  it('does not mind times that a hostile token makes up', () => {
    const wild = ['0000-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'];
    const events = wild.flatMap((issued_at) =>
      wild.map((expires_at, n): TokenEvent => {
        const event = use(n);
        return { ...event, token: { ...event.token!, issued_at, not_before: issued_at, expires_at } };
      }),
    );
    for (const [, observed] of run(events)) expect(Number.isFinite(observed) && observed > 0).toBe(true);
    expect(new Set(run(events).map(([measure]) => measure))).toEqual(
      new Set(['use_after_expiry', 'never_rotated', 'long_lived', 'use_before_validity', 'lifetime_implausible']),
    );
  });
});
