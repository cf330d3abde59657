import { isShared, sharedFacts } from '../../ingest/event/shared-facts.js';
import type { PrincipalFacts, TokenEvent, TokenFacts } from '../../ingest/event/token-event.js';
import { handedOnKey } from './told-once.js';

type Target = NonNullable<TokenEvent['target']>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const compactSource = onceForShared(({ product, instance, kind, record_type }: TokenEvent['source']) => ({
  product,
  instance,
  kind,
  ...(record_type !== undefined && { record_type }),
}));
export const compactToken = onceForShared(newCompactToken);
const compactPrincipal = onceForShared(newCompactPrincipal);

/** What many events hold as one object stays one object, written as JSON once. */
function onceForShared<T extends object>(compact: (facts: T) => T): (facts: T) => T {
  const made = new WeakMap<T, T>();
  return (facts) => {
    if (!isShared(facts)) return compact(facts);
    let known = made.get(facts);
    if (known === undefined) made.set(facts, (known = sharedFacts(compact(facts))));
    return known;
  };
}

/**
 * What detectors of the principal stage see of an event: whose, when, what became of it, from where, by what, to what. It
 * is a TokenEvent itself, without what names one request only (paths, sizes, most aliases, words of the product; of path and trace a short hash is
 * left, by which its other lines are known), and travels as one.
 *
 * @returns null for an event that tells no principal, and for the caller's half of a hop: the callee's counts.
 */
export function toPrincipalEvent(event: TokenEvent): TokenEvent | null {
  const { principal, direction } = event;
  if (principal === undefined || direction === 'outbound') return null;
  const { token, target } = event;
  // Field by field: this is asked of every event, and a spread for each field costs several times as much.
  const kept: Mutable<TokenEvent> = {
    schema_version: event.schema_version,
    event_uid: event.event_uid,
    time: event.time,
    observed_time: event.observed_time,
    source: compactSource(event.source),
    action: event.action,
    outcome: event.outcome,
  };
  if (event.reason !== undefined) kept.reason = event.reason;
  if (token !== undefined) kept.token = compactToken(token);
  kept.principal = compactPrincipal(principal);
  if (event.client !== undefined) kept.client = event.client;
  if (event.user_agent !== undefined) kept.user_agent = event.user_agent;
  if (event.user_agent_family !== undefined) kept.user_agent_family = event.user_agent_family;
  if (event.caller !== undefined) kept.caller = event.caller;
  if (target !== undefined) kept.target = compactTarget(target);
  if (event.session_uid !== undefined) kept.session_uid = event.session_uid;
  if (event.action === 'use') kept.trace = { request_id: handedOnKey(event) };
  if (direction !== undefined) kept.direction = direction;
  return kept;
}

function newCompactToken(token: TokenFacts): TokenFacts {
  const { token_uid, fp_key_id, identity, kind, secret_fp, key_id, display_name, issuer, scopes, audience } = token;
  const links = token.aliases?.filter((alias) => alias.kind === 'refresh_jti') ?? [];
  return {
    token_uid,
    fp_key_id,
    identity,
    kind,
    ...(secret_fp !== undefined && { secret_fp }),
    ...(key_id !== undefined && { key_id }),
    ...(display_name !== undefined && { display_name }),
    ...(issuer !== undefined && { issuer }),
    ...(scopes !== undefined && { scopes }),
    ...(audience !== undefined && { audience }),
    // A refresh chain is the session's, and so the principal's.
    ...(links.length > 0 && { aliases: links }),
    ...(token.parent?.kind === 'refresh_jti' && { parent: token.parent }),
  };
}

function newCompactPrincipal({ principal_uid, kind, id, name, client_id }: PrincipalFacts): PrincipalFacts {
  return {
    principal_uid,
    kind,
    id,
    ...(name !== undefined && { name }),
    ...(client_id !== undefined && { client_id }),
  };
}

function compactTarget({ service, namespace, address, method, route, status }: Target): Target {
  const kept: Mutable<Target> = {};
  if (service !== undefined) kept.service = service;
  if (namespace !== undefined) kept.namespace = namespace;
  if (service === undefined && address !== undefined) kept.address = address;
  if (method !== undefined) kept.method = method;
  if (route !== undefined) kept.route = route;
  if (status !== undefined) kept.status = status;
  return kept;
}
