import { readFileSync } from 'node:fs';
import { fieldNames } from '../../../../detectors/rules/fields.js';
import { packFiles } from '../../../../detectors/worker/rules/rule-files.js';

const page = readFileSync(new URL('../../../../docs/rules.md', import.meta.url), 'utf8');

describe('docs/rules.md', () => {
  it.each([...fieldNames])('names the field %s', (name) => {
    expect(page).toContain(`\`${name}\``);
  });

  it('names every shipped rule', () => {
    const shipped = page.split('## Shipped')[1] ?? '';
    const ids = packFiles().flatMap(({ rules }) => rules.map(({ id }) => id));
    expect([...shipped.matchAll(/`([a-z-]+)`/g)].map((match) => match[1]).sort()).toEqual(ids.sort());
  });
});
