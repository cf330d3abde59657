import { ClientEnricher } from '../../../../ingest/enrich/client-enricher.js';
import { NamedNetworks } from '../../../../ingest/enrich/networks/named-networks.js';
import { providerKind } from '../../../../ingest/enrich/networks/provider-kind.js';
import { validateEvent } from '../../../../ingest/event/event-codec.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { makeEvent } from '../../../support/token-events.js';

const own = [
  { name: 'site', kind: 'office', cidrs: ['203.0.113.0/24', '2001:db8:7::/48'] },
  { name: 'nat-eu', kind: 'egress', cidrs: ['203.0.113.16/28', '192.168.7.9'] },
] as const;

const bare = Object.fromEntries(
  Object.entries(makeEvent({ timeMs: 1_790_000_000_000 })).filter(([key]) => key !== 'client' && key !== 'user_agent'),
) as unknown as TokenEvent;

const from = (client: TokenEvent['client'], userAgent?: string): TokenEvent => ({
  ...bare,
  ...(client !== undefined && { client }),
  ...(userAgent !== undefined && { user_agent: userAgent }),
});

describe('named networks', () => {
  const networks = new NamedNetworks(own);

  it.each([
    ['203.0.113.1', 'office', 'site'],
    ['203.0.113.17', 'egress', 'nat-eu'],
    ['::ffff:203.0.113.17', 'egress', 'nat-eu'],
    ['192.168.7.9', 'egress', 'nat-eu'],
    ['192.168.7.8', 'private', undefined],
    ['2001:db8:7::1', 'office', 'site'],
    ['2001:db8:8::1', 'special', undefined],
    ['10.0.0.1', 'private', undefined],
    ['100.64.0.1', 'shared', undefined],
    ['127.0.0.1', 'loopback', undefined],
    ['::1', 'loopback', undefined],
    ['169.254.1.1', 'link_local', undefined],
    ['fd00::1', 'private', undefined],
    ['fe80::1', 'link_local', undefined],
    ['224.0.0.1', 'special', undefined],
  ])('%s is %s', (address, kind, name) => {
    expect(networks.lookup(address)).toEqual(name === undefined ? { network_kind: kind } : { network_name: name, network_kind: kind });
  }); // prettier-ignore

  it.each(['8.8.8.8', '2001:4860:4860::8888', 'host.example', '', 'fe80::1%eth0', '1.2.3.4.5', '203.0.113.1/24'])(
    '%j is in none',
    (address) => {
      expect(networks.lookup(address)).toBeUndefined();
    },
  );
});

it.each([
  ['Amazon.com, Inc.', 'hosting'],
  ['HETZNER-AS', 'hosting'],
  ['M247 Europe SRL', 'vpn'],
  ['Cloudflare WARP Relay', 'vpn'],
  ['Orange S.A.', undefined],
  ['', undefined],
  [undefined, undefined],
])('the name %s gives %s away', (name, kind) => {
  expect(providerKind(name)).toBe(kind);
});

describe('the client of an event', () => {
  it('gets its network and its program', () => {
    const event = new ClientEnricher(own).enrich(from({ address: '203.0.113.17' }, 'curl/8.5.0'));
    expect(event).toMatchObject({
      client: { address: '203.0.113.17', network_name: 'nat-eu', network_kind: 'egress' },
      user_agent: 'curl/8.5.0',
      user_agent_family: 'curl',
    });
    expect(validateEvent(event)).toMatchObject({ ok: true });
  });

  it('is known by the name of its provider where no network is named', () => {
    const enricher = new ClientEnricher();
    expect(enricher.enrich(from({ address: '8.8.8.8', as_name: 'OVH SAS' })).client?.network_kind).toBe('hosting');
    expect(enricher.enrich(from({ address: '8.8.8.8', as_name: 'Telstra' })).client?.network_kind).toBeUndefined();
  });

  it('stays the same object where there is nothing to add, and what was told stays', () => {
    const enricher = new ClientEnricher(own);
    for (const event of [from(undefined), from({ address: '8.8.8.8' }), from({ address: 'host.example' }, '')]) {
      expect(enricher.enrich(event)).toBe(event);
    }
    const told = {
      ...from({ address: '203.0.113.17', network_name: 'x', network_kind: 'partner' }, 'x/1'),
      user_agent_family: 'y',
    } as const;
    expect(enricher.enrich(told)).toBe(told);
  });

  it('names a network whose kind the source tells, and keeps the kind of one that has no name', () => {
    const enricher = new ClientEnricher(own);
    const proxy = { network_kind: 'proxy', as_name: 'OVH SAS' } as const;
    expect(enricher.enrich(from({ address: '203.0.113.17', ...proxy })).client?.network_kind).toBe('egress');
    expect(enricher.enrich(from({ address: '8.8.8.8', ...proxy })).client?.network_kind).toBe('proxy');
  });

  it('tells a bounded number of programs apart', () => {
    const enricher = new ClientEnricher();
    const families = new Set<string | undefined>();
    for (let n = 0; n < 1_500; n += 1) families.add(enricher.enrich(from(undefined, `a${n}x/1`)).user_agent_family);
    expect(families.size).toBe(1_001);
    expect(families.has('{*}')).toBe(true);
    expect(enricher.enrich(from(undefined, 'a7x/9')).user_agent_family).toBe('a7x');
  });
});
