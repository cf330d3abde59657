import fc from 'fast-check';
import { redactRecord } from '../../../../ingest/pipeline/dead-letter.js';
import { parseRecords, splitRecord } from '../../../../ingest/pipeline/record-parser.js';
import { deadLetteredOf, droppedOf } from '../../../../ingest/pipeline/record-tally.js';
import { base, documentSource, lineSource } from './support.js';

const binding = { source: lineSource, instance: 'i' };
const parse = (texts: readonly string[]) =>
  parseRecords(
    binding,
    texts.map((text, offset) => ({ text, offset })),
    'c',
    base,
  );

describe('parseRecords', () => {
  it('keeps the neighbours of a poison record and names every end', () => {
    const batch = parse(['1 a', '???', '', '-', 'boom', '2 b']);
    expect(batch.events.map((event) => event.target?.path)).toEqual(['/a', '/b']);
    expect(batch.counts).toMatchObject({
      received: 6,
      ok: 2,
      drop: { blank: 1, no_auth_event: 1 },
      dlq: { unparsable: 1, parser_fault: 1 },
    });
    expect(batch.faults.map((fault) => fault.index)).toEqual([1, 4]);
    expect(JSON.stringify(batch.letters)).not.toContain('secret part');
  });

  it('counts received = ok + drop + dlq for any input', () => {
    const text = fc.oneof(fc.constantFrom('1 a', '-', '', 'boom', '  '), fc.string());
    fc.assert(
      fc.property(fc.array(text), (texts) => {
        const { counts, letters } = parse(texts);
        expect(counts.received).toBe(texts.length);
        expect(counts.ok + droppedOf(counts) + deadLetteredOf(counts)).toBe(counts.received);
        expect(letters).toHaveLength(deadLetteredOf(counts));
      }),
    );
  });

  it('gives different events to different records at one place of files that begin alike', () => {
    const one = parseRecords(binding, [{ text: '1 a', offset: 5 }], 'same', base).events[0]!;
    const two = parseRecords(binding, [{ text: '1 b', offset: 5 }], 'same', base).events[0]!;
    expect(one.event_uid).not.toBe(two.event_uid);
  });

  it('says invalid_encoding only when broken bytes made the record unusable', () => {
    const records = [
      { text: '1 a\uFFFD', offset: 0, validUtf8: false },
      { text: '\uFFFD', offset: 9, validUtf8: false },
    ];
    expect(parseRecords(binding, records, 'c', base).counts).toMatchObject({ ok: 1, dlq: { invalid_encoding: 1 } });
  });

  it('never stores a secret of a refused record', () => {
    const secrets = ['ghp_0123456789abcdefghijklmnopqrstuvwxyz', 'AKIAIOSFODNN7EXAMPLE', 'q8Zk3vT9xW2mN5bR7cL1'];
    const [letter] = parse([`bad "token":"${secrets.join('" "x":"')}"`]).letters;
    for (const secret of secrets) expect(letter!.value.toString()).not.toContain(secret);
    expect(letter!.value.toString()).toContain('bad');
  });

  it('does not leave half a secret at the cut of a long record', () => {
    const secret = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz';
    for (let shift = 0; shift < secret.length; shift += 1) {
      const raw = 'word '.repeat(3_300).slice(0, 16_384 - shift - 1) + ' ' + secret;
      expect(redactRecord(raw)).not.toContain('ghp_01');
    }
  });

  it('gives the parts of a document places of their own', () => {
    const parts = splitRecord(documentSource, { text: '{"Records":["1 a","1 a"]}', offset: 7 });
    expect(parts.map((part) => part.offset)).toEqual([7, 8]);
  });
});
