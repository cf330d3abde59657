import { appendFile, copyFile, mkdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fileTailConfigSchema } from '../../../../ingest/collectors/file-tail/config.js';
import { createFileTailCollector } from '../../../../ingest/collectors/file-tail/file-tail-collector.js';
import { silentLogger } from '../../../../ingest/core/logger.js';
import { openCheckpointStore } from '../../../../ingest/pipeline/checkpoint-store.js';
import { emptyCounts, addCounts } from '../../../../ingest/pipeline/record-tally.js';
import type { Source } from '../../../../ingest/sources/source.js';
import { base, documentSource, lineSource, MemorySink, until, wallClock, withFolder } from '../pipeline/support.js';

interface Tail {
  readonly sink: MemorySink;
  readonly counts: ReturnType<typeof emptyCounts>;
  stop(): Promise<void>;
  sees(names: readonly string[]): Promise<void>;
}

async function tailOn(
  folder: string,
  paths: readonly string[],
  sink = new MemorySink(),
  source: Source = lineSource,
): Promise<Tail> {
  const checkpoints = await openCheckpointStore(join(folder, 'data', 'files.json'), {
    clock: wallClock,
    logger: silentLogger,
  });
  const config = fileTailConfigSchema.parse({
    paths: paths.map((path) => join(folder, path)),
    poll_ms: 20,
    rotated_idle_ms: 200,
    line_bytes_max: 2_048,
  });
  const counts = emptyCounts();
  const collector = createFileTailCollector(config, {
    ...base,
    clock: wallClock,
    sink,
    checkpoints,
    binding: { source, instance: 'i' },
    onCounts: (_product, _instance, more) => addCounts(counts, more),
  });
  await collector.start();
  return {
    sink,
    counts,
    stop: async () => {
      await collector.stop(5_000);
      await checkpoints.close();
    },
    sees: (names) => {
      const wanted = new Set(names);
      return until(
        () => new Set(sink.names).size >= wanted.size,
        () => ({ wanted: [...wanted], seen: sink.names }),
      ).then(() => expect([...new Set(sink.names)].sort()).toEqual([...wanted].sort()));
    },
  };
}

describe('file tail', () => {
  it('follows growth, holds a partial last line, and starts before the file is there', () =>
    withFolder(async (folder) => {
      const tail = await tailOn(folder, ['app.log']);
      const path = join(folder, 'app.log');
      await writeFile(path, '1 a\n2 b\n3 ');
      await tail.sees(['a', 'b']);
      await appendFile(path, 'c\n');
      await tail.sees(['a', 'b', 'c']);
      await tail.stop();
      expect(tail.sink.events).toHaveLength(3);
    }));

  it('goes on behind its checkpoint after a restart, in the middle of a line too', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'app.log');
      await writeFile(path, '1 a\n2 b\n3 half');
      const first = await tailOn(folder, ['app.log']);
      await first.sees(['a', 'b']);
      await first.stop();
      await appendFile(path, 'x\n4 d\n');
      const second = await tailOn(folder, ['app.log']);
      await second.sees(['halfx', 'd']);
      await second.stop();
      expect(second.sink.events).toHaveLength(2);
    }));

  it('loses and doubles nothing over renames, one of them while it was down', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'app.log');
      await writeFile(path, '1 a\n');
      const first = await tailOn(folder, ['app.log*']);
      await first.sees(['a']);
      await rename(path, `${path}.1`);
      // A writer that has not reopened its file yet goes on in the renamed one.
      await appendFile(`${path}.1`, '2 b\n');
      await writeFile(path, '3 c\n');
      await first.sees(['a', 'b', 'c']);
      await first.stop();
      await appendFile(path, '4 d\n');
      await rename(`${path}.1`, `${path}.2`);
      await rename(path, `${path}.1`);
      await writeFile(path, '5 e\n');
      const second = await tailOn(folder, ['app.log*'], first.sink);
      await second.sees(['a', 'b', 'c', 'd', 'e']);
      await second.stop();
      expect(first.sink.events).toHaveLength(5);
    }));

  it('reads on what was renamed while it was down, though the new name is none of its paths, and nothing that it does not know', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'app.log');
      await writeFile(path, '1 a\n');
      await writeFile(join(folder, 'app.log.9'), '9 stranger\n');
      const first = await tailOn(folder, ['app.log']);
      await first.sees(['a']);
      await first.stop();
      await appendFile(path, '2 b\n');
      await rename(path, join(folder, 'app.log.1'));
      await writeFile(path, '3 c\n');
      const second = await tailOn(folder, ['app.log'], first.sink);
      await second.sees(['a', 'b', 'c']);
      await second.stop();
      expect(first.sink.events).toHaveLength(3);
      const third = await tailOn(folder, ['app.log'], first.sink);
      await appendFile(path, '4 d\n');
      await third.sees(['a', 'b', 'c', 'd']);
      await third.stop();
      expect(first.sink.events).toHaveLength(4);
    }));

  it('reads a file to its end though its name is gone, with a last line that nobody will complete', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'app.log');
      await writeFile(path, '1 a\n');
      const tail = await tailOn(folder, ['app.log']);
      await tail.sees(['a']);
      await appendFile(path, '2 b\n3 end');
      await rename(path, join(folder, 'elsewhere'));
      await tail.sees(['a', 'b', 'end']);
      await tail.stop();
    }));

  it('notices copytruncate, also when the new content is longer than the old', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'app.log');
      await writeFile(path, '1 a\n2 b\n');
      const tail = await tailOn(folder, ['app.log']);
      await tail.sees(['a', 'b']);
      await copyFile(path, join(folder, 'copy'));
      await truncate(path, 0);
      await appendFile(path, '3 c\n');
      await tail.sees(['a', 'b', 'c']);
      await writeFile(path, '4 d\n5 e\n6 f\n7 g\n8 h\n');
      await tail.sees(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
      await tail.stop();
      expect(tail.sink.events).toHaveLength(8);
    }));

  it('takes from the copy what it had not read when the original was truncated', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'app.log');
      await writeFile(path, '1 a\n2 b\n');
      const first = await tailOn(folder, ['app.log*']);
      await first.sees(['a', 'b']);
      await first.stop();
      await appendFile(path, '3 c\n');
      await copyFile(path, `${path}.1`);
      await truncate(path, 0);
      await appendFile(path, '4 d\n');
      const second = await tailOn(folder, ['app.log*']);
      await second.sees(['c', 'd']);
      await second.stop();
      expect(second.sink.events).toHaveLength(2);
    }));

  it('reads of a gzipped rotation only what the plain file had not delivered, under the same event_uids', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'app.log');
      await writeFile(path, '1 a\n2 b\n');
      const first = await tailOn(folder, ['app.log*']);
      await first.sees(['a', 'b']);
      await first.stop();
      await writeFile(`${path}.1.gz`, gzipSync('1 a\n2 b\n3 c\n'));
      await rm(path);
      await writeFile(path, '9 z\n');
      const second = await tailOn(folder, ['app.log*']);
      await second.sees(['c', 'z']);
      await second.stop();
      expect(second.sink.events).toHaveLength(2);
      await rm(join(folder, 'data'), { recursive: true });
      const again = await tailOn(folder, ['app.log.1.gz']);
      await again.sees(['a', 'b', 'c']);
      await again.stop();
      expect([...again.sink.uids].filter((uid) => first.sink.uids.has(uid) || second.sink.uids.has(uid))).toHaveLength(
        3,
      );
    }));

  it('does not move the checkpoint before the sink said durable', () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, 'app.log'), '1 a\n');
      const sink = new MemorySink();
      sink.failures = Infinity;
      const first = await tailOnBackground(folder, sink);
      await until(
        () => first.tried(),
        () => 'not tried',
      );
      await first.stop();
      const second = await tailOn(folder, ['app.log']);
      await second.sees(['a']);
      await second.stop();
    }));

  it('waits for a log that is away and then delivers everything once', () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, 'app.log'), '1 a\n2 b\n');
      const sink = new MemorySink();
      sink.failures = 1;
      const tail = tailOn(folder, ['app.log'], sink);
      await until(
        () => sink.names.length === 2,
        () => sink.names,
      );
      await (await tail).stop();
      expect(sink.names).toEqual(['a', 'b']);
    }));

  it('keeps files apart that begin with the same line', () =>
    withFolder(async (folder) => {
      await mkdir(join(folder, 'x'));
      await mkdir(join(folder, 'y'));
      await writeFile(join(folder, 'x', 'a.log'), '1 probe\n2 x2\n');
      await writeFile(join(folder, 'y', 'a.log'), '1 probe\n2 y2\n');
      const tail = await tailOn(folder, ['*/a.log']);
      await tail.sees(['probe', 'x2', 'y2']);
      await tail.stop();
      await appendFile(join(folder, 'x', 'a.log'), '3 x3\n');
      await appendFile(join(folder, 'y', 'a.log'), '3 y3\n');
      const second = await tailOn(folder, ['*/a.log']);
      await second.sees(['x3', 'y3']);
      await second.stop();
      expect(second.sink.events).toHaveLength(2);
    }));

  it('goes on after a huge line, bad UTF-8, CRLF and a BOM; every record has one end', () =>
    withFolder(async (folder) => {
      const parts = ['\uFEFF1 a\r\n', 'x'.repeat(100_000), '\n', Buffer.from([0xff, 0xfe, 10]), 'boom\n-\n\n2 b\n'];
      await writeFile(join(folder, 'app.log'), Buffer.concat(parts.map((part) => Buffer.from(part))));
      const tail = await tailOn(folder, ['app.log']);
      await tail.sees(['a', 'b']);
      await tail.stop();
      expect(tail.counts).toMatchObject({
        received: 7,
        ok: 2,
        drop: { blank: 1, no_auth_event: 1 },
        dlq: { too_large: 1, invalid_encoding: 1, parser_fault: 1 },
      });
      expect(tail.sink.letters.map((letter) => letter.reason)).toEqual([
        'too_large',
        'invalid_encoding',
        'parser_fault',
      ]);
    }));

  it('reads whole documents when they rest', () =>
    withFolder(async (folder) => {
      const tail = await tailOn(folder, ['*.json*'], new MemorySink(), documentSource);
      await writeFile(join(folder, 'a.json'), JSON.stringify({ Records: ['1 a', '2 b'] }, null, 2));
      await writeFile(join(folder, 'b.json.gz'), gzipSync(JSON.stringify({ Records: ['3 c'] })));
      await tail.sees(['a', 'b', 'c']);
      await tail.stop();
      expect(tail.sink.events).toHaveLength(3);
    }));

  it('stops before it started, and twice', () =>
    withFolder(async (folder) => {
      const checkpoints = await openCheckpointStore(join(folder, 'files.json'), {
        clock: wallClock,
        logger: silentLogger,
      });
      const config = fileTailConfigSchema.parse({ paths: [join(folder, 'a')] });
      const binding = { source: lineSource, instance: 'i' };
      const collector = createFileTailCollector(config, { ...base, sink: new MemorySink(), checkpoints, binding });
      await collector.stop(100);
      await collector.stop(100);
      await checkpoints.close();
    }));
});

/** A tail whose sink never takes anything: start returns, the delivery goes on in the background. */
async function tailOnBackground(
  folder: string,
  sink: MemorySink,
): Promise<{ tried(): boolean; stop(): Promise<void> }> {
  const before = sink.failures;
  let attempts = 0;
  const accept = sink.accept.bind(sink);
  sink.accept = (batch) => {
    attempts += 1;
    return accept(batch);
  };
  expect(before).toBe(Infinity);
  const tail = await tailOn(folder, ['app.log'], sink);
  return { tried: () => attempts > 0, stop: () => tail.stop() };
}
