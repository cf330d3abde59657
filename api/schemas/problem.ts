import { z } from 'zod';
import { errorCodes, type ErrorCode } from '../../ingest/core/errors.js';

const codes = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];

/** RFC 9457 problem details with our stable code. */
export const problemSchema = z
  .object({
    type: z.string().describe('urn:tourniquet:error:<code>'),
    title: z.string(),
    status: z.number().int(),
    code: z.enum(codes).describe('Stable; docs/errors.md lists them.'),
    detail: z.string(),
    position: z.number().int().optional().describe('Of the fault in what was sent, characters from 1.'),
  })
  .meta({ id: 'Problem' });

export type Problem = z.output<typeof problemSchema>;

/** The errors that any route may answer with. */
export const problemResponses = {
  400: problemSchema.describe('The request does not follow this description.'),
  401: problemSchema.describe('No valid API key.'),
  403: problemSchema.describe('The API key has not the role.'),
  404: problemSchema.describe('Nothing of that name.'),
  409: problemSchema.describe('The state does not allow it.'),
  429: problemSchema.describe('Too many requests; see Retry-After.'),
  422: problemSchema.describe('A limit was met.'),
  500: problemSchema.describe('An unexpected failure.'),
  503: problemSchema.describe('Not available now; see Retry-After.'),
} as const;
