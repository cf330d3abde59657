import type { TokenEvent } from '../../../../../ingest/event/token-event.js';
import { cloudtrailFactory } from '../../../../../ingest/sources/cloudtrail/source.js';
import { attribute, eventOf, eventsOf } from '../source-kit.js';

const source = cloudtrailFactory.create({});
const account = '111122223333';
const pool = 'eu-west-1_Ab3dEf9hI';
const issuer = `https://cognito-idp.eu-west-1.amazonaws.com/${pool}`;
const sub = '5a1b0c7e-8f3d-4a64-9d2c-1e7b3c5d9f01';
const clientId = '7k2m4p6r8t0v1x3z5b7d9f1h3j';

/** A request to managed login: the fields of the request stand in the additional data, each a list. */
function managed(eventName: string, status: number, fields: object = {}): Record<string, unknown> {
  return {
    eventVersion: '1.08',
    userIdentity: { accountId: account },
    eventTime: '2025-05-31T10:11:12Z',
    eventSource: 'cognito-idp.amazonaws.com',
    eventName,
    awsRegion: 'eu-west-1',
    sourceIPAddress: '203.0.113.7',
    userAgent: 'Mozilla/5.0',
    errorCode: '',
    errorMessage: '',
    requestParameters: null,
    responseElements: null,
    additionalEventData: {
      responseParameters: { status },
      requestParameters: { client_id: [clientId], ...fields },
      userPoolDomain: 'shop.auth.eu-west-1.amazoncognito.com',
      userPoolId: pool,
    },
    eventID: '19073d8c-7567-7ee9-1144-c8ce601ec79d',
    eventType: 'AwsServiceEvent',
    recipientAccountId: account,
    serviceEventDetails: { serviceAccountId: '444455556666' },
  };
}

function call(eventName: string, more: object): Record<string, unknown> {
  return {
    userIdentity: { type: 'Unknown', principalId: 'Anonymous' },
    eventTime: '2025-05-31T10:11:12Z',
    eventSource: 'cognito-idp.amazonaws.com',
    eventName,
    sourceIPAddress: '203.0.113.7',
    additionalEventData: { sub },
    eventID: '19073d8c-7567-7ee9-1144-c8ce601ec79d',
    eventType: 'AwsApiCall',
    ...more,
  };
}

const told = ({ action, outcome, reason }: TokenEvent): unknown[] => [action, outcome, reason];

describe('managed login', () => {
  it.each([
    ['Token_POST', 200, { grant_type: ['authorization_code'] }, ['issue', 'success', undefined]],
    ['Token_POST', 200, { grant_type: ['refresh_token'] }, ['refresh', 'success', undefined]],
    ['Token_POST', 400, { grant_type: ['refresh_token'] }, ['refresh', 'failure', 'client_error']],
    ['CognitoAuthentication', 302, {}, ['login', 'success', undefined]],
    ['SAML2Response_POST', 302, {}, ['login', 'success', undefined]],
    ['Login_GET', 200, {}, ['other', 'success', undefined]],
    ['Signup_POST', 302, {}, ['create', 'success', undefined]],
    ['ResetPassword_POST', 302, {}, ['rotate', 'success', undefined]],
    ['UserInfo_GET', 401, {}, ['use', 'failure', 'invalid_token']],
    ['Logout', 302, {}, ['logout', 'success', undefined]],
  ])('%s with %i is what it is', (eventName, status, fields, expected) => {
    const event = eventOf(source, managed(eventName, status, fields));
    expect(told(event)).toEqual(expected);
    expect(event.target?.status).toBe(status);
  });

  it('names a client that asks for a token of its own as the token’s sub does', () => {
    const event = eventOf(source, managed('Token_POST', 200, { grant_type: ['client_credentials'] }));
    expect(event.principal).toEqual({
      principal_uid: `${issuer}|${clientId}`,
      kind: 'client',
      id: clientId,
      client_id: clientId,
    });
    expect([attribute(event, 'grant_type'), attribute(event, 'user_pool')]).toEqual(['client_credentials', pool]);
  });

  it('names the user by the sub, which a proxy sees too', () => {
    const event = eventOf(source, managed('Confirm_POST', 302, { sub: [sub] }));
    expect([event.action, event.principal?.principal_uid]).toEqual(['admin', `${issuer}|${sub}`]);
  });
});

describe('the API of user pools', () => {
  const request = { clientId, authFlow: 'USER_SRP_AUTH', authParameters: 'HIDDEN_DUE_TO_SECURITY_REASONS' };

  it('has proved nothing while a challenge stands', () => {
    const mfa = { requestParameters: request, responseElements: { challengeName: 'SMS_MFA' } };
    expect(told(eventOf(source, call('InitiateAuth', mfa)))).toEqual(['login', 'unknown', 'mfa_required']);
    const srp = { requestParameters: request, responseElements: { challengeName: 'PASSWORD_VERIFIER' } };
    expect(told(eventOf(source, call('InitiateAuth', srp)))).toEqual(['login', 'unknown', undefined]);
  });

  it('refreshes by the same call', () => {
    const refresh = { requestParameters: { ...request, authFlow: 'REFRESH_TOKEN_AUTH' } };
    const event = eventOf(source, call('InitiateAuth', refresh));
    expect([event.action, event.principal?.id, event.principal?.client_id]).toEqual(['refresh', sub, clientId]);
  });

  it.each([
    ['Incorrect username or password.', 'invalid_credentials'],
    ['User is disabled.', 'user_disabled'],
    ['Refresh Token has been revoked', 'revoked_token'],
    ['Refresh Token has expired', 'expired_token'],
    ['Invalid Refresh Token', 'invalid_token'],
    ['Unable to verify secret hash for client', 'invalid_client'],
  ])('NotAuthorizedException: %s', (errorMessage, reason) => {
    const refused = { requestParameters: request, errorCode: 'NotAuthorizedException', errorMessage };
    expect(eventOf(source, call('InitiateAuth', refused)).reason).toBe(reason);
  });

  const backend = {
    type: 'AssumedRole',
    principalId: 'AROAEXAMPLEEXAMPLE01:shop',
    arn: `arn:aws:sts::${account}:assumed-role/shop/shop`,
    accountId: account,
    accessKeyId: 'ASIAEXAMPLECHILD0001',
  };
  const byBackend = { userIdentity: backend, requestParameters: { ...request, userPoolId: pool } };

  it('signs a user in whom a back end asks for: the key only called', () => {
    const [use, login] = eventsOf(source, call('AdminInitiateAuth', byBackend));
    expect([use!.action, use!.token?.key_id, use!.principal?.kind]).toEqual(['use', backend.accessKeyId, 'role']);
    expect([login!.action, login!.token, login!.session_uid]).toEqual(['login', undefined, undefined]);
    expect(login!.principal?.principal_uid).toBe(`${issuer}|${sub}`);
    expect(attribute(login!, 'actor')).toBe(`arn:aws:iam::${account}:role/shop`);
  });

  it('is no failure of the key that a user’s password was wrong', () => {
    const refused = {
      ...byBackend,
      errorCode: 'NotAuthorizedException',
      errorMessage: 'Incorrect username or password.',
    };
    const event = eventOf(source, call('AdminInitiateAuth', refused));
    expect([event.action, event.outcome, event.token]).toEqual(['login', 'failure', undefined]);
  });

  it('says whom an administrator acted on', () => {
    const event = eventOf(source, call('AdminUserGlobalSignOut', byBackend));
    expect([event.action, event.token?.key_id]).toEqual(['admin', backend.accessKeyId]);
    expect(attribute(event, 'target_user')).toBe(`${issuer}|${sub}`);
  });
});
