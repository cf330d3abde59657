import type { Action } from '../../event/token-event.js';

/**
 * Words of an audit activity → action; the first that fits wins. Microsoft writes activities as sentences and has some 900 of them
 * (Microsoft Entra audit log activity reference).
 */
const rules: readonly (readonly [RegExp, Action])[] = [
  // What was only asked for, begun, looked at, or undone before it was anything.
  [/\b(?:requested|canceled|cancelled|requests|ready to fulfill|request (?:approved|denied|expired|created|rejected))\b|\bstarted\b|activity progress|creation options|^(?:get|retrieve|evaluate|validate (?:custom|move)) |_get|blocked from self-service|^(?:send|make|verify (?:email|phone)) .*(?:verif|phone|email)|registrationcallback|^remediate user/, 'admin'],
  [/elevated their access|assigns the caller to user access|^access approved|redeem extern|add v2 application permissions|consent to application|grant contextual consent|add (?:delegated permission grant|oauth2permissiongrant|app role assignment|member to (?!(?:restricted management )?administrative unit$)|(?:scoped|eligible) member|owner to|eligibleroleassignment|role assignment to|entitlement management role assignment)|directly assigns user|fulfill access package|restore (?:consent|(?:eligible )?member|permanent)|group_add(?:member|owner)|clear block|removeblockeduser|enable account|unlock user|approve a pending request to join/, 'grant'],
  [/(?:revoke|invalidate).*(?:token|sign.?in|session|consent|credential)|stsrefreshtokenvalidfrom|remove delegated permission grant|remove oauth2permissiongrant|v2 application permission grant|restore multifactor authentication on all remembered/, 'revoke'],
  [/password writeback|password policy|self-service password reset$(?<!saved for self-service password reset)|force change user password|per-user multifactor|default security info|signinpreferences|(?:certbasedauth|certificationbasedauth|certificatebasedauth|certificateauthority|publickeyinfrastructure)|disable strong|hard delete policy/, 'policy_change'],
  [/certificates and secrets management|(?:reset|change).*password|password (?:reset|change)(?<!saved for self-service password reset)|(?:reset|update)qrpin|update service principal credentials|update external secrets|setting or credentials|update (?:local administrator password|secret into policy key|certificate to policy key|hardware oath token)|updated security info|rotate/, 'rotate'],
  [/hard delete (?!application|service principal|user)|unregister device/, 'admin'],
  [/remove service principal|delete (?:user(?:$|[^ ]| -)|user\b(?! (?:flow|attribute))|external user|application(?! collection)|v2 application$|service principal|passkey|federated identity credential|fido2|windows hello|passwordless|platform credential|hardware oath token|bitlocker key|policy key|all available strong|agent ?(?:identity|user))|remove (?:policy credentials|users strong)|deleted security info|hard delete/, 'delete'],
  [/issue (?:a|an) (?:saml|access token|authorization code|id_token)|generate one time password/, 'issue'],
  [/exchange token/, 'exchange'],
  [/validate (?:client credentials|local account|user authentication)|federate with an identity|verify one time password/, 'login'],
  [/add (?:user\b(?! (?:to|sponsor))|users strong|application(?: ssl)?|service principal|federated identity credential|temporary access pass|passkey|fido2|windows hello|passwordless|platform credential|bitlocker key|agent ?(?:identity|user))|(?:create|assign|bulk upload) (?:application(?! collection)|v2 application|user(?:s|$)|passkey|hardware oath|policy key|authority|agent ?(?:identity|user))|bulk (?:create|invite)|invite (?:external|internal)|register (?:device|security info|totp)|registered (?:security info|all required)|user registered|security info saved|password registration|oathproofup|upload (?:certificate|key|secret)|generate key|generatenewactivationcredentials|viral user|takeover user|sign-up request was completed/, 'create'],
  [/disable account|add blocked user|createblockeduser|user is blocked/, 'revoke'],
  [/pim alert/, 'admin'],
  [/an api was called/, 'other'],
  [/policy|policies|conditional access|named location|authentication ?(?:method|strength|context|events?|flows)|customauthenticationextension|(?:start|submit)customextension|user flow|api connector|identity provider|security defaults|continuous access|set domain authentication|set federation|feature rollout|desktop sso|passthrough|cross-tenant|multitenantorg|multi tenant org|kerberos domain|(?:add|update|delete) (?:application|service principal|user|role|company|v2 application|authority|contract)|create contract|safe rollout|verified publisher|user sponsor|assignable roles|(?:create|update|delete) certificate$|enriched audit logs|^access removed|role assignment of user access administrator|administrative unit$(?<=(?:add|remove) member (?:to|from) .{0,64})|permission grant|remove (?:app role|member|owner|(?:scoped|eligible) (?:member|owner)|eligibleroleassignment|role assignment|permanent|entitlement|access package)|group_remove(?:member|owner)|directly removes user|restore|enable strong|bypass|dirsync|add unverified domain|add verified domain|verify domain|verified domain|convert federated/, 'policy_change'],
  [/bitlocker key|local administrator|administrative unit|access (?:review|package)|agreement|workflow|task|pim|terms of use|recommendation|initialize tenant|tenant (?:onboard|offboard|opt|setting|detail|metadata)|tenant\.|subscription|device|license|group|partner|directory|provision|export|import|synchron|domain|compromised|confirm(?:account)?safe|^dismiss|fraud reported|suspicious activity|role|application proxy|connector|ssl binding|external sponsor|internal sponsor|connected organization|decision|approvals?\b|(?:remove|process|cancel|create|update) request|^delete consent|attribute mappings|process escrow|quarantine/, 'admin'],
]; // prettier-ignore

/** @returns `other` for what no rule knows; its sentence is the event's record_type. */
export function actionOfActivity(activity: string): Action {
  const words = activity.slice(0, 256).toLowerCase();
  return rules.find(([pattern]) => pattern.test(words))?.[1] ?? 'other';
}
