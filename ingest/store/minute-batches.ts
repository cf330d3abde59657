export interface MinuteLines {
  /** Since the epoch. */
  readonly minute: number;
  /** Stored events of it. */
  readonly lines: number;
}

export interface BatchBounds {
  /** From the last minute of a batch to the next one that still joins it, at most. */
  readonly stepMax: number;
  /** Lines of a batch; a single minute may have more. */
  readonly linesMax: number;
  /** From the first minute of a batch to one that no longer joins it. */
  readonly minutesMax: number;
}

/** Minutes, oldest first, parted into what one statement takes. */
export function* minuteBatches<M extends MinuteLines>(
  minutes: readonly M[],
  { stepMax, linesMax, minutesMax }: BatchBounds,
): Generator<readonly M[]> {
  let batch: M[] = [];
  let lines = 0;
  for (const one of minutes) {
    const first = batch[0]?.minute ?? one.minute;
    const last = batch[batch.length - 1]?.minute ?? one.minute;
    const full = lines + one.lines > linesMax || one.minute - first >= minutesMax;
    if (batch.length > 0 && (full || one.minute - last > stepMax)) {
      yield batch;
      batch = [];
      lines = 0;
    }
    batch.push(one);
    lines += one.lines;
  }
  if (batch.length > 0) yield batch;
}
