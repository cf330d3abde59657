import { readFileSync } from 'node:fs';
import { metricCatalogue } from '../../ingest/core/telemetry/metrics.js';

describe('docs/metrics.md', () => {
  const rows = readFileSync('docs/metrics.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));

  it('lists exactly the instruments of the catalogue', () => {
    const listed = rows.map(([, name, kind, unit, description]) => ({ name, kind, unit, description }));
    const made = Object.entries(metricCatalogue).map(([name, { kind, unit, description }]) => ({
      name,
      kind,
      unit,
      description,
    }));
    expect(listed).toEqual(made);
  });

  it('never has a token as an attribute', () => {
    for (const { attributes } of Object.values(metricCatalogue)) {
      expect(attributes.join(' ')).not.toMatch(/token|secret|principal/);
    }
  });
});
