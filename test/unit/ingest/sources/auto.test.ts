import { candidatesOf } from '../../../../ingest/sources/auto/recognise.js';
import { sourceFactories } from '../../../../ingest/sources/registry.js';
import { goodCases } from '../../../support/planted-records.js';
import { contextAt, refusalOf } from './source-kit.js';
import { tabledFactories } from './shared/case-table.js';

const named = sourceFactories.filter((factory) => factory.product !== 'auto' && factory.product !== 'generic');
const auto = sourceFactories.find((factory) => factory.product === 'auto')!.create({});

/** Records that another product writes in the same bytes, so that nobody can tell whose they are. */
const shared = new Set(['nginx', 'apache', 'traefik', 'kong']);

it('every source but auto and generic recognises records', () => {
  expect(named.filter((factory) => factory.recognise === undefined).map((factory) => factory.product)).toEqual([]);
});

it.each(
  tabledFactories.filter((f) => f.product !== 'auto' && f.product !== 'generic').map((factory) => factory.product),
)('the records of %s are taken for its own, or for nobody’s, and never for another product’s', (product) => {
  const taken = goodCases(product).map((row) => candidatesOf(row.raw, named).map((candidate) => candidate.product));
  const wrong = taken.filter((products) => products.length === 1 && products[0] !== product);
  expect(wrong).toEqual([]);
  const own = taken.filter((products) => products.length === 1);
  expect(own.length).toBeGreaterThanOrEqual(shared.has(product) || product === 'envoy' ? 1 : taken.length - 2);
});

it('an ambiguous record names its candidates and their reasons', () => {
  const { message, mend } = refusalOf(
    auto,
    '203.0.113.7 - - [02/Jan/2024:03:04:05 +0100] "GET / HTTP/1.1" 200 1 "-" "x"',
  );
  expect(message).toMatch(/apache \(.*combined.*nginx \(|nginx \(.*combined.*apache \(/);
  expect(mend).toContain('Name the source');
});

it('a record that nobody knows lists the sources', () => {
  expect(refusalOf(auto, 'Once upon a time').mend).toContain('nginx, envoy, keycloak');
});

const of = (raw: string) => candidatesOf(raw, named).map((candidate) => candidate.product);
const keycloak = { id: 'e', time: 1, type: 'LOGIN', realmId: 'r', clientId: 'web', details: {} };
const vault = {
  time: '2026-01-05T09:00:00Z',
  type: 'response',
  auth: {},
  request: { id: 'r', operation: 'read', path: 'a' },
};
const trail = {
  eventVersion: '1.08', userIdentity: { type: 'Root' }, eventTime: '2026-01-05T09:00:00Z', eventSource: 'iam.amazonaws.com', eventName: 'ListUsers',
}; // prettier-ignore
const text = JSON.stringify(trail);
const combined = '203.0.113.7 - - [02/Jan/2024:03:04:05 +0100] "GET / HTTP/1.1" 200 1 "-" "x"';

it.each([
  ['keycloak', JSON.stringify([keycloak, keycloak])],
  ['vault', JSON.stringify([vault, vault])],
  ['cloudtrail', JSON.stringify([trail])],
  ['cloudtrail', JSON.stringify({ Events: [{ EventId: 'e', CloudTrailEvent: text }] })],
  [
    'cloudtrail',
    JSON.stringify({ messageType: 'DATA_MESSAGE', logEvents: [{ id: '1', timestamp: 1, message: text }] }),
  ],
  ['cloudtrail', JSON.stringify({ Type: 'Notification', Message: text })],
  ['vault', `<134>Jan  5 09:00:00 v1 vault[7]: ${JSON.stringify(vault)}`],
  ['cloudtrail', `<134>1 2026-01-05T09:00:00Z host shipper 7 - - ${text}`],
  ['nginx', `<190>Jan  5 09:00:00 web1 nginx: ${combined}`],
  ['apache', `Jan  5 09:00:00 web1 httpd[7]: ${combined}`],
  ['kong', `${combined} kong_request_id: "3f1f0b1a"`],
])('recognises %s in %s', (product, raw) => {
  expect(of(raw)).toEqual([product]);
  expect(auto.parse(raw, contextAt())).toMatchObject({
    ok: true,
    value: [{ source: { product } }, ...(raw.startsWith('[') && product !== 'cloudtrail' ? [{}] : [])],
  });
});
