// What a pass of the shipped rules costs beside a day of many events: the benchmark's traffic again and again in order of
// time, tokens and principals in 20 variants, written by the engine itself; the roll-ups, which rules do not read, are left out.
import { readFileSync } from 'node:fs';
import { evaluateRules } from '#built/detectors/worker/rules/evaluate-rules.js';
import { RuleSet } from '#built/detectors/worker/rules/rule-set.js';
import { paneOf } from '#built/detectors/rules/window-plan.js';
import { silentLogger } from '#built/ingest/core/logger.js';
import { StoreQuerier } from '#built/ingest/store/query.js';
import { encodeBlock } from './inserts.mjs';
import { chunks, measure, peakRssMib, round, stopwatch } from './measure.mjs';
import { newFingerprinter, openEngine, parseLines } from './parts.mjs';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const VARIANTS = 20;
/** Panes up to so long end in such a pass, and so many minutes are new to it. */
const passes = [
  { every: 'minute', paneS: 60, minutes: 1 },
  { every: '5 minutes', paneS: 300, minutes: 5 },
  { every: 'hour', paneS: Infinity, minutes: 60 },
];

export async function rules({ lines, directory, events }) {
  const connection = await openEngine(directory);
  try {
    const ask = async (sql) =>
      /** @type {any[]} */ (await connection.query(sql, {}, { rowsMax: 1000, timeoutMs: 600_000, memoryBytesMax: 0 }));
    for (const { name } of await ask(
      `SELECT name FROM system.tables WHERE engine = 'MaterializedView' AND database = currentDatabase()`,
    ))
      await connection.command(`DROP VIEW ${name} SYNC`);
    const dayMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
    const fill = await measure(() => fillDay(connection, readFileSync(lines, 'utf8'), dayMs, events));
    const parts = async () =>
      (await ask(`SELECT count() AS n FROM system.parts WHERE active AND table = 'token_events'`))[0].n;
    const active = new RuleSet({ pack: true, disabled: [], observe: [] }, silentLogger).current();
    const querier = new StoreQuerier(() => connection);
    const asItLies = { parts: await parts(), passes: await measured(querier, active, dayMs, events) };
    await connection.command('OPTIMIZE TABLE token_events FINAL');
    const merged = { parts: await parts(), passes: await measured(querier, active, dayMs, events) };
    return {
      events,
      rules: active.length,
      fill_seconds: fill.seconds,
      as_it_lies: asItLies,
      merged,
      peak_rss_mib: peakRssMib(),
    };
  } finally {
    await connection.close();
  }
}

async function fillDay(connection, text, dayMs, total) {
  const fingerprinter = newFingerprinter();
  const parsed = chunks(text.trimEnd().split('\n'), 500).flatMap((batch) => parseLines(batch, fingerprinter).events);
  const rows = parsed.map((event, n) => ({ event, partition: 0, offset: BigInt(n) }));
  await connection.command('CREATE TABLE bench_seed AS token_events ENGINE = Memory');
  for (const [n, block] of chunks(rows, 50_000).entries())
    await connection.insertNative('bench_seed', encodeBlock(block), { insert_deduplication_token: `seed-${n}` });
  const times = Math.ceil(total / rows.length);
  const stepMs = DAY_MS / (times * rows.length);
  for (let n = 0; n < times; n += 1) {
    const variant = n % VARIANTS;
    await connection.command(`
      INSERT INTO token_events
      SELECT * REPLACE (
        generateUUIDv4() AS event_uid,
        fromUnixTimestamp64Milli(toInt64(${dayMs} + (${n * rows.length} + log_offset) * ${stepMs}), 'UTC') AS time,
        if(token_uid = '', '', concat(token_uid, '${variant}')) AS token_uid,
        if(principal_uid = '', '', concat(principal_uid, '${variant}')) AS principal_uid)
      FROM bench_seed
      SETTINGS deduplicate_insert_select = 'disable', max_insert_threads = 1, min_insert_block_size_rows = 1000000, min_insert_block_size_bytes = 0`);
  }
  return times * rows.length;
}

/** The passes at the end of a day, each as often as it takes to be sure of its least. */
async function measured(querier, active, dayMs, events) {
  const closedMs = dayMs + DAY_MS;
  const perMinute = Math.round(events / 1440);
  const results = [];
  for (const { every, paneS, minutes } of passes) {
    const due = active.filter(({ compiled }) => compiled.plan.paneS <= paneS);
    const fresh = Array.from({ length: minutes }, (_, n) => ({
      minute: closedMs / MINUTE_MS - minutes + n,
      lines: perMinute,
    }));
    let least = null;
    let asked = 0;
    for (let n = 0; n < 3; n += 1) {
      asked = 0;
      const stop = stopwatch();
      await evaluateRules(
        querier,
        {
          minutes: new Map(due.map((rule) => [rule, fresh])),
          lastPaneOf: ({ compiled }) => paneOf(compiled.plan, closedMs) - 1,
        },
        {
          look: async (_rule, _part, evaluate) => {
            asked += (await evaluate()).found.length;
          },
          refused: (_rule, error) => {
            throw error;
          },
        },
      );
      const { seconds, cpu_seconds } = stop(1);
      if (least === null || cpu_seconds < least.cpu_seconds) least = { seconds, cpu_seconds };
    }
    results.push({ every, rules: due.length, findings: asked, ...least });
  }
  return results;
}

export function rulesTable(result) {
  const rows = [
    `${result.events.toLocaleString('en-US')} events of one day, ${result.rules} rules; peak ${result.peak_rss_mib} MiB.`,
    '',
    '| the day lies in | a pass each | rules due | seconds | CPU-seconds | share of the period |',
    '| - | - | -: | -: | -: | -: |',
  ];
  const seconds = { minute: 60, '5 minutes': 300, hour: 3600 };
  for (const { parts, passes: list } of [result.as_it_lies, result.merged])
    for (const one of list)
      rows.push(
        `| ${parts} parts | ${one.every} | ${one.rules} | ${one.seconds} | ${one.cpu_seconds} | ${round((100 * one.seconds) / seconds[one.every])} % |`,
      );
  return rows.join('\n');
}
