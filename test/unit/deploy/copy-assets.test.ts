import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

describe('copying of data files into the build', () => {
  let root = '';
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const run = (): void => {
    execFileSync(process.execPath, [join(root, 'deploy/build/copy-assets.mjs')]);
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tq-assets-'));
    mkdirSync(join(root, 'deploy/build'), { recursive: true });
    cpSync('deploy/build/copy-assets.mjs', join(root, 'deploy/build/copy-assets.mjs'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it('copies them, and takes away what an earlier build left of a renamed one', () => {
    write('ingest/store/0001_a.sql', 'SELECT 1');
    write('dist/ingest/store/main.js', 'code');
    run();
    rmSync(join(root, 'ingest/store/0001_a.sql'));
    write('ingest/store/0001_b.sql', 'SELECT 2');
    run();
    expect(existsSync(join(root, 'dist/ingest/store/0001_a.sql'))).toBe(false);
    expect(readFileSync(join(root, 'dist/ingest/store/0001_b.sql'), 'utf8')).toBe('SELECT 2');
    expect(existsSync(join(root, 'dist/ingest/store/main.js'))).toBe(true);
  });
});
