import type { Alert } from './alert.js';

/** One thing to do now, by what the alert is made of. */
export function nextStep(alert: Alert): string {
  const { reading, token_uid: token } = alert;
  const owner = alert.principal_name || alert.principal_uid || 'its owner';
  const from = alert.client_addresses.length === 0 ? 'these callers' : alert.client_addresses.slice(0, 3).join(', ');
  if (alert.state === 'resolved') return 'Nothing: the alert is resolved.';
  if (reading.drill) return 'Nothing: this is a drill. Resolve the alert when you have seen it.';
  if (reading.detector === 'honeytoken') {
    return `Rotate every real credential beside the place where the decoy was planted: somebody has read it. Then look at what else ${from} did since ${alert.first_seen}.`;
  }
  if (reading.detector === 'silence') return afterSilence(alert);
  const ofNobody = withoutOwner(alert, from);
  if (ofNobody !== undefined) return ofNobody;
  if (alert.severity === 'critical' || alert.severity === 'high') {
    return `Ask ${owner} whether the traffic from ${from} is theirs; if nobody answers for it, ${token === '' ? 'reset the credential' : 'revoke the token'} at its issuer and look at what it touched since ${alert.first_seen}.`;
  }
  if (reading.measure.includes('failure')) {
    return `Look at why requests from ${from} are refused: an expired or mis-scoped credential of ${owner}, or somebody probing; rotate the token if it is not a known deployment.`;
  }
  return `Compare with deployments and batch jobs of ${owner}; acknowledge with the reason if expected, else restrict the token to its usual networks and rotate it.`;
}

/** There is no traffic to ask about. */
function afterSilence(alert: Alert): string {
  if (alert.entity_kind === 'source') {
    return `See whether ${alert.entity_uid} runs and still writes its log, and whether its collector reads it: what it logs is not watched meanwhile.`;
  }
  const who = alert.principal_name || alert.token_name || alert.entity_uid;
  return `See whether ${who} still runs, and whether its credential has expired, was revoked or is refused; if it was switched off for good, revoke its credential.`;
}

/** Of an alert about an address, a source or whatever else has no owner to ask; undefined for tokens and principals. */
function withoutOwner(alert: Alert, from: string): string | undefined {
  const { entity_kind: kind, entity_uid: uid, first_seen: since } = alert;
  switch (kind) {
    case 'token':
    case 'principal':
      return undefined;
    case 'client_address':
      return `See whether ${uid} was let in anywhere since ${since}: end these sessions and reset what they were opened with; block the address if none of yours is behind it.`;
    case 'client':
      return `Ask who runs the client ${uid} what it does; if nobody answers for it, disable it at its issuer and withdraw what was granted to it since ${since}.`;
    case 'source':
    case 'service':
    case 'session':
    case 'deployment':
      return `Look at the events of the evidence, from ${from}: what was let in among them since ${since} is to be ended and its credentials reset; block addresses that none of yours is behind.`;
  }
}
