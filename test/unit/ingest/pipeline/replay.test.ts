import { writeFile, rename, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { silentLogger } from '../../../../ingest/core/logger.js';
import { openCheckpointStore } from '../../../../ingest/pipeline/checkpoint-store.js';
import { replayFiles, type ReplayOptions } from '../../../../ingest/pipeline/replay.js';
import type { ReplayInput } from '../../../../ingest/pipeline/replay-file.js';
import { base, clock, documentSource, lineSource, MemorySink, withFolder } from './support.js';

const line = (path: string, instance = 'i'): ReplayInput => ({ path, source: lineSource, instance });

async function replay(
  folder: string,
  inputs: readonly ReplayInput[],
  sink = new MemorySink(),
  options: ReplayOptions = {},
) {
  const checkpoints = await openCheckpointStore(join(folder, 'cp', 'replay.json'), { clock, logger: silentLogger });
  try {
    const summary = await replayFiles(inputs, { ...base, sink, checkpoints }, options);
    return { sink, summary };
  } finally {
    await checkpoints.close();
  }
}

describe('replayFiles', () => {
  it('merges files of several instances by event time, counts, and reports progress', () =>
    withFolder(async (folder) => {
      const [a, b, c] = ['a', 'b', 'c'].map((name) => join(folder, name)) as [string, string, string];
      await writeFile(a, '1 a1\n4 a4\nbad\n7 a7\n');
      await writeFile(b, '2 b2\n3 b3\n-\n9 b9');
      await writeFile(c, '5 c5\n6 c6\n8 c8\n');
      const seen: number[] = [];
      const { sink, summary } = await replay(folder, [line(a), line(b, 'j'), line(c, 'k')], new MemorySink(), {
        batchEvents: 2,
        onProgress: (progress) => seen.push(progress.events),
      });
      expect(sink.names).toEqual(['a1', 'b2', 'b3', 'a4', 'c5', 'c6', 'a7', 'c8', 'b9']);
      expect(summary.counts).toMatchObject({
        received: 11,
        ok: 9,
        events: 9,
        drop: { no_auth_event: 1 },
        dlq: { unparsable: 1 },
      });
      expect(summary).toMatchObject({ files: 3, resumedFiles: 0, faults: [], firstTime: '1970-01-01T00:00:01.000Z' });
      expect(sink.letters).toHaveLength(1);
      expect(seen.at(-1)).toBe(9);
    }));

  it('changes nothing when repeated, and takes only what was added', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'a');
      await writeFile(path, '1 a\n2 b\n');
      await replay(folder, [line(path)]);
      const again = await replay(folder, [line(path)]);
      expect(again.sink.events).toEqual([]);
      expect(again.summary).toMatchObject({ resumedFiles: 1, counts: { received: 0 } });
      await rename(path, `${path}.1`);
      await writeFile(`${path}.1`, `1 a\n2 b\n3 c\n`);
      const grown = await replay(folder, [line(`${path}.1`)]);
      expect(grown.sink.names).toEqual(['c']);
    }));

  it('reads again a file that begins alike but is another', () =>
    withFolder(async (folder) => {
      const [one, two] = [join(folder, 'one'), join(folder, 'two')];
      await writeFile(one, '1 probe\n2 a\n3 a\n');
      await writeFile(two, '1 probe\n2 b\n3 b\n');
      const first = await replay(folder, [line(one)]);
      const second = await replay(folder, [line(two)]);
      expect(second.sink.names).toEqual(['probe', 'b', 'b']);
      expect(new Set([...first.sink.uids, ...second.sink.uids]).size).toBe(5);
      expect((await replay(folder, [line(one), line(two)])).sink.events).toEqual([]);
    }));

  it('gives the same event_uids from plain, gz, zst and xz, whatever the name', () =>
    withFolder(async (folder) => {
      const fixtures = new URL('../../../fixtures/replay/', import.meta.url);
      const plain = await readFile(new URL('sample.log', fixtures));
      await writeFile(join(folder, 'gz'), gzipSync(plain));
      const uids: string[][] = [];
      for (const name of ['sample.log', 'sample.log.zst', 'sample.log.xz']) {
        await writeFile(join(folder, name), await readFile(new URL(name, fixtures)));
      }
      for (const name of ['gz', 'sample.log', 'sample.log.zst', 'sample.log.xz']) {
        const sink = new MemorySink();
        await replay(join(folder, `data-${name}`), [line(join(folder, name))], sink);
        uids.push(sink.events.map((event) => event.event_uid));
      }
      expect(uids[0]).toHaveLength(2_000);
      for (const list of uids) expect(list).toEqual(uids[0]);
      // And a checkpoint made from one compression is found through the others.
      await replay(folder, [line(join(folder, 'sample.log'))]);
      for (const name of ['gz', 'sample.log.zst', 'sample.log.xz']) {
        expect((await replay(folder, [line(join(folder, name))])).sink.events).toEqual([]);
      }
    }));

  it('takes what stands before a broken end and names the file', () =>
    withFolder(async (folder) => {
      const [broken, good] = [join(folder, 'broken.gz'), join(folder, 'good')];
      const text = Array.from({ length: 20_000 }, (_, i) => `${i} n${(i * 7919) % 10_007}\n`).join('');
      const packed = gzipSync(text);
      await writeFile(broken, packed.subarray(0, packed.length - 100));
      await writeFile(good, '1 good\n');
      const { sink, summary } = await replay(folder, [line(broken), line(good)]);
      expect(summary.faults).toMatchObject([{ path: broken, error: { code: 'TQ_FILE_UNREADABLE' } }]);
      expect(sink.names).toContain('good');
      expect(sink.events.length).toBeGreaterThan(10_000);
    }));

  it('reads nothing when a file is missing', () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, 'a'), '1 a\n');
      const sink = new MemorySink();
      const missing = join(folder, 'nope');
      await expect(replay(folder, [line(join(folder, 'a')), line(missing)], sink)).rejects.toMatchObject({
        code: 'TQ_FILE_UNREADABLE',
        message: expect.stringContaining(missing) as string,
      });
      expect(sink.events).toEqual([]);
    }));

  it('goes on where it was cut off: no event lost, none with a second uid', () =>
    withFolder(async (folder) => {
      const paths = ['a', 'b'].map((name) => join(folder, name));
      for (const [k, path] of paths.entries()) {
        await writeFile(path, Array.from({ length: 3_000 }, (_, i) => `${i * 2 + k} ${k}-${i}\n`).join(''));
      }
      const inputs = paths.map((path) => line(path));
      const limits = { sliceBytes: 1_000 };
      const abort = new AbortController();
      const first = await replay(folder, inputs, new MemorySink(), {
        signal: abort.signal,
        batchEvents: 100,
        limits,
        onProgress: (progress) => progress.events >= 1_500 && abort.abort(),
      });
      expect(first.sink.events.length).toBeLessThan(6_000);
      const second = await replay(folder, inputs, new MemorySink(), { limits });
      expect(second.sink.events.length).toBeLessThan(6_000);
      expect(new Set([...first.sink.names, ...second.sink.names]).size).toBe(6_000);
      expect(new Set([...first.sink.uids, ...second.sink.uids]).size).toBe(6_000);
    }));

  it('keeps the order when there are more files than may be open', () =>
    withFolder(async (folder) => {
      const inputs: ReplayInput[] = [];
      for (let k = 0; k < 12; k += 1) {
        const path = join(folder, `f${k}`);
        const from = ((k * 5) % 12) * 10;
        await writeFile(path, Array.from({ length: 15 }, (_, i) => `${from + i} x${k}-${i}\n`).join(''));
        inputs.push(line(path));
      }
      const { sink } = await replay(folder, inputs, new MemorySink(), { openFilesMax: 3 });
      const times = sink.events.map((event) => event.time);
      expect(times).toHaveLength(180);
      expect(times).toEqual([...times].sort());
    }));

  it('takes documents apart, on one line or many, and lines that are documents', () =>
    withFolder(async (folder) => {
      const value = { Records: ['1 a', '2 b'] };
      await writeFile(join(folder, 'pretty'), JSON.stringify(value, null, 2));
      await writeFile(join(folder, 'line'), JSON.stringify({ Records: ['3 c', '4 d'] }));
      await writeFile(join(folder, 'lines'), '"5 e"\n{"Records":["6 f","7 g"]}\n');
      const inputs = ['pretty', 'line', 'lines'].map((name) => ({
        ...line(join(folder, name)),
        source: documentSource,
      }));
      const { sink } = await replay(folder, inputs);
      expect(sink.names).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
      expect((await replay(folder, inputs)).sink.events).toEqual([]);
    }));

  it('survives a huge line, bad UTF-8, CRLF, a BOM and an empty file', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'a');
      const parts = [
        Buffer.from('\uFEFF1 a\r\n'),
        Buffer.alloc(300_000, 'x'),
        Buffer.from([10, 0xff, 0xfe, 10]),
        Buffer.from('2 b\r\n'),
      ];
      await writeFile(path, Buffer.concat(parts));
      await writeFile(join(folder, 'empty'), '');
      const limits = { lineBytesMax: 100_000, sliceBytes: 4_096 };
      const { sink, summary } = await replay(folder, [line(path), line(join(folder, 'empty'))], new MemorySink(), {
        limits,
      });
      expect(sink.names).toEqual(['a', 'b']);
      expect(summary.counts).toMatchObject({ received: 4, ok: 2, dlq: { too_large: 1, invalid_encoding: 1 } });
    }));

  it('ends with the error of a log that stays away, and the next run takes everything', () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, 'a'), '1 a\n2 b\n');
      const sink = new MemorySink();
      sink.failures = 1;
      const inputs = [line(join(folder, 'a'))];
      await expect(replay(folder, inputs, sink, { attemptsMax: 1 })).rejects.toMatchObject({
        code: 'TQ_LOG_UNAVAILABLE',
      });
      expect((await replay(folder, inputs, sink)).sink.names).toEqual(['a', 'b']);
    }));
});
