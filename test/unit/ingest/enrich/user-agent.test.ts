import { agentFamily, familyOf, isBrowser, isTool } from '../../../../ingest/enrich/user-agent.js';
import { makeEvent } from '../../../support/token-events.js';

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
    [`Mozilla/5.0 (X11) ${webkit} HeadlessChrome/126.0.0.0 Safari/537.36`, 'HeadlessChrome', 'tool'],
    ['Mozilla/5.0 (Windows NT; Windows NT 10.0; de-DE) WindowsPowerShell/5.1.19041', 'PowerShell', 'tool'],
    ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'Googlebot', 'other'],
    ['Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)', 'Internet Explorer', 'browser'],
    ['Mozilla/4.0', 'Mozilla', 'browser'],
    ['okhttp/4.12.0', 'okhttp', 'other'],
    ['aws-cli/2.15.30 Python/3.11.8 Linux/6.1 exe/x86_64', 'aws-cli', 'other'],
    ['aws-sdk-go-v2/1.26.1 os/linux', 'aws-sdk-go-v2', 'other'],
    ['payments-v2.31.7', 'payments', 'other'],
    ['my app 1.0', 'my', 'other'],
    ['1.2.3', '1.2.3', 'other'],
    ['/etc/passwd', '', 'other'],
    ['😀'.repeat(40), '😀'.repeat(16), 'other'],
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
    const event = { ...makeEvent({ timeMs: 0, token: 't' }), user_agent: 'sqlmap/1.8' };
    expect(familyOf({ ...event, user_agent_family: '{*}' })).toBe('sqlmap');
    expect(familyOf({ ...event, user_agent_family: 'told' })).toBe('told');
  });
});
