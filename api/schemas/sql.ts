import { z } from 'zod';
import { pageQuery, pageSchema } from './common.js';

export const SQL_CHARS_MAX = 50_000;

export const sqlBody = z
  .strictObject({
    sql: z.string().min(1).max(SQL_CHARS_MAX).describe('One SELECT over the views of docs/forensics.md.'),
  })
  .meta({ id: 'Statement' });

export const sqlAnswer = z
  .object({
    statement_uid: z.string().describe('Names the statement in the audit record.'),
    columns: z.array(z.object({ name: z.string(), type: z.string().describe('ClickHouse type.') })),
    rows: z
      .array(z.array(z.unknown()))
      .describe('Values in the order of the columns; 64-bit integers beyond 2^53 as text.'),
    row_count: z.number().int(),
    rows_read: z.number().int().describe('Rows that were read to find the answer.'),
    duration_ms: z.number().int(),
  })
  .meta({ id: 'StatementAnswer' });

/** By the media type that was asked for. */
export const sqlAnswers = {
  description: 'The rows; `x-statement-uid` names the statement in the audit record.',
  content: {
    'application/json': { schema: sqlAnswer },
    'text/csv': { schema: z.string().describe('RFC 4180, with a line of column names.') },
    'application/x-ndjson': { schema: z.string().describe('A JSON object a line: a row by column names.') },
  },
} as const;

export const statementsQuery = z.strictObject(pageQuery);

export const statementsAnswer = pageSchema(
  z.object({
    statement_uid: z.string(),
    time: z.string(),
    actor: z.string().describe('Name of the API key, or of the user at the terminal.'),
    statement: z.string().describe('As sent, secrets removed.'),
    outcome: z.string().describe('running, ok, invalid, refused, limit, cancelled or failed.'),
    detail: z.string(),
    rows_read: z.number(),
    rows_returned: z.number(),
    duration_ms: z.number(),
  }),
);
