import { entraFactory } from '../../../../ingest/sources/entra/source.js';
import { oktaFactory } from '../../../../ingest/sources/okta/source.js';
import { eventOf } from './source-kit.js';

/** A client that gathers consents of many users is found by its id, so the event has to name it. */
describe('the client that a consent was given to', () => {
  const okta = oktaFactory.create({});
  const entra = entraFactory.create({});
  const oktaEvent = (eventType: string, outcome = { result: 'SUCCESS' }): unknown => ({
    uuid: `u-${eventType}`,
    published: '2026-01-05T09:00:00.000Z',
    eventType,
    actor: { id: '00u7anna', type: 'User', alternateId: 'anna@example.com' },
    client: { ipAddress: '198.51.100.7' },
    outcome,
    target: [
      { id: 'openid', type: 'scope', alternateId: 'openid' },
      { id: '0oa9reader', type: 'AppInstance', alternateId: 'Reader', displayName: 'Reader' },
    ],
  });

  it.each(['app.oauth2.consent.grant', 'app.oauth2.as.consent.grant'])('Okta %s', (eventType) => {
    const { action, principal, attributes } = eventOf(okta, oktaEvent(eventType));
    expect(attributes).toContainEqual({ key: 'scopes', value: 'openid' });
    expect([action, principal?.kind, principal?.client_id]).toEqual(['grant', 'user', '0oa9reader']);
  });

  it('is not told of other events of Okta, whose target is only where somebody went', () => {
    expect(eventOf(okta, oktaEvent('user.authentication.sso')).principal?.client_id).toBeUndefined();
  });

  it('Entra Consent to application', () => {
    const { action, principal } = eventOf(entra, {
      category: 'AuditLogs',
      time: '2026-01-05T09:00:00Z',
      properties: {
        id: 'Directory_7',
        activityDisplayName: 'Consent to application',
        activityDateTime: '2026-01-05T09:00:00Z',
        result: 'success',
        initiatedBy: { user: { id: 'c0ffee00-0000-4000-8000-000000000007', userPrincipalName: 'anna@example.com' } },
        targetResources: [
          { id: 'c0ffee00-0000-4000-8000-00000000000a', type: 'ServicePrincipal', displayName: 'Reader' },
        ],
      },
    });
    expect([action, principal?.client_id]).toEqual(['grant', 'c0ffee00-0000-4000-8000-00000000000a']);
  });

  it('a second factor that Okta refuses with the words of a wrong password', () => {
    const refused = { result: 'FAILURE', reason: 'INVALID_CREDENTIALS' };
    expect(eventOf(okta, oktaEvent('user.authentication.auth_via_mfa', refused)).reason).toBe('mfa_failed');
    expect(eventOf(okta, oktaEvent('user.session.start', refused)).reason).toBe('invalid_credentials');
  });
});
