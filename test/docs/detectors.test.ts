import { readFile } from 'node:fs/promises';
import { createDetectors } from '../../detectors/registry.js';
import { overridable } from '../../detectors/overrides/override-options.js';
import { scenarioNames } from '../support/scenario.js';

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

describe.each(createDetectors().map((detector) => [detector.id, detector] as const))(
  'README and scenarios of %s',
  (id, detector) => {
    it('lists the false positives and next steps that its alerts show', async () => {
      const page = await readme(id);
      expect(items(page, 'Known false positives')).toEqual(detector.falsePositives);
      expect(items(page, 'Next steps')).toEqual(detector.nextSteps);
    });

    it('has scenarios of an attack that it finds and of a look-alike that leaves it quiet', () => {
      const own = scenarioNames.filter((name) => name.startsWith(`${id}/`)).map((name) => name.slice(id.length + 1));
      expect(own.filter((name) => name.startsWith('attack'))).not.toEqual([]);
      expect(own.filter((name) => name.startsWith('lookalike-'))).not.toEqual([]);
    });
  },
);

describe('docs/configuration.md', () => {
  it('lists what an override may change', async () => {
    const page = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    for (const [id, settings] of Object.entries(overridable)) {
      if (settings.length === 0) continue;
      expect(page).toContain(`| \`${id}\` | ${settings.map((setting) => `\`${setting}\``).join(', ')} |`);
    }
  });
});
