import fc from 'fast-check';
import { LineSplitter, type RawLine } from '../../../../ingest/pipeline/line-splitter.js';

function split(chunks: readonly Buffer[], max = 1_000, flush = true): RawLine[] {
  const splitter = new LineSplitter(0, max);
  const lines = chunks.flatMap((chunk) => splitter.push(chunk));
  return flush ? [...lines, ...splitter.flush()] : lines;
}

describe('LineSplitter', () => {
  it('gives texts and byte offsets for LF and CRLF, and takes a BOM off', () => {
    const lines = split([Buffer.from('\uFEFFone\r\nzwö\nthree')]);
    expect(lines.map(({ text, offset, end }) => ({ text, offset, end }))).toEqual([
      { text: 'one', offset: 0, end: 8 },
      { text: 'zwö', offset: 8, end: 13 },
      { text: 'three', offset: 13, end: 18 },
    ]);
  });

  it('holds a last line without an ending', () => {
    const splitter = new LineSplitter(0, 100);
    expect(splitter.push(Buffer.from('a\nhal')).map((line) => line.text)).toEqual(['a']);
    expect(splitter.completeOffset).toBe(2);
    expect(splitter.pendingBytes).toBe(3);
    expect(splitter.push(Buffer.from('f\n')).map((line) => line.text)).toEqual(['half']);
  });

  it('cuts a huge line, keeps its beginning, and goes on with the next at the right offset', () => {
    const huge = Buffer.alloc(50_000, 'x');
    const chunks = [Buffer.from('a\n'), huge.subarray(0, 20_000), huge.subarray(20_000), Buffer.from('\nb\n')];
    const lines = split(chunks, 17_000);
    expect(lines.map((line) => [line.offset, line.bytes, line.truncated])).toEqual([
      [0, 1, false],
      [2, 50_000, true],
      [50_003, 1, false],
    ]);
    expect(lines[1]!.text).toBe('x'.repeat(16_384));
    expect(split(chunks, 1_024)[1]!.text).toBe('x'.repeat(1_024));
  });

  it('marks bytes that are no UTF-8 and keeps the rest of the line', () => {
    const [line] = split([Buffer.from([0x61, 0xff, 0x62, 10])]);
    expect(line).toMatchObject({ text: 'a\uFFFDb', validUtf8: false });
  });

  it('keeps the same beginning of a huge line however it arrives', () => {
    const whole = Buffer.from(`${'ab'.repeat(21)}\n`);
    const [once] = split([whole], 40);
    expect(split([whole.subarray(0, 41), whole.subarray(41)], 40)[0]).toEqual(once);
  });

  it('gives the same lines however the bytes are cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 30 })),
        fc.array(fc.integer({ min: 1, max: 7 })),
        (texts, cuts) => {
          const whole = Buffer.from(texts.map((text) => `${text.replaceAll('\n', '')}\n`).join(''));
          const chunks: Buffer[] = [];
          for (let at = 0, i = 0; at < whole.length; i += 1) {
            const step = cuts[i % Math.max(1, cuts.length)] ?? 3;
            chunks.push(whole.subarray(at, at + step));
            at += step;
          }
          expect(split(chunks, 40)).toEqual(split([whole], 40));
        },
      ),
    );
  });
});
