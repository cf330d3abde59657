import { agentFamily, isBrowser, isTool } from '../../../../detectors/core/user-agent.js';

const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';

describe('families of user agents', () => {
  it.each([
    [`Mozilla/5.0 (Windows NT 10.0) ${webkit} Chrome/126.0.0.0 Safari/537.36`, 'Chrome', 'browser'],
    [`Mozilla/5.0 (Windows NT 10.0) ${webkit} Chrome/126.0.0.0 Safari/537.36 Edg/126.0`, 'Edge', 'browser'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'Firefox', 'browser'],
    [`Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1`, 'Safari', 'browser'],
    ['curl/8.5.0', 'curl', 'tool'],
    ['python-requests/2.32.3', 'python-requests', 'tool'],
    ['Go-http-client/1.1', 'Go-http-client', 'tool'],
    ['orders-service/2.3 (build 7)', 'orders-service', 'other'],
    ['', '', 'other'],
    ['x'.repeat(500), 'x'.repeat(32), 'other'],
  ])('%s is %s', (userAgent, family, what) => {
    expect(agentFamily(userAgent)).toBe(family);
    expect(isBrowser(family) ? 'browser' : isTool(family) ? 'tool' : 'other').toBe(what);
  });

  it('stay right in a flood of names', () => {
    for (let n = 0; n < 10_000; n += 1) agentFamily(`agent-${n}/1`);
    expect(agentFamily('curl/8.5.0')).toBe('curl');
    expect(agentFamily(undefined)).toBe('');
  });
});
