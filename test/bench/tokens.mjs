// A worker that gets to know more tokens than it has room for, and then sees some of them again: memory and rate on the way.
import { keysOf, openWorker, rows } from './flows.mjs';
import { peakRssMib, round, stopwatch, until } from './measure.mjs';
import { withSurroundings } from './parts.mjs';

const PATIENCE_MS = 3_600_000;
const SAMPLES = 11;

const mib = (bytes) => Math.round(bytes / 2 ** 20);

export function tokens({ known, count, ...job }) {
  return withSurroundings(job, async (surroundings) => {
    const samples = [];
    /** @type {ReturnType<typeof stopwatch> | undefined} */
    let stop;
    const { made, store } = await openWorker(surroundings, () => (stop ??= stopwatch()));
    await surroundings.lifecycle.start(made);
    let next = 1;
    await until(
      async () => {
        const stored = await rows(store);
        if (stop !== undefined && stored >= (next * count) / SAMPLES) {
          const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
          samples.push({
            stored,
            keys: keysOf(made),
            ...stop(stored),
            rss: mib(rss),
            heap: mib(heapUsed),
            buffers: mib(arrayBuffers),
          });
          next = Math.floor((stored * SAMPLES) / count) + 1;
        }
        return made.caughtUp();
      },
      PATIENCE_MS,
      'the worker',
    );
    const rates = stop?.(count);
    if (rates === undefined) throw new Error('Nothing was read.');
    return {
      known,
      ...rates,
      keys: keysOf(made),
      rows: await rows(store),
      peak_rss_mib: round(peakRssMib(), 0),
      samples,
    };
  });
}

export function tokensTable(r) {
  const row = (...cells) => `| ${cells.join(' | ')} |`;
  const whole = (value) => value.toLocaleString('en-US');
  return [
    row('events stored', 'states in memory', 'CPU-s', 'resident MiB', 'heap in use', 'buffers'),
    row('-:', '-:', '-:', '-:', '-:', '-:'),
    ...r.samples.map((s) =>
      row(whole(s.stored), whole(s.keys), whole(s.cpu_seconds), whole(s.rss), whole(s.heap), whole(s.buffers)),
    ),
    '',
    `${whole(r.known)} tokens, ${whole(r.rows)} events in ${whole(r.seconds)} s and ${whole(r.cpu_seconds)} CPU-seconds; at most ${whole(r.peak_rss_mib)} MiB.`,
  ].join('\n');
}
