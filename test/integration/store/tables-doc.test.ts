import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openTestStore, type TestStore } from './support.js';

const text = readFileSync(fileURLToPath(new URL('../../../docs/tables.md', import.meta.url)), 'utf8');

describe('docs/tables.md', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(() => store.close());

  it('lists every column of every stable view in order, with its type, and nothing else', async () => {
    const columns = await store.rows(
      "SELECT table, name, type FROM system.columns WHERE database = currentDatabase() AND endsWith(table, '_v1') ORDER BY table, position",
    );
    const documented = text.split(/^## /m).slice(1).flatMap((section) => {
      const table = section.slice(0, section.indexOf('\n')).trim();
      return [...section.matchAll(/^\| (\w+) +\| `([^`]+)` +\| \S/gm)].map(([, name, type]) => ({ table, name, type }));
    }); // prettier-ignore
    expect(columns.length).toBeGreaterThan(150);
    expect(documented.sort((a, b) => (a.table < b.table ? -1 : a.table > b.table ? 1 : 0))).toEqual(columns);
  });

  it('gives examples that run', async () => {
    const examples = [...text.matchAll(/```sql\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
    expect(examples.length).toBeGreaterThanOrEqual(3);
    for (const example of examples) expect(await store.rows(example)).toEqual([]);
  });
});
