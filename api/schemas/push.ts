import { z } from 'zod';
import { problemResponses, problemSchema } from './problem.js';

const receipt = z
  .object({
    received: z.number(),
    events: z.number(),
    dropped: z.number(),
    rejected: z.number().describe('Kept as dead letters.'),
    rejects: z.array(z.unknown()).describe('The first of them, with place and mend.'),
  })
  .meta({ id: 'PushReceipt' });

/** Describes `POST /v1/events`, whose body is raw records of a source and no JSON of ours. */
export const pushDescription = {
  operationId: 'pushEvents',
  summary: 'Raw records of one source: lines, NDJSON or a JSON array, also gzip; 202 when all of it is durable',
  description: 'Needs the key of the source. `?source=` names the source where the key is of several.',
  tags: ['events'],
  response: {
    202: receipt,
    400: problemResponses[400],
    401: problemResponses[401],
    403: problemResponses[403],
    413: problemSchema.describe('The body is larger than the limit.'),
    422: problemSchema.describe('No record of it could be parsed; all are dead letters.'),
    503: problemResponses[503],
  },
};
