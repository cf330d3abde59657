import type { TokenEvent } from '../../ingest/event/token-event.js';
import { deterministicUuid } from '../../ingest/event/event-uid.js';
import { makePrincipal } from '../../ingest/event/principal.js';
import { formatTime } from '../../ingest/event/time.js';

export interface EventSketch {
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** Any text; equal texts are one token. Without it the event has no token. */
  readonly token?: string;
  /** Any text; equal texts are one event. */
  readonly id?: string;
  readonly outcome?: TokenEvent['outcome'];
  readonly status?: number;
  readonly reason?: NonNullable<TokenEvent['reason']>;
  readonly action?: TokenEvent['action'];
  readonly kind?: TokenEvent['source']['kind'];
  readonly direction?: NonNullable<TokenEvent['direction']>;
  readonly observedMs?: number;
  readonly keyId?: string;
  /** Id of a user at the issuer `test`; without it the event tells no principal. */
  readonly principal?: string;
  /** Any text; equal texts are one secret. */
  readonly secret?: string;
}

/** What every event has, and nothing else. */
export const bareEvent: TokenEvent = {
  schema_version: 1,
  event_uid: '00000000-0000-8000-8000-000000000000',
  time: '2025-01-01T00:00:00.000Z',
  observed_time: '2025-01-01T00:00:00.000Z',
  source: { product: 'nginx', instance: 'edge', kind: 'proxy' },
  action: 'use',
  outcome: 'success',
};

let counter = 0;

export function tokenUid(name: string): string {
  return `tok_${Buffer.from(deterministicUuid('test token', name)).toString('base64url').slice(0, 22)}`;
}

/** A valid TokenEvent from the few facts that a test is about. */
export function makeEvent(sketch: EventSketch): TokenEvent {
  counter += 1;
  const event_uid = deterministicUuid('test event', sketch.id ?? String(counter));
  const base: TokenEvent = {
    schema_version: 1,
    event_uid,
    time: formatTime(sketch.timeMs),
    observed_time: formatTime(sketch.observedMs ?? sketch.timeMs + 50),
    source: { product: 'envoy', instance: 'test', kind: sketch.kind ?? 'proxy' },
    action: sketch.action ?? 'use',
    outcome: sketch.outcome ?? 'success',
    client: { address: '203.0.113.7' },
    target: { service: 'orders', method: 'GET', route: '/orders/{id}', status: sketch.status ?? 200 },
  };
  return {
    ...base,
    ...(sketch.reason === undefined ? {} : { reason: sketch.reason }),
    ...(sketch.direction === undefined ? {} : { direction: sketch.direction }),
    ...(sketch.principal === undefined
      ? {}
      : { principal: makePrincipal({ kind: 'user', issuer: 'test', id: sketch.principal, name: sketch.principal }) }),
    ...(sketch.token === undefined
      ? {}
      : {
          token: {
            token_uid: tokenUid(sketch.token),
            fp_key_id: 'test',
            identity: 'opaque',
            kind: 'api_key',
            display_name: sketch.token,
            ...(sketch.keyId === undefined ? {} : { key_id: sketch.keyId }),
            ...(sketch.secret === undefined ? {} : { secret_fp: `fp_${tokenUid(sketch.secret).slice(4)}` }),
          },
        }),
  };
}
