import { MultiBar, Presets } from 'cli-progress';
import type { SingleBar } from 'cli-progress';
import type { Terminal } from './terminal.js';

/** A bar that shows how much is done and how fast; without a terminal it is a line at the end. */
export interface Progress {
  update(done: number, extra: string): void;
  /** Prints a line above the bars. */
  line(text: string): void;
  stop(): void;
}

/**
 * @param total in `unit`s, 1 or more.
 * @param nowMs the wall clock, for the rate.
 */
export function createProgress(
  terminal: Terminal,
  title: string,
  total: number,
  unit: string,
  nowMs: () => number,
): Progress {
  const startMs = nowMs();
  const rate = (done: number): string =>
    `${Math.round(done / Math.max(0.001, (nowMs() - startMs) / 1000)).toLocaleString('en-US')} ${unit}/s`;
  let last = { done: 0, extra: '' };
  if (!terminal.interactive) {
    return {
      update: (done, extra) => {
        last = { done, extra };
      },
      line: (text) => terminal.out(text),
      stop: () =>
        terminal.err(
          `${title}: ${last.done.toLocaleString('en-US')} ${unit} at ${rate(last.done)} ${last.extra}`.trimEnd(),
        ),
    };
  }
  const bars = new MultiBar(
    {
      format: '{title} [{bar}] {percentage}% {rate} {extra}',
      hideCursor: true,
      clearOnComplete: false,
      stream: process.stderr,
    },
    Presets.shades_classic,
  );
  const bar: SingleBar = bars.create(total, 0, { title, rate: '', extra: '' });
  return {
    update: (done, extra) => bar.update(Math.min(done, total), { rate: rate(done), extra }),
    line: (text) => {
      bars.log(`${text}\n`);
    },
    stop: () => bars.stop(),
  };
}
