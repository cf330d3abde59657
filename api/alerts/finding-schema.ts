import { z } from 'zod';
import { fidelities, severities } from '../../detectors/core/detector.js';
import type { Finding } from '../../detectors/core/finding.js';
import { parseTime } from '../../ingest/event/time.js';

const text = z.string();

/** A finding as the log carries it; what is stored and sent is built from it, so it is checked like any input. */
export const findingSchema = z.object({
  finding_uid: z.guid(),
  detector: text,
  detector_version: z.number().int(),
  entity_kind: z.enum(['token', 'principal']),
  entity_uid: text.min(1),
  token_uid: text,
  token_name: text,
  principal_uid: text,
  principal_name: text,
  severity: z.enum(severities),
  fidelity: z.enum(fidelities),
  summary: text,
  techniques: z.array(text),
  score: z.object({
    value: z.number(),
    measure: text,
    unit: text,
    observed: z.number(),
    expected: z.number(),
    spread: z.number(),
    sampleCount: z.number(),
    warmedUp: z.boolean(),
    windowStartMs: z.number(),
    windowEndMs: z.number(),
  }),
  time: text.refine((value) => !Number.isNaN(parseTime(value)), 'not RFC 3339'),
  client_address: text,
  target_service: text,
  evidence: z.array(z.guid()),
  sql: text,
}) satisfies z.ZodType<Finding>;
