// node --import ./test/tools/run-typescript.mjs test/eval/identical.ts [events]: findings of a replay, of many partitions, of
// a run with restarts and of the worker itself, over a million made events, must be the same ones.
import { withDirectory } from '../support/real-worker.js';
import { LiveWay } from './live-way.js';
import { simulateAttacked } from './simulate.js';
import { allWays, Beating, differences } from './ways.js';
import { START_MS } from './world.js';

const wanted = Number(process.argv[2] ?? 1_000_000);
/** About what one trial of every attack brings in its 26 days. */
const EVENTS_OF_TRIAL = 180_000;
const RESTART_EVERY = 150_000;
const SHOWN_MAX = 3;

const plan = { trials: Math.max(1, Math.ceil(wanted / EVENTS_OF_TRIAL)), quietDays: 15, days: 26, punctual: true };
const { events, ways } = await withDirectory(async (directory) => {
  const live = await LiveWay.open(directory, RESTART_EVERY);
  const every = [...allWays(20_000), live];
  try {
    const made = await simulateAttacked(101, plan, [new Beating(every, START_MS + 20 * 86_400_000)]);
    return { events: made.events, ways: every };
  } finally {
    await live.close();
  }
});
const different = differences(ways);
const counts = ways.map(({ name, found }) => `${name} ${found.size}`).join(', ');
const silences = [...(ways[0]?.found.values() ?? [])].filter((text) => text.includes('"detector":"silence"')).length;
process.stdout.write(
  `${events} events; findings: ${counts}; of silence: ${silences}; different: ${different.length}\n`,
);
for (const uid of different.slice(0, SHOWN_MAX)) {
  for (const { name, found } of ways) process.stdout.write(`  ${name}: ${found.get(uid) ?? 'none'}\n`);
}
process.exitCode = different.length === 0 && silences > 0 && events >= wanted ? 0 : 1;
