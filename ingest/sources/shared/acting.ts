import type { Action, SourceKind } from '../../event/token-event.js';

/** What these say an issuer did to the token of the event; of a cloud's records only what its inventory takes so. */
const life: ReadonlySet<Action> = new Set<Action>(['issue', 'create', 'rotate', 'revoke', 'delete', 'expire']);

/**
 * The action of a record whose only token is the one that the caller showed. Making or ending something else is
 * administration that this token did: called `revoke` or `delete`, the event would end the token of who cleans up.
 */
export const actionOfActing = (action: Action, kind: SourceKind): Action =>
  action === 'revoke' || (kind === 'issuer' && life.has(action)) ? 'admin' : action;
