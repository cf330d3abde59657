import { setFlagsFromString } from 'node:v8';

/** Of what was alive after the last long round of the garbage collector, what may be added until the next one. */
const GROWTH_PERCENT = 60;

/**
 * Makes V8 collect before the heap has grown by more than this share, in all threads; where there is memory, it may let the heap grow
 * to four times of what is alive. Called before anything large is made. Who says otherwise on the command line of node has their way.
 */
export function keepHeapSmall(): void {
  if (process.execArgv.some((arg) => /^--heap[-_]growing[-_]percent/.test(arg))) return;
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
