import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { Speaker } from './detector.js';

/**
 * A pulse says that a speaker spoke in a minute: a source, or a token whose principal nobody knows. The token stage hands
 * pulses on beside the events of principals, so that where one watermark of all partitions stands it is known who is silent.
 * One is enough for a speaker, minute and partition; more of them say nothing new. So it is with what a group of peers is told:
 * that one of them was served with these values (peer-words.ts).
 */
export interface Pulse {
  /** Of the state. */
  readonly key: string;
  readonly kind: Speaker;
  readonly uid: string;
  /** Only where a group of peers is told: which of them was served. */
  readonly member?: number;
}

/** That a member of a group was served with values that its peers may not know of. */
export interface PeerWord {
  readonly group: number;
  readonly member: number;
}

export const MINUTE_MS = 60_000;

const OF_TOKEN = 'pulse/token';
const OF_SOURCE = 'pulse/source';
const OF_STREAM = 'pulse/stream';
/** Then the group and the member. */
const OF_PEERS = 'pulse/peers ';
/** No principal has a key that begins so, whatever its issuer calls it. */
const MARK = '\u001f';

/** Key of the state of the stream as a whole: whatever spoke. */
export const STREAM_KEY = `${MARK}stream`;

type Source = TokenEvent['source'];

/** What names a source to people, and in findings. */
export const sourceUid = ({ product, instance }: Pick<Source, 'product' | 'instance'>): string =>
  `${product} ${instance}`;
const SOURCE_PREFIX = `${MARK}source `;
export const sourceKey = (source: Pick<Source, 'product' | 'instance'>): string => SOURCE_PREFIX + sourceUid(source);
const tokenKey = (uid: string): string => `${MARK}token ${uid}`;
const PEERS_PREFIX = `${MARK}peers `;
/** Key of the state of a group of peers. */
export const peersKey = (group: number): string => `${PEERS_PREFIX}${group}`;

/**
 * Where a state stands among those that look at each other: the states of speakers (0) look at those of sources and of their
 * peers (1), and sources at that of the stream (2).
 */
export const standing = (key: string): 0 | 1 | 2 =>
  key === STREAM_KEY ? 2 : key.startsWith(SOURCE_PREFIX) || key.startsWith(PEERS_PREFIX) ? 1 : 0;

/** The key of a principal's state is its name, told apart from those of pulses. */
export const keyOfPrincipal = (uid: string): string => (uid.startsWith(MARK) ? `${MARK}${uid}` : uid);

/** Null for an event that is none. */
export function pulseOf({ source, token, principal }: TokenEvent): Pulse | null {
  const { record_type: type } = source;
  if (principal !== undefined || type === undefined) return null;
  if (type === OF_TOKEN && token !== undefined) {
    return { key: tokenKey(token.token_uid), kind: 'token', uid: token.token_uid };
  }
  if (type === OF_SOURCE) return { key: sourceKey(source), kind: 'source', uid: sourceUid(source) };
  if (type.startsWith(OF_PEERS)) {
    const [group = '', member] = type.slice(OF_PEERS.length).split(' ');
    return { key: peersKey(Number(group)), kind: 'source', uid: `peers ${group}`, member: Number(member) };
  }
  return type === OF_STREAM ? { key: STREAM_KEY, kind: 'source', uid: 'stream' } : null;
}

/** A valid TokenEvent with what a group of peers is told of a use. @param use as the principal stage sees it. */
export function toPeersPulse(use: TokenEvent, { group, member }: PeerWord): TokenEvent {
  const { source, token, client, user_agent: agent, user_agent_family: family, caller, target } = use;
  return {
    ...toPulse(use, 'source', token),
    source: { ...source, record_type: `${OF_PEERS}${group} ${member}` },
    ...(client !== undefined && { client }),
    ...(agent !== undefined && { user_agent: agent }),
    ...(family !== undefined && { user_agent_family: family }),
    ...(caller !== undefined && { caller }),
    ...(target !== undefined && { target }),
  };
}

/** A valid TokenEvent with nothing but what the pulse says. */
export function toPulse(event: TokenEvent, of: 'token' | 'source' | 'stream', token?: TokenEvent['token']): TokenEvent {
  const { product, instance, kind } = event.source;
  const record_type = of === 'token' ? OF_TOKEN : of === 'source' ? OF_SOURCE : OF_STREAM;
  return {
    schema_version: event.schema_version,
    event_uid: event.event_uid,
    time: event.time,
    observed_time: event.observed_time,
    source: { product, instance, kind, record_type },
    action: event.action,
    outcome: event.outcome,
    ...(token !== undefined && { token }),
  };
}
