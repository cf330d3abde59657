import { PassThrough, Readable } from 'node:stream';
import { createStdinCollector, stdinConfigSchema } from '../../../../ingest/collectors/stdin/stdin-collector.js';
import { HealthRegistry } from '../../../../ingest/core/health.js';
import { base, lineSource, MemorySink, until } from '../pipeline/support.js';

async function collect(chunks: readonly (string | Buffer)[], sink = new MemorySink()): Promise<MemorySink> {
  const collector = createStdinCollector(stdinConfigSchema.parse({ line_bytes_max: 1_024 }), {
    ...base,
    sink,
    health: new HealthRegistry(),
    binding: { source: lineSource, instance: 'i' },
    input: Readable.from(chunks),
  });
  await collector.start();
  await collector.finished;
  await collector.stop(100);
  return sink;
}

describe('stdin', () => {
  it('takes lines across chunks, and the last without an ending', async () => {
    expect((await collect(['1 a\n2 ', 'b\n3 ', 'c'])).names).toEqual(['a', 'b', 'c']);
  });

  it('gives the same stream the same event_uids', async () => {
    const one = await collect(['1 a\n2 b\n']);
    const two = await collect(['1 ', 'a\n2 b', '\n']);
    expect([...two.uids]).toEqual([...one.uids]);
  });

  // A first line longer than the 64 KiB that name a stream, and one that ends within a chunk with others.
  it.each([
    ['short lines', Buffer.from('1 a\r\n2 b\n3 ü€\n4 d')],
    ['a long first line', Buffer.from(`1 ${'x'.repeat(70_000)}\n2 b\n3 c\n`)],
    ['a single line without an ending', Buffer.from('1 a')],
    ['an empty first line', Buffer.from('\n\n1 a\n')],
  ])('names the events of %s alike, wherever the bytes are cut', async (_, bytes) => {
    const whole = await collect([bytes]);
    expect([whole.events.length + whole.letters.length > 0, whole.uids.size]).toEqual([true, whole.events.length]);
    const sizes = bytes.length > 1000 ? [1_000, 4_096, 65_536, 69_999] : [1, 2, 3, 5];
    for (const size of sizes) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_unused, n) =>
        bytes.subarray(n * size, (n + 1) * size),
      );
      const cut = await collect(chunks);
      expect([...cut.uids]).toEqual([...whole.uids]);
      expect(cut.letters).toEqual(whole.letters);
    }
  });

  it('says when the input breaks: the cause and the mend in the log, the part in the health', async () => {
    const [health, sink] = [new HealthRegistry(), new MemorySink()];
    const said: unknown[] = [];
    const hear = (fields: object, message: string): void => void said.push({ ...fields, message });
    const input = new PassThrough();
    const collector = createStdinCollector(stdinConfigSchema.parse({}), {
      ...base,
      sink,
      input,
      health,
      logger: { debug: hear, info: hear, warn: hear, error: hear },
      binding: { source: lineSource, instance: 'i' },
    });
    const part = (): unknown => health.status(base.clock.nowMs()).parts.map(({ state, reason }) => [state, reason]);
    await collector.start();
    input.write('1 a\n');
    await until(() => sink.events.length === 1, part);
    expect(part()).toEqual([['ok', null]]);
    input.destroy(Object.assign(new Error('read EIO of /secret/place'), { code: 'EIO' }));
    await expect(collector.finished).rejects.toThrow('EIO');
    expect(part()).toEqual([['failing', 'The standard input is no longer read: EIO']]);
    expect(health.status(base.clock.nowMs()).ready).toBe(true);
    expect(said).toMatchObject([
      { error: expect.stringContaining('EIO') as string, mend: expect.stringContaining('start Tourniquet') as string },
    ]);
    expect(JSON.stringify(said)).not.toContain('/secret/place');
    await collector.stop(100);
  });

  it('says nothing of a stop', async () => {
    const health = new HealthRegistry();
    const said: unknown[] = [];
    const hear = (_fields: object, message: string): void => void said.push(message);
    const collector = createStdinCollector(stdinConfigSchema.parse({}), {
      ...base,
      sink: new MemorySink(),
      input: new PassThrough(),
      health,
      logger: { debug: hear, info: hear, warn: hear, error: hear },
      binding: { source: lineSource, instance: 'i' },
    });
    await collector.start();
    await collector.stop(1_000);
    await expect(collector.finished).rejects.toThrow();
    expect([said, health.status(base.clock.nowMs()).parts[0]?.reason]).toEqual([[], null]);
  });

  it('goes on after a poison line and a huge one', async () => {
    const sink = await collect(['1 a\nboom\n', 'x'.repeat(5_000), '\n2 b\n']);
    expect(sink.names).toEqual(['a', 'b']);
    expect(sink.letters.map((letter) => letter.reason)).toEqual(['parser_fault', 'too_large']);
  });

  it('reads no further while the sink is not durable', async () => {
    const sink = new MemorySink();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const accept = sink.accept.bind(sink);
    sink.accept = async (batch) => {
      await gate;
      await accept(batch);
    };
    const input = new PassThrough({ highWaterMark: 1_024 });
    const collector = createStdinCollector(stdinConfigSchema.parse({}), {
      ...base,
      sink,
      input,
      health: new HealthRegistry(),
      binding: { source: lineSource, instance: 'i' },
    });
    await collector.start();
    let written = 0;
    for (let turn = 0; turn < 50; turn += 1) {
      for (; !input.writableNeedDrain; written += 1) input.write('1 a\n'.repeat(100));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(written).toBeLessThan(50);
    expect(input.writableNeedDrain).toBe(true);
    open();
    input.end();
    await collector.finished;
    expect(sink.events).toHaveLength(written * 100);
    await collector.stop(100);
  });
});
