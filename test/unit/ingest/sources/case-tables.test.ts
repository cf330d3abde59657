import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { sourceFactories } from '../../../../ingest/sources/registry.js';
import { expectCase, readCases, tabledFactories, testContext } from './shared/case-table.js';

/** These have tests of their own, from before there were tables. */
const untabled = ['keycloak', 'vault', 'cloudtrail'];

it('every source has a table of cases', () => {
  const tabled = tabledFactories.map((factory) => factory.product);
  expect([...tabled, ...untabled].sort()).toEqual(sourceFactories.map((factory) => factory.product).sort());
});

it.each(sourceFactories.map((factory) => [factory.product, factory] as const))(
  'the README of %s shows a configuration that its factory takes',
  (product, factory) => {
    const readme = readFileSync(`ingest/sources/${product}/README.md`, 'utf8');
    const snippet = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const { sources } = parse(snippet) as { sources: { product: string; options?: unknown }[] };
    expect(sources[0]?.product).toBe(product);
    expect(factory.create(sources[0]?.options ?? {}).product).toBe(product);
  },
);

describe.each(tabledFactories.map((factory) => [factory.product, factory] as const))('%s', (product, factory) => {
  const rows = readCases(product);

  it.each(rows.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    expectCase(factory, row);
  });

  it('gives the same event for the same record at the same place', () => {
    const row = rows.find((candidate) => candidate.expect !== undefined);
    const source = factory.create(row?.options ?? {});
    const first = source.parse(row?.raw ?? '', testContext);
    expect(first.ok).toBe(true);
    expect(source.parse(row?.raw ?? '', testContext)).toEqual(first);
  });

  it('refuses options that it does not know, with a mend', () => {
    expect(() => factory.create({ no_such_option: 1 })).toThrow(
      expect.objectContaining({ code: 'TQ_CONFIG_INVALID' }) as Error,
    );
  });
});
