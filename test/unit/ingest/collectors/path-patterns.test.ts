import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { inputSchema } from '../../../../api/config/input-schema.js';
import { fileTailConfigSchema } from '../../../../ingest/collectors/file-tail/config.js';
import { expandPath, watchFolder } from '../../../../ingest/collectors/file-tail/path-patterns.js';

describe('patterns of paths', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tourniquet paths [1] '));
    const files = [
      'top.json', 'top.json.gz', 'trail/2026/10/a.json', 'trail/2026/11/b.json', 'trail/2026/11/b.log', 'trail/2026/11/.c.json',
      'trail/.hidden/d.json', 'elsewhere/2026/e.json', 'trail/x*y.json',
    ]; // prettier-ignore
    for (const file of files) {
      mkdirSync(join(folder, file, '..'), { recursive: true });
      writeFileSync(join(folder, file), '');
    }
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'trail/linked'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const found = async (pattern: string): Promise<string[]> =>
    (await expandPath(join(folder, pattern))).map((path) => relative(folder, path));

  it.each([
    ['**/*.json', ['elsewhere/2026/e.json', 'top.json', 'trail/2026/10/a.json', 'trail/2026/11/b.json', 'trail/x*y.json']],
    ['trail/**/*.json', ['trail/2026/10/a.json', 'trail/2026/11/b.json', 'trail/x*y.json']],
    ['trail/**/11/*', ['trail/2026/11/b.json', 'trail/2026/11/b.log']],
    ['**/2026/**/b.*', ['trail/2026/11/b.json', 'trail/2026/11/b.log']],
    ['trail/2026/**/.c.json', ['trail/2026/11/.c.json']],
    ['trail/2026/**/.c.jso?', ['trail/2026/11/.c.json']],
    ['trail/*/*/b.log', ['trail/2026/11/b.log']],
    ['*.json', ['top.json']],
    ['top.jso?', ['top.json']],
    ['trail/.hidden/*.json', ['trail/.hidden/d.json']],
    ['nowhere/**/*.json', []],
  ])('%s', async (pattern, files) => {
    expect(await found(pattern)).toEqual(files);
  }); // prettier-ignore

  it('a path without wildcards is taken as it is, whether it exists or not', async () => {
    expect(await found('not/yet.json')).toEqual(['not/yet.json']);
  });

  it.each([
    ['/var/log/**/*.json', true],
    ['**', true],
    ['/var/log/a**/b', false],
    ['', false],
  ])('%j may be configured: %s', (path, isGood) => {
    expect(inputSchema.safeParse({ kind: 'file', paths: [path] }).success).toBe(isGood);
    expect(fileTailConfigSchema.safeParse({ paths: [path] }).success).toBe(isGood);
  });

  it('the folder to watch is the one above the first wildcard', () => {
    expect(watchFolder('/var/log/app/**/*.json')).toBe('/var/log/app');
    expect(watchFolder('/var/log/app/x.json')).toBe('/var/log/app');
  });
});
