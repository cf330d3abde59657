import { meaningRows, type EventMeaning } from '../shared/event-meanings.js';

/** Methods of SPIRE Server's API (`service/method` as the log writes them) → meaning. */
export const serverMethods: ReadonlyMap<string, EventMeaning> = new Map([
  ...meaningRows('issue', 'svid.v1.SVID/MintX509SVID svid.v1.SVID/MintJWTSVID svid.v1.SVID/MintWITSVID svid.v1.SVID/BatchNewX509SVID svid.v1.SVID/NewJWTSVID svid.v1.SVID/BatchNewWITSVID svid.v1.SVID/NewDownstreamX509CA agent.v1.Agent/AttestAgent'),
  ...meaningRows('refresh', 'agent.v1.Agent/RenewAgent'),
  ...meaningRows('create', 'agent.v1.Agent/CreateJoinToken entry.v1.Entry/BatchCreateEntry'),
  ...meaningRows('delete', 'agent.v1.Agent/DeleteAgent entry.v1.Entry/BatchDeleteEntry'),
  ...meaningRows('revoke', 'agent.v1.Agent/BanAgent localauthority.v1.LocalAuthority/TaintJWTAuthority localauthority.v1.LocalAuthority/RevokeJWTAuthority localauthority.v1.LocalAuthority/TaintX509Authority localauthority.v1.LocalAuthority/TaintX509UpstreamAuthority localauthority.v1.LocalAuthority/RevokeX509Authority localauthority.v1.LocalAuthority/RevokeX509UpstreamAuthority localauthority.v1.LocalAuthority/TaintWITAuthority localauthority.v1.LocalAuthority/RevokeWITAuthority'),
  ...meaningRows('rotate', 'localauthority.v1.LocalAuthority/PrepareJWTAuthority localauthority.v1.LocalAuthority/ActivateJWTAuthority localauthority.v1.LocalAuthority/PrepareX509Authority localauthority.v1.LocalAuthority/ActivateX509Authority localauthority.v1.LocalAuthority/PrepareWITAuthority localauthority.v1.LocalAuthority/ActivateWITAuthority'),
  ...meaningRows('policy_change', 'entry.v1.Entry/BatchUpdateEntry bundle.v1.Bundle/AppendBundle bundle.v1.Bundle/PublishJWTAuthority bundle.v1.Bundle/PublishWITAuthority bundle.v1.Bundle/BatchCreateFederatedBundle bundle.v1.Bundle/BatchUpdateFederatedBundle bundle.v1.Bundle/BatchSetFederatedBundle bundle.v1.Bundle/BatchDeleteFederatedBundle trustdomain.v1.TrustDomain/BatchCreateFederationRelationship trustdomain.v1.TrustDomain/BatchUpdateFederationRelationship trustdomain.v1.TrustDomain/BatchDeleteFederationRelationship'),
  ...meaningRows('admin', 'trustdomain.v1.TrustDomain/RefreshBundle Logger/SetLogLevel Logger/ResetLogLevel'),
  ...meaningRows('use', 'agent.v1.Agent/CountAgents agent.v1.Agent/ListAgents agent.v1.Agent/GetAgent agent.v1.Agent/PostStatus entry.v1.Entry/CountEntries entry.v1.Entry/ListEntries entry.v1.Entry/GetEntry entry.v1.Entry/GetAuthorizedEntries entry.v1.Entry/SyncAuthorizedEntries bundle.v1.Bundle/GetBundle bundle.v1.Bundle/CountBundles bundle.v1.Bundle/ListFederatedBundles bundle.v1.Bundle/GetFederatedBundle trustdomain.v1.TrustDomain/ListFederationRelationships trustdomain.v1.TrustDomain/GetFederationRelationship localauthority.v1.LocalAuthority/GetJWTAuthorityState localauthority.v1.LocalAuthority/GetX509AuthorityState localauthority.v1.LocalAuthority/GetWITAuthorityState Logger/GetLogger debug.v1.Debug/GetInfo Health/Check Health/List Health/Watch'),
]); // prettier-ignore

/** What an agent says of a call to its Workload API, SDS, or Delegated Identity API; its messages are fixed sentences. */
export const agentMessages: ReadonlyMap<string, EventMeaning> = new Map([
  ['Fetched X.509 SVID', { action: 'use', outcome: 'success' }],
  ['Fetched JWT SVID', { action: 'use', outcome: 'success' }],
  ['Successfully validated JWT', { action: 'introspect', outcome: 'success' }],
  ['Failed to validate JWT', { action: 'introspect', outcome: 'failure', reason: 'invalid_token' }],
  ['No identity issued', { action: 'use', outcome: 'failure', reason: 'access_denied' }],
  ['Workload attestation failed', { action: 'use', outcome: 'failure', reason: 'invalid_credentials' }],
  ['Failed to attest the workload', { action: 'use', outcome: 'failure', reason: 'invalid_credentials' }],
  ['Could not fetch JWT-SVID', { action: 'use', outcome: 'failure', reason: 'upstream_error' }],
  ['Invalid requested SPIFFE ID', { action: 'use', outcome: 'failure', reason: 'invalid_request' }],
  ['Missing required audience parameter', { action: 'use', outcome: 'failure', reason: 'invalid_request' }],
  ['Missing required svid parameter', { action: 'introspect', outcome: 'failure', reason: 'invalid_request' }],
]);

/** Calls whose subject is another identity than the caller's: the SVID, agent or token that they are about. */
export const aboutAnother: ReadonlySet<string> = new Set(
  [...serverMethods]
    .filter(([, { action }]) => ['issue', 'refresh', 'create', 'delete', 'revoke', 'policy_change'].includes(action))
    .map(([method]) => method),
);
