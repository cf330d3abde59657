import { readFile } from 'node:fs/promises';
import { errorCodes } from '../../ingest/core/errors.js';

const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| `(TQ_[A-Z_]+)` \| (.+?) \| (.+?) \|$/gm)].map(([, code, meaning, mend]) => ({
  code,
  meaning,
  mend,
}));

describe('docs/errors.md', () => {
  it('lists every code of the source once, in its order and with its meaning', () => {
    expect(rows.map(({ code, meaning }) => [code, meaning])).toEqual(Object.entries(errorCodes));
  });

  it('says a mend for each', () => {
    for (const { mend } of rows) expect(mend?.length).toBeGreaterThan(10);
  });

  it('names no code that the source has not', () => {
    const named = new Set([...page.matchAll(/TQ_[A-Z_]+/g)].map(([code]) => code));
    expect([...named].sort()).toEqual(Object.keys(errorCodes).sort());
  });
});
