import { entraFactory } from '../../../../ingest/sources/entra/source.js';
import { attribute, eventOf, uidOf } from './source-kit.js';

const source = entraFactory.create({});
const id = '58f8ce73-9fc8-4f02-8ea8-1908964f842e';
const uti = 'c874WMifAk-OqBkIlk-ELg';

/** As diagnostic settings write it. */
const record = (properties: object, envelope: object = {}): Record<string, unknown> => ({
  time: '2025-05-31T10:11:12.3456789Z',
  resourceId: '/tenants/t/providers/Microsoft.aadiam',
  operationName: 'Sign-in activity',
  category: 'NonInteractiveUserSignInLogs',
  resultType: '0',
  ...envelope,
  properties: {
    id,
    createdDateTime: '2025-05-31T10:11:12.3456789+00:00',
    userId: '11111111-2222-3333-4444-555555555555',
    appId: 'app-1',
    ipAddress: '203.0.113.9',
    status: { errorCode: 0 },
    isInteractive: false,
    ...properties,
  },
});

describe('the token of a sign-in', () => {
  it('is named by the id of the request where Graph v1.0 leaves its identifier out', () => {
    const token = eventOf(source, record({})).token;
    expect([token?.jti, token?.token_uid]).toEqual([uti, uidOf(`jwt:https://login.microsoftonline.com|${uti}`)]);
    expect(eventOf(source, record({ uniqueTokenIdentifier: uti })).token?.token_uid).toBe(token?.token_uid);
  });

  it.each([
    ['["User.Read","Mail.Read"]', ['User.Read', 'Mail.Read']],
    ['[User.Read,Mail.Read]', ['User.Read', 'Mail.Read']],
    ['[]', undefined],
  ])('has the scopes %s', (value, scopes) => {
    const authenticationProcessingDetails = [
      { key: 'Is CAE Token', value: 'False' },
      { key: 'Oauth Scope Info', value },
    ];
    expect(eventOf(source, record({ authenticationProcessingDetails })).token?.scopes).toEqual(scopes);
  });

  it.each([
    [50126, 'failure'],
    [50140, 'unknown'],
    [7000215, 'failure'],
  ])('is none where the sign-in ended with %i', (errorCode, outcome) => {
    const event = eventOf(source, record({ status: { errorCode }, uniqueTokenIdentifier: uti }));
    expect([event.outcome, event.token]).toEqual([outcome, undefined]);
  });

  it('comes from another issuer’s, with which a managed identity was entered', () => {
    const managedServiceIdentity = {
      msiType: 'userAssigned',
      associatedResourceId: '/subscriptions/s/vm-1',
      federatedTokenId: 'jti-of-the-pod',
      federatedTokenIssuer: 'https://oidc.example/aks',
    };
    const event = eventOf(
      source,
      record(
        { managedServiceIdentity, servicePrincipalId: 'sp-1', userId: null },
        { category: 'ManagedIdentitySignInLogs' },
      ),
    );
    expect(event.token?.parent).toEqual({ kind: 'jti', value: 'jti-of-the-pod' });
    expect([attribute(event, 'managed_identity_type'), attribute(event, 'federated_token_issuer')]).toEqual([
      'userAssigned',
      'https://oidc.example/aks',
    ]);
  });
});

describe('the outcome', () => {
  it.each([
    ['Success', 'success'],
    ['0', 'success'],
    ['50126', 'failure'],
    ['Failure', 'failure'],
    ['of a later version', 'unknown'],
  ])('of resultType %s alone is %s', (resultType, outcome) => {
    expect(eventOf(source, record({ status: {} }, { resultType })).outcome).toBe(outcome);
  });
});

describe('what else a sign-in tells', () => {
  const event = eventOf(
    source,
    record({
      authenticationProtocol: 'deviceCode',
      originalTransferMethod: 'deviceCodeFlow',
      riskState: 'none',
      riskDetail: 'hidden',
      flaggedForReview: false,
      signInTokenProtectionStatus: 'unbound',
      agent: { agentType: 'agentIdentity', agentSubjectType: 'notAgentic', parentAppId: 'blueprint-1' },
      appliedConditionalAccessPolicies: [
        { displayName: 'Known devices only', result: 'failure' },
        { displayName: 'Guests', result: 'notApplied' },
      ],
      authenticationDetails: [
        { authenticationMethod: 'Password', succeeded: true },
        { authenticationMethod: 'Mobile app notification', succeeded: false },
      ],
      networkLocationDetails: [{ networkType: 'trustedNamedLocation', networkNames: ['Vienna'] }],
    }),
  );

  it('is kept: transfer of the session, token protection, agents, policies, methods, networks', () => {
    const names = [
      'originalTransferMethod', 'signInTokenProtectionStatus', 'agent_type', 'agent_parent_app', 'conditional_access_failed',
      'auth_method', 'auth_method_failed', 'network_location',
    ]; // prettier-ignore
    expect(names.map((name) => attribute(event, name))).toEqual([
      'deviceCodeFlow', 'unbound', 'agentIdentity', 'blueprint-1', 'Known devices only', 'Password', 'Mobile app notification', 'Vienna',
    ]); // prettier-ignore
    expect(event.target?.method).toBe('deviceCode');
  });

  it('is left out where it tells nothing', () => {
    for (const name of ['riskState', 'riskDetail', 'flaggedForReview']) expect(attribute(event, name)).toBeUndefined();
    expect(eventOf(source, record({ authenticationProtocol: 'none' })).target?.method).toBeUndefined();
  });
});

describe('a token of B2C', () => {
  it('is the user’s, for the application that asked', () => {
    const audit = {
      time: '2025-05-31T10:11:12Z',
      category: 'AuditLogs',
      properties: {
        id: 'a-1',
        activityDisplayName: 'Issue an access token to the application',
        activityDateTime: '2025-05-31T10:11:12Z',
        loggedByService: 'B2C',
        result: 'success',
        initiatedBy: { app: { appId: 'app-9', displayName: 'CPIM Service' } },
        targetResources: [{ type: 'User', id: 'user-9', displayName: 'Anna' }],
        additionalDetails: [
          { key: 'ApplicationId', value: 'app-9' },
          { key: 'Client', value: 'Mozilla/5.0' },
          { key: 'ClientIpAddress', value: '203.0.113.9' },
        ],
      },
    };
    const event = eventOf(source, audit);
    expect([event.action, event.client?.address, event.user_agent]).toEqual(['issue', '203.0.113.9', 'Mozilla/5.0']);
    expect(event.principal).toMatchObject({ kind: 'user', id: 'user-9', client_id: 'app-9' });
    expect(attribute(event, 'actor')).toContain('app-9');
  });
});

it('changes of custom security attributes are audits too', () => {
  const properties = {
    id: 'a-2',
    activityDisplayName: 'Update attribute values',
    activityDateTime: '2025-05-31T10:11:12Z',
  };
  const raw = { time: '2025-05-31T10:11:12Z', category: 'CustomSecurityAttributeAuditLogs', properties };
  expect(eventOf(source, raw).source.record_type).toBe('Update attribute values');
});
