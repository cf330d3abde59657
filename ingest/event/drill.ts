import type { TokenEvent } from './token-event.js';

/**
 * The source instance that marks an event as part of a fire drill. It is bound to the API key of a configured source, so
 * nobody without that key can pass an attack off as a drill, whatever he writes into a request.
 */
export const DRILL_INSTANCE = 'tourniquet-drill';

export const isDrill = (event: TokenEvent): boolean => event.source.instance === DRILL_INSTANCE;
