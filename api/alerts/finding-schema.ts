import { z } from 'zod';
import { fidelities, severities } from '../../detectors/core/detector.js';
import { entityKinds, type Finding } from '../../detectors/core/finding.js';
import { isTimeMs, parseTime } from '../../ingest/event/time.js';

const text = z.string();

/** JSON has no infinity and writes null; a finding is worth more than one of its figures. */
const figure = z
  .number()
  .nullable()
  .transform((value) => value ?? 0);

const instant = z.number().refine(isTimeMs, 'not a time');

/** A finding as the log carries it; what is stored and sent is built from it, so it is checked like any input. */
export const findingSchema = z.object({
  finding_uid: z.guid(),
  detector: text,
  detector_version: z.number().int(),
  entity_kind: z.enum(entityKinds),
  entity_uid: text.min(1),
  token_uid: text,
  token_name: text,
  principal_uid: text,
  principal_name: text,
  severity: z.enum(severities),
  fidelity: z.enum(fidelities),
  summary: text,
  drill: z.literal(true).exactOptional(),
  techniques: z.array(text),
  score: z.object({
    value: figure,
    measure: text,
    unit: text,
    observed: figure,
    expected: figure,
    spread: figure,
    sampleCount: figure,
    warmedUp: z.boolean(),
    windowStartMs: instant,
    windowEndMs: instant,
  }),
  time: text.refine((value) => !Number.isNaN(parseTime(value)), 'not RFC 3339'),
  client_address: text,
  target_service: text,
  evidence: z.array(z.guid()),
  sql: text,
}) satisfies z.ZodType<Finding>;
