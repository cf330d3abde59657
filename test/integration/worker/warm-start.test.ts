import type { Finding } from '../../../detectors/core/finding.js';
import { detectorsOptionsSchema } from '../../../detectors/registry.js';
import { systemClock } from '../../../ingest/core/clock.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { HopEvaluator } from '../../../ingest/store/hops/hop-evaluator.js';
import { withParts, workThrough } from '../../support/real-worker.js';
import { makeEvent } from '../../support/token-events.js';

const T0 = Date.UTC(2026, 0, 5, 9);
const HOUR_MS = 3_600_000;
const HOURS = 72;
const shared = { token: 'steady', principal: 'nightly-export' };

/** A request in both formats of one proxy's log; every tenth is an outage. */
function request(timeMs: number, n: number): TokenEvent[] {
  const status = n % 10 === 0 ? 503 : 200;
  const outcome = status === 503 ? ({ outcome: 'failure', reason: 'upstream_error' } as const) : {};
  return ['json', 'combined'].map((format) => ({
    ...makeEvent({ ...shared, timeMs, status, id: `r${timeMs} ${format}`, ...outcome }),
    source: { product: 'nginx', instance: 'edge', kind: 'proxy', record_type: format },
    trace: { request_id: `r${timeMs}` },
  }));
}

/** A refresh that the issuer refused: no request of any proxy, and a failed one to detectors. */
const refusal = (timeMs: number): TokenEvent =>
  makeEvent({
    ...shared,
    timeMs,
    status: 0,
    kind: 'issuer',
    action: 'refresh',
    outcome: 'failure',
    reason: 'insufficient_scope',
    id: `refused ${timeMs}`,
  });

describe('history that a worker starts an entity with', () => {
  it('is of requests as the detectors count them: two formats once, refusals at an issuer too', async () => {
    await withParts(2, async (parts) => {
      const history = Array.from({ length: HOURS }, (_, hour) => [
        ...Array.from({ length: 20 }, (__, n) => request(T0 + hour * HOUR_MS + n * 60_000, n)).flat(),
        ...Array.from({ length: 5 }, (__, n) => refusal(T0 + hour * HOUR_MS + 1_500_000 + n * 60_000)),
      ]).flat();
      await workThrough(parts, history, [], detectorsOptionsSchema.parse({ disabled: ['baseline', 'rate'] }));
      await new HopEvaluator(parts.store, systemClock).pass();
      const flood = Array.from({ length: 400 }, (_, n) => request(T0 + HOURS * HOUR_MS + n * 5_000, n)).flat();
      const found: Finding[] = [];
      await workThrough(parts, flood, found);
      const loud = found.filter(({ score, severity }) => score.measure === 'requests' && score.unit === 'requests/h' && severity !== 'info'); // prettier-ignore
      expect(new Set(loud.map(({ entity_kind: kind }) => kind))).toEqual(new Set(['token', 'principal']));
      for (const { score } of loud) expect(score.expected).toBeCloseTo(25, 0);
    });
  }, 120_000);
});
