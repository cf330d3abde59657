import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { ApiDeps } from '../../api-deps.js';
import { problemResponses } from '../../schemas/problem.js';
import {
  suppressionBody, suppressionParams, suppressionsAnswer, suppressionSchema,
} from '../../schemas/suppressions.js'; // prettier-ignore

export function suppressionRoutes(app: FastifyInstance, { suppressions }: ApiDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/v1/suppressions',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'listSuppressions',
        summary: 'What findings raise nothing: of the configuration, then newest first',
        tags: ['alerts'],
        response: { 200: suppressionsAnswer, ...problemResponses },
      },
    },
    async () => ({ items: [...(await suppressions.list())] }),
  );
  typed.post(
    '/v1/suppressions',
    {
      config: { access: 'responder' },
      schema: {
        operationId: 'addSuppression',
        summary: 'Findings that fit are stored as suppressed until then, and raise nothing',
        tags: ['alerts'],
        body: suppressionBody,
        response: { 200: suppressionSchema, ...problemResponses },
      },
    },
    async ({ body, caller }) => suppressions.add(body, caller.name),
  );
  typed.delete(
    '/v1/suppressions/:uid',
    {
      config: { access: 'responder' },
      schema: {
        operationId: 'endSuppression',
        summary: 'Ends it now',
        tags: ['alerts'],
        params: suppressionParams,
        response: { 200: suppressionSchema, ...problemResponses },
      },
    },
    async ({ params }) => suppressions.end(params.uid),
  );
}
