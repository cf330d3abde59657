import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { ApiDeps } from '../../api-deps.js';
import { honeytokenBody, honeytokenParams, honeytokensAnswer, honeytokenSchema } from '../../schemas/honeytokens.js';
import { problemResponses } from '../../schemas/problem.js';

/** For admins alone: whoever can read which credentials are decoys can walk around them. */
export function honeytokenRoutes(app: FastifyInstance, { honeytokens }: ApiDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/v1/honeytokens',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'listHoneytokens',
        summary: 'Registered decoys, newest first',
        tags: ['honeytokens'],
        response: { 200: honeytokensAnswer, ...problemResponses },
      },
    },
    async () => ({ items: [...(await honeytokens.list())] }),
  );
  typed.post(
    '/v1/honeytokens',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'registerHoneytoken',
        summary: 'Watches a decoy by its fingerprints; workers know it within five seconds',
        tags: ['honeytokens'],
        body: honeytokenBody,
        response: { 200: honeytokenSchema, ...problemResponses },
      },
    },
    async ({ body, caller }) => honeytokens.register(body, caller.name),
  );
  typed.delete(
    '/v1/honeytokens/:token_uid',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'removeHoneytoken',
        summary: 'Uses from now on are no findings any more',
        tags: ['honeytokens'],
        params: honeytokenParams,
        response: { 200: honeytokenSchema, ...problemResponses },
      },
    },
    async ({ params }) => honeytokens.remove(params.token_uid),
  );
}
