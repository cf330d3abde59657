import type { Action } from '../../event/token-event.js';

const writes = 'POST|PUT|PATCH|DELETE';

const rule = (methods: string, path: string, action: Action): readonly [RegExp, Action] =>
  [new RegExp(`^(?:${methods}) ${path}$`), action] as const;

const one = '/[^/]{1,128}';

/** Method and path below `/v2` of the Management API → action; the first that fits wins (Auth0 Management API v2 reference). */
const calls: readonly (readonly [RegExp, Action])[] = [
  rule('POST', `/clients${one}/rotate-secret`, 'rotate'),
  rule('POST', '/keys/(?:signing/rotate|encryption/rekey)', 'rotate'),
  rule('POST', `/users${one}/recovery-code-regeneration`, 'rotate'),
  rule('PUT', `/keys/signing${one}/revoke`, 'revoke'),
  rule('POST', `/(?:users${one}/revoke-access|sessions${one}/revoke|blacklists/tokens|users${one}/multifactor/actions/invalidate-remember-browser)`, 'revoke'),
  rule('DELETE', `/(?:sessions${one}|refresh-tokens${one}|users${one}/(?:sessions|refresh-tokens)|grants(?:${one})?|device-credentials${one})`, 'revoke'),
  rule('POST', `/(?:clients|users|device-credentials|clients${one}/credentials|users${one}/authentication-methods|guardian/enrollments/ticket|tickets/(?:password-change|email-verification)|keys/encryption)`, 'create'),
  rule('DELETE', `/(?:(?:clients|users|guardian/enrollments)${one}|clients${one}/credentials${one}|users${one}/(?:authentication-methods(?:${one})?|multifactor${one}|authenticators))`, 'delete'),
  rule('POST|PATCH', `/client-grants(?:${one})?`, 'grant'),
  rule('POST|PATCH', `/(?:tenants/invitations(?:${one})?|organizations${one}/(?:invitations|members|client-grants|members${one}/roles))`, 'grant'),
  rule('POST', `/(?:users${one}/(?:roles|permissions|organizations)|roles${one}/(?:users|permissions))`, 'grant'),
  rule(writes, `/(?:client-grants|clients|organizations|roles|users${one}/(?:roles|permissions))(?:/.{0,512})?`, 'policy_change'),
  rule(writes, '/(?:attack-protection|guardian|risk-assessments?|anomaly|tenants/settings|connections|resource-servers|rules|rules-configs|hooks|actions|network-acls|custom-domains|token-exchange-profiles|user-attribute-profiles|federated-connections-tokensets|self-service-profiles|keys)(?:/.{0,512})?', 'policy_change'),
  rule(writes, '/(?:log-streams|users|user-blocks|jobs|tenants|integrations)(?:/.{0,512})?', 'admin'),
]; // prettier-ignore

/** What a call of the Management API does; undefined where it only reads, or touches nothing of credentials and grants. */
export function actionOfCall(method: string | undefined, path: string | undefined): Action | undefined {
  if (method === undefined || path === undefined || path.length > 1024) return undefined;
  const below = /^(?:\/api)?\/v2(\/.*?)\/?$/.exec(path)?.[1];
  if (below === undefined) return undefined;
  const call = `${method.toUpperCase()} ${below}`;
  return calls.find(([pattern]) => pattern.test(call))?.[1];
}
