import { isAddressRange, TrustedRanges } from '../../../../../ingest/core/address-ranges.js';
import { clientOfForwarded, parseClientAddress } from '../../../../../ingest/sources/shared/client-address.js';

describe('parseClientAddress', () => {
  it.each([
    ['203.0.113.7', { address: '203.0.113.7' }],
    ['203.0.113.7:443', { address: '203.0.113.7', port: 443 }],
    ['203.0.113.7:0', { address: '203.0.113.7' }],
    ['203.0.113.7:-', { address: '203.0.113.7' }],
    ['[2001:DB8::1]:443', { address: '2001:db8::1', port: 443 }],
    ['[2001:db8::1]', { address: '2001:db8::1' }],
    ['2001:db8:0:0::1', { address: '2001:db8::1' }],
    ['fe80::1%eth0', { address: 'fe80::1' }],
    ['::ffff:203.0.113.7', { address: '203.0.113.7' }],
    ['::ffff:cb00:7107', { address: '203.0.113.7' }],
    ['::ffff:203.0.113.7:80', { address: '203.0.113.7', port: 80 }],
    ['Host.Example', { address: 'host.example' }],
    ['localhost:8080', { address: 'localhost', port: 8080 }],
  ])('reads %s', (text, expected) => {
    expect(parseClientAddress(text)).toEqual(expected);
  });

  it.each([
    '',
    '-',
    'unknown',
    'unix:',
    'unix:/run/x.sock',
    '@/pipe',
    '/run/x',
    'a b',
    '1.2.3.4:99999',
    '[::1',
    '[x]:1',
    'x'.repeat(300),
    'a/b',
    '\u0000',
  ])('finds no client in %j', (text) => {
    expect(parseClientAddress(text)).toBeUndefined();
  });
});

describe('clientOfForwarded', () => {
  const trusted = new TrustedRanges(['192.0.2.0/24', '2001:db8:ffff::/48', '198.51.100.1']);

  it.each([
    ['198.51.100.9, 203.0.113.7, 10.0.0.1', '203.0.113.7'],
    ['203.0.113.7, 192.0.2.5, 198.51.100.1', '203.0.113.7'],
    ['203.0.113.7, 2001:db8:ffff::9, fd00::1, ::1', '203.0.113.7'],
    ['10.1.1.1, 172.31.0.1, 100.64.0.1, 169.254.1.1, 192.168.0.1, 127.0.0.1', '10.1.1.1'],
    ['10.1.1.1, 172.32.0.1', '172.32.0.1'],
    ['10.1.1.1, 100.128.0.1', '100.128.0.1'],
    ['unknown, 203.0.113.7, garbage here', '203.0.113.7'],
  ])('takes from %s the client %s', (list, expected) => {
    expect(clientOfForwarded(list, trusted)).toEqual({ address: expected });
  });

  it('finds nobody in a list without addresses', () => {
    expect(clientOfForwarded('unknown, -', trusted)).toBeUndefined();
  });
});

it.each([
  ['10.0.0.0/8', true],
  ['::1', true],
  ['10.0.0.0/33', false],
  ['10.0.0.0/8/8', false],
  ['example.com', false],
  ['10.0.0.0/', false],
])('knows whether %s is a range: %s', (text, expected) => {
  expect(isAddressRange(text)).toBe(expected);
});
