import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../../ingest/core/errors.js';

export const roles = ['viewer', 'analyst', 'responder', 'ingest', 'admin'] as const;
export type Role = (typeof roles)[number];

/** What each role may do: a role includes the roles listed beside it. Pushing events is apart from reading them. */
const includes: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ['viewer'],
  analyst: ['viewer', 'analyst'],
  responder: ['viewer', 'analyst', 'responder'],
  ingest: ['ingest'],
  admin: ['viewer', 'analyst', 'responder', 'ingest', 'admin'],
};

/** The roles that a role stands for. */
export const includedRoles = (role: Role): readonly Role[] => includes[role];

export interface ApiKeyEntry {
  readonly name: string;
  readonly role: Role;
  /** Lower-case hex SHA-256 of the key; keys are random and long, so a plain hash is enough. */
  readonly sha256: string;
}

export interface AuthOptions {
  readonly keys: readonly ApiKeyEntry[];
  /** Role of requests without a key; null refuses them. */
  readonly anonymousRole: Role | null;
  /** Host name under which people reach the API, beside loopback and plain addresses. */
  readonly hostname?: string;
}

export interface Caller {
  readonly name: string;
  readonly role: Role;
}

/** Who may call a route: a role, anybody, or `own` where the route checks keys of its own kind. */
export type Access = Role | 'public' | 'own';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    caller: Caller;
  }
}

const KEY_LENGTH_MAX = 512;
const nobody: Caller = { name: 'anonymous', role: 'viewer' };

/** Checks every route; one that does not state its access is for admins only. */
export function registerAuth(app: FastifyInstance, options: AuthOptions): void {
  const entries = options.keys.map((entry) => ({ entry, digest: Buffer.from(entry.sha256, 'hex') }));
  app.decorateRequest('caller', null as unknown as Caller);
  app.addHook('onRequest', async (request) => {
    request.caller = nobody;
    const access: Access = request.is404 ? 'public' : (request.routeOptions.config.access ?? 'admin');
    if (access === 'public' || access === 'own') return;
    request.caller = identify(request, entries, options);
    if (!includes[request.caller.role].includes(access)) {
      throw new AppError(
        'TQ_FORBIDDEN',
        `This operation needs the role ${access}; the key has ${request.caller.role}.`,
      );
    }
    await Promise.resolve();
  });
}

function identify(
  request: FastifyRequest,
  entries: readonly { entry: ApiKeyEntry; digest: Buffer }[],
  options: AuthOptions,
): Caller {
  const key = presentedKey(request);
  if (key === null) {
    if (options.anonymousRole !== null) {
      checkHost(request, options.hostname);
      return { name: 'anonymous', role: options.anonymousRole };
    }
    throw new AppError('TQ_UNAUTHENTICATED', 'No API key was presented.', {
      mend: 'Send it as Authorization: Bearer or X-API-Key.',
    });
  }
  const digest = createHash('sha256').update(key).digest();
  let found: ApiKeyEntry | undefined;
  // Every entry is compared, in constant time each, so that timing tells neither which key nor whether one matched.
  for (const { entry, digest: expected } of entries) {
    if (expected.length === digest.length && timingSafeEqual(expected, digest)) found = entry;
  }
  if (found === undefined) throw new AppError('TQ_UNAUTHENTICATED', 'The API key is not known.');
  return { name: found.name, role: found.role };
}

/**
 * A page of a stranger can point its own name at this address and read what is open to anybody who reaches it (DNS
 * rebinding). So without a key only names that no stranger owns are answered.
 */
function checkHost(request: FastifyRequest, own: string | undefined): void {
  const name = request.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (name === 'localhost' || name === own?.toLowerCase() || isIP(name) !== 0) return;
  throw new AppError('TQ_FORBIDDEN', 'Requests without a key are not answered under this host name.', {
    mend: 'Set api.base_url to the name that people use, or send a key.',
  });
}

/** The key, or null when none was presented; a malformed header counts as a wrong key, never as anonymous. */
function presentedKey(request: FastifyRequest): string | null {
  const header = request.headers['x-api-key'];
  const authorization = request.headers.authorization;
  if (header === undefined && authorization === undefined) return null;
  const key = header === undefined ? /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] : header;
  if (typeof key !== 'string' || key === '' || key.length > KEY_LENGTH_MAX) {
    throw new AppError('TQ_UNAUTHENTICATED', 'The API key is not readable.', {
      mend: 'Send it as Authorization: Bearer or X-API-Key.',
    });
  }
  return key;
}
