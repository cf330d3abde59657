import type { TokenEvent } from '../../../../../ingest/event/token-event.js';
import { cloudtrailFactory } from '../../../../../ingest/sources/cloudtrail/source.js';
import { meaningOf } from '../../../../../ingest/sources/cloudtrail/event-names.js';
import { attribute, eventOf, eventsOf, refusalOf, uidOf } from '../source-kit.js';
import { account, alice } from './identities.js';

const source = cloudtrailFactory.create({});
const roleArn = `arn:aws:iam::${account}:role/ops/deployer`;
const session = {
  type: 'AssumedRole',
  principalId: 'AROAEXAMPLEEXAMPLE01:ci-17',
  arn: `arn:aws:sts::${account}:assumed-role/deployer/ci-17`,
  accountId: account,
  accessKeyId: 'ASIAEXAMPLECHILD0001',
  sessionContext: {
    sessionIssuer: {
      type: 'Role',
      principalId: 'AROAEXAMPLEEXAMPLE01',
      arn: roleArn,
      accountId: account,
      userName: 'deployer',
    },
    attributes: { creationDate: '2025-05-31T09:00:00Z', mfaAuthenticated: 'true' },
  },
};

function record(more: object = {}): Record<string, unknown> {
  return {
    eventVersion: '1.11',
    userIdentity: alice,
    eventTime: '2025-05-31T10:11:12Z',
    eventSource: 's3.amazonaws.com',
    eventName: 'GetObject',
    awsRegion: 'eu-west-1',
    sourceIPAddress: '203.0.113.7',
    userAgent: '[aws-cli/2.15.0]',
    requestParameters: { bucketName: 'b', key: 'k' },
    responseElements: null,
    additionalEventData: { bytesTransferredIn: 0, bytesTransferredOut: 4096 },
    requestID: 'C3D13FE58DE4C810',
    eventID: '19073d8c-7567-7ee9-1144-c8ce601ec79d',
    readOnly: true,
    eventType: 'AwsApiCall',
    recipientAccountId: account,
    tlsDetails: { tlsVersion: 'TLSv1.3', cipherSuite: 'x', clientProvidedHostHeader: 'b.s3.eu-west-1.amazonaws.com' },
    ...more,
  };
}

const credentials = {
  accessKeyId: 'ASIAEXAMPLECHILD0001',
  sessionToken: 'IQoJb3JpZ2luX2VjCANARY',
  expiration: 'May 31, 2025, 11:11:12 PM',
};
const sts = (eventName: string, more: object = {}): Record<string, unknown> =>
  record({
    eventSource: 'sts.amazonaws.com',
    eventName,
    requestParameters: { roleArn, roleSessionName: 'ci-17', durationSeconds: 3600 },
    responseElements: {
      credentials,
      assumedRoleUser: { assumedRoleId: 'AROAEXAMPLEEXAMPLE01:ci-17', arn: session.arn },
    },
    ...more,
  });

describe('a use', () => {
  const event = eventOf(source, record());

  it('names key, principal, client, target and transport', () => {
    expect([event.action, event.outcome, event.source.record_type]).toEqual(['use', 'success', 'AwsApiCall']);
    expect(event.token).toMatchObject({
      token_uid: uidOf('aws:AKIAEXAMPLEALICE0001'),
      key_id: 'AKIAEXAMPLEALICE0001',
      identity: 'aws',
    });
    expect(event.principal).toEqual({ principal_uid: alice.arn, kind: 'user', id: alice.arn, name: 'alice' });
    expect(event.client).toEqual({ address: '203.0.113.7' });
    expect(event.target).toEqual({
      service: 's3.amazonaws.com', method: 'GetObject', address: 'b.s3.eu-west-1.amazonaws.com', request_bytes: 0, response_bytes: 4096,
    }); // prettier-ignore
    expect([event.transport, event.trace?.request_id]).toEqual(['tls', 'C3D13FE58DE4C810']);
    expect(attribute(event, 'actor')).toBeUndefined();
  });

  it('has an id that follows from eventID wherever the record was read', () => {
    expect(eventOf(source, record(), 5).event_uid).toBe(event.event_uid);
    expect(eventOf(source, record({ eventID: undefined }), 5).event_uid).not.toBe(event.event_uid);
  });

  it('names the role behind a session, and the session', () => {
    const used = eventOf(source, record({ userIdentity: session }));
    expect(used.principal).toEqual({ principal_uid: roleArn, kind: 'role', id: roleArn, name: 'deployer' });
    expect(used.session_uid).toBe('AROAEXAMPLEEXAMPLE01:ci-17');
    expect(used.token?.issued_at).toBe('2025-05-31T09:00:00.000Z');
    expect(attribute(used, 'mfa_authenticated')).toBe('true');
    expect(attribute(used, 'session_name')).toBe('ci-17');
  });

  it.each([
    ['Root', { arn: `arn:aws:iam::${account}:root`, accountId: account }, 'user', `arn:aws:iam::${account}:root`],
    ['AssumedRole', { arn: session.arn }, 'role', `arn:aws:iam::${account}:role/deployer`],
    [
      'FederatedUser',
      {
        arn: `arn:aws:sts::${account}:federated-user/bob`,
        sessionContext: { sessionIssuer: { arn: alice.arn, userName: 'alice' } },
      },
      'user',
      alice.arn,
    ],
    ['SAMLUser', { principalId: 'x:bob', userName: 'bob', identityProvider: 'idp' }, 'user', 'idp|bob'],
    [
      'WebIdentityUser',
      {
        principalId: 'p:system:serviceaccount:ns:app',
        userName: 'system:serviceaccount:ns:app',
        identityProvider: 'oidc',
      },
      'workload',
      'oidc|system:serviceaccount:ns:app',
    ],
    ['AWSService', { invokedBy: 'ec2.amazonaws.com' }, 'workload', 'aws|ec2.amazonaws.com'],
    ['AWSAccount', { principalId: 'AROAX:s', accountId: '444455556666' }, 'unknown', 'aws:444455556666|AROAX:s'],
    [
      'IdentityCenterUser',
      { onBehalfOf: { userId: 'u-1', identityStoreArn: 'arn:aws:identitystore::1:identitystore/d-1' } },
      'user',
      'arn:aws:identitystore::1:identitystore/d-1|u-1',
    ],
    ['OfALaterVersion', { arn: 'arn:aws:x::1:y/z' }, 'unknown', 'arn:aws:x::1:y/z'],
  ])('reads the identity %s', (type, identity, kind, uid) => {
    const used = eventOf(source, record({ userIdentity: { type, ...identity } }));
    expect([used.principal?.kind, used.principal?.principal_uid]).toEqual([kind, uid]);
  });

  it.each([['AWS Internal'], ['cloudformation.amazonaws.com']])(
    'takes %s for a calling service, not an address',
    (sourceIPAddress) => {
      const used = eventOf(source, record({ sourceIPAddress }));
      expect([used.client, used.caller?.service]).toEqual([undefined, sourceIPAddress]);
    },
  );
});

describe('life of a key', () => {
  it.each(['AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity'])(
    '%s issues the child, whose parent is the calling key',
    (eventName) => {
      const [call, event] = eventsOf(source, sts(eventName)) as [TokenEvent, TokenEvent];
      expect([call.action, call.token?.key_id, call.principal?.principal_uid]).toEqual(['use', 'AKIAEXAMPLEALICE0001', alice.arn]); // prettier-ignore
      expect(call.event_uid).not.toBe(event.event_uid);
      expect([event.action, event.outcome]).toEqual(['issue', 'success']);
      expect(event.token).toMatchObject({
        token_uid: uidOf('aws:ASIAEXAMPLECHILD0001'),
        issued_at: '2025-05-31T10:11:12.000Z',
        expires_at: '2025-05-31T23:11:12.000Z',
        parent: { kind: 'parent_access_key_id', value: 'AKIAEXAMPLEALICE0001' },
      });
      expect(event.principal?.principal_uid).toBe(roleArn);
      expect(event.session_uid).toBe('AROAEXAMPLEEXAMPLE01:ci-17');
      expect(attribute(event, 'actor')).toBe(alice.arn);
      expect(JSON.stringify(event)).not.toContain('IQoJb3JpZ2lu');
    },
  );

  it.each(['GetSessionToken', 'GetFederationToken'])('the child of %s stays with its user', (eventName) => {
    const events = eventsOf(
      source,
      sts(eventName, { requestParameters: { durationSeconds: 900 }, responseElements: { credentials } }),
    );
    expect(events).toHaveLength(2);
    const event = events[1]!;
    expect([event.action, event.token?.key_id, event.principal?.principal_uid]).toEqual([
      'issue',
      'ASIAEXAMPLECHILD0001',
      alice.arn,
    ]);
  });

  it('gives a refused AssumeRole to the key that asked', () => {
    const event = eventOf(
      source,
      sts('AssumeRole', {
        responseElements: null,
        errorCode: 'AccessDenied',
        errorMessage: `User: ${alice.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
      }),
    );
    expect([event.action, event.outcome, event.reason]).toEqual(['issue', 'failure', 'access_denied']);
    expect(event.token?.key_id).toBe('AKIAEXAMPLEALICE0001');
    expect(event.principal?.principal_uid).toBe(alice.arn);
  });

  const iam = (eventName: string, requestParameters: object, responseElements: object | null = null) =>
    record({ eventSource: 'iam.amazonaws.com', eventName, requestParameters, responseElements, readOnly: false });
  const key = 'AKIAEXAMPLEBOB000001';

  it.each([
    [
      'CreateAccessKey',
      'create',
      iam(
        'CreateAccessKey',
        { userName: 'bob' },
        { accessKey: { accessKeyId: key, userName: 'bob', status: 'Active' } },
      ),
    ],
    ['DeleteAccessKey', 'delete', iam('DeleteAccessKey', { userName: 'bob', accessKeyId: key })],
    [
      'UpdateAccessKey to Inactive',
      'revoke',
      iam('UpdateAccessKey', { userName: 'bob', accessKeyId: key, status: 'Inactive' }),
    ],
    [
      'UpdateAccessKey to Active',
      'grant',
      iam('UpdateAccessKey', { userName: 'bob', accessKeyId: key, status: 'Active' }),
    ],
  ])('%s is %s, and the key stays its owner’s', (_, action, raw) => {
    const event = eventOf(source, raw);
    expect([event.action, event.token?.token_uid]).toEqual([action, uidOf(`aws:${key}`)]);
    expect(event.principal?.principal_uid).toBe(`arn:aws:iam::${account}:user/bob`);
    expect(attribute(event, 'actor')).toBe(alice.arn);
  });

  it('knows that a key without user name is the caller’s own', () => {
    const event = eventOf(source, iam('DeleteAccessKey', { accessKeyId: alice.accessKeyId }));
    expect(event.principal?.principal_uid).toBe(alice.arn);
  });

  it.each([
    ['iam.amazonaws.com', 'AttachUserPolicy', 'AwsApiCall', 'grant'],
    ['iam.amazonaws.com', 'CreateLoginProfile', 'AwsApiCall', 'create'],
    ['iam.amazonaws.com', 'DeactivateMFADevice', 'AwsApiCall', 'policy_change'],
    ['sts.amazonaws.com', 'GetCallerIdentity', 'AwsApiCall', 'introspect'],
    ['signin.amazonaws.com', 'SwitchRole', 'AwsConsoleSignIn', 'login'],
    ['sso-oauth.amazonaws.com', 'RegisterClient', 'AwsApiCall', 'create'],
    ['kms.amazonaws.com', 'RotateKey', 'AwsServiceEvent', 'rotate'],
    ['ec2.amazonaws.com', 'OfALaterVersion', 'AwsApiCall', 'use'],
    ['ec2.amazonaws.com', 'OfALaterVersion', 'AwsServiceEvent', 'other'],
    ['ec2.amazonaws.com', 'OfALaterVersion', 'OfALaterVersion', 'other'],
  ])('%s %s (%s) is %s', (eventSource, eventName, eventType, action) => {
    expect(eventOf(source, record({ eventSource, eventName, eventType })).action).toBe(action);
  });
});

describe('names', () => {
  it.each([
    ['cognito-idp.amazonaws.com', 'AdminInitiateAuth', 'login'],
    ['cognito-idp.amazonaws.com', 'RevokeToken', 'revoke'],
    ['sts.amazonaws.com', 'GetWebIdentityToken', 'issue'],
    ['sso.amazonaws.com', 'CreateAccountAssignment', 'grant'],
    ['rolesanywhere.amazonaws.com', 'CreateTrustAnchor', 'policy_change'],
    ['iam.amazonaws.com', 'EnableOrganizationsRootSessions', 'policy_change'],
    ['signin.amazonaws.com', 'RevokeOAuth2TokenWithIAM', 'revoke'],
    // The same word of a service that makes no credentials.
    ['dynamodb.amazonaws.com', 'RevokeToken', 'use'],
  ])('%s %s is %s', (source, name, action) => {
    expect(meaningOf(source, name, 'AwsApiCall').action).toBe(action);
  });
});

describe('results', () => {
  const login = (result: string, more: object = {}) =>
    record({
      eventSource: 'signin.amazonaws.com', eventName: 'ConsoleLogin', eventType: 'AwsConsoleSignIn', requestParameters: null,
      userIdentity: { type: 'IAMUser', accountId: account, accessKeyId: '', userName: 'alice' },
      responseElements: { ConsoleLogin: result }, additionalEventData: { MFAUsed: 'No', LoginTo: 'https://console.aws.amazon.com/?code=canary' }, ...more,
    }); // prettier-ignore

  it('reads the result of a console login from responseElements', () => {
    const good = eventOf(source, login('Success'));
    const bad = eventOf(source, login('Failure', { errorMessage: 'Failed authentication' }));
    const nobody = eventOf(source, login('Failure', { errorMessage: 'No username found in supplied account' }));
    expect([good.action, good.outcome, good.token]).toEqual(['login', 'success', undefined]);
    expect([bad.action, bad.outcome, bad.reason]).toEqual(['login', 'failure', 'invalid_credentials']);
    expect(nobody.reason).toBe('user_not_found');
    expect(attribute(good, 'mfa_used')).toBe('No');
    expect(JSON.stringify(good)).not.toContain('canary');
  });

  it('reads the result and user of an identity-centre sign-in', () => {
    const event = eventOf(source, record({
      eventSource: 'signin.amazonaws.com', eventName: 'CredentialVerification', eventType: 'AwsServiceEvent', userIdentity: undefined,
      serviceEventDetails: { CredentialVerification: 'Failure' }, additionalEventData: { CredentialType: 'PASSWORD', UserName: 'bob' },
    })); // prettier-ignore
    expect([event.action, event.outcome, event.principal?.name]).toEqual(['login', 'failure', 'bob']);
  });

  it.each([
    ['AccessDenied', undefined, 'access_denied'],
    ['Client.UnauthorizedOperation', 'You are not authorized to perform this operation.', 'access_denied'],
    ['AccessDenied', `User: ${alice.arn} is not authorized to perform: s3:GetObject`, 'access_denied'],
    ['ExpiredToken', 'The security token included in the request is expired', 'expired_token'],
    ['InvalidClientTokenId', undefined, 'invalid_token'],
    ['SignatureDoesNotMatch', undefined, 'invalid_signature'],
    ['ThrottlingException', 'Rate exceeded', 'rate_limited'],
    ['NoSuchBucket', undefined, 'not_found'],
    ['InternalFailure', undefined, 'server_error'],
    ['Client.InvalidVpcID.NotFound', undefined, 'not_found'],
    ['OfALaterVersion', undefined, 'other'],
  ])('%s (%s) is %s', (errorCode, errorMessage, reason) => {
    const event = eventOf(source, record({ errorCode, errorMessage }));
    expect([event.outcome, event.reason]).toEqual(['failure', reason]);
    expect(event.reason_detail).toContain(errorCode);
  });
});

describe('envelopes', () => {
  const text = JSON.stringify(record());

  it.each([
    ['a log file', JSON.stringify({ Records: [record()] })],
    [
      'lookup-events',
      JSON.stringify({
        Events: [{ EventId: 'x', EventName: 'GetObject', EventTime: 1748686272, CloudTrailEvent: text }],
      }),
    ],
    [
      'one lookup event',
      JSON.stringify({ EventId: 'x', EventTime: '2025-05-31T12:11:12+02:00', CloudTrailEvent: text }),
    ],
    [
      'EventBridge',
      JSON.stringify({
        version: '0',
        'detail-type': 'AWS API Call via CloudTrail',
        source: 'aws.s3',
        time: 'x',
        detail: record(),
      }),
    ],
    [
      'a CloudWatch subscription',
      JSON.stringify({
        messageType: 'DATA_MESSAGE',
        owner: account,
        logEvents: [{ id: '1', timestamp: 1, message: text }],
      }),
    ],
    ['a message string', JSON.stringify({ message: text })],
    ['CloudTrail Lake', JSON.stringify({ eventData: record() })],
    ['SNS', JSON.stringify({ Type: 'Notification', Message: text })],
    ['a list', JSON.stringify([record()])],
    ['a JSON text in a JSON text', JSON.stringify(text)],
  ])('%s gives the same event', (_, raw) => {
    expect(eventOf(source, raw)).toEqual(eventOf(source, record()));
  });

  it.each([
    ['a digest file', { awsAccountId: account, digestStartTime: '2025-05-31T10:00:00Z', logFiles: [] }],
    [
      'an Insights record',
      { eventType: 'AwsCloudTrailInsight', eventTime: '2025-05-31T10:00:00Z', insightDetails: { state: 'Start' } },
    ],
    ['an Insights file', { Records: [{ eventType: 'AwsCloudTrailInsight', eventTime: 'x', insightDetails: {} }] }],
    ['a control message', { messageType: 'CONTROL_MESSAGE', logEvents: [{ message: 'CWL CONTROL MESSAGE' }] }],
    [
      'a control message that was split off',
      { id: '1', timestamp: 1, message: 'CWL CONTROL MESSAGE: Checking health.' },
    ],
    [
      'an S3 notice',
      {
        Records: [
          {
            eventVersion: '2.1',
            eventSource: 'aws:s3',
            eventTime: '2025-05-31T10:00:00Z',
            eventName: 'ObjectCreated:Put',
          },
        ],
      },
    ],
    ['a delivery notice', { s3Bucket: 'b', s3ObjectKey: ['k'] }],
    ['SNS around plain words', { Type: 'Notification', Message: 'CloudTrail validation message.' }],
    ['an empty file', { Records: [] }],
  ])('%s holds no event', (_, raw) => {
    expect(eventsOf(source, raw)).toEqual([]);
  });

  it('splits a file into records that parse alone', () => {
    const parts = source.split?.(JSON.stringify({ Records: [record(), sts('AssumeRole')] }));
    expect(
      parts?.ok === true && parts.value.flatMap((part) => eventsOf(source, part).map(({ action }) => action)),
    ).toEqual(['use', 'use', 'issue']);
  });

  it('reads a file larger than one record may be', () => {
    const file = JSON.stringify({ Records: Array.from({ length: 1500 }, (_, n) => record({ eventID: `e-${n}` })) });
    expect(file.length).toBeGreaterThan(1_048_576);
    expect(eventsOf(source, file)).toHaveLength(1500);
  });
});

describe('bad records', () => {
  it.each([
    ['broken JSON', '{"eventName":"x"', ''],
    ['no time', JSON.stringify(record({ eventTime: undefined })), '/eventTime'],
    ['a bad time', JSON.stringify(record({ eventTime: 'yesterday' })), '/eventTime'],
    ['no name', JSON.stringify(record({ eventName: undefined })), '/eventName'],
    ['no source', JSON.stringify(record({ eventSource: '' })), '/eventSource'],
    ['a number', '7', ''],
    [
      'endless envelopes',
      JSON.stringify({ message: JSON.stringify({ message: { message: { message: { message: { message: {} } } } } }) }),
      '',
    ],
    ['a bad member', JSON.stringify({ Records: [record(), { ...record(), eventTime: 'x' }] }), '/1/eventTime'],
  ])('%s is refused with its place', (_, raw, field) => {
    expect(refusalOf(source, raw).field).toBe(field);
  });

  it('is not misled by names of the prototype', () => {
    const raw = `{"__proto__":{"errorCode":"AccessDenied"},"constructor":{"x":1},${JSON.stringify(record()).slice(1)}`;
    expect(eventOf(source, raw)).toEqual(eventOf(source, record()));
  });
});
