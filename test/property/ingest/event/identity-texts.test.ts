import fc from 'fast-check';
import { decodeEvents, encodeEvents, validateEvent } from '../../../../ingest/event/event-codec.js';
import { IdentityTexts } from '../../../../ingest/event/identity-texts.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { bareEvent } from '../../../support/token-events.js';

const token = { token_uid: `tok_${'a'.repeat(22)}`, fp_key_id: 'k', identity: 'jwt', kind: 'unknown' } as const;
const principal = { principal_uid: 'id|eve', kind: 'user', id: 'eve' } as const;
const event: TokenEvent = {
  ...bareEvent,
  token: { ...token, aliases: [{ kind: 'jti', value: 'one,"token":{' }] },
  principal,
  client: { address: '192.0.2.1' },
  user_agent: 'curl/8',
};

/** What JSON.parse and the schema say of a line. */
function plainly(line: string): TokenEvent | null {
  try {
    const checked = validateEvent(JSON.parse(line));
    return checked.ok ? checked.value : null;
  } catch {
    return null;
  }
}

const pieces = [
  ',"token":{', '},"client":{', '"principal":{', '{', '}', '"', ',', '\\', '"token":0', '"x":', '"client":{}', 'null', '[', ']',
  JSON.stringify(token), `,"token":${JSON.stringify(token)}`, ',"client":{"address":"192.0.2.9"}', '"__proto__":{}',
]; // prettier-ignore

/** A line with some cuts, copies and insertions. */
const mutated = fc
  .array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(40), fc.constantFrom('', ...pieces)), { maxLength: 4 })
  .map((changes) =>
    changes.reduce((line, [share, cut, piece]) => {
      const at = Math.floor(share * line.length);
      return line.slice(0, at) + piece + line.slice(at + cut);
    }, JSON.stringify(event)),
  ); // prettier-ignore

describe('events whose token came before', () => {
  it('read as JSON.parse and the schema read them, whatever stands in the line', () => {
    const changed = fc.oneof(mutated, fc.constantFrom(...nested()));
    fc.assert(
      fc.property(changed, (line) => {
        if (line.includes('\n')) return;
        for (let time = 0; time < 2; time += 1) {
          const { events, faults } = decodeEvents(Buffer.from(`${line}\n`));
          const wanted = plainly(line);
          expect(events.map((one) => JSON.stringify(one))).toEqual(wanted === null ? [] : [JSON.stringify(wanted)]);
          expect(faults).toHaveLength(wanted === null && line !== '' ? 1 : 0);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('hold the same objects, also where only the token or the client differs', () => {
    const texts = new IdentityTexts();
    const read = (change: Partial<TokenEvent>): TokenEvent => texts.parse(JSON.stringify({ ...event, ...change })) as TokenEvent; // prettier-ignore
    const one = read({});
    expect(one).toEqual(event);
    const other = read({ client: { address: '192.0.2.2' }, outcome: 'failure' });
    expect(other.token).toBe(one.token);
    expect(other.principal).toBe(one.principal);
    expect(read({ token: { ...token, jti: 'two' } }).token).not.toBe(one.token);
    const again = read({});
    expect(encodeEvents([again]).toString()).toContain(JSON.stringify(event.token));
  });
});

/** The parts taken out stand somewhere else than at the top, or twice. */
function nested(): readonly string[] {
  const { token: own, principal: owner, client, ...rest } = event;
  const text = JSON.stringify(rest).slice(0, -1);
  const part = `,"token":${JSON.stringify(own)},"principal":${JSON.stringify(owner)},"client":${JSON.stringify(client)}`;
  return [
    `${text},"caller":{"service":"a"${part}}}`,
    `${text}${part},"token":${JSON.stringify(token)}}`,
    `${text},"token":${JSON.stringify(token)}${part}}`,
    `${text},"principal":${JSON.stringify(owner)}${part}}`,
    `${text}${part},"principal":{"principal_uid":"id|adam","kind":"user","id":"adam"}}`,
    `${text}${part.replace('"client":', '"client":{},"client":')}}`,
    `[${text}${part}}]`,
    `${text}${part},"tok\\u0065n":0}`,
  ];
}
