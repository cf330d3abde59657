import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { xzContent } from '../../../../ingest/pipeline/xz-content.js';

const fixtures = new URL('../../../fixtures/replay/', import.meta.url);
const plain = await readFile(new URL('sample.log', fixtures));
const packed = await readFile(new URL('sample.log.xz', fixtures));

/** As it comes from a disk or a network: in pieces of any size. */
const pieces = (bytes: Buffer, size: number): Readable =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    })(),
  );

async function all(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('xzContent', () => {
  it.each([1, 7, 4096, 1 << 20])('gives the content from pieces of %i bytes', async (size) => {
    expect((await all(xzContent(pieces(packed, size)))).equals(plain)).toBe(true);
  });

  it('reads a second file while a first one is open', async () => {
    const first = xzContent(pieces(packed, 64));
    const head = await first.next();
    expect((await all(xzContent(pieces(packed, 64)))).equals(plain)).toBe(true);
    const rest = await all(first);
    expect(Buffer.concat([head.value as Buffer, rest]).equals(plain)).toBe(true);
  });

  it('keeps two that are read by turns apart', async () => {
    const [one, two] = [xzContent(pieces(packed, 100)), xzContent(pieces(packed, 130))];
    const [a, b] = await Promise.all([all(one), all(two)]);
    expect(a.equals(plain)).toBe(true);
    expect(b.equals(plain)).toBe(true);
  });

  it('goes on after a file that was left unread', async () => {
    const left = xzContent(pieces(packed, 64));
    await left.next();
    await left.return(undefined);
    expect((await all(xzContent(pieces(packed, 64)))).equals(plain)).toBe(true);
  });

  it.each([1, 1000])('reads all streams of a file, with padding between them (pieces of %i bytes)', async (size) => {
    const whole = Buffer.concat([packed, Buffer.alloc(8), packed, packed, Buffer.alloc(4)]);
    expect((await all(xzContent(pieces(whole, size)))).equals(Buffer.concat([plain, plain, plain]))).toBe(true);
  });

  it('tells a file that was cut off, after what stood before', async () => {
    const chunks: Buffer[] = [];
    const read = async (): Promise<void> => {
      for await (const chunk of xzContent(pieces(packed.subarray(0, packed.length - 40), 512))) chunks.push(chunk);
    };
    await expect(read()).rejects.toThrow(/ends inside|xz fault/);
    const before = Buffer.concat(chunks);
    expect(plain.subarray(0, before.length).equals(before)).toBe(true);
    expect(before.length).toBeGreaterThan(0);
  });

  it('tells what follows a stream and is none', async () => {
    await expect(all(xzContent(pieces(Buffer.concat([packed, Buffer.from('no xz here')]), 512)))).rejects.toThrow();
  });
});
