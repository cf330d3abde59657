import { goodCases, plantEverywhere } from '../../../support/planted-records.js';
import { tabledFactories } from './shared/case-table.js';
import { contextAt, leaks } from './source-kit.js';

/** Made up; shaped as the makers' documentation shapes theirs. */
const shaped = [
  'ghp_Canary0123456789abcdefABCDEF01234567',
  'hvs.CAESICanaryAbCdEf0123456789AbCdEf0123456789',
  'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.Q2FuYXJ5LXNpZ25hdHVyZS0wMTIzNDU2Nzg5',
];
/** No format gives it away: only its name or its place does. */
const opaque = 'canary-opaque-31337-Zx81';
const named = [
  `https://x.example/cb?access_token=${opaque}&next=1`,
  `Bearer ${opaque}`,
  `SSWS ${opaque}`,
  `password=${opaque}`,
];

/** Enough rows that every reader of the source has seen a secret; the rest of a long table repeats them. */
const rowsMax = 6;

describe.each(tabledFactories.map((factory) => [factory.product, factory] as const))('%s', (product, factory) => {
  const rows = goodCases(product).slice(0, rowsMax);

  it.each([...shaped, ...named])('never lets %s out, whatever part of a record it stands in', (text) => {
    const secret = text.includes(opaque) ? opaque : text;
    const leaked: string[] = [];
    for (const row of rows) {
      const source = factory.create(row.options ?? {});
      for (const planted of plantEverywhere(row.raw, text)) {
        if (leaks(source.parse(planted.raw, contextAt()), secret)) leaked.push(`${row.name}: ${planted.where}`);
      }
    }
    expect(leaked).toEqual([]);
    expect(rows.length).toBeGreaterThan(2);
  });

  it('never lets out what stands under a name that it does not know', () => {
    for (const row of rows.filter((candidate) => candidate.raw.startsWith('{'))) {
      const source = factory.create(row.options ?? {});
      const extra = {
        password: opaque,
        client_secret: opaque,
        authorization: `Bearer ${opaque}`,
        of_a_later_year: opaque,
      };
      const record = { ...(JSON.parse(row.raw) as object), ...extra, nested: extra };
      expect(leaks(source.parse(JSON.stringify(record), contextAt()), opaque)).toBe(false);
    }
  });
});
