import type { Action } from '../../event/token-event.js';
import { type JsonObject, readText } from '../shared/json-reader.js';

const writes = 'POST|PUT|PATCH|DELETE';

const rule = (methods: string, path: string, action: Action): readonly [RegExp, Action] =>
  [new RegExp(`^(?:${methods}) ${path}$`), action] as const;

const one = '/[^/]{1,128}';

/** Method and path below `/v2` of the Management API → action; the first that fits wins (Auth0 Management API v2 reference). */
const calls: readonly (readonly [RegExp, Action])[] = [
  rule('POST', `/clients${one}/rotate-secret`, 'rotate'),
  rule('POST', `/(?:keys/(?:signing/rotate|encryption/rekey)|connections${one}/keys/rotate)`, 'rotate'),
  rule('POST', `/users${one}/recovery-code-regeneration`, 'rotate'),
  rule('PUT', `/keys/signing${one}/revoke`, 'revoke'),
  rule('POST', `/(?:users${one}/revoke-access|sessions${one}/revoke|refresh-tokens/revoke|blacklists/tokens|self-service-profiles${one}/sso-ticket${one}/revoke|users${one}/multifactor/actions/invalidate-remember-browser)`, 'revoke'),
  rule('DELETE', `/(?:sessions${one}|refresh-tokens${one}|users${one}/(?:sessions|refresh-tokens)|grants(?:${one})?|device-credentials${one}|connections${one}/scim-configuration/tokens${one})`, 'revoke'),
  rule('POST', `/(?:clients|clients/cimd/register|agents|users|device-credentials|clients${one}/credentials|users${one}/authentication-methods|guardian/enrollments/ticket|tickets/(?:password-change|email-verification)|keys/encryption|connections${one}/(?:keys|scim-configuration/tokens)|self-service-profiles${one}/sso-ticket)`, 'create'),
  rule('DELETE', `/(?:(?:clients|agents|users|guardian/enrollments|keys/encryption)${one}|keys/custom-signing|clients${one}/credentials${one}|users${one}/(?:authentication-methods(?:${one})?|multifactor${one}|authenticators))`, 'delete'),
  rule('POST|PATCH', `/client-grants(?:${one})?`, 'grant'),
  rule('POST|PATCH', `/(?:tenants/invitations(?:${one})?|organizations${one}/(?:invitations|members|client-grants|members${one}/roles))`, 'grant'),
  rule('POST', `/(?:users${one}/(?:roles|permissions|organizations)|roles${one}/(?:users|permissions|groups)|(?:organizations${one}/)?groups${one}/roles)`, 'grant'),
  rule(writes, `/(?:client-grants|clients|agents|organizations|groups|roles|users${one}/(?:roles|permissions))(?:/.{0,512})?`, 'policy_change'),
  rule(writes, '/(?:attack-protection|guardian|risk-assessments?|anomaly|tenants/settings|connections|resource-servers|rules|rules-configs|hooks|actions|network-acls|custom-domains|token-exchange-profiles|user-attribute-profiles|federated-connections-tokensets|self-service-profiles|connection-profiles|rate-limit-policies|supplemental-signals|keys)(?:/.{0,512})?', 'policy_change'),
  rule(writes, '/(?:log-streams|event-streams|users|user-blocks|jobs|tenants|integrations|sessions|refresh-tokens|flows/vault/connections|emails/provider|branding/phone/providers)(?:/.{0,512})?', 'admin'),
]; // prettier-ignore

/** `details.request.path` without its query. */
export const pathOf = (request: JsonObject): string | undefined => readText(request, 'path')?.split('?', 1)[0];

/** A session or refresh token that a call ends by its id. */
export interface EndedByCall {
  readonly kind: 'session' | 'refresh_token';
  readonly id: string;
}

const endings: readonly (readonly [RegExp, EndedByCall['kind']])[] = [
  [/^DELETE \/sessions\/([^/]{1,128})$/, 'session'],
  [/^POST \/sessions\/([^/]{1,128})\/revoke$/, 'session'],
  [/^DELETE \/refresh-tokens\/([^/]{1,128})$/, 'refresh_token'],
];

/** Method and path below `/v2`, as the tables here have them. */
function callOf(method: string | undefined, path: string | undefined): string | undefined {
  if (method === undefined || path === undefined || path.length > 1024) return undefined;
  const below = /^(?:\/api)?\/v2(\/.*?)\/?$/.exec(path)?.[1];
  return below === undefined ? undefined : `${method.toUpperCase()} ${below}`;
}

export function endedByCall(method: string | undefined, path: string | undefined): EndedByCall | undefined {
  const call = callOf(method, path);
  if (call === undefined) return undefined;
  for (const [pattern, kind] of endings) {
    const id = pattern.exec(call)?.[1];
    if (id !== undefined) return { kind, id };
  }
  return undefined;
}

/** What a call of the Management API does; undefined where it only reads, or touches nothing of credentials and grants. */
export function actionOfCall(method: string | undefined, path: string | undefined): Action | undefined {
  const call = callOf(method, path);
  return call === undefined ? undefined : calls.find(([pattern]) => pattern.test(call))?.[1];
}
