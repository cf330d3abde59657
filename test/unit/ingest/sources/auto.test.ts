import { candidatesOf } from '../../../../ingest/sources/auto/recognise.js';
import { sourceFactories } from '../../../../ingest/sources/registry.js';
import { goodCases } from '../../../support/planted-records.js';
import { refusalOf } from './source-kit.js';
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
