import { failed, meaningOfType, meaningRows, type EventMeaning } from '../shared/event-meanings.js';

const won = { outcome: 'success' } as const;
const open = { outcome: 'unknown' } as const;
const lost = { outcome: 'failure' } as const;

/** Zitadel's event types (`a.b.*`: all below) → meaning. The outcome of an event stands nowhere but in its type. */
export const eventMeanings: ReadonlyMap<string, EventMeaning> = new Map([
  ...meaningRows('issue', 'oidc_session.access_token.added oidc_session.refresh_token.added user.token.added user.human.refresh.token.added session.token.set saml_session.saml_response.added', won),
  ...meaningRows('refresh', 'oidc_session.refresh_token.renewed user.human.refresh.token.renewed', won),
  ...meaningRows('exchange', 'user.impersonated', won),
  ...meaningRows('revoke', 'oidc_session.access_token.revoked oidc_session.refresh_token.revoked user.token.removed user.human.refresh.token.removed', won),
  ...meaningRows('create', 'user.pat.added user.machine.key.added user.machine.secret.set user.machine.added user.human.added user.human.selfregistered user.added user.selfregistered project.application.added project.application.oidc.key.added user.human.mfa.otp.added user.human.mfa.u2f.token.added user.human.passwordless.token.added', won),
  ...meaningRows('delete', 'user.pat.removed user.machine.key.removed user.machine.secret.removed user.removed project.application.removed project.application.oidc.key.removed user.human.mfa.otp.removed user.human.mfa.u2f.token.removed user.human.passwordless.token.removed', won),
  ...meaningRows('rotate', 'user.human.password.changed user.password.changed user.machine.secret.updated project.application.config.oidc.secret.changed project.application.config.api.secret.changed key_pair.added key_pair.certificate.added web_key.added web_key.activated', won),
  ...meaningRows('login', 'user.human.password.check.succeeded user.password.check.succeeded user.machine.secret.check.succeeded user.human.mfa.otp.check.succeeded user.mfa.otp.check.succeeded user.human.otp.sms.check.succeeded user.human.otp.email.check.succeeded user.human.mfa.u2f.token.check.succeeded user.human.passwordless.token.check.succeeded user.human.recoverycode.check.succeeded user.human.externallogin.check.succeeded session.password.checked session.intent.checked session.webAuthN.checked session.totp.checked session.otp.sms.checked session.otp.email.checked session.recoverycode.checked auth_request.succeeded saml_request.succeeded idpintent.succeeded idpintent.saml.succeeded idpintent.ldap.succeeded', won),
  ...meaningRows('login', 'user.human.password.check.failed user.password.check.failed user.machine.secret.check.failed', failed('invalid_credentials')),
  ...meaningRows('login', 'user.human.mfa.otp.check.failed user.mfa.otp.check.failed user.human.otp.sms.check.failed user.human.otp.email.check.failed user.human.mfa.u2f.token.check.failed user.human.passwordless.token.check.failed user.human.recoverycode.check.failed', failed('mfa_failed')),
  ...meaningRows('login', 'auth_request.failed saml_request.failed idpintent.failed ldap.failed user.human.initialization.check.failed', lost),
  ...meaningRows('login', 'session.added session.user.checked session.webAuthN.challenged session.otp.sms.challenged session.otp.sms.sent session.otp.email.challenged session.otp.email.sent auth_request.* saml_request.* idpintent.* user.human.mfa.u2f.token.begin.login user.human.passwordless.token.begin.login device.authorization.added', open),
  ...meaningRows('logout', 'session.terminated user.human.signed.out user.signed.out', won),
  ...meaningRows('grant', 'oidc_session.added saml_session.added device.authorization.approved device.authorization.done user.grant.added user.grant.changed user.grant.reactivated user.grant.cascade.changed project.grant.added project.grant.changed project.grant.reactivated instance.member.added instance.member.changed org.member.added org.member.changed project.member.added project.member.changed project.grant.member.added project.grant.member.changed', won),
  ...meaningRows('grant', 'device.authorization.canceled', failed('access_denied')),
  ...meaningRows('policy_change', 'user.locked user.unlocked user.deactivated user.reactivated user.grant.* project.grant.* instance.member.* org.member.* project.member.* instance.policy.* org.policy.* instance.idp.* iam.idp.* org.idp.* instance.oidc.* instance.trusted_domain.* instance.restrictions.* project.application.* project.role.* user.human.mfa.* user.human.passwordless.* user.machine.* execution.* target.* feature.* user_schema.*', won),
  ...meaningRows('admin', 'user.* org.* instance.* project.* iam.* action.* quota.* key_pair.* web_key.* milestone.* system.* notification.* group.*', won),
  ...meaningRows('other', 'user.token.v2.added session.* oidc_session.* saml_session.* device.authorization.*', open),
]); // prettier-ignore

/** A type that no row knows stays `other`. */
export const meaningOf = (type: string): EventMeaning =>
  meaningOfType(eventMeanings, type) ?? { action: 'other', outcome: 'unknown' };
