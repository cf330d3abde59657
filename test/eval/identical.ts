// node --import ./test/tools/run-typescript.mjs test/eval/identical.ts [events]: findings of a replay, of many partitions and of
// a run with restarts, over a million made events, must be the same ones.
import { simulateAttacked } from './simulate.js';
import { allWays, Beating, differences } from './ways.js';
import { START_MS } from './world.js';

const wanted = Number(process.argv[2] ?? 1_000_000);
/** About what one trial of every attack brings in its 26 days. */
const EVENTS_OF_TRIAL = 110_000;
const SHOWN_MAX = 3;

const ways = allWays(20_000);
const plan = { trials: Math.max(1, Math.ceil(wanted / EVENTS_OF_TRIAL)), quietDays: 15, days: 26, punctual: true };
const { events } = await simulateAttacked(101, plan, [new Beating(ways, START_MS + 20 * 86_400_000)]);
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
