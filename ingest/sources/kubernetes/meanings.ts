import type { Action } from '../../event/token-event.js';

const writes = new Set(['create', 'update', 'patch']);
const bindings = new Set(['rolebindings', 'clusterrolebindings']);
const policies = new Set([
  'roles', 'clusterroles', 'validatingwebhookconfigurations', 'mutatingwebhookconfigurations', 'networkpolicies',
  'validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'podsecuritypolicies', 'authenticationconfigurations',
]); // prettier-ignore
const reviews = new Set([
  'tokenreviews', 'subjectaccessreviews', 'selfsubjectaccessreviews', 'localsubjectaccessreviews', 'selfsubjectrulesreviews',
  'selfsubjectreviews',
]); // prettier-ignore

/** What a request to the API server is about: credentials and grants have words of their own, all else is a `use`. */
export function actionOf(verb: string, resource: string, subresource: string): Action {
  const isWrite = writes.has(verb);
  const isDelete = verb === 'delete' || verb === 'deletecollection';
  if (resource === 'serviceaccounts' && subresource === 'token' && verb === 'create') return 'issue';
  if (reviews.has(resource) && verb === 'create') return 'introspect';
  if (resource === 'serviceaccounts' && subresource === '') return verb === 'create' ? 'create' : isDelete ? 'delete' : isWrite ? 'policy_change' : 'use'; // prettier-ignore
  if (resource === 'certificatesigningrequests') {
    if (subresource === 'approval') return isWrite ? 'grant' : 'use';
    return verb === 'create' ? 'create' : isDelete ? 'delete' : 'use';
  }
  if (bindings.has(resource)) return isDelete ? 'policy_change' : isWrite ? 'grant' : 'use';
  if (policies.has(resource)) return isDelete || isWrite ? 'policy_change' : 'use';
  if (subresource === 'impersonate' || verb === 'impersonate') return 'exchange';
  if (verb === 'escalate' || verb === 'bind') return 'grant';
  return 'use';
}
