import { readFileSync } from 'node:fs';
import { mappingFields, mappingSchema } from '../../ingest/sources/generic/mapping.js';
import { genericFactory } from '../../ingest/sources/generic/source.js';
import { eventsOf, leaks } from '../unit/ingest/sources/source-kit.js';

const text = readFileSync('docs/mapping.md', 'utf8');
const blocks = (section: string): readonly string[] =>
  [...section.matchAll(/```(?:yaml|json|text)\n([\s\S]*?)\n```/g)].map((match) => match[1] ?? '');

/** Each product of the page: its mapping, a record, and what comes of it. */
const examples = text
  .split('\n## ')
  .map((section) => ({ title: section.split('\n', 1)[0] ?? '', blocks: blocks(section) }))
  .filter((section) => section.blocks.length === 3);

describe('docs/mapping.md', () => {
  it('shows five products', () => {
    expect(examples.map((example) => example.title)).toEqual([
      'Apigee',
      'Azure API Management',
      'Amazon API Gateway',
      'A text log of your own',
      'An issuer of your own',
    ]);
  });

  it.each(examples)(
    '$title: the record gives the event that is shown',
    ({ blocks: [mapping = '', raw = '', event = ''] }) => {
      const source = genericFactory.create({ mapping });
      const events = eventsOf(source, raw);
      expect(events).toHaveLength(1);
      expect(events[0]).toMatchObject(JSON.parse(event) as object);
      for (const secret of ['ConsumerKey0123456789abcdef', '0123456789abcdef0123456789abcdef', 'c2lnbmF0dXJl'])
        expect(leaks(events, secret)).toBe(false);
    },
  );

  it('names every key and every field that a mapping takes', () => {
    const names = [...Object.keys(mappingSchema.shape), ...mappingFields];
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});
