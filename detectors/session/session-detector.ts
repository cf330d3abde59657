import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { Detector, Observation } from '../core/detector.js';
import { createFactDetector, type Fact, type FactKernel, type FactState } from '../core/fact-detector.js';
import { remember, textHash } from '../core/hash.js';
import { networkOf } from '../core/network.js';
import { isServed } from '../core/observation.js';
import type { SessionOptions } from './session-options.js';
import { sessionRules } from './session-rules.js';
import { NETWORKS_MAX, newSessionState, REFRESHES_MAX, SESSION_BYTES_MAX, sessionStateSchema, withSession, type KnownSession, type SessionState } from './session-state.js'; // prettier-ignore

type Measure = keyof typeof sessionRules;
const NONE: readonly Fact[] = [];
const SECOND_MS = 1000;
const DAY_MS = 86_400_000;

const told = (event: TokenEvent): boolean => event.source.kind === 'issuer' && event.outcome === 'success';

/** The issuer ended a session; a revocation names the session itself, or it is of something else. */
const endsSession = (event: TokenEvent): boolean =>
  told(event) && (event.action === 'logout' || (event.action === 'revoke' && event.token?.kind === 'session'));

const begins = (event: TokenEvent): boolean =>
  told(event) && (event.action === 'login' || event.action === 'issue' || event.action === 'refresh');

const networkHash = ({ client }: TokenEvent): number =>
  client === undefined ? 0 : textHash(networkOf(client.address));

/** A place that is the principal's own: the network and, in a mesh, the workload that calls from there. */
const homeHash = (event: TokenEvent): number => {
  const service = event.caller?.service;
  return service === undefined ? networkHash(event) : networkHash(event) ^ textHash(service);
};

/** True where nothing is known yet, and for what tells no place. */
const isHome = ({ homes }: SessionState, event: TokenEvent): boolean =>
  event.client === undefined || homes.length === 0 || homes.includes(homeHash(event));

/** The refresh token that was exchanged, where the answer brought another one. */
function exchanged({ action, token }: TokenEvent): string | undefined {
  const parent = token?.parent;
  if (action !== 'refresh' || parent?.kind !== 'refresh_jti') return undefined;
  const renewed = token?.aliases?.find(({ kind }) => kind === 'refresh_jti');
  return renewed !== undefined && renewed.value !== parent.value ? parent.value : undefined;
}

class SessionKernel implements FactKernel<SessionState> {
  readonly id = 'session';
  readonly version = 2;
  readonly stages = ['principal'] as const;
  readonly falsePositives = [
    'A second window of the client that goes on with its own copy of the token after the logout, until it expires.',
    'A service that works on with its caller’s token in the background.',
    'A phone that changes from one network to another between two tries of a refresh, more than the leeway apart.',
  ];
  readonly nextSteps = [
    'See what was done with the session’s tokens after its end, and from where.',
    'From an unknown address, treat the tokens as stolen: revoke the refresh family and sign the user out everywhere.',
    'Shorten the lifetime of access tokens, or let services ask the issuer (RFC 7662), so that a logout reaches them.',
  ];
  readonly ownBytesMax = SESSION_BYTES_MAX;
  readonly idleMs = DAY_MS;
  readonly rules = sessionRules;
  readonly schema = sessionStateSchema;
  readonly #endLeeway: number;
  readonly #homeLeeway: number;
  readonly #reuseLeewayMs: number;

  constructor(options: SessionOptions) {
    this.#endLeeway = options.end_leeway_seconds;
    this.#homeLeeway = Math.max(options.home_leeway_seconds, options.end_leeway_seconds);
    this.#reuseLeewayMs = options.reuse_leeway_seconds * SECOND_MS;
  }

  initial(): SessionState {
    return newSessionState();
  }

  facts(own: SessionState, observation: Observation): readonly Fact[] {
    const { event, timeMs } = observation;
    if (endsSession(event)) return this.#lateEnd(known(own, event), timeMs);
    if (isServed(observation)) return this.#afterEnd(own, known(own, event), event, timeMs);
    return told(event) ? this.#reuse(own, event, timeMs) : NONE;
  }

  learn(own: SessionState, observation: Observation, suspect: boolean): SessionState {
    const { event, timeMs } = observation;
    if (endsSession(event)) this.#learnEnd(own, event, timeMs);
    else if (begins(event)) this.#learnBegin(own, event, timeMs);
    else if (isServed(observation)) {
      this.#learnUse(own, event, timeMs);
      if (!suspect && event.client !== undefined) {
        own.networks = remember(own.networks, networkHash(event), NETWORKS_MAX);
        own.homes = remember(own.homes, homeHash(event), NETWORKS_MAX);
      }
    }
    return own;
  }

  /** The issuer's log may be read after the uses that it forbids. */
  #lateEnd(session: KnownSession | undefined, timeMs: number): readonly Fact[] {
    if (session === undefined) return NONE;
    const { lastMs, awayMs } = session;
    const isAway = (awayMs - timeMs) / SECOND_MS > this.#endLeeway;
    const observed = ((isAway ? awayMs : lastMs) - timeMs) / SECOND_MS;
    const expected = isAway ? this.#endLeeway : this.#homeLeeway;
    if (observed <= expected) return NONE;
    return [{ measure: 'use_after_logout' satisfies Measure, observed, expected, startMs: timeMs }];
  }

  #afterEnd(own: SessionState, session: KnownSession | undefined, event: TokenEvent, timeMs: number): readonly Fact[] {
    if (session === undefined || session.endedMs < 0) return NONE;
    const observed = (timeMs - session.endedMs) / SECOND_MS;
    const expected = isHome(own, event) ? this.#homeLeeway : this.#endLeeway;
    if (observed <= expected) return NONE;
    const elsewhere = own.networks.length > 0 && event.client !== undefined && !own.networks.includes(networkHash(event)); // prettier-ignore
    const measure: Measure = elsewhere ? 'use_after_logout_elsewhere' : 'use_after_logout';
    const { endedMs, endedUid } = session;
    return [{ measure, observed, expected, startMs: endedMs, evidence: [endedUid] }];
  }

  #reuse(own: SessionState, event: TokenEvent, timeMs: number): readonly Fact[] {
    const refresh = exchanged(event);
    if (refresh === undefined) return NONE;
    const first = own.refreshes.find((one) => one.refresh === textHash(refresh));
    if (first === undefined || timeMs - first.atMs <= this.#reuseLeewayMs) return NONE;
    const elsewhere = first.network !== 0 && event.client !== undefined && first.network !== networkHash(event);
    const measure: Measure = elsewhere ? 'refresh_token_reuse_elsewhere' : 'refresh_token_reuse';
    return [{ measure, startMs: first.atMs, evidence: [first.uid] }];
  }

  #learnEnd(own: SessionState, event: TokenEvent, timeMs: number): void {
    if (event.session_uid === undefined) return;
    const before = known(own, event);
    if (before !== undefined && before.endedMs >= 0 && before.endedMs <= timeMs) return;
    const { lastMs, awayMs } = before ?? { lastMs: -1, awayMs: -1 };
    const session = textHash(event.session_uid);
    own.sessions = withSession(own.sessions, { session, lastMs, awayMs, endedMs: timeMs, endedUid: event.event_uid });
  }

  /** An issuer that serves a session again says that it lives. */
  #learnBegin(own: SessionState, event: TokenEvent, timeMs: number): void {
    const session = known(own, event);
    if (session !== undefined && session.endedMs >= 0 && timeMs > session.endedMs) {
      own.sessions = withSession(own.sessions, { ...session, endedMs: -1, endedUid: '' });
    }
    const refresh = exchanged(event);
    if (refresh === undefined || own.refreshes.some((one) => one.refresh === textHash(refresh))) return;
    const room = own.refreshes.slice(Math.max(0, own.refreshes.length + 1 - REFRESHES_MAX));
    const network = networkHash(event);
    own.refreshes = [...room, { refresh: textHash(refresh), network, atMs: timeMs, uid: event.event_uid }];
  }

  #learnUse(own: SessionState, event: TokenEvent, timeMs: number): void {
    if (event.session_uid === undefined) return;
    const last = own.sessions[own.sessions.length - 1];
    const session = textHash(event.session_uid);
    const before = last?.session === session ? last : own.sessions.find((one) => one.session === session);
    const lastMs = Math.max(before?.lastMs ?? -1, timeMs);
    const { endedMs, endedUid, awayMs: away } = before ?? { endedMs: -1, endedUid: '', awayMs: -1 };
    const awayMs = isHome(own, event) ? away : Math.max(away, timeMs);
    own.sessions = withSession(own.sessions, { session, lastMs, awayMs, endedMs, endedUid });
  }
}

function known(own: SessionState, { session_uid: uid }: TokenEvent): KnownSession | undefined {
  if (uid === undefined || own.sessions.length === 0) return undefined;
  const session = textHash(uid);
  return own.sessions.find((one) => one.session === session);
}

/** @param options validated by `sessionOptionsSchema`. */
export function createSessionDetector(options: SessionOptions): Detector<FactState<SessionState>> {
  return createFactDetector(new SessionKernel(options));
}
