import { readFile } from 'node:fs/promises';
import { createDetectors } from '../../detectors/registry.js';

const readme = (id: string): Promise<string> =>
  readFile(new URL(`../../detectors/${id}/README.md`, import.meta.url), 'utf8');

/** Items of the list under a heading, each on one line. */
function items(page: string, heading: string): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return section
    .split(/^(?:- |\d+\. )/m)
    .slice(1)
    .map((item) => (item.split('\n\n')[0] ?? '').replace(/\s+/g, ' ').trim());
}

describe.each(createDetectors().map((detector) => [detector.id, detector] as const))('README of %s', (id, detector) => {
  it('lists the false positives and next steps that its alerts show', async () => {
    const page = await readme(id);
    expect(items(page, 'Known false positives')).toEqual(detector.falsePositives);
    expect(items(page, 'Next steps')).toEqual(detector.nextSteps);
  });
});
