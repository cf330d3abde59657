import { tryJson } from '../../ingest/core/try-json.js';
import { QuantisedRing } from '../core/quantised-ring.js';
import type { RobustCentre } from '../core/robust.js';

/** What an hour is measured by, in the order in which a state keeps them. */
export const measures = ['response_bytes', 'targets', 'duration'] as const;
export type Measure = (typeof measures)[number];

/** A week: hours are compared with those of the same time of the day. */
export const HOURS = 168;
/** Routes of an hour that are told apart; 64 stands for 64 and more. */
export const TARGETS_MAX = 64;

/** Without what settings say: floors and the hours that must be known are asked of it when it is read. */
export interface Centre extends Pick<RobustCentre, 'expected' | 'spread'> {
  /** Hours of which the figure is known. */
  readonly known: number;
}

/** Lists are replaced and not changed, but for `targets` and what is in `rings`: most tokens share the empty ones. */
export interface ExchangeState {
  /** Number of the running hour since the epoch, -1 before the first request. */
  hour: number;
  /** Of the running hour: bytes answered, hashes of the routes, requests with a duration, and the sum of these, milliseconds. */
  bytes: number;
  targets: number[];
  timed: number;
  totalMs: number;
  /** By measure, whether the running hour gave a verdict and must not teach, and how many hours in a row did. */
  suspect: readonly boolean[];
  suspectRun: readonly number[];
  /** By measure, what is expected of the running hour; undefined until it is needed, null where nothing is known. */
  centres: readonly (Centre | null | undefined)[];
  /** By measure, each closed hour; missing ones had no request. Empty in the first hour. */
  rings: readonly QuantisedRing[];
}

export const NOT_SUSPECT: readonly boolean[] = measures.map(() => false);
export const NO_RUN: readonly number[] = measures.map(() => 0);
export const NOT_NEEDED: readonly undefined[] = measures.map(() => undefined);
const NO_RINGS: readonly QuantisedRing[] = [];

export const newRings = (): readonly QuantisedRing[] => measures.map(() => new QuantisedRing(HOURS));

export const newExchangeState = (): ExchangeState => ({
  hour: -1,
  bytes: 0,
  targets: [],
  timed: 0,
  totalMs: 0,
  suspect: NOT_SUSPECT,
  suspectRun: NO_RUN,
  centres: NOT_NEEDED,
  rings: NO_RINGS,
});

/** What `encodeExchangeState` writes; expectations are left out, since they follow from the rest. */
type Encoded = readonly [
  hour: number,
  bytes: number,
  targets: number[],
  timed: number,
  totalMs: number,
  suspect: number[],
  suspectRun: readonly number[],
  rings: string[],
];

export function encodeExchangeState(state: ExchangeState): string {
  const { hour, bytes, targets, timed, totalMs, suspect, suspectRun, rings } = state;
  const encoded: Encoded = [
    hour,
    bytes,
    targets,
    timed,
    totalMs,
    suspect.map(Number),
    suspectRun,
    rings.map((ring) => ring.encode()),
  ];
  return JSON.stringify(encoded);
}

const isCounts = (value: unknown, length: number): value is number[] =>
  Array.isArray(value) && value.length === length && value.every(Number.isFinite);

/** @throws TypeError on text that no encoder wrote. */
export function decodeExchangeState(text: string): ExchangeState {
  const encoded = tryJson(text);
  const fault = new TypeError('The text is no state of detector exchange.');
  if (!Array.isArray(encoded)) throw fault;
  const [hour, bytes, targets, timed, totalMs, suspect, suspectRun, rings] = encoded as unknown as Partial<Encoded>;
  const count = measures.length;
  if (!isCounts([hour, bytes, timed, totalMs], 4) || !isCounts(suspect, count) || !isCounts(suspectRun, count)) throw fault;
  if (!Array.isArray(targets) || targets.length > TARGETS_MAX || !isCounts(targets, targets.length)) throw fault;
  if (!Array.isArray(rings) || (rings.length !== 0 && rings.length !== count)) throw fault;
  return {
    ...newExchangeState(),
    hour: hour ?? -1,
    bytes: bytes ?? 0,
    targets,
    timed: timed ?? 0,
    totalMs: totalMs ?? 0,
    suspect: suspect.includes(1) ? suspect.map((one) => one === 1) : NOT_SUSPECT,
    suspectRun: suspectRun.some((run) => run > 0) ? suspectRun : NO_RUN,
    rings: rings.length === 0 ? NO_RINGS : rings.map((ring) => QuantisedRing.decode(ring, HOURS)),
  };
} // prettier-ignore
