const T0 = Date.UTC(2026, 0, 5);
const EVERY_MS = 40;
const TOKENS = 300;
/** So many tokens belong to one principal. */
const TOKENS_EACH = 10;
const BURST_EVERY = 40_000;
const BURST_LENGTH = 300;

/** Event n of the run: 300 tokens in turn, and now and then a burst of one of them. */
export function killedRunEvent(n, { deterministicUuid, formatTime }) {
  const bursting = n >= BURST_EVERY && n % BURST_EVERY < BURST_LENGTH;
  const token = bursting ? Math.floor(n / BURST_EVERY) : (n * 7919) % TOKENS;
  const name = Buffer.from(deterministicUuid('token', String(token)))
    .toString('base64url')
    .slice(0, 22);
  const time = formatTime(T0 + n * EVERY_MS);
  const refused = n % 97 === 0;
  return {
    schema_version: 1,
    event_uid: deterministicUuid('killed run', String(n)),
    time,
    observed_time: time,
    source: { product: 'envoy', instance: 'fault', kind: 'proxy' },
    action: 'use',
    outcome: refused ? 'failure' : 'success',
    ...(refused ? { reason: 'not_found' } : {}),
    token: { token_uid: `tok_${name}`, fp_key_id: 'k', identity: 'opaque', kind: 'api_key' },
    principal: {
      principal_uid: `fault|${token % (TOKENS / TOKENS_EACH)}`,
      kind: 'client',
      id: String(token % (TOKENS / TOKENS_EACH)),
    },
    client: { address: `198.51.100.${n % 200}` },
    target: { service: `service-${n % 7}`, method: 'GET', route: '/things/{id}', status: refused ? 404 : 200 },
  };
}
