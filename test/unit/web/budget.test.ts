import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const root = 'dist/api/web';
const KB = 1000;

const gzipped = (path: string): number => gzipSync(readFileSync(`${root}${path}`), { level: 9 }).length;

describe('the built pages (mend: npm run build)', () => {
  const document = existsSync(`${root}/index.html`) ? readFileSync(`${root}/index.html`, 'utf8') : '';
  const loaded = (pattern: RegExp): string[] => [...document.matchAll(pattern)].map(([, path]) => path ?? '');
  const scripts = loaded(/<(?:script|link)[^>]+(?:src|href)="(\/assets\/[^"]+\.js)"/g);
  const sheets = loaded(/<link[^>]+href="(\/assets\/[^"]+\.css)"/g);

  it('load at most 60 KB of script and 10 KB of style at first, gzipped', () => {
    expect(scripts.length).toBeGreaterThan(0);
    expect(sheets.length).toBeGreaterThan(0);
    expect(scripts.reduce((sum, path) => sum + gzipped(path), 0)).toBeLessThanOrEqual(60 * KB);
    expect(sheets.reduce((sum, path) => sum + gzipped(path), 0)).toBeLessThanOrEqual(10 * KB);
  });

  it('are small as a whole, the chart included', () => {
    const all = readdirSync(`${root}/assets`).reduce((sum, name) => sum + gzipped(`/assets/${name}`), 0);
    expect(all).toBeLessThanOrEqual(80 * KB);
  });

  it('hold no script or style in the document, and fetch nothing from elsewhere', () => {
    expect(document).not.toMatch(/<style|<script(?![^>]+src=)|\sstyle=|\son\w+=/);
    expect(document).not.toMatch(/https?:\/\//);
    const files = [...scripts, ...sheets].map((path) => readFileSync(`${root}${path}`, 'utf8')).join('\n');
    const addresses = [...files.matchAll(/https?:\/\/[^"'`\s)]+/g)].map(([address]) => address);
    // Name spaces are names, not addresses.
    expect(addresses.filter((address) => !address.startsWith('http://www.w3.org/'))).toEqual([]);
  });
});
