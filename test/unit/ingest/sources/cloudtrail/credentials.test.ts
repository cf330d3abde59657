import { cloudtrailFactory } from '../../../../../ingest/sources/cloudtrail/source.js';
import { attribute, eventOf, eventsOf, leaks, uidOf } from '../source-kit.js';
import { account, alice } from './identities.js';

const source = cloudtrailFactory.create({});
const record = (eventSource: string, eventName: string, more: object = {}): Record<string, unknown> => ({
  eventVersion: '1.11',
  userIdentity: alice,
  eventTime: '2025-05-31T10:11:12Z',
  eventSource: `${eventSource}.amazonaws.com`,
  eventName,
  awsRegion: 'eu-west-1',
  sourceIPAddress: '203.0.113.7',
  eventID: '19073d8c-7567-7ee9-1144-c8ce601ec79d',
  eventType: 'AwsApiCall',
  ...more,
});

describe('credentials of IAM that are no access keys', () => {
  const id = 'ACCAEXAMPLEBEDROCK01';
  const made = {
    requestParameters: { userName: 'bot', serviceName: 'bedrock.amazonaws.com' },
    responseElements: {
      serviceSpecificCredential: {
        serviceSpecificCredentialId: id,
        userName: 'bot',
        serviceName: 'bedrock.amazonaws.com',
        status: 'Active',
        expirationDate: 'Jun 30, 2025, 10:11:12 AM',
        serviceCredentialSecret: 'HIDDEN_DUE_TO_SECURITY_REASONS',
      },
    },
  };

  it('are named when they are made, with their end and whose they are', () => {
    const event = eventOf(source, record('iam', 'CreateServiceSpecificCredential', made));
    expect([event.action, event.exposures]).toEqual(['create', undefined]);
    expect(event.token).toMatchObject({
      token_uid: uidOf(`key:aws|${id}`),
      kind: 'api_key',
      key_id: id,
      expires_at: '2025-06-30T10:11:12.000Z',
      aliases: [{ kind: 'key_id', value: `aws:${id}` }],
      parent: { kind: 'parent_access_key_id', value: alice.accessKeyId },
    });
    expect(event.principal?.principal_uid).toBe(`arn:aws:iam::${account}:user/bot`);
    expect(attribute(event, 'actor')).toBe(alice.arn);
  });

  it('are the same when a call shows them', () => {
    const caller = { type: 'IAMUser', arn: `arn:aws:iam::${account}:user/bot`, accountId: account, credentialId: id };
    const event = eventOf(source, record('bedrock', 'InvokeModel', { userIdentity: caller }));
    expect([event.action, event.token?.token_uid, event.token?.kind]).toEqual([
      'use',
      uidOf(`key:aws|${id}`),
      'api_key',
    ]);
  });

  it.each([
    ['UpdateServiceSpecificCredential', { serviceSpecificCredentialId: id, status: 'Inactive' }, 'revoke', id],
    ['UpdateServiceSpecificCredential', { serviceSpecificCredentialId: id, status: 'Active' }, 'grant', id],
    ['ResetServiceSpecificCredential', { serviceSpecificCredentialId: id }, 'rotate', id],
    ['DeleteServiceSpecificCredential', { serviceSpecificCredentialId: id }, 'delete', id],
    ['DeleteSSHPublicKey', { sSHPublicKeyId: 'APKAEXAMPLESSHKEY001' }, 'delete', 'APKAEXAMPLESSHKEY001'],
    [
      'UpdateSigningCertificate',
      { certificateId: 'TA7SMP42TDN5Z26OBPJE', status: 'Inactive' },
      'revoke',
      'TA7SMP42TDN5Z26OBPJE',
    ],
  ])('%s of %o is %s', (eventName, parameters, action, key) => {
    const event = eventOf(source, record('iam', eventName, { requestParameters: { userName: 'bot', ...parameters } }));
    expect([event.action, event.token?.token_uid]).toEqual([action, uidOf(`key:aws|${key}`)]);
    expect(event.principal?.name).toBe('bot');
  });

  it('leave an exposure where AWS did not hide the secret, and no secret', () => {
    const secret = 'ABSKQmVkcm9ja0FQSUtleS1CANARYCANARY';
    const shown = {
      responseElements: {
        serviceSpecificCredential: {
          serviceSpecificCredentialId: id,
          userName: 'bot',
          serviceCredentialSecret: secret,
        },
      },
    };
    const event = eventOf(source, record('iam', 'CreateServiceSpecificCredential', shown));
    expect(event.exposures).toEqual(['token_in_log']);
    expect(leaks(event, secret)).toBe(false);
  });
});

describe('a role of a pod', () => {
  const node = {
    type: 'AssumedRole',
    principalId: 'AROAEXAMPLENODE00001:i-0abc',
    arn: `arn:aws:sts::${account}:assumed-role/node/i-0abc`,
    accountId: account,
    accessKeyId: 'ASIAEXAMPLENODE00001',
  };
  const assumed = {
    userIdentity: node,
    requestParameters: { clusterName: 'prod', token: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
    responseElements: {
      subject: { namespace: 'shop', serviceAccount: 'orders' },
      audience: 'pods.eks.amazonaws.com',
      assumedRoleUser: {
        arn: `arn:aws:sts::${account}:assumed-role/orders/eks-prod-orders-1`,
        assumeRoleId: 'AROAEXAMPLEORDERS001:eks-prod-orders-1',
      },
      credentials: { accessKeyId: 'ASIAEXAMPLEORDERS001', sessionToken: 'HIDDEN', expiration: 1748693472 },
    },
  };

  it('is a key of its own, made from the node’s', () => {
    const [use, issue] = eventsOf(source, record('eks-auth', 'AssumeRoleForPodIdentity', assumed));
    expect([use!.action, use!.token?.key_id]).toEqual(['use', node.accessKeyId]);
    expect([issue!.action, issue!.token?.key_id, issue!.token?.parent?.value]).toEqual([
      'issue',
      'ASIAEXAMPLEORDERS001',
      node.accessKeyId,
    ]);
    expect(issue!.principal?.principal_uid).toBe(`arn:aws:iam::${account}:role/orders`);
    expect(issue!.session_uid).toBe('AROAEXAMPLEORDERS001:eks-prod-orders-1');
    const names = ['kubernetes_cluster', 'kubernetes_namespace', 'kubernetes_service_account'];
    expect(names.map((name) => attribute(issue!, name))).toEqual(['prod', 'shop', 'orders']);
  });

  it('tells the pod in the session tags of the call to STS', () => {
    const tags = [
      { key: 'kubernetes-namespace', value: 'shop' },
      { key: 'kubernetes-service-account', value: 'orders' },
      { key: 'team', value: 'x' },
    ];
    const service = { type: 'AWSService', invokedBy: 'pods.eks.amazonaws.com' };
    const event = eventOf(source, record('sts', 'AssumeRole', { userIdentity: service, requestParameters: { tags } }));
    expect(attribute(event, 'kubernetes_service_account')).toBe('orders');
    expect(JSON.stringify(event)).not.toContain('team');
  });
});

describe('keys and tokens that other services hand out', () => {
  const credentials = { accessKeyId: 'ASIAEXAMPLECHILD0001', sessionToken: 'HIDDEN', secretAccessKey: 'HIDDEN' };

  it.each([
    ['s3', 'CreateSession', { credentials }],
    ['deadline', 'AssumeQueueRoleForUser', { credentials }],
    ['lakeformation', 'GetTemporaryGlueTableCredentials', credentials],
    ['sso', 'GetRoleCredentials', { roleCredentials: credentials }],
  ])('%s %s issues the key that its answer holds', (service, eventName, responseElements) => {
    const [use, issue] = eventsOf(source, record(service, eventName, { responseElements }));
    expect([use!.action, use!.token?.key_id]).toEqual(['use', alice.accessKeyId]);
    expect([issue!.action, issue!.token?.key_id]).toEqual(['issue', credentials.accessKeyId]);
  });

  it.each([
    ['ecr', 'GetAuthorizationToken', 'issue'],
    ['redshift', 'GetClusterCredentials', 'issue'],
    ['signin', 'GetSigninToken', 'issue'],
    ['sts', 'GetWebIdentityToken', 'issue'],
    ['signin', 'CreateOAuth2TokenWithTokenExchange', 'exchange'],
  ])('%s %s gives a token without a name, and the key only asked for it', (service, eventName, action) => {
    const [use, made] = eventsOf(source, record(service, eventName));
    expect([use!.action, use!.token?.key_id]).toEqual(['use', alice.accessKeyId]);
    expect([made!.action, made!.token, made!.principal?.id]).toEqual([action, undefined, alice.arn]);
  });

  it('are not there where the call was refused', () => {
    const event = eventOf(source, record('ecr', 'GetAuthorizationToken', { errorCode: 'AccessDenied' }));
    expect([event.action, event.outcome, event.token?.key_id]).toEqual(['issue', 'failure', alice.accessKeyId]);
  });
});

describe('the session of a call', () => {
  const federated = {
    ...alice,
    type: 'AssumedRole',
    invokedByDelegate: { accountId: '999988887777' },
    inScopeOf: { sourceArn: 'arn:aws:lambda:eu-west-1:1:function:f' },
    sessionContext: {
      attributes: { creationDate: '20131102T010628Z' },
      webIdFederationData: {
        federatedProvider: 'arn:aws:iam::1:oidc-provider/gitlab.example',
        attributes: { 'gitlab.example:sub': 'project_path:shop/web', 'gitlab.example:aud': 'aws' },
      },
    },
  };
  const event = eventOf(
    source,
    record('s3', 'GetObject', { userIdentity: federated, sessionCredentialFromConsole: 'true' }),
  );

  it('began when the older, basic form of ISO 8601 says', () => {
    expect(event.token?.issued_at).toBe('2013-11-02T01:06:28.000Z');
  });

  it('says for whom, in whose name and from where', () => {
    const names = ['federated_user', 'federated_app', 'invoked_by_delegate', 'in_scope_of', 'console_session'];
    expect(names.map((name) => attribute(event, name))).toEqual([
      'project_path:shop/web',
      'aws',
      '999988887777',
      'arn:aws:lambda:eu-west-1:1:function:f',
      'true',
    ]);
  });
});

describe('records of one thing', () => {
  it('count once where AWS sends one again with more in it', () => {
    const first = eventOf(source, record('s3', 'GetObject', { eventID: 'a-1' }));
    const addendum = { reason: 'UPDATED_DATA', originalEventID: 'a-1', updatedFields: 'responseElements' };
    expect(eventOf(source, record('s3', 'GetObject', { eventID: 'a-2', addendum })).event_uid).toBe(first.event_uid);
  });
});

describe('outcomes that no error code tells, or one tells wrongly', () => {
  const told = (eventSource: string, eventName: string, more: object = {}): unknown[] => {
    const { action, outcome, reason } = eventOf(source, record(eventSource, eventName, more));
    return [action, outcome, reason];
  };

  it('of rotations', () => {
    const service = { userIdentity: { accountId: account }, eventType: 'AwsServiceEvent' };
    expect(told('secretsmanager', 'RotationStarted', service)).toEqual(['rotate', 'unknown', undefined]);
    expect(told('secretsmanager', 'RotationFailed', service)).toEqual(['rotate', 'failure', 'other']);
    expect(told('secretsmanager', 'RotationAbandoned', service)).toEqual(['rotate', 'unknown', undefined]);
    expect(told('secretsmanager', 'RotationSucceeded', service)).toEqual(['rotate', 'success', undefined]);
  });

  it('of a device that waits, and of a dry run', () => {
    expect(told('sso-oauth', 'CreateToken', { userIdentity: {}, errorCode: 'AuthorizationPendingException' })).toEqual([
      'issue',
      'unknown',
      undefined,
    ]);
    const dry = eventOf(source, record('ec2', 'RunInstances', { errorCode: 'Client.DryRunOperation' }));
    expect([dry.action, dry.outcome, attribute(dry, 'dry_run')]).toEqual(['use', 'success', 'true']);
  });

  it.each([
    ['RefreshTokenReuseException', 'token_reuse'],
    ['InvalidSubjectCredentials', 'invalid_token'],
    ['IDPCommunicationErrorException', 'upstream_error'],
    ['SlowDownException', 'rate_limited'],
    ['DeleteConflictException', 'invalid_request'],
    ['ServiceQuotaExceededException', 'policy_denied'],
    ['UserNotFoundException', 'user_not_found'],
  ])('of %s', (errorCode, reason) => {
    expect(eventOf(source, record('s3', 'GetObject', { errorCode })).reason).toBe(reason);
  });
});
