import { entityOf, toObservation } from '../../../../detectors/core/observation.js';
import { sqlText } from '../../../../detectors/core/reproduce.js';
import { makeEvent, tokenUid, type EventSketch } from '../../../support/token-events.js';

const at = Date.UTC(2026, 0, 1);
const see = (sketch: Omit<EventSketch, 'timeMs'>): Record<string, boolean> => {
  const { accepted, request, failed } = toObservation(makeEvent({ timeMs: at, token: 't', ...sketch }));
  return { accepted, request, failed };
};

describe('toObservation', () => {
  it.each<[string, Omit<EventSketch, 'timeMs'>, [accepted: boolean, request: boolean, failed: boolean]]>([
    ['an accepted use', {}, [true, true, false]],
    ['the caller’s half of a hop', { direction: 'outbound' }, [true, false, false]],
    ['a refused token', { outcome: 'failure', status: 401, reason: 'invalid_token' }, [false, true, true]],
    ['a refusal without a reason', { outcome: 'failure', status: 401 }, [false, true, true]],
    [
      'a genuine token without the right',
      { outcome: 'failure', status: 403, reason: 'insufficient_scope' },
      [true, true, true],
    ],
    ['a path that is not there', { outcome: 'failure', status: 404 }, [true, true, true]],
    ['an outage', { outcome: 'failure', status: 503, reason: 'upstream_error' }, [true, true, false]],
    ['a login that succeeds', { kind: 'issuer', action: 'login' }, [true, false, false]],
    [
      'a login that fails',
      { kind: 'issuer', action: 'login', outcome: 'failure', reason: 'invalid_credentials' },
      [false, true, true],
    ],
    ['an API call in a cloud', { kind: 'cloud' }, [true, true, false]],
    ['a policy change at a cloud', { kind: 'cloud', action: 'policy_change' }, [true, false, false]],
  ])('%s', (_name, sketch, [accepted, request, failed]) => {
    expect(see(sketch)).toEqual({ accepted, request, failed });
  });

  it('takes an event from the far future at its collector’s time', () => {
    const year = 365 * 86_400_000;
    expect(toObservation(makeEvent({ timeMs: at + year, observedMs: at })).timeMs).toBe(at);
    expect(toObservation(makeEvent({ timeMs: at + 60_000, observedMs: at })).timeMs).toBe(at + 60_000);
    expect(toObservation(makeEvent({ timeMs: at - year, observedMs: at })).timeMs).toBe(at - year);
  });

  it('keys by the token, and by nothing without one', () => {
    expect(entityOf(makeEvent({ timeMs: at, token: 'a' }))).toBe(tokenUid('a'));
    expect(entityOf(makeEvent({ timeMs: at }))).toBeNull();
  });
});

describe('sqlText', () => {
  it('cannot be left by any text', () => {
    expect(sqlText("a' OR 1=1 --")).toBe("'a\\' OR 1=1 --'");
    expect(sqlText('a\\')).toBe("'a\\\\'");
  });
});
