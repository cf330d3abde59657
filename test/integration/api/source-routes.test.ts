import { formatTime } from '../../../ingest/event/time.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { T0 } from '../../support/alert-fixtures.js';
import { runCli } from '../../support/run-cli.js';
import { apiOn } from './api-fixture.js';
import { emptyStore, HOUR, use } from './seeded-store.js';

describe('what was read from each source', () => {
  it('says why a request names no token, and whose clock goes ahead', async () => {
    const other = await emptyStore();
    const apiOfOther = await apiOn(other.store);
    const bare = (n: number, change: Partial<TokenEvent>, lagMs = -1500): TokenEvent => {
      const { token, principal, ...event } = use(n, T0 + n, change);
      expect([token, principal]).not.toContain(undefined);
      return { ...event, ...change, observed_time: formatTime(T0 + n + lagMs) };
    };
    const principal = use(0, T0).principal!;
    const events = [
      bare(1, { outcome: 'failure', reason: 'missing_token' }),
      bare(2, { outcome: 'failure', reason: 'invalid_request' }),
      bare(3, { principal }),
      bare(4, {}),
      bare(5, {}, 90 * 86_400_000),
      bare(6, {
        action: 'other',
        source: { product: 'vault', instance: 'v', kind: 'issuer', record_type: 'of next year' },
      }),
    ];
    await other.store.writer.insertEvents(
      events.map((event, i) => ({ event, partition: 0, offset: BigInt(i) })),
      'bare',
    );
    try {
      const answer = await apiOfOther.app.inject({ url: `/v1/sources?from=${T0 - HOUR}&to=${T0 + 91 * 86_400_000}` });
      const body = answer.json<{ sources: unknown[]; record_types: unknown[] }>();
      expect(body.sources).toMatchObject([
        { product: 'envoy', requests: 5, identified: 0, none_sent: 1, refused_unread: 1, principal_only: 1, not_told: 2, live_events: 4, lag_p50_ms: -1500 },
        { product: 'vault', events: 1, other_events: 1, requests: 0 },
      ]); // prettier-ignore
      expect(body.record_types).toContainEqual({
        product: 'vault',
        record_type: 'of next year',
        action: 'other',
        events: 1,
      });
      apiOfOther.health.declare('poll:org', { maxAgeMs: 60_000, required: false });
      apiOfOther.health.fail('poll:org', 'example.okta.com refused the request (401).');
      const address = await apiOfOther.app.listen({ port: 0, host: '127.0.0.1' });
      const run = await runCli([
        'sources',
        'stats',
        '--url',
        address,
        '--from',
        String(T0 - HOUR),
        '--to',
        String(T0 + 91 * 86_400_000),
      ]);
      expect(run.code).toBe(0);
      expect(run.stdout).toMatch(/^poll:org +failing +- +example\.okta\.com refused the request \(401\)\./m);
      expect((await apiOfOther.app.inject({ url: '/readyz' })).statusCode).toBe(200);
      expect(run.stdout).toMatch(
        /^envoy mesh +5 +0\.0% +5 +0\.0% +the record does not tell 40\.0%, .*none was sent 20\.0%.* -1\.50s/m,
      );
      expect(run.stdout).toMatch(/^vault +other +of next year +1$/m);
    } finally {
      await apiOfOther.app.close();
      await other.close();
    }
  });
});
