import { randomBytes } from 'node:crypto';
import { formatTime } from '../../ingest/event/time.js';

/** One marked attack: lines as NGINX would log them (JSON), for the drill's own credential and nobody else's. */
export interface DrillAttack {
  readonly name: 'honeytoken' | 'guessing' | 'volume';
  /** Earlier, ordinary use: it warms up the drill's own baseline and is no part of the attack. */
  readonly history: readonly string[];
  readonly lines: readonly string[];
}

export interface Drill {
  readonly id: string;
  /** The credential that has to be registered as a decoy before the attacks are sent. */
  readonly decoy: string;
  /** @param nowMs when the attacks end. */
  attacks(nowMs: number): readonly DrillAttack[];
}

const HOST = 'drill.tourniquet.invalid';
/** RFC 5737: addresses that belong to nobody. */
const ATTACKER = '198.51.100.66';
const HOLDER = '192.0.2.10';

const GUESSES = 40;
const GUESS_EVERY_MS = 100;
const BURST = 600;
const BURST_EVERY_MS = 25;
/** Longer than the grace of `rate` (10 minutes). */
const HISTORY_MS = 20 * 60_000;
const HISTORY_EVERY_MS = 10_000;

interface Line {
  readonly timeMs: number;
  readonly address: string;
  readonly authorization: string;
  readonly status: number;
  readonly uri: string;
}

const written = (line: Line): string =>
  JSON.stringify({
    time_iso8601: formatTime(line.timeMs),
    remote_addr: line.address,
    request_method: 'GET',
    request_uri: line.uri,
    host: HOST,
    status: String(line.status),
    body_bytes_sent: '120',
    http_user_agent: 'tourniquet-drill',
    authorization: line.authorization,
  });

const every = <T>(count: number, make: (n: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, n) => make(n));

/** New credentials in each drill, so that no real token is touched. */
export function makeDrill(): Drill {
  const id = randomBytes(4).toString('hex');
  const decoy = randomBytes(32).toString('base64url');
  const key = `drill-${id}-${randomBytes(24).toString('base64url')}`;
  return {
    id,
    decoy,
    attacks: (nowMs) => [
      { name: 'honeytoken', history: [], lines: [decoyUse(decoy, nowMs)] },
      {
        name: 'guessing',
        history: [],
        lines: every(GUESSES, (n) => guess(id, nowMs - (GUESSES - n) * GUESS_EVERY_MS)),
      },
      volume(key, nowMs - BURST * BURST_EVERY_MS),
    ],
  };
}

const decoyUse = (decoy: string, timeMs: number): string =>
  written({ timeMs, address: ATTACKER, authorization: `Bearer ${decoy}`, status: 401, uri: '/drill/honeytoken' });

function guess(id: string, timeMs: number): string {
  const pair = `drill-${id}:${randomBytes(12).toString('base64url')}`;
  const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  return written({ timeMs, address: ATTACKER, authorization, status: 401, uri: '/drill/guessing' });
}

function volume(key: string, startMs: number): DrillAttack {
  const use = (timeMs: number, address: string): string =>
    written({ timeMs, address, authorization: `Bearer ${key}`, status: 200, uri: '/drill/volume' });
  return {
    name: 'volume',
    history: every(HISTORY_MS / HISTORY_EVERY_MS, (n) => use(startMs - HISTORY_MS + n * HISTORY_EVERY_MS, HOLDER)),
    lines: every(BURST, (n) => use(startMs + n * BURST_EVERY_MS, ATTACKER)),
  };
}
