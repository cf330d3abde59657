import { detectorsOptionsSchema } from '../../../../detectors/registry.js';
import { runSettingTests } from '../../../../detectors/worker/setting-tests/run-setting-tests.js';
import { settingTestsSchema } from '../../../../detectors/worker/setting-tests/setting-test-schema.js';

const limits = { allowedLatenessMs: 1000, entitiesMax: 1000 };
const limited = (requests_max: number) => ({ limits: [{ name: 'mine', token_uid: 'tok-a', window_seconds: 60, requests_max }] }); // prettier-ignore
/** Thirty requests in a minute. */
const busy = { events: [{ count: 30, every: '2s', set: { token_uid: 'tok-a', target_route: '/v1/{n%3}' } }] };

const run = (test: object, detectors: object = { rate: limited(10) }) =>
  runSettingTests(
    settingTestsSchema.parse([{ name: 'it', ...busy, ...test }]),
    detectorsOptionsSchema.parse(detectors),
    limits,
  )[0];
const passes = (test: object, detectors?: object): boolean | undefined => run(test, detectors)?.passed;

describe('tests of settings', () => {
  it('are run with the settings of the file', () => {
    const test = { expect: ['rate/limit:mine'] };
    expect(passes(test)).toBe(true);
    expect(passes(test, { rate: limited(100) })).toBe(false);
    expect(passes(test, { rate: limited(10), disabled: ['rate'] })).toBe(false);
    expect(passes({ expect: [] }, { rate: limited(100) })).toBe(true);
    expect(passes({ expect: [] }, { rate: limited(10), overrides: [{ token_uid: 'tok-a', off: ['rate'] }] })).toBe(
      true,
    );
  });

  it('fail at whatever is found beside what is expected, and say both', () => {
    expect(run({ expect: [] })).toEqual({
      test: 'it',
      passed: false,
      expected: 'nothing',
      found: expect.stringMatching(/^rate\/limit:mine of tok-a, [a-z]+(; rate\/limit:mine of tok-a, [a-z]+)*$/) as string,
    }); // prettier-ignore
    expect(run({ expect: ['rate', { finding: 'travel/speed', entity: 'ann', severity_min: 'low' }], not: ['silence', 'scope'] })).toMatchObject({
      passed: false,
      expected: 'rate; travel/speed of ann, low or above; not silence nor scope',
    }); // prettier-ignore
  });

  it('with `not` let others be found, and those not', () => {
    expect(passes({ not: ['baseline/requests', 'rate/requests'] })).toBe(true);
    expect(passes({ not: ['baseline/requests', 'rate'] })).toBe(false);
    expect(passes({ expect: ['rate/limit:mine'], not: ['baseline'] })).toBe(true);
    expect(passes({ expect: ['travel'], not: ['baseline'] })).toBe(false);
  });

  it('tell entities and severities apart', () => {
    expect(passes({ expect: [{ finding: 'rate', entity: 'tok-a' }] })).toBe(true);
    expect(passes({ expect: [{ finding: 'rate', entity: 'tok-b' }] })).toBe(false);
    expect(passes({ not: [{ finding: 'rate', severity_min: 'critical' }] }, { rate: limited(25) })).toBe(true);
    expect(passes({ not: [{ finding: 'rate', severity_min: 'low' }] }, { rate: limited(25) })).toBe(false);
  });

  it('reach both stages, and events are in order of their times however they are written', () => {
    const at = (when: string, city: string, client_country: string) => ({
      at: when,
      set: {
        ...{ action: 'login', principal_uid: 'ann', principal_kind: 'user', user_agent_family: 'Firefox' },
        ...{ client_address: city, client_country },
      },
    });
    const events = [at('30m', '203.0.113.9', 'NZ'), at('0s', '198.51.100.7', 'DE')];
    const seen = run({ events, expect: ['travel'], not: ['rate'] });
    expect(seen).toMatchObject({ passed: true, found: expect.stringContaining('of ann') as string });
  });

  it('give the same again, each by itself', () => {
    const tests = settingTestsSchema.parse([
      { name: 'one', ...busy, expect: ['rate'] },
      { name: 'two', ...busy, expect: ['rate'] },
    ]);
    const settings = detectorsOptionsSchema.parse({ rate: limited(10) });
    const [one, two] = runSettingTests(tests, settings, limits);
    expect({ ...two, test: 'one' }).toEqual(one);
    expect(one?.passed).toBe(true);
  });
});
