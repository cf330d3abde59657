import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { includedRoles } from '../../plugins/auth.js';
import { problemResponses } from '../../schemas/problem.js';
import { whoamiAnswer } from '../../schemas/whoami.js';

/** Lets a page show only what its reader may do; every route checks for itself all the same. */
export function whoamiRoutes(app: FastifyInstance): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/whoami',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'whoAmI',
        summary: 'The name and roles of the key that asks',
        tags: ['access'],
        response: { 200: whoamiAnswer, ...problemResponses },
      },
    },
    async ({ caller }) => {
      await Promise.resolve();
      return { name: caller.name, role: caller.role, may: [...includedRoles(caller.role)] };
    },
  );
}
