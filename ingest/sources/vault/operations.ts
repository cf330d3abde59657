import type { Action } from '../../event/token-event.js';

/** Which credential of a Vault record the event is about. */
export type VaultSubject =
  /** the token that made the request (`auth`) */
  | 'caller'
  /** the token that the response carries (`response.auth`, else `auth` of a login) */
  | 'issued'
  /** the token that the request names in its data (`token` or `accessor`) */
  | 'named'
  /** the wrapping token that the request presents or names */
  | 'wrapping'
  /** the AppRole secret id that the answer carries or the request names */
  | 'secret_id'
  /** the identity token (JWT) that the answer carries */
  | 'identity_token';

export interface VaultMeaning {
  readonly action: Action;
  readonly subject: VaultSubject;
  /** A path that takes credentials instead of a token: its failures are failed logins. */
  readonly login?: boolean;
}

const meaning = (action: Action, subject: VaultSubject): VaultMeaning => ({ action, subject });

/** The token store's own endpoints, below auth/token/ (developer.hashicorp.com/vault/api-docs/auth/token). */
const tokenPaths: readonly (readonly [path: string, meaning: VaultMeaning])[] = [
  ['create', meaning('issue', 'issued')],
  ['create-orphan', meaning('issue', 'issued')],
  ['renew-self', meaning('refresh', 'caller')],
  ['renew', meaning('refresh', 'issued')],
  ['renew-accessor', meaning('refresh', 'issued')],
  ['revoke-self', meaning('revoke', 'caller')],
  ['revoke', meaning('revoke', 'named')],
  ['revoke-orphan', meaning('revoke', 'named')],
  ['revoke-accessor', meaning('revoke', 'named')],
  ['lookup-self', meaning('introspect', 'caller')],
  ['lookup', meaning('introspect', 'named')],
  ['lookup-accessor', meaning('introspect', 'named')],
  ['tidy', meaning('admin', 'caller')],
  ['accessors', meaning('use', 'caller')],
];

/** Endpoints that administer Vault itself: [path, as a whole or with more parts after it; action of a write]. */
const adminPaths: readonly (readonly [prefix: string, action: Action])[] = [
  ['sys/policy', 'policy_change'],
  ['sys/policies', 'policy_change'],
  ['sys/leases/lookup', 'use'],
  ['sys/leases/renew', 'use'],
  ['sys/renew', 'use'],
  ['sys/leases', 'admin'],
  ['sys/revoke', 'admin'],
  ['sys/revoke-prefix', 'admin'],
  ['sys/revoke-force', 'admin'],
  ['sys/auth', 'policy_change'],
  ['sys/mounts', 'admin'],
  ['sys/remount', 'admin'],
  ['sys/audit', 'policy_change'],
  ['sys/seal', 'admin'],
  ['sys/unseal', 'admin'],
  ['sys/step-down', 'admin'],
  ['sys/rekey', 'admin'],
  ['sys/rotate', 'admin'],
  ['sys/generate-root', 'admin'],
  ['sys/namespaces', 'admin'],
  ['sys/quotas', 'policy_change'],
  ['sys/mfa', 'policy_change'],
  ['sys/config', 'policy_change'],
  ['sys/plugins', 'admin'],
  ['sys/raw', 'admin'],
  ['sys/init', 'admin'],
  ['sys/generate-recovery-token', 'admin'],
  ['sys/control-group/authorize', 'grant'],
  ['sys/replication', 'admin'],
  ['sys/storage', 'admin'],
  ['sys/loggers', 'admin'],
  ['sys/sync', 'admin'],
  ['identity/lookup', 'use'],
  ['identity', 'policy_change'],
];

const writes: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'revoke', 'rollback', 'renew']);
const known: ReadonlySet<string> = new Set([
  ...writes,
  'read',
  'list',
  'help',
  'header',
  'alias-lookahead',
  'resolve-role',
]);

const below = (path: string, prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);

/**
 * @param operation request.operation.
 * @param path request.path without its namespace; may end in a slash.
 */
export function meaningOf(operation: string, path: string): VaultMeaning {
  const tidy = path.replace(/^\/|\/$/g, '');
  if (tidy.startsWith('auth/token/')) return tokenMeaning(operation, tidy.slice('auth/token/'.length));
  if (tidy.startsWith('sys/wrapping/')) return wrappingMeaning(tidy.slice('sys/wrapping/'.length));
  // Mounts may have any name, so the login endpoint is known by its word: auth/<mount>/login[/<user>], oidc/callback.
  if (/^auth\/(?:[^/]{1,128}\/){1,8}(?:login(?:\/[^/]{0,256})?|oidc\/callback|callback)$/.test(tidy)) {
    return { action: 'login', subject: 'issued', login: true };
  }
  if (tidy === 'sys/mfa/validate') return { action: 'login', subject: 'issued', login: true };
  if (!known.has(operation)) return meaning('other', 'caller');
  if (tidy.startsWith('identity/oidc/')) {
    const found = oidcMeaning(tidy.slice('identity/oidc/'.length));
    if (found !== undefined) return found;
  }
  const write = writes.has(operation);
  if (write && tidy.startsWith('auth/')) return authMeaning(operation, tidy);
  if (write) for (const [prefix, action] of adminPaths) if (below(tidy, prefix)) return meaning(action, 'caller');
  return meaning('use', 'caller');
}

/** Vault as an OIDC issuer (api-docs/secret/identity/tokens and oidc-provider); its keys, roles and clients are policy. */
function oidcMeaning(rest: string): VaultMeaning | undefined {
  if (/^token\/[^/]+$/.test(rest)) return meaning('issue', 'identity_token');
  if (rest === 'introspect') return meaning('introspect', 'named');
  const endpoint = /^provider\/[^/]+\/(token|authorize|userinfo)$/.exec(rest)?.[1];
  if (endpoint === 'token') return meaning('issue', 'identity_token');
  if (endpoint === 'authorize') return meaning('grant', 'caller');
  return endpoint === 'userinfo' ? meaning('use', 'caller') : undefined;
}

/** A write below an auth method that is no login: its secret ids, its passwords, else its settings. */
function authMeaning(operation: string, path: string): VaultMeaning {
  if (/^auth\/(?:[^/]{1,128}\/){1,8}tidy\//.test(path)) return meaning('admin', 'caller');
  if (/\/secret-id(?:-accessor)?\/lookup$/.test(path)) return meaning('introspect', 'secret_id');
  if (/\/secret-id(?:-accessor)?\/destroy$/.test(path)) return meaning('delete', 'secret_id');
  if (/\/(?:custom-)?secret-id$/.test(path)) return meaning(operation === 'delete' ? 'delete' : 'create', 'secret_id');
  return meaning('policy_change', 'caller');
}

function tokenMeaning(operation: string, rest: string): VaultMeaning {
  for (const [path, found] of tokenPaths) if (below(rest, path)) return found;
  if (below(rest, 'roles')) return meaning(writes.has(operation) ? 'policy_change' : 'use', 'caller');
  return meaning('use', 'caller');
}

function wrappingMeaning(rest: string): VaultMeaning {
  switch (rest) {
    case 'wrap':
      return meaning('issue', 'wrapping');
    case 'rewrap':
      return meaning('rotate', 'wrapping');
    case 'unwrap':
      return meaning('exchange', 'wrapping');
    case 'lookup':
      return meaning('introspect', 'wrapping');
    default:
      return meaning('use', 'caller');
  }
}
