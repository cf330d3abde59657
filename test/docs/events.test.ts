import { readFile } from 'node:fs/promises';
import { tokenEventJsonSchema, tokenEventSchemaText } from '../../ingest/event/event-codec.js';
import type { JsonSchema } from '../../ingest/event/schema-compiler.js';
import { actions, identityBases, reasons } from '../../ingest/event/token-event.js';

const docs = new URL('../../docs/', import.meta.url);
const page = await readFile(new URL('events.md', docs), 'utf8');

/** First cells, without their backticks, of the table under a heading. */
function firstCells(heading: string): string[] {
  const section = page.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell]) => cell ?? '');
}

function leaves(schema: JsonSchema, path: string): string[] {
  if (schema.oneOf !== undefined) return schema.oneOf.flatMap((branch) => leaves(branch, path));
  if (schema.items !== undefined) return leaves(schema.items, `${path}[]`);
  if (schema.properties === undefined) return [path];
  return Object.entries(schema.properties).flatMap(([key, value]) =>
    leaves(value, path === '' ? key : `${path}.${key}`),
  );
}

describe('docs/events.md', () => {
  it('has one row for each field of the schema and no other', () => {
    const schema = tokenEventJsonSchema().$defs?.['TokenEvent'];
    const fields = [...new Set(leaves(schema ?? {}, ''))];
    expect(fields.length).toBeGreaterThan(60);
    expect(firstCells('Fields')).toEqual(fields);
  });

  it('maps each field in all three vocabularies', () => {
    const rows = page.split('\n').filter((line) => /^\| `[a-z_.[\]0-9]+` \|.*\|.*\|.*\|.*\|$/.test(line));
    const mapped = rows.filter((line) => line.replaceAll('\\|', '').split('|').length === 7);
    expect(mapped).toHaveLength(firstCells('Fields').length);
  });

  it('uses names that stand in the published vocabularies, and each that was checked', async () => {
    const listed = JSON.parse(await readFile(new URL('vocabularies.json', import.meta.url), 'utf8')) as Record<
      string,
      { readonly version: string; readonly names: readonly string[] }
    >;
    const columns = ['opentelemetry', 'ocsf', 'ecs'];
    const used = columns.map(() => new Set<string>());
    for (const line of page.split('\n').filter((text) => /^\| `[a-z_.[\]0-9]+` \|/.test(text))) {
      const cells = line.replaceAll('\\|', '/').split('|').slice(1, -1);
      if (cells.length !== 5) continue;
      cells.slice(2).forEach((cell, i) => {
        for (const [, name = ''] of cell.matchAll(/`([^`]+)`/g)) used[i]?.add(name);
      });
    }
    columns.forEach((column, i) => {
      expect([column, [...(used[i] ?? [])].sort()]).toEqual([column, [...(listed[column]?.names ?? [])]]);
      expect(page).toContain(listed[column]?.version.split(',')[0] ?? 'no version');
    });
  });

  it('explains each action and each identity', () => {
    expect(firstCells('Actions')).toEqual([...actions]);
    expect(firstCells('Identity')).toEqual([...identityBases]);
  });

  it('explains each reason', () => {
    const section = page.split('## Reasons')[1]?.split('\n## ')[0] ?? '';
    const named = [...section.matchAll(/`([a-z_]+)`/g)].map(([, reason]) => reason);
    expect(named).toEqual([...reasons]);
  });
});

describe('docs/token-event.schema.json', () => {
  it('is what the schema gives (mend: npm run build && node docs/write-event-schema.mjs)', async () => {
    expect(await readFile(new URL('token-event.schema.json', docs), 'utf8')).toBe(tokenEventSchemaText());
  });
});
