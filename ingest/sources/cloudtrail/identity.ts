import { makePrincipal } from '../../event/principal.js';
import type { PrincipalFacts } from '../../event/token-event.js';
import { longText } from '../shared/facts.js';
import { digText, type JsonObject, readObject, readText } from '../shared/json-reader.js';

/** `arn:aws:sts::1:assumed-role/Admin/session` → `arn:aws:iam::1:role/Admin`; the role's path is not in it. */
export function roleOfSession(arn: string): string | undefined {
  const parts = /^arn:([a-z-]{1,32}):sts::(\d{12}):assumed-role\/([^/]{1,128})\/.{1,128}$/.exec(arn);
  return parts === null ? undefined : `arn:${parts[1] ?? ''}:iam::${parts[2] ?? ''}:role/${parts[3] ?? ''}`;
}

type Kind = PrincipalFacts['kind'];

function principal(
  kind: Kind,
  id: string | undefined,
  name: string | undefined,
  issuer?: string,
): PrincipalFacts | undefined {
  const safe = longText(id);
  return safe === undefined ? undefined : makePrincipal({ kind, issuer, id: safe, name: longText(name) });
}

/** In place of what somebody typed who is no user: CloudTrail hides it, since it may be a password. */
const hidden = 'HIDDEN_DUE_TO_SECURITY_REASONS';

function readName(object: JsonObject, key: string): string | undefined {
  const name = readText(object, key);
  return name === hidden ? undefined : name;
}

/** The role behind a session: the ARN outlives every session and key of it. */
export function rolePrincipal(arn: string | undefined, name?: string): PrincipalFacts | undefined {
  return principal('role', arn, name ?? arn?.slice(arn.lastIndexOf('/') + 1));
}

/** The stable parent that userIdentity names (CloudTrail user guide, "userIdentity element"). */
export function principalOf(identity: JsonObject): PrincipalFacts | undefined {
  const arn = readText(identity, 'arn');
  const account = readText(identity, 'accountId');
  const name = readName(identity, 'userName');
  const principalId = readText(identity, 'principalId');
  const type = readText(identity, 'type');
  switch (type ?? '') {
    case 'Root':
      return principal('user', arn ?? account, name ?? 'root', arn === undefined ? 'aws' : undefined);
    case 'IAMUser':
      return principal(
        'user',
        arn ?? principalId ?? name,
        name,
        arn === undefined ? `aws:${account ?? ''}` : undefined,
      );
    case 'AssumedRole': {
      const issuer = digText(identity, 'sessionContext', 'sessionIssuer', 'arn');
      const issuerName = digText(identity, 'sessionContext', 'sessionIssuer', 'userName');
      const role = issuer ?? (arn === undefined ? undefined : (roleOfSession(arn) ?? arn));
      if (role !== undefined) return rolePrincipal(role, issuerName);
      return principal('role', principalId?.split(':')[0], issuerName, `aws:${account ?? ''}`);
    }
    case 'Role':
      return rolePrincipal(arn, name);
    case 'FederatedUser': {
      const issuer = digText(identity, 'sessionContext', 'sessionIssuer', 'arn');
      const issuerName = digText(identity, 'sessionContext', 'sessionIssuer', 'userName');
      return principal('user', issuer ?? arn ?? principalId, issuerName ?? name);
    }
    case 'SAMLUser':
    case 'WebIdentityUser': {
      const provider = readText(identity, 'identityProvider');
      // A Kubernetes or CI workload signs in with a web identity just as people do; its subject tells them apart.
      const subject = name ?? principalId;
      const kind: Kind = /^(?:system:serviceaccount:|repo:|project_path:)/.test(subject ?? '') ? 'workload' : 'user';
      return principal(kind, subject, name, provider ?? 'aws');
    }
    case 'IdentityCenterUser': {
      const user = digText(identity, 'onBehalfOf', 'userId') ?? principalId ?? name;
      return principal('user', user, name, digText(identity, 'onBehalfOf', 'identityStoreArn') ?? 'aws:identitystore');
    }
    case 'AWSService':
      return principal('workload', readText(identity, 'invokedBy') ?? principalId, undefined, 'aws');
    case 'AWSAccount':
      return principal('unknown', principalId ?? account, name, `aws:${account ?? ''}`);
    case 'Directory':
      return principal('user', name ?? principalId, name, `aws:${account ?? ''}`);
    default:
      if (arn !== undefined) return principal('unknown', arn, name);
      return principal('unknown', principalId ?? name, name, `aws:${account ?? ''}`);
  }
}

/** The user that identityStore sign-ins name outside userIdentity. */
export function additionalUser(record: JsonObject): PrincipalFacts | undefined {
  const extra = readObject(record, 'additionalEventData') ?? {};
  const name = readName(extra, 'UserName') ?? readName(extra, 'userName');
  return principal(
    'user',
    readText(extra, 'UserId') ?? name,
    name,
    readText(extra, 'identityStoreArn') ?? 'aws:identitystore',
  );
}

/** Name of the session, from the ARN's or the principal id's tail; CloudTrail's own join word for a session. */
export function sessionNameOf(identity: JsonObject): string | undefined {
  if (readText(identity, 'type') !== 'AssumedRole') return undefined;
  const principalId = readText(identity, 'principalId');
  const colon = principalId?.indexOf(':') ?? -1;
  if (principalId !== undefined && colon > 0) return principalId.slice(colon + 1);
  const arn = readText(identity, 'arn');
  return arn === undefined ? undefined : arn.slice(arn.lastIndexOf('/') + 1);
}
