import { PassThrough, Readable } from 'node:stream';
import { createStdinCollector, stdinConfigSchema } from '../../../../ingest/collectors/stdin/stdin-collector.js';
import { base, lineSource, MemorySink } from '../pipeline/support.js';

async function collect(chunks: readonly (string | Buffer)[], sink = new MemorySink()): Promise<MemorySink> {
  const collector = createStdinCollector(stdinConfigSchema.parse({ line_bytes_max: 1_024 }), {
    ...base,
    sink,
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
