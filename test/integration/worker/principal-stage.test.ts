import type { Finding } from '../../../detectors/core/finding.js';
import { detectorsOptionsSchema } from '../../../detectors/registry.js';
import { encodeEvents } from '../../../ingest/event/event-codec.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { topics } from '../../../ingest/log/event-log.js';
import { numbers, withParts, workThrough } from '../../support/real-worker.js';
import { expectOneGrowing } from '../../support/growing-finding.js';
import { makeEvent } from '../../support/token-events.js';

const T0 = Date.UTC(2026, 0, 5, 9);
const HOUR_MS = 3_600_000;
const principal = 'nightly-export';

/** A request of the principal with a token that lives for ten seconds. */
const rotating = (timeMs: number, n: number): TokenEvent =>
  makeEvent({ timeMs, principal, token: `jwt/${Math.floor(timeMs / 10_000)}/${n % 8}`, id: `r${timeMs}/${n}` });

describe('the principal stage on the embedded log and the ClickHouse engine', () => {
  it('finds a burst over many short-lived tokens once, across restarts, and its SQL says the same', async () => {
    await withParts(3, async (parts) => {
      const found: Finding[] = [];
      const quiet = Array.from({ length: 100 }, (_, n) => rotating(T0 + n * 10_000, n));
      const burst = Array.from({ length: 400 }, (_, n) => rotating(T0 + 1_000_000 + n * 20, n));
      await workThrough(parts, quiet, found);
      // Sent again, as a collector does that heard no answer.
      await workThrough(parts, [...quiet.slice(50), ...burst.slice(0, 200)], found);
      await workThrough(parts, burst.slice(200), found);
      expectOneGrowing(found, ['rate', 'requests']);
      const names = found.map(({ entity_kind: kind, principal_name: name }) => `${kind} ${name}`);
      expect(new Set(names)).toEqual(new Set([`principal ${principal}`]));
      const [finding] = found;
      expect(burst.map((event) => event.token?.token_uid)).toContain(finding?.token_uid);
      const again = await numbers(parts, finding!.sql);
      expect(again['observed']).toBeCloseTo(finding!.score.observed, 6);
    });
  });

  it('finds guessing at an issuer, where there is no token, from several addresses', async () => {
    await withParts(3, async (parts) => {
      const found: Finding[] = [];
      const guesses = Array.from({ length: 20 }, (_, n) => ({
        ...makeEvent({
          timeMs: T0 + n * 500,
          principal: 'carol',
          kind: 'issuer',
          action: 'login',
          outcome: 'failure',
          reason: 'invalid_credentials',
          status: 0,
        }),
        client: { address: `198.51.100.${n % 4}` },
      }));
      await workThrough(parts, guesses, found);
      expect(found.map(({ detector, entity_uid: uid, token_uid: token }) => [detector, uid, token])).toEqual([
        ['failures', 'test|carol', ''],
      ]);
    });
  });

  it('warms a principal up from the roll-up when its state is gone', async () => {
    await withParts(2, async (parts) => {
      const found: Finding[] = [];
      const history = Array.from({ length: 72 * 20 }, (_, n) =>
        rotating(T0 + Math.floor(n / 20) * HOUR_MS + (n % 20) * 60_000, n),
      );
      await workThrough(parts, history, found, detectorsOptionsSchema.parse({ disabled: ['rate', 'baseline'] }));
      expect(await numbers(parts, 'SELECT sum(requests) AS n FROM principal_usage_v1')).toEqual({ n: history.length });
      const flood = Array.from({ length: 600 }, (_, n) => rotating(T0 + 72 * HOUR_MS + n * 5_000, n));
      await workThrough(parts, flood, found);
      // That the flood began at an hour without a past is a signal of its own.
      const floods = found.filter(({ severity }) => severity !== 'info');
      expectOneGrowing(floods, ['baseline', 'requests']);
      expect(new Set(found.map(({ entity_kind: kind }) => kind))).toEqual(new Set(['principal']));
      expect(floods[0]!.score.expected).toBeCloseTo(20, 0);
    });
  });

  it('sets aside what is no observation and keeps its neighbours', async () => {
    await withParts(1, async (parts) => {
      const found: Finding[] = [];
      await parts.log.writer().append(
        topics.principalObservations,
        [Buffer.from('{"broken\n'), encodeEvents([rotating(T0, 1)])].map((value) => ({
          partition: 0,
          key: null,
          value,
          headers: {},
          timestampMs: 0,
        })),
      );
      const guesses = Array.from({ length: 12 }, (_, n) =>
        makeEvent({ timeMs: T0 + n * 500, principal: 'carol', outcome: 'failure', status: 401 }),
      );
      await workThrough(parts, guesses, found);
      expect(found.map(({ detector }) => detector)).toEqual(['failures']);
      const letters = await parts.log.browse(topics.deadLetters, 0, 0n, 10);
      expect(letters.map(({ headers }) => headers['reason'])).toEqual(['TQ_EVENT_INVALID', 'TQ_EVENT_INVALID']);
      expect(letters[0]?.headers['origin']).toContain(topics.principalObservations);
    });
  });
});
