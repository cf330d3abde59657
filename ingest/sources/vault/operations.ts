import type { Action } from '../../event/token-event.js';
import { engineMeaning, type Mounted } from './engines.js';
import type { VaultMeaning, VaultSubject } from './meaning.js';

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
  ['sys/leases', 'admin'],
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
  ['sys/generate-root-token', 'admin'],
  ['sys/external-keys', 'admin'],
  ['sys/workflows/manage', 'policy_change'],
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
  ['sys/decode-token', 'admin'],
  ['sys/managed-keys', 'admin'],
  ['sys/license', 'admin'],
  ['sys/sealwrap', 'admin'],
  ['sys/activation-flags', 'admin'],
  ['sys/internal/counters/config', 'admin'],
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
 * @param mounted what sits at the path, where the record tells its type.
 */
export function meaningOf(operation: string, path: string, mounted?: Mounted): VaultMeaning {
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
  const sys = sysMeaning(operation, tidy);
  if (sys !== undefined) return sys;
  const write = writes.has(operation);
  if (write && tidy.startsWith('auth/')) return authMeaning(operation, tidy);
  if (write) for (const [prefix, action] of adminPaths) if (below(tidy, prefix)) return meaning(action, 'caller');
  return (write && mounted !== undefined ? engineMeaning(mounted) : undefined) ?? meaning('use', 'caller');
}

const leaseActions: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['lookup', 'introspect'],
  ['renew', 'refresh'],
  ['revoke', 'revoke'],
]);

/** What the system backend says of leases, of what a token may do, and of accounts that are locked. */
function sysMeaning(operation: string, path: string): VaultMeaning | undefined {
  if (!path.startsWith('sys/') || operation === 'list') return undefined;
  const verb = /^sys\/(?:leases\/)?(lookup|renew|revoke)(?:\/.{1,512})?$/.exec(path)?.[1];
  if (verb !== undefined) return meaning(leaseActions.get(verb) ?? 'use', 'lease');
  if (path === 'sys/capabilities-self') return meaning('introspect', 'caller');
  if (path === 'sys/capabilities' || path === 'sys/capabilities-accessor') return meaning('introspect', 'named');
  return /^sys\/locked-users\/[^/]{1,128}\/unlock\/.{1,256}$/.test(path) ? meaning('grant', 'caller') : undefined;
}

/** Vault as an OIDC issuer (api-docs/secret/identity/tokens and oidc-provider); its keys, roles and clients are policy. */
function oidcMeaning(rest: string): VaultMeaning | undefined {
  if (/^token\/[^/]+$/.test(rest)) return meaning('issue', 'identity_token');
  if (rest === 'introspect') return meaning('introspect', 'named');
  const endpoint = /^provider\/[^/]+\/(token|authorize|userinfo)$/.exec(rest)?.[1];
  if (endpoint === 'token') return meaning('issue', 'identity_token');
  if (endpoint === 'authorize') return meaning('grant', 'caller');
  if (/^key\/[^/]+\/rotate$/.test(rest)) return meaning('rotate', 'none');
  return endpoint === 'userinfo' ? meaning('use', 'caller') : undefined;
}

/** A write below an auth method that is no login: its secret ids, its passwords, else its settings. */
function authMeaning(operation: string, path: string): VaultMeaning {
  if (/^auth\/(?:[^/]{1,128}\/){1,8}tidy\//.test(path)) return meaning('admin', 'caller');
  if (/\/secret-id(?:-accessor)?\/lookup$/.test(path)) return meaning('introspect', 'secret_id');
  if (/\/secret-id(?:-accessor)?\/destroy$/.test(path)) return meaning('delete', 'secret_id');
  if (/\/(?:custom-)?secret-id$/.test(path)) return meaning(operation === 'delete' ? 'delete' : 'create', 'secret_id');
  // Steps before anybody has proved anything; what hands out a token is known by that.
  if (/\/(?:oidc\/(?:auth_url|poll|device\w{0,16})|sso_service_url|token)$/.test(path))
    return meaning('other', 'caller');
  if (/\/(?:users\/[^/]{1,256}\/password|(?:config\/)?rotate-root)$/.test(path)) return meaning('rotate', 'none');
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
