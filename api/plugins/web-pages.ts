import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { AppError } from '../../ingest/core/errors.js';

/** The pages run their own scripts and talk to their own API; nothing is inlined, framed or fetched from elsewhere. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Addresses that show a page; the script reads which one. */
const pagePaths = ['/', '/tokens', '/tokens/:uid', '/alerts', '/alerts/:uid', '/sql'] as const;

/**
 * Serves the built pages: the one document under each page address, always asked for anew, and the assets, whose names
 * hold their hash, kept for ever.
 *
 * @param root the directory that `npm run build` fills.
 */
export function webPages(root: string): FastifyPluginAsync {
  return async (app) => {
    const document = readDocument(root);
    app.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public', rateLimit: false };
      route.schema = { ...route.schema, hide: true };
    });
    await app.register(fastifyStatic, {
      root: join(root, 'assets'),
      prefix: '/assets/',
      wildcard: false,
      index: false,
      immutable: true,
      maxAge: '365d',
    });
    servePages(app, document);
    const icon = readFileSync(join(root, 'icon.svg'), 'utf8');
    app.get('/icon.svg', async (_request, reply) =>
      reply.type('image/svg+xml').header('cache-control', 'public, max-age=86400').send(icon),
    );
  };
}

function servePages(app: FastifyInstance, document: string): void {
  for (const path of pagePaths) {
    app.get(path, async (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('cache-control', 'no-cache')
        .header('content-security-policy', pagePolicy)
        .send(document),
    );
  }
}

function readDocument(root: string): string {
  const path = join(root, 'index.html');
  if (!existsSync(join(root, 'assets')) || !existsSync(path)) {
    throw new AppError('TQ_FILE_UNREADABLE', `The pages are not in ${root}.`, { mend: 'Build them: npm run build.' });
  }
  return readFileSync(path, 'utf8');
}
