import { createHash } from 'node:crypto';
import { boundText } from '../core/text.js';
import { TextCache } from '../core/text-cache.js';
import { isClean, shownName } from './redact-text.js';
import { limits, type PrincipalFacts } from './token-event.js';

const UID_MAX = 1024;

export interface PrincipalInput {
  readonly kind: PrincipalFacts['kind'];
  /** RFC 7519 iss or the product's instance; absent where the id is unique by itself (ARN, SPIFFE id). */
  readonly issuer?: string | undefined;
  /** sub, user id, ARN, SPIFFE id. */
  readonly id: string;
  readonly name?: string | undefined;
  readonly clientId?: string | undefined;
}

/** `<issuer>|<id>`, or the id alone where it is unique by itself; what is too long keeps its start and a hash. */
export function principalUid(issuer: string | undefined, id: string): string {
  const whole = shownName(issuer === undefined || issuer === '' ? id : `${issuer}|${id}`, Number.MAX_SAFE_INTEGER);
  if (whole.length <= UID_MAX) return whole;
  return `${boundText(whole, UID_MAX - 44)}~${createHash('sha256').update(whole).digest('base64url')}`;
}

interface Known {
  readonly input: PrincipalInput;
  readonly principal: PrincipalFacts;
}

/** Principals by their id, whose texts are all kept as they are: the same few act again and again. */
const known = new TextCache<Known>(12, limits.shortTextMax);

/** The principal if one of the very same texts was made before, and none of them held a secret or was too long. */
export function knownPrincipal(input: PrincipalInput): PrincipalFacts | undefined {
  const before = known.get(input.id);
  if (before === undefined) return undefined;
  const { kind, issuer, name, clientId } = before.input;
  const isSame = kind === input.kind && issuer === input.issuer && name === input.name && clientId === input.clientId;
  return isSame ? before.principal : undefined;
}

export function makePrincipal(input: PrincipalInput): PrincipalFacts {
  const before = knownPrincipal(input);
  if (before !== undefined) return before;
  const { kind, issuer, id, name, clientId } = input;
  const principal: { -readonly [K in keyof PrincipalFacts]: PrincipalFacts[K] } = {
    principal_uid: principalUid(issuer, id),
    kind,
    id: shownName(id, limits.longTextMax),
  };
  if (name !== undefined) principal.name = shownName(name, limits.longTextMax);
  if (clientId !== undefined) principal.client_id = shownName(clientId, limits.longTextMax);
  if (known.isDue(id) && [issuer, id, name, clientId].every(isKeptWhole)) {
    known.keep(id, { input: { kind, issuer, id, name, clientId }, principal });
  }
  return principal;
}

const isKeptWhole = (text: string | undefined): boolean =>
  text === undefined || (text !== '' && text.length <= limits.shortTextMax && text.isWellFormed() && isClean(text));

/** The stable parent that the claims of a JWT name: `sub`, or the client where the token has no subject. */
export function principalFromClaims(claims: Readonly<Record<string, unknown>>): PrincipalFacts | undefined {
  const issuer = textClaim(claims, 'iss');
  const subject = textClaim(claims, 'sub');
  const clientId = clientIdOf(claims);
  const name = textClaim(claims, 'preferred_username') ?? textClaim(claims, 'username') ?? textClaim(claims, 'email');
  const id = subject ?? clientId;
  if (id === undefined) return undefined;
  if (id.startsWith('spiffe://')) return makePrincipal({ kind: 'workload', id, name, clientId });
  return makePrincipal({ kind: kindOf(claims, subject, clientId, name), issuer, id, name, clientId });
}

const KEYCLOAK_CLIENT = /^(?:on|of|tr|nt|ft|un)(?:rt|lt|un)cc:/;

function kindOf(
  claims: Readonly<Record<string, unknown>>,
  subject: string | undefined,
  clientId: string | undefined,
  name: string | undefined,
): PrincipalFacts['kind'] {
  // Keycloak, Kubernetes and Google name their service accounts so.
  if (name?.startsWith('service-account-') === true) return 'service_account';
  if (subject?.startsWith('system:serviceaccount:') === true) return 'service_account';
  if (name?.endsWith('.gserviceaccount.com') === true) return 'service_account';
  // RFC 9068 §5: with client credentials `sub` is the client; Auth0 appends `@clients`, Entra says idtyp=app.
  if (subject === undefined || subject === clientId || subject === `${clientId ?? ''}@clients`) return 'client';
  if (claims['idtyp'] === 'app' || claims['gty'] === 'client-credentials') return 'client';
  // Keycloak 26.2 writes session, token and grant before the id: `trrtcc:` is a transient session, a regular token, client credentials.
  if (name === undefined && KEYCLOAK_CLIENT.test(textClaim(claims, 'jti') ?? '')) return 'service_account';
  return name === undefined && claims['sid'] === undefined && claims['auth_time'] === undefined ? 'unknown' : 'user';
}

/** RFC 9068 client_id, else OIDC azp, else the words of Okta and Entra. */
export function clientIdOf(claims: Readonly<Record<string, unknown>>): string | undefined {
  return (
    textClaim(claims, 'client_id') ?? textClaim(claims, 'azp') ?? textClaim(claims, 'cid') ?? textClaim(claims, 'appid')
  );
}

/** A claim that is a non-empty text. */
export function textClaim(claims: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = claims[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
