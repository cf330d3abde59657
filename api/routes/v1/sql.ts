import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../../../ingest/core/errors.js';
import type { ApiDeps } from '../../api-deps.js';
import { listStatements } from '../../queries/list-statements.js';
import { pageOf, readCursor } from '../../schemas/common.js';
import { problemResponses } from '../../schemas/problem.js';
import { sqlAnswers, sqlBody, statementsAnswer, statementsQuery } from '../../schemas/sql.js';
import { mediaTypes, writeAnswer, type AnswerFormat } from '../../sql/answer-formats.js';

export function sqlRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.post(
    '/v1/sql',
    {
      config: { access: 'analyst' },
      schema: {
        operationId: 'runStatement',
        summary: 'One SELECT over the forensic views; CSV and NDJSON by Accept',
        tags: ['forensics'],
        body: sqlBody,
        response: { 200: sqlAnswers, ...problemResponses },
      },
    },
    async (request, reply) => {
      const format = formatOf(request.headers.accept);
      const gone = new AbortController();
      const leave = (): void => gone.abort(new Error('The client went away.'));
      request.raw.socket.once('close', leave);
      try {
        const { sql } = request.body;
        const answer = await deps.sql.run({ sql, actor: request.caller.name, signal: gone.signal });
        const text = writeAnswer(answer, format);
        reply.type(mediaTypes[format]).header('x-statement-uid', answer.uid);
        const stream = Readable.from(text, { objectMode: false });
        stream.once('close', () => request.raw.socket.removeListener('close', leave));
        return await reply.send(stream as never);
      } catch (error) {
        request.raw.socket.removeListener('close', leave);
        throw error;
      }
    },
  );
  typed.get(
    '/v1/sql/statements',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'listStatements',
        summary: 'Who ran which statement, newest first',
        tags: ['forensics'],
        querystring: statementsQuery,
        response: { 200: statementsAnswer, ...problemResponses },
      },
    },
    async ({ query }) => {
      const cursor = readCursor(query.cursor);
      const rows = await deps.querier.run(listStatements, {
        before_ms: cursor.beforeMs,
        before_uid: cursor.beforeUid,
        rows: query.limit + 1,
      });
      return pageOf(rows, query.limit, (row) => ({ time: row.time, uid: row.statement_uid }));
    },
  );
}

/** The first known media type of the header, weights aside; JSON where anything will do. */
function formatOf(accept: string | undefined): AnswerFormat {
  const asked = (accept ?? '*/*').split(',').map((part) => part.split(';', 1)[0]?.trim().toLowerCase() ?? '');
  for (const type of asked) {
    if (type === 'text/csv') return 'csv';
    if (type === 'application/x-ndjson' || type === 'application/jsonl') return 'ndjson';
    if (type === 'application/json' || type === '*/*' || type === 'application/*' || type === '') return 'json';
  }
  throw new AppError('TQ_REQUEST_INVALID', 'None of the media types in Accept is offered.', {
    mend: 'Ask for application/json, text/csv or application/x-ndjson.',
  });
}
