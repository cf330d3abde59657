import { z } from 'zod';
import { coverageRow } from '../queries/source-coverage.js';
import { recordTypeRow } from '../queries/source-record-types.js';
import { windowQuery, windowSchema } from './common.js';

export const sourcesQuery = z.strictObject(windowQuery);

/** The store's rows; their times are RFC 3339 when the query has read them. */
const coverage = coverageRow.extend({
  first_time: z.string(),
  last_time: z.string(),
  last_observed_time: z.string(),
});

export const sourcesAnswer = z.object({
  /** Of observed time: what was read in it. */
  window: windowSchema,
  sources: z.array(coverage),
  record_types: z.array(recordTypeRow),
  /** Inputs of this process that fetch by themselves. */
  inputs: z.array(
    z.object({
      input: z.string(),
      state: z.string(),
      last_work_at: z.string().nullable(),
      reason: z.string().nullable(),
    }),
  ),
});
