import fc from 'fast-check';
import { tokenEventSchema, type TokenEvent } from '../../../ingest/event/token-event.js';
import { createEventColumns } from '../../../ingest/store/native/event-columns.js';
import type { PositionedEvent } from '../../../ingest/store/store.js';
import { arbitraryEvent, expectedRow } from './arbitrary-events.js';
import { openTestStore, type TestStore } from './support.js';

const failed = `(outcome = 'failure' AND reason NOT IN ('server_error', 'temporarily_unavailable', 'upstream_error')
  AND target_status < 500)`;

/** What a block must be found as again, whatever it was cut into and however often it was sent. */
const recounts = [
  {
    name: 'token_usage_hourly',
    rollup: `SELECT token_uid, hour, sum(events) AS events, sum(requests) AS requests, sum(outbound_requests) AS outbound,
      sum(failures) AS failures, sum(request_bytes) AS bytes_in, sum(response_bytes) AS bytes_out,
      uniqCombined64Merge(12)(targets) AS targets, uniqCombined64Merge(12)(clients) AS clients
      FROM token_usage_hourly GROUP BY token_uid, hour ORDER BY token_uid, hour`,
    raw: `SELECT token_uid, toDateTime(toStartOfHour(time), 'UTC') AS hour, count() AS events,
      countIf(action = 'use' AND direction != 'outbound') AS requests,
      countIf(action = 'use' AND direction = 'outbound') AS outbound,
      countIf(action = 'use' AND direction != 'outbound' AND outcome = 'failure') AS failures,
      sum(ifNull(request_bytes, 0)) AS bytes_in, sum(ifNull(response_bytes, 0)) AS bytes_out,
      uniqCombined64(12)(toString(target_service)) AS targets, uniqCombined64(12)(toString(client_address)) AS clients
      FROM token_events WHERE token_uid != '' GROUP BY token_uid, hour ORDER BY token_uid, hour`,
  },
  {
    name: 'principal_usage_hourly',
    rollup: `SELECT principal_uid, hour, sum(events) AS events, sum(requests) AS requests, sum(failures) AS failures
      FROM principal_usage_hourly GROUP BY principal_uid, hour ORDER BY principal_uid, hour`,
    raw: `SELECT principal_uid, toDateTime(toStartOfHour(time), 'UTC') AS hour, count() AS events,
      countIf(direction != 'outbound' AND (action = 'use' OR (source_kind = 'issuer' AND ${failed}))) AS requests,
      countIf(direction != 'outbound' AND (action = 'use' OR source_kind = 'issuer') AND ${failed}) AS failures
      FROM token_events WHERE principal_uid != '' GROUP BY principal_uid, hour ORDER BY principal_uid, hour`,
  },
  {
    name: 'principal_values',
    rollup: `SELECT principal_uid, value, day, min(first_time) AS first, max(last_time) AS last, sum(uses) AS uses
      FROM principal_values WHERE dimension = '' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    raw: `SELECT principal_uid, 'uses' AS value, toDate(time) AS day, min(time) AS first, max(time) AS last, count() AS uses
      FROM token_events WHERE principal_uid != '' AND direction != 'outbound' AND action = 'use'
      AND outcome = 'success' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
  },
  {
    name: 'hop_buckets',
    rollup: 'SELECT bucket, sum(lines) AS lines FROM hop_buckets GROUP BY bucket ORDER BY bucket',
    raw: `SELECT toInt32(floor(toUnixTimestamp64Milli(time) / 15000)) AS bucket, count() AS lines
      FROM token_events WHERE action = 'use' GROUP BY bucket ORDER BY bucket`,
  },
  {
    name: 'event_minutes',
    rollup: 'SELECT minute, sum(lines) AS lines FROM event_minutes GROUP BY minute ORDER BY minute',
    raw: `SELECT toInt32(floor(toUnixTimestamp64Milli(time) / 60000)) AS minute, count() AS lines
      FROM token_events GROUP BY minute ORDER BY minute`,
  },
  {
    name: 'source_hours',
    rollup: `SELECT hour, source_product, source_instance, groupBitOr(minutes) AS minutes
      FROM source_hours GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    raw: `SELECT toDateTime(toStartOfHour(at), 'UTC') AS hour, source_product, source_instance,
      groupBitOr(bitShiftLeft(toUInt64(1), toMinute(at))) AS minutes
      FROM (SELECT source_product, source_instance, if(time > observed_time + INTERVAL 5 MINUTE, observed_time, time) AS at
        FROM token_events WHERE source_instance != 'tourniquet-drill') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
  },
  {
    name: 'first_seen',
    rollup: `SELECT token_uid, principal_uid, value, min(first_time) AS first, max(last_time) AS last, sum(events) AS events,
      sum(accepted_events) AS accepted
      FROM first_seen WHERE dimension = 'user_agent' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    raw: `SELECT token_uid, principal_uid, user_agent AS value, min(time) AS first, max(time) AS last, count() AS events,
      countIf(outcome = 'success') AS accepted
      FROM token_events WHERE token_uid != '' AND user_agent != '' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
  },
  {
    name: 'tokens',
    rollup: `SELECT token_uid, min(first_seen) AS first, max(last_seen) AS last, max(last_use) AS used, sum(events) AS events,
      sum(uses) AS uses, sum(failures) AS failures, arraySort(groupUniqArrayArray(scopes)) AS scopes,
      arraySort(groupUniqArrayArray(kinds)) AS kinds, uniqCombined64Merge(12)(secrets) AS secrets
      FROM tokens GROUP BY token_uid ORDER BY token_uid`,
    raw: `SELECT token_uid, min(time) AS first, max(time) AS last, maxIf(time, action = 'use' AND outcome = 'success') AS used,
      count() AS events, countIf(action = 'use' AND direction != 'outbound') AS uses,
      countIf(action = 'use' AND direction != 'outbound' AND outcome = 'failure') AS failures,
      arraySort(groupUniqArrayArray(scopes)) AS scopes, arraySort(groupUniqArray(toString(token_kind))) AS kinds,
      uniqCombined64If(12)(secret_fp, secret_fp != '') AS secrets
      FROM token_events WHERE token_uid != '' GROUP BY token_uid ORDER BY token_uid`,
  },
  {
    name: 'token_aliases',
    rollup: `SELECT alias_kind, alias, token_uid, min(first_seen) AS first, sum(events) AS events
      FROM token_aliases GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    raw: `SELECT pair.1 AS alias_kind, pair.2 AS alias, token_uid, min(time) AS first, count() AS events FROM token_events
      ARRAY JOIN arrayDistinct(arrayConcat(arrayZip(alias_kinds, alias_values), [('jti', jti), ('secret_fp', secret_fp)])) AS pair
      WHERE token_uid != '' AND pair.2 != '' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
  },
] as const;

const positioned = (events: readonly TokenEvent[], first = 0): PositionedEvent[] =>
  events.map((event, index) => ({ event, partition: 3, offset: BigInt(first + index) }));

const sample = (count: number, seed: number): TokenEvent[] => fc.sample(arbitraryEvent, { numRuns: count, seed });

async function expectRollupsToEqualRecount(store: TestStore): Promise<void> {
  for (const { name, rollup, raw } of recounts) {
    const counted = await store.rows(raw);
    expect(counted.length).toBeGreaterThan(0);
    expect({ name, rows: await store.rows(rollup) }).toEqual({ name, rows: counted });
  }
}

describe('token_events', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
  });
  afterEach(() => store.close());

  it('has the columns that the encoder writes, in name and type', async () => {
    const table = await store.rows(
      "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = 'token_events' ORDER BY position",
    );
    expect(table).toEqual(Object.entries(createEventColumns()).map(([name, { type }]) => ({ name, type })));
  });

  it('gives back every column of any event as it was', async () => {
    const events = sample(300, 7);
    for (const event of events) expect(tokenEventSchema.safeParse(event).error).toBeUndefined();
    const offset = 18_446_744_073_709_551_615n;
    await store.store.writer.insertEvents(
      events.map((event) => ({ event, partition: 65_535, offset })),
      'all',
    );
    const rows = await store.rows('SELECT * REPLACE (toString(log_offset) AS log_offset) FROM events_v1');
    const found = new Map(rows.map((row) => [row['event_uid'], row]));
    expect(rows).toHaveLength(events.length);
    for (const event of events) expect(found.get(event.event_uid)).toEqual(expectedRow(event, 65_535, offset));
  });

  it('writes blocks that differ in shape with one encoder', async () => {
    const events = sample(100, 11);
    const sizes = [1, 40, 2, 20, 37];
    let first = 0;
    for (const size of sizes) {
      await store.store.writer.insertEvents(positioned(events.slice(first, first + size), first), `block:${first}`);
      first += size;
    }
    const rows = await store.rows(
      'SELECT * REPLACE (toString(log_offset) AS log_offset) FROM token_events ORDER BY log_offset::UInt64',
    );
    expect(rows).toEqual(events.map((event, index) => expectedRow(event, 3, BigInt(index))));
  });

  it('counts a repeated block once, in raw rows and in every roll-up, across months', async () => {
    const first = positioned(sample(150, 1));
    const second = positioned(sample(150, 2), 150);
    const { writer } = store.store;
    await writer.insertEvents(first, 'topic:3:0-149');
    await writer.insertEvents(second, 'topic:3:150-299');
    await writer.insertEvents(first, 'topic:3:0-149');
    await writer.insertEvents(second, 'topic:3:150-299');
    expect(await store.value('SELECT uniqExact(toYYYYMM(time)) FROM token_events')).toBeGreaterThan(12);
    expect(await store.value('SELECT count() FROM token_events')).toBe(300);
    await expectRollupsToEqualRecount(store);
  });

  it('counts equal blocks under different tokens each', async () => {
    const events = positioned(sample(200, 3));
    await store.store.writer.insertEvents(events, 'a');
    await store.store.writer.insertEvents(events, 'b');
    expect(await store.value('SELECT count() FROM token_events')).toBe(400);
    await expectRollupsToEqualRecount(store);
  });

  it('completes roll-ups that a kill left behind their raw rows', async () => {
    const events = positioned(sample(80, 4));
    const { writer } = store.store;
    const feeds = recounts.map(({ name }) => `${name}_feed`);
    // A kill after the raw part and some of the roll-ups: the last three are cut off while the block goes in.
    for (const feed of feeds.slice(2)) await store.command(`DETACH TABLE ${feed}`);
    await writer.insertEvents(events, 'killed');
    for (const feed of feeds.slice(2)) await store.command(`ATTACH TABLE ${feed}`);
    expect(await store.value('SELECT count() FROM first_seen')).toBe(0);
    await writer.insertEvents(events, 'killed');
    expect(await store.value('SELECT count() FROM token_events')).toBe(80);
    await expectRollupsToEqualRecount(store);
  });

  it('takes a block of far more months than one insert may touch, and its repetition', async () => {
    const template = sample(1, 5)[0]!;
    const events = Array.from({ length: 110 }, (_, month) => ({
      ...template,
      event_uid: `00000000-0000-8000-8000-${month.toString(16).padStart(12, '0')}`,
      time: new Date(Date.UTC(2005, month, 15)).toISOString(),
    }));
    await store.store.writer.insertEvents(positioned(events), 'years');
    await store.store.writer.insertEvents(positioned(events), 'years');
    expect(await store.value('SELECT count() FROM token_events')).toBe(110);
    expect(await store.value('SELECT uniqExact(toYYYYMM(time)) FROM token_events')).toBe(110);
  }, 180_000);

  it('refuses nothing at the limits of the schema, in no roll-up either', async () => {
    const [short, long] = ['\ud800'.repeat(256), '\u0000'.repeat(1024)];
    const [list, most] = [Array.from({ length: 64 }, () => short), Number.MAX_SAFE_INTEGER];
    const event = (n: number, time: string, many = list): TokenEvent =>
      tokenEventSchema.parse({
        schema_version: 1, event_uid: `00000000-0000-8000-8000-${n.toString(16).padStart(12, '0')}`, time,
        observed_time: '9999-12-31T23:59:59.999Z', source: { product: 'p', instance: short, kind: 'issuer', record_type: short },
        action: 'use', outcome: 'success', reason: 'other', reason_detail: long,
        token: {
          token_uid: `tok_${'A'.repeat(22)}`, secret_fp: `fp_${'A'.repeat(22)}`, fp_key_id: short, identity: 'jwt', kind: 'unknown', key_id: short,
          issuer: long, jti: short, audience: many, scopes: many, issued_at: time, not_before: time, expires_at: time, algorithm: short,
          binding: { method: 'mtls', x5t_s256: short }, display_name: short, parent: { kind: 'jti', value: short },
          aliases: many.map((value) => ({ kind: 'jti', value })),
        },
        principal: { principal_uid: long, kind: 'workload', id: long, name: long, client_id: long },
        client: {
          address: short, port: 65535, asn: most, as_name: short, network_name: short, network_kind: 'special',
          geo: { country_iso_code: 'zz', city: short, latitude: -90, longitude: 180 },
        },
        user_agent: long, user_agent_family: short, caller: { service: short, namespace: short, spiffe_id: long },
        target: {
          service: short, namespace: short, address: long, method: short, path: long, route: long, status: 999,
          request_bytes: most, response_bytes: most, duration_ms: Number.MAX_VALUE,
        },
        session_uid: short, trace: { trace_id: short, request_id: short }, direction: 'edge', transport: 'mtls',
        exposures: Array.from({ length: 8 }, () => 'token_in_url'), attributes: Array.from({ length: 32 }, () => ({ key: 'k'.repeat(64), value: long })),
      }) as TokenEvent; // prettier-ignore
    // Days beyond 2149 are days of other months in a Date, of which there are then up to twice as many.
    const months = Array.from({ length: 110 }, (_, month) => new Date(Date.UTC(2240, month, 1 + (month % 28))).toISOString());
    const ends = ['0000-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'];
    const events = [...ends.map((time, n) => event(n, time)), ...[...months, ...months].map((time, n) => event(2 + n, time, []))];
    await store.store.writer.insertEvents(positioned(events), 'limits');
    await store.store.writer.insertEvents(positioned(events), 'limits');
    expect(await store.value('SELECT count() FROM token_events')).toBe(222);
    expect(await store.value("SELECT sum(uses) FROM principal_values WHERE dimension = ''")).toBe(222);
  }, 180_000); // prettier-ignore

  it('keeps times beyond the range of the store at its end', async () => {
    const template = sample(1, 6)[0]!;
    const token = {
      token_uid: `tok_${'Z'.repeat(22)}`,
      fp_key_id: 'k',
      identity: 'jwt',
      kind: 'access_token',
    } as const;
    const event: TokenEvent = {
      ...template,
      token: { ...token, expires_at: '9999-12-31T23:59:59.000Z', not_before: '0001-01-01T00:00:00.000Z' },
    };
    await store.store.writer.insertEvents(positioned([event]), 'far');
    expect(await store.rows('SELECT expires_at, not_before FROM token_events')).toEqual([
      { expires_at: '2299-12-31T23:59:59.999Z', not_before: '1900-01-01T00:00:00.000Z' },
    ]);
  });

  it('takes an empty block as nothing', async () => {
    await store.store.writer.insertEvents([], 'none');
    expect(await store.value('SELECT count() FROM token_events')).toBe(0);
  });
});
