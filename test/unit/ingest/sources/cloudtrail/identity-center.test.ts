import { cloudtrailFactory } from '../../../../../ingest/sources/cloudtrail/source.js';
import { attribute, eventOf, eventsOf, uidOf } from '../source-kit.js';

const source = cloudtrailFactory.create({});
const account = '111122223333';
const roleArn = `arn:aws:iam::${account}:role/ops/deployer`;
const session = {
  type: 'AssumedRole',
  principalId: 'AROAEXAMPLEEXAMPLE01:ci-17',
  arn: `arn:aws:sts::${account}:assumed-role/deployer/ci-17`,
  accountId: account,
  accessKeyId: 'ASIAEXAMPLECHILD0001',
  sessionContext: { sessionIssuer: { type: 'Role', arn: roleArn, accountId: account, userName: 'deployer' } },
};
const record = (more: object): Record<string, unknown> => ({
  userIdentity: session,
  eventTime: '2025-05-31T10:11:12Z',
  eventSource: 'q.amazonaws.com',
  eventName: 'SendMessage',
  sourceIPAddress: '203.0.113.7',
  eventID: '19073d8c-7567-7ee9-1144-c8ce601ec79d',
  eventType: 'AwsApiCall',
  ...more,
});

describe('Identity Center', () => {
  const onBehalfOf = {
    userId: '544894e8-80c1-707f-60e3-3ba6510dfac1',
    identityStoreArn: `arn:aws:identitystore::${account}:identitystore/d-9067642ac7`,
  };
  const credentialId = 'EXAMPLEVHULjJdTUdPJfofVa1sufHDoj7aYcOYcxFVllyR_Whr1fEXAMPLE';
  const bearer = { type: 'IdentityCenterUser', accountId: account, onBehalfOf, credentialId };

  it('names the bearer token of a call, and the person', () => {
    const event = eventOf(source, record({ userIdentity: bearer }));
    expect(event.token).toMatchObject({
      token_uid: uidOf(`key:aws|${credentialId}`),
      kind: 'access_token',
      key_id: credentialId,
      aliases: [{ kind: 'key_id', value: `aws:${credentialId}` }],
    });
    expect(event.principal?.id).toBe(onBehalfOf.userId);
  });

  it('says for whom a role’s session acts, and in whose place', () => {
    const scoped = {
      ...session,
      onBehalfOf,
      inScopeOf: { credentialsIssuedTo: 'arn:aws:lambda:eu-west-1:1:function:f' },
    };
    const event = eventOf(source, record({ userIdentity: scoped }));
    expect(event.principal?.id).toBe(roleArn);
    expect(attribute(event, 'on_behalf_of')).toBe(`${onBehalfOf.identityStoreArn}|${onBehalfOf.userId}`);
    expect(attribute(event, 'in_scope_of')).toBe('arn:aws:lambda:eu-west-1:1:function:f');
  });

  it('says which role and which client a token was for', () => {
    const [use, credentials] = eventsOf(
      source,
      record({
        userIdentity: bearer,
        eventSource: 'sso.amazonaws.com',
        eventName: 'GetRoleCredentials',
        requestParameters: { role_name: 'Admin', account_id: '444455556666' },
      }),
    );
    expect([use!.action, use!.token?.key_id, credentials!.action]).toEqual(['use', credentialId, 'issue']);
    expect([attribute(credentials!, 'role_name'), attribute(credentials!, 'target_account_id')]).toEqual([
      'Admin',
      '444455556666',
    ]);
    const [call, device] = eventsOf(
      source,
      record({
        eventSource: 'sso-oauth.amazonaws.com',
        eventName: 'CreateToken',
        requestParameters: {
          clientId: 'cli-1',
          grantType: 'refresh_token',
          clientSecret: 'HIDDEN_DUE_TO_SECURITY_REASONS',
        },
      }),
    );
    expect([call!.action, device!.action, device!.token]).toEqual(['use', 'refresh', undefined]);
    expect([attribute(device!, 'clientId'), attribute(device!, 'grantType')]).toEqual(['cli-1', 'refresh_token']);
  });
});

describe('an access key that acts', () => {
  it('is not over when it revokes something else', () => {
    const revoke = { eventSource: 'signin.amazonaws.com', eventName: 'BatchRevokeSessions' };
    const event = eventOf(source, record(revoke));
    expect([event.action, event.token?.key_id]).toEqual(['admin', 'ASIAEXAMPLECHILD0001']);
  });
});

describe('steps of a sign-in', () => {
  const step = (eventName: string, result: string, CredentialType?: string): Record<string, unknown> =>
    record({
      userIdentity: { type: 'Unknown', principalId: account, accountId: account, userName: 'anna' },
      eventSource: eventName === 'CheckMfa' ? 'signin.amazonaws.com' : 'sso.amazonaws.com',
      eventName,
      eventType: 'AwsConsoleSignIn',
      additionalEventData: { ...(CredentialType !== undefined && { CredentialType }), UserName: 'anna' },
      [eventName === 'CheckMfa' ? 'responseElements' : 'serviceEventDetails']: { [eventName]: result },
    });
  const told = (raw: object): unknown[] => {
    const { action, outcome, reason } = eventOf(source, raw);
    return [action, outcome, reason];
  };

  it('are no sign-in before somebody has proved who it is', () => {
    expect(told(step('CheckMfa', 'Success'))).toEqual(['login', 'unknown', 'mfa_required']);
    expect(told(step('CredentialChallenge', 'Success', 'PASSWORD'))).toEqual(['login', 'unknown', undefined]);
    expect(told(step('CredentialVerification', 'Success', 'PASSWORD'))).toEqual(['login', 'success', undefined]);
  });

  it('by nobody have no principal, though a name stands there', () => {
    const event = eventOf(
      source,
      record({
        userIdentity: { type: 'IAMUser', accountId: account, userName: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
        eventSource: 'signin.amazonaws.com',
        eventName: 'ConsoleLogin',
        eventType: 'AwsConsoleSignIn',
        errorMessage: 'No username found in supplied account',
        responseElements: { ConsoleLogin: 'Failure' },
      }),
    );
    expect([event.outcome, event.reason, event.principal]).toEqual(['failure', 'user_not_found', undefined]);
  });

  it('that fail without a word tell by the credential why', () => {
    expect(told(step('CredentialVerification', 'Failure', 'PASSWORD'))).toEqual([
      'login',
      'failure',
      'invalid_credentials',
    ]);
    expect(told(step('CredentialVerification', 'Failure', 'TOTP'))).toEqual(['login', 'failure', 'mfa_failed']);
  });
});
