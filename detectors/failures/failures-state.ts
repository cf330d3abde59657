/** A leaky bucket: one drop leaks away in each `leak`, and what stays tells how fast drops come. */
export interface Bucket {
  level: number;
  /** Event time of the last drop, milliseconds; -1 before the first. */
  atMs: number;
  /** Event time of the first drop since the bucket was empty. */
  startMs: number;
  /** Drops since then, those that did not raise the level included. */
  count: number;
}

export interface FailuresState {
  readonly guesses: Bucket;
  readonly signatures: Bucket;
  /** Fingerprints refused last: the same secret again is a client that retries, not a guess. */
  readonly refused: string[];
}

/** How many refused secrets are told apart. */
export const REFUSED_MAX = 16;

const emptyBucket = (): Bucket => ({ level: 0, atMs: -1, startMs: -1, count: 0 });

export const newFailuresState = (): FailuresState => ({
  guesses: emptyBucket(),
  signatures: emptyBucket(),
  refused: [],
});

/** A drop so many leaks before the first one is none of its filling: a log that is read late does not fill the bucket of today. */
const APART_DROPS = 10;

/** What is left at a time. */
export function levelAt(bucket: Bucket, timeMs: number, leakMs: number): number {
  if (bucket.atMs < 0 || timeMs < bucket.startMs - APART_DROPS * leakMs) return 0;
  return Math.max(0, bucket.level - Math.max(0, timeMs - bucket.atMs) / leakMs);
}

/** The bucket after a drop; `raises` is false for one that only counts. */
export function afterDrop(bucket: Bucket, timeMs: number, leakMs: number, raises: boolean): Bucket {
  const left = levelAt(bucket, timeMs, leakMs);
  const anew = left === 0;
  return {
    level: left + (raises ? 1 : 0),
    atMs: anew ? timeMs : Math.max(bucket.atMs, timeMs),
    startMs: anew ? timeMs : Math.min(bucket.startMs, timeMs),
    count: anew ? 1 : bucket.count + 1,
  };
}

/** Fields in the order in which they are encoded; raise the detector's version when it changes. */
export function encodeFailuresState({ guesses, signatures, refused }: FailuresState): string {
  const bucket = (b: Bucket): string => [b.level, b.atMs, b.startMs, b.count].join(',');
  return [bucket(guesses), bucket(signatures), refused.join(',')].join('|');
}

/** Throws on text that no encoder wrote. */
export function decodeFailuresState(text: string): FailuresState {
  const parts = text.split('|');
  const [guesses, signatures] = parts.slice(0, 2).map(decodeBucket);
  if (parts.length !== 3 || guesses === undefined || signatures === undefined) {
    throw new TypeError('The text is no state of detector failures.');
  }
  const refused = parts[2] ?? '';
  return { guesses, signatures, refused: refused === '' ? [] : refused.split(',') };
}

function decodeBucket(text: string): Bucket {
  const fields = text.split(',').map(Number);
  const [level, atMs, startMs, count] = fields;
  if (fields.length !== 4 || fields.some((n) => Number.isNaN(n))) {
    throw new TypeError('The text is no state of detector failures.');
  }
  return { level: level ?? 0, atMs: atMs ?? -1, startMs: startMs ?? -1, count: count ?? 0 };
}
