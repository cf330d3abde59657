import { stages } from '../../detectors/core/detector.js';
import { detectorsOptionsSchema } from '../../detectors/registry.js';
import { makePrincipal } from '../../ingest/event/principal.js';
import { tokenUid } from './token-events.js';

/** Quick to warm up, so that short runs reach every branch. */
export const eagerOptions = detectorsOptionsSchema.parse({
  rate: {
    buckets: 60,
    buckets_min: 5,
    requests_min: 20,
    limits: stages.map((per) => ({ name: `per-${per}`, per, window_seconds: 60, requests_max: 100 })),
  },
  novelty: { learning_days: 0, learning_uses: 20 },
  baseline: { hours_min: 2, requests_min: 20, failures_min: 3 },
  silence: { period_hours: 0.1, periods_min: 5, minutes_min: 1 },
  lifecycle: { unused_days: 1 },
  exchange: { hours_min: 1, threshold: 0.5, targets_min: 2, bytes_min: 1000, timed_min: 3, duration_floor_ms: 1 },
  // For one of a principal's tokens, whose others are judged as all are; for a principal; and for what nobody is.
  overrides: [
    {
      token_uid: tokenUid('t1'),
      rate: { requests_min: 5, threshold: 2, spread_floor: 1, cool_down_buckets: 2 },
      baseline: { requests_min: 5, threshold: 2, requests_floor: 2, adopt_hours: 24 },
      failures: { guesses_min: 3, leak_seconds: 300 },
      novelty: { combination_bits: 5 },
      exchange: { threshold: 2, targets_min: 4 },
      silence: { minutes_min: 5 },
    },
    {
      principal_uid: makePrincipal({ kind: 'user', issuer: 'test', id: 'p1' }).principal_uid,
      lifecycle: { dormant_days: 1, heavy_uses: 5 },
      concurrent: { usual_days: 1 },
      scope: { routes_min: 3 },
      off: ['silence', 'travel', 'failures', 'binding', 'rate'],
    },
    { key_id: 'nobody', session: { reuse_leeway_seconds: 0 }, travel: { speed_kmh: 5000 }, off: ['honeytoken'] },
  ],
});
