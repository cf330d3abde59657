// The insert stage beside what bounds it and what it replaces: the same rows, the same tables and views, fresh engine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';
import { writeSettings } from '#built/ingest/store/connection.js';
import { EventEncoder } from '#built/ingest/store/native/event-encoder.js';
import { StoreWriter } from '#built/ingest/store/writer.js';
import { chunks, measure, peakRssMib } from './measure.mjs';
import { newFingerprinter, openEngine, parseLines } from './parts.mjs';

const BLOCK_ROWS = 50_000;
/** Encoded at a stretch, about as many as the worker takes from a record. */
const SLICE_EVENTS = 1000;
const settings = (name, n) => ({ ...writeSettings, insert_deduplication_token: `${name}-${n}` });

/** @param {object} job `path`: `ours` (encode and insert), `native` (encoded before the clock starts), `json` (client.insert). */
export async function inserts(job) {
  const blocks = readBlocks(job.lines);
  const connection = await openEngine(job.directory);
  try {
    const result = await paths[job.path](connection, blocks, join(job.directory, 'clickhouse', 'engine'));
    return { ...result, peak_rss_mib: peakRssMib() };
  } finally {
    await connection.close();
  }
}

const paths = {
  async ours(connection, blocks) {
    const writer = new StoreWriter(() => connection);
    await warmUp(async (events) => {
      const block = writer.newBlock();
      for (const event of events) block.add(event);
      await writer.insertBlock(block, 'ours-warm-up');
      block.release();
    }, blocks);
    return measure(async () => {
      // As the worker does: a block is encoded while the one before it is written, and others get their turn between.
      let writing = Promise.resolve();
      for (const [n, events] of blocks.entries()) {
        const block = writer.newBlock();
        for (const some of chunks(events, SLICE_EVENTS)) {
          for (const event of some) block.add(event);
          await turn();
        }
        await writing;
        writing = writer.insertBlock(block, `ours-${n}`).then(() => block.release());
      }
      await writing;
      return rowsOf(blocks);
    });
  },
  async native(connection, blocks) {
    const encoded = encode(blocks);
    await warmUp((block) => connection.insertNative('token_events', block, settings('native', 'warm-up')), encoded);
    return measure(async () => {
      for (const [n, block] of encoded.entries())
        await connection.insertNative('token_events', block, settings('native', n));
      return rowsOf(blocks);
    });
  },
  /** Without the roll-ups: what the engine takes at most for this table alone. */
  async bare(connection, blocks) {
    await connection.command('CREATE TABLE bench_bare AS token_events');
    const encoded = encode(blocks);
    await warmUp((block) => connection.insertNative('bench_bare', block, settings('bare', 'warm-up')), encoded);
    return measure(async () => {
      for (const [n, block] of encoded.entries())
        await connection.insertNative('bench_bare', block, settings('bare', n));
      return rowsOf(blocks);
    });
  },
  async json(connection, blocks, path) {
    // Same contract, but typed by another copy of the client's common package.
    const client = createClient({ connection: /** @type {any} */ (createChdbConnection({ path })) });
    const rowBlocks = await asRows(connection, client, blocks);
    const insert = (values) => client.insert({ table: 'token_events', values, format: 'JSONEachRow' });
    await warmUp(insert, rowBlocks);
    const result = await measure(async () => {
      for (const values of rowBlocks) await insert(values);
      return rowsOf(rowBlocks);
    });
    await client.close();
    return result;
  },
};

/** One block goes in before the clock starts, whichever the path: the compiler's work is done once in a worker that runs for days. */
async function warmUp(insert, blocks) {
  const first = blocks[0];
  if (first !== undefined) await insert(first);
}

/** The very rows, as objects: written natively to a side table and read back before the clock starts. */
async function asRows(connection, client, blocks) {
  const rowBlocks = [];
  for (const [n, block] of encode(blocks).entries()) {
    await connection.command(`CREATE TABLE bench_rows_${n} AS token_events`);
    await connection.insertNative(`bench_rows_${n}`, block, settings('rows', n));
    const found = await client.query({ query: `SELECT * FROM bench_rows_${n}`, format: 'JSONEachRow' });
    rowBlocks.push(await found.json());
    await connection.command(`DROP TABLE bench_rows_${n} SYNC`);
  }
  return rowBlocks;
}

const rowsOf = (blocks) => blocks.reduce((sum, block) => sum + block.length, 0);

const encode = (blocks) => blocks.map(encodeBlock);

export function encodeBlock(block) {
  const encoder = new EventEncoder();
  for (const event of block) encoder.add(event);
  return encoder.encode();
}

function readBlocks(path) {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const fingerprinter = newFingerprinter();
  const events = chunks(lines, 500).flatMap((batch) => parseLines(batch, fingerprinter).events);
  return chunks(
    events.map((event, n) => ({ event, partition: 0, offset: BigInt(n) })),
    BLOCK_ROWS,
  );
}
