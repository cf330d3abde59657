import type { TokenEvent } from '../../ingest/event/token-event.js';
import { textHash } from './hash.js';
import { networkOf } from './network.js';

/** A network as a hash, and event time of its first use, milliseconds. */
export type Caller = readonly [hash: number, firstMs: number];
export type Callers = readonly Caller[];

/** Networks that are told apart; who has more of them is known from none. */
export const CALLERS_MAX = 4;
/** Of one in a text. */
export const CALLER_BYTES = 36;
export const NO_CALLERS: Callers = [];

/** 0 for an event that tells no address. */
export function callerOf(event: TokenEvent): number {
  const { client } = event;
  return client === undefined ? 0 : textHash(client.network_name ?? networkOf(client.address));
}

/** The list with a use in it: what was used longest ago leaves first. */
export function withCaller(list: Callers, caller: number, timeMs: number): Callers {
  if (caller === 0 || list[list.length - 1]?.[0] === caller) return list;
  const known = list.find(([hash]) => hash === caller);
  const others = list.filter((one) => one !== known);
  return [...(others.length >= CALLERS_MAX ? others.slice(1) : others), known ?? [caller, timeMs]];
}

export const isCallerSince = (list: Callers, caller: number, sinceMs: number): boolean =>
  caller !== 0 && list.some(([hash, firstMs]) => hash === caller && firstMs <= sinceMs);

export const encodeCallers = (list: Callers): string => list.map((caller) => caller.join(',')).join(';');

export const decodeCallers = (text: string): Callers =>
  text === ''
    ? NO_CALLERS
    : text.split(';').map((part): Caller => {
        const [hash = 0, firstMs = 0] = part.split(',').map(Number);
        return [hash, firstMs];
      });
