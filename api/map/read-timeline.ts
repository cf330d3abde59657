import type { z } from 'zod';
import { AppError } from '../../ingest/core/errors.js';
import type { Querier } from '../../ingest/store/store.js';
import { mapTimelineRaw } from '../queries/map-timeline-raw.js';
import { mapTimeline } from '../queries/map-timeline.js';
import { windowOf, type TimeWindow } from '../schemas/common.js';
import type { mapTimelineAnswer, mapTimelineQuery } from '../schemas/map.js';
import { buckets } from '../schemas/tokens.js';

const HOUR_S = 3600;
const BUCKETS_MAX = 1000;

/**
 * Hops over time, in the words of the map: whole hours from the roll-up, shorter buckets and single tokens from the hops.
 *
 * @param asked widened to whole buckets.
 * @throws AppError TQ_REQUEST_INVALID for more than 1,000 buckets.
 */
export async function readTimeline(
  querier: Querier,
  request: z.output<typeof mapTimelineQuery>,
  asked: TimeWindow,
): Promise<z.output<typeof mapTimelineAnswer>> {
  const { bucket, service = '', token_uid = '', principal_uid = '' } = request;
  const bucketS = buckets[bucket];
  const stepMs = bucketS * 1000;
  const fromMs = Math.floor(asked.fromMs / stepMs) * stepMs;
  const toMs = Math.max(Math.ceil(asked.toMs / stepMs) * stepMs, fromMs + stepMs);
  if ((toMs - fromMs) / stepMs > BUCKETS_MAX) {
    throw new AppError('TQ_REQUEST_INVALID', `The window holds more than ${BUCKETS_MAX} buckets of ${bucket}.`, {
      mend: 'Ask for a shorter window or a longer bucket.',
    });
  }
  const shared = { from_ms: fromMs, to_ms: toMs, bucket_s: bucketS, service };
  const rolled = bucketS >= HOUR_S && token_uid === '' && principal_uid === '';
  const rows = rolled
    ? await querier.run(mapTimeline, shared)
    : await querier.run(mapTimelineRaw, { ...shared, token_uid, principal_uid });
  return {
    window: windowOf({ fromMs, toMs }),
    bucket_s: bucketS,
    buckets: rows.map(({ bucket: at, ...sums }) => ({ time: at, ...sums })),
  };
}
