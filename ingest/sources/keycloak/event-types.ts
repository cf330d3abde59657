import type { Action } from '../../event/token-event.js';

/** What a Keycloak user event says of a credential. `subject` names the credential that the event is about. */
export interface EventMeaning {
  readonly action: Action;
  /** `issued`: details.token_id was made by this event; `presented`: it was shown; `session`: the SSO session. */
  readonly subject: 'issued' | 'presented' | 'session';
  /** False where clientId is another client than the token's own (a resource server that introspects). */
  readonly clientOwnsToken: boolean;
}

const issued = (action: Action): EventMeaning => ({ action, subject: 'issued', clientOwnsToken: true });
const presented = (action: Action, own = true): EventMeaning => ({
  action,
  subject: 'presented',
  clientOwnsToken: own,
});
const session = (action: Action): EventMeaning => ({ action, subject: 'session', clientOwnsToken: true });

/**
 * All of org.keycloak.events.EventType (26.x), without the `_ERROR` twins: the twin has the same action and fails.
 * A type that stands for no credential's life keeps action `other`, as a type unknown to this table does.
 */
export const eventMeanings: ReadonlyMap<string, EventMeaning> = new Map([
  ['LOGIN', session('login')],
  ['REGISTER', session('create')],
  ['LOGOUT', session('logout')],
  ['CODE_TO_TOKEN', issued('issue')],
  ['CLIENT_LOGIN', issued('issue')],
  ['REFRESH_TOKEN', issued('refresh')],
  ['VALIDATE_ACCESS_TOKEN', presented('introspect', false)],
  ['INTROSPECT_TOKEN', presented('introspect', false)],
  ['FEDERATED_IDENTITY_LINK', session('admin')],
  ['FEDERATED_IDENTITY_OVERRIDE_LINK', session('admin')],
  ['REMOVE_FEDERATED_IDENTITY', session('admin')],
  ['UPDATE_EMAIL', session('admin')],
  ['UPDATE_PROFILE', session('admin')],
  ['UPDATE_PASSWORD', session('rotate')],
  ['UPDATE_TOTP', session('rotate')],
  ['UPDATE_CREDENTIAL', session('rotate')],
  ['REMOVE_CREDENTIAL', session('delete')],
  ['VERIFY_EMAIL', session('other')],
  ['VERIFY_PROFILE', session('other')],
  ['REMOVE_TOTP', session('delete')],
  ['GRANT_CONSENT', session('grant')],
  ['UPDATE_CONSENT', session('grant')],
  ['REVOKE_GRANT', presented('revoke')],
  ['SEND_VERIFY_EMAIL', session('other')],
  ['SEND_RESET_PASSWORD', session('other')],
  ['SEND_IDENTITY_PROVIDER_LINK', session('other')],
  ['RESET_PASSWORD', session('rotate')],
  ['RESTART_AUTHENTICATION', session('other')],
  ['INVALID_SIGNATURE', presented('use')],
  ['REGISTER_NODE', session('other')],
  ['UNREGISTER_NODE', session('other')],
  ['USER_INFO_REQUEST', presented('use')],
  ['IDENTITY_PROVIDER_LINK_ACCOUNT', session('admin')],
  ['IDENTITY_PROVIDER_LOGIN', session('login')],
  ['IDENTITY_PROVIDER_FIRST_LOGIN', session('other')],
  ['IDENTITY_PROVIDER_POST_LOGIN', session('other')],
  ['IDENTITY_PROVIDER_RESPONSE', session('other')],
  ['IDENTITY_PROVIDER_RETRIEVE_TOKEN', presented('use')],
  ['IMPERSONATE', session('login')],
  ['CUSTOM_REQUIRED_ACTION', session('other')],
  ['EXECUTE_ACTIONS', session('other')],
  ['EXECUTE_ACTION_TOKEN', presented('use')],
  ['CLIENT_INFO', session('other')],
  ['CLIENT_REGISTER', session('create')],
  ['CLIENT_UPDATE', session('policy_change')],
  ['CLIENT_DELETE', session('delete')],
  ['CLIENT_INITIATED_ACCOUNT_LINKING', session('admin')],
  ['TOKEN_EXCHANGE', issued('exchange')],
  ['OAUTH2_DEVICE_AUTH', session('grant')],
  ['OAUTH2_DEVICE_VERIFY_USER_CODE', session('grant')],
  ['OAUTH2_DEVICE_CODE_TO_TOKEN', issued('issue')],
  ['AUTHREQID_TO_TOKEN', issued('issue')],
  ['PERMISSION_TOKEN', issued('issue')],
  ['DELETE_ACCOUNT', session('delete')],
  ['PUSHED_AUTHORIZATION_REQUEST', session('other')],
  ['USER_DISABLED_BY_PERMANENT_LOCKOUT', session('policy_change')],
  ['USER_DISABLED_BY_TEMPORARY_LOCKOUT', session('policy_change')],
  ['OAUTH2_EXTENSION_GRANT', issued('issue')],
  ['JWT_BEARER', issued('issue')],
  ['INVITE_ORG', session('other')],
  ['USER_SESSION_DELETED', session('revoke')],
  ['VERIFIABLE_CREDENTIAL_REQUEST', issued('issue')],
  ['VERIFIABLE_CREDENTIAL_OFFER', session('other')],
]);

/** What stands in the place of a type that the table does not hold. */
export const unknownMeaning: EventMeaning = { action: 'other', subject: 'presented', clientOwnsToken: true };

/** Resource types whose change alters what somebody may do (org.keycloak.events.admin.ResourceType). */
const policyResources: ReadonlySet<string> = new Set([
  'REALM', 'REALM_ROLE', 'REALM_ROLE_MAPPING', 'REALM_SCOPE_MAPPING', 'CLIENT', 'CLIENT_ROLE', 'CLIENT_ROLE_MAPPING',
  'CLIENT_SCOPE', 'CLIENT_SCOPE_MAPPING', 'CLIENT_SCOPE_CLIENT_MAPPING', 'AUTH_FLOW', 'AUTH_EXECUTION',
  'AUTH_EXECUTION_FLOW', 'AUTHENTICATOR_CONFIG', 'REQUIRED_ACTION', 'REQUIRED_ACTION_CONFIG', 'GROUP',
  'GROUP_MEMBERSHIP', 'IDENTITY_PROVIDER', 'IDENTITY_PROVIDER_MAPPER', 'PROTOCOL_MAPPER', 'USER_FEDERATION_PROVIDER',
  'USER_FEDERATION_MAPPER', 'AUTHORIZATION_RESOURCE_SERVER', 'AUTHORIZATION_RESOURCE', 'AUTHORIZATION_SCOPE',
  'AUTHORIZATION_POLICY', 'COMPONENT', 'CLIENT_INITIAL_ACCESS_MODEL', 'ORGANIZATION_MEMBERSHIP',
]); // prettier-ignore

/** Action endpoints of the Admin API that end, renew or make a credential, by the tail of the resource path. */
const pathActions: readonly (readonly [suffix: string, action: Action])[] = [
  ['/logout', 'revoke'],
  ['logout-all', 'revoke'],
  ['push-revocation', 'revoke'],
  ['/reset-password', 'rotate'],
  ['/client-secret', 'rotate'],
  ['/client-secret/rotated', 'delete'],
  ['/registration-access-token', 'rotate'],
  ['/impersonation', 'login'],
];

/** Action of an admin event from operationType, resourceType and resourcePath. */
export function adminAction(operation: string, resource: string, path: string): Action {
  for (const [suffix, action] of pathActions) if (path.endsWith(suffix)) return action;
  if (operation === 'DELETE' && (path.startsWith('sessions/') || path.includes('/consents/'))) return 'revoke';
  if (resource === 'USER_LOGIN_FAILURE') return 'admin';
  if (resource.endsWith('_MAPPING') || resource === 'GROUP_MEMBERSHIP') {
    return operation === 'CREATE' ? 'grant' : 'policy_change';
  }
  if (operation === 'CREATE' && (resource === 'USER' || resource === 'CLIENT')) return 'create';
  if (operation === 'DELETE' && (resource === 'USER' || resource === 'CLIENT')) return 'delete';
  if (policyResources.has(resource)) return 'policy_change';
  return operation === 'CREATE' || operation === 'UPDATE' || operation === 'DELETE' || operation === 'ACTION'
    ? 'admin'
    : 'other';
}
