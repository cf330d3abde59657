import fc from 'fast-check';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { formatTime, parseTime } from '../../../ingest/event/time.js';
import { StoredEvents } from '../../../ingest/store/stored-events.js';
import { storedEventsQuery } from '../../../ingest/store/stored-queries.js';
import { arbitraryEvent } from './arbitrary-events.js';
import { openTestStore } from './support.js';

/** As a source would tell it: what is empty was not told. */
function told(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value;
  if (typeof value !== 'object' || value === null) return value === '' ? undefined : value;
  const members = Object.entries(value).flatMap(([name, member]) => {
    const kept = told(member);
    return kept === undefined || (kept === 0 && zeroIsNone.has(name)) ? [] : [[name, kept] as const];
  });
  return members.length === 0 ? undefined : Object.fromEntries(members);
}
const zeroIsNone: ReadonlySet<string> = new Set(['asn', 'status']);

describe('stored events', () => {
  it('come back as they were written, whatever their texts hold', async () => {
    const opened = await openTestStore();
    try {
      const made = fc.sample(arbitraryEvent, { numRuns: 300, seed: 7 });
      const odd = ['a\tb', 'a\nb', '"],["', '\\', '\u0000', '\u007f', 'ü€😀', '[]', 'null'];
      const events = new Map<string, TokenEvent>();
      made.forEach((event, n) => {
        const text = odd[n % odd.length] ?? '';
        const { principal, client } = event;
        events.set(event.event_uid, {
          ...event,
          user_agent: text,
          // Sources tell neither without its name.
          ...(principal && {
            principal: { ...principal, principal_uid: `${principal.principal_uid}${text}|`, name: text },
          }),
          ...(client && { client: { ...client, address: `${client.address}:` } }),
        });
      });
      const rows = [...events.values()].map((event, n) => ({ event, partition: 0, offset: BigInt(n) }));
      await opened.store.writer.insertEvents(rows, 'stored');
      const times = rows.map(({ event }) => parseTime(event.time));
      const span = { from: formatTime(Math.min(...times)), to: formatTime(Math.max(...times) + 1) };
      const stored = new StoredEvents();
      // The second time the texts of tokens are known.
      for (let time = 0; time < 3; time += 1) {
        const found: TokenEvent[] = [];
        for await (const lines of opened.store.querier.lines(storedEventsQuery, span))
          found.push(...stored.read(lines));
        expect(found).toHaveLength(events.size);
        for (const event of found) expect(told(event)).toEqual(told(events.get(event.event_uid)));
      }
    } finally {
      await opened.close();
    }
  });
});
