import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { nameMeanings } from '../../../../ingest/sources/cloudtrail/event-names.js';
import { eventMeanings } from '../../../../ingest/sources/keycloak/event-types.js';
import { sourceFactories } from '../../../../ingest/sources/registry.js';

const readme = (product: string): string => readFileSync(`ingest/sources/${product}/README.md`, 'utf8');

describe.each(['keycloak', 'vault', 'cloudtrail'])('README of %s', (product) => {
  it('shows a configuration that its factory takes', () => {
    const snippet = /```yaml\n([\s\S]*?)```/.exec(readme(product))?.[1] ?? '';
    const config = parse(snippet) as { sources: { product: string; options?: unknown }[] };
    const factory = sourceFactories.find((candidate) => candidate.product === product);
    expect(config.sources[0]?.product).toBe(product);
    expect(factory?.create(config.sources[0]?.options ?? {}).product).toBe(product);
  });
});

it('the keycloak README lists every event type under its action', () => {
  const rows = readme('keycloak')
    .split('\n')
    .filter((row) => /^\| `[a-z_]+` +\|/.test(row));
  for (const [type, { action }] of eventMeanings) {
    const row = rows.find((candidate) => new RegExp(`\\b${type}\\b`).test(candidate));
    expect([type, row?.split('`')[1]]).toEqual([type, action]);
  }
});

it('the cloudtrail README names every call that issues, revokes or asks about keys', () => {
  const text = readme('cloudtrail');
  const named = [...nameMeanings]
    .filter(([, { subject }]) => subject !== 'caller')
    .map(([name]) => name.split('/')[1] ?? '');
  expect(named.length).toBeGreaterThan(10);
  for (const name of named) expect([name, text.includes(name)]).toEqual([name, true]);
});
