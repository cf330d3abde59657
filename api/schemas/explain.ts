import { z } from 'zod';
import { fidelities, severities, stages } from '../../detectors/core/detector.js';
import { tokenEventSchema, type TokenEvent } from '../../ingest/event/token-event.js';
import { EXPLAIN_DAYS_MAX, type Explanation } from '../explain/explain.js';
import { signalSchema } from './alerts.js';
import { tokenUid } from './common.js';
import { tokenSchema } from './tokens.js';

export const explainParams = z.object({
  id: z
    .union([z.guid().transform((text) => text.toLowerCase()), tokenUid])
    .describe('event_uid, alert_uid or token_uid.'),
});

export const explainQuery = z.strictObject({
  days: z.coerce
    .number()
    .int()
    .min(0)
    .max(EXPLAIN_DAYS_MAX)
    .default(7)
    .describe('How far back events of the token and its principal are replayed.'),
});

const reading = z.object({
  measure: z.string(),
  unit: z.string(),
  value: z.number().describe('Score, 0 to 1.'),
  observed: z.number(),
  expected: z.number(),
  spread: z.number().describe('Robust standard deviation of what was expected, unit of observed.'),
  sampleCount: z.number(),
  warmedUp: z.boolean(),
  windowStartMs: z.number(),
  windowEndMs: z.number(),
  verdict: z
    .object({
      severity: z.enum(severities),
      fidelity: z.enum(fidelities),
      summary: z.string(),
      techniques: z.array(z.string()).describe('MITRE ATT&CK ids.'),
      evidence: z.array(z.string()).exactOptional(),
    })
    .nullable(),
  whyNone: z.string().describe('Why there is no verdict; empty where there is one.'),
});

const outlook = z.object({
  name: z.string(),
  unit: z.string(),
  observed: z.number(),
  expected: z.number().nullable().describe('Null while nothing is known.'),
  threshold: z
    .number()
    .nullable()
    .describe('From which height of observed on there is a verdict; null while learning.'),
  note: z.string().describe('What else it waits for; empty for nothing.'),
});

const stage = z.object({
  stage: z.enum(stages),
  entityUid: z.string().nullable(),
  eventsBefore: z.number(),
  since: z.string().nullable(),
  observation: z.object({ accepted: z.boolean(), request: z.boolean(), failed: z.boolean() }).nullable(),
  detectors: z.array(
    z.object({
      detector: z.string(),
      readings: z.array(reading),
      outlook: z.array(outlook).describe('What it compares here, quiet or not.'),
      stateBytes: z.number(),
    }),
  ),
});

const event = z.object({
  // Zod cannot say that an optional field is never undefined.
  event: tokenEventSchema as unknown as z.ZodType<TokenEvent>,
  stored: z.array(z.object({ partition: z.number(), offset: z.string() })),
  stages: z.array(stage),
});

export const explainAnswer: z.ZodType<Explanation> = z
  .discriminatedUnion('kind', [
    event.extend({ kind: z.literal('event') }),
    z.object({
      kind: z.literal('alert'),
      alert: z.object({
        alert_uid: z.string(),
        severity: z.enum(severities),
        fidelity: z.enum(fidelities),
        title: z.string(),
        signals: z.array(signalSchema),
      }),
      deciding: event.nullable().describe('Of its first evidence; null when that has left the store.'),
    }),
    z.object({ kind: z.literal('token'), token: tokenSchema, last: event.nullable() }),
  ])
  .meta({ id: 'Explanation' });
