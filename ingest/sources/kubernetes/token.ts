import { canonical, tokenFromCanonical, tokenWith, type Alias } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import { RawSecret } from '../../event/raw-secret.js';
import { describeCredential } from '../../event/token-facts.js';
import type { TokenFacts } from '../../event/token-event.js';
import { cleanList, timeText } from '../shared/facts.js';
import { digValue, isObject, type JsonObject, readObject, readText, readTexts } from '../shared/json-reader.js';
import { joinAlias, joinAliases, shownText } from '../shared/names.js';
import { readMoment } from '../shared/moment.js';

/** `JTI=<uuid>` of service account tokens, `X509SHA256=<hex>` of client certificates (KEP-4193). */
const credentialForm = /^(JTI|X509SHA256)=([A-Za-z0-9-]{1,128})$/;

export interface CredentialId {
  readonly kind: 'JTI' | 'X509SHA256';
  readonly id: string;
}

export function credentialIdOf(text: string | undefined): CredentialId | undefined {
  const parts = text === undefined ? null : credentialForm.exec(text);
  return parts === null ? undefined : { kind: parts[1] === 'JTI' ? 'JTI' : 'X509SHA256', id: parts[2] ?? '' };
}

/** What the API server says of the credential that authenticated a user. */
export function credentialOfUser(user: JsonObject): CredentialId | undefined {
  const extra = readObject(user, 'extra') ?? {};
  return credentialIdOf(readTexts(extra, 'authentication.kubernetes.io/credential-id')?.[0]);
}

export function aliasOfCredential(credential: CredentialId | undefined): Alias | undefined {
  if (credential === undefined) return undefined;
  return credential.kind === 'JTI' ? joinAlias('jti', credential.id) : joinAlias('key_id', `x509:${credential.id}`);
}

export function tokenOfCredential(credential: CredentialId, issuer: string, fp: Fingerprinter): TokenFacts {
  const aliases = joinAliases(aliasOfCredential(credential));
  if (credential.kind === 'JTI') {
    return tokenFromCanonical(canonical.jwt(issuer, credential.id), fp, {
      kind: 'access_token',
      issuer,
      aliases,
      jti: shownText(credential.id),
    });
  }
  return tokenFromCanonical(canonical.key('x509', credential.id), fp, {
    kind: 'client_certificate',
    aliases,
    key_id: shownText(credential.id),
  });
}

/** The token that `serviceaccounts/token` made: named by the annotation, its life by the answer. */
export function issuedToken(
  record: JsonObject,
  issuer: string,
  parent: CredentialId | undefined,
  fp: Fingerprinter,
): TokenFacts | undefined {
  const annotations = readObject(record, 'annotations') ?? {};
  // The second name is that of Kubernetes 1.29.
  const made = credentialIdOf(
    readText(annotations, 'authentication.kubernetes.io/issued-credential-id') ??
      readText(annotations, 'authentication.k8s.io/issued-credential-id'),
  );
  const status = digValue(record, 'responseObject', 'status');
  const raw = typeof status === 'object' && status !== null ? readText(status as JsonObject, 'token') : undefined;
  const facts = made === undefined ? undefined : tokenOfCredential(made, issuer, fp);
  const token = facts ?? (raw === undefined ? undefined : describeCredential(new RawSecret(raw), fp).token);
  if (token === undefined) return undefined;
  const expires =
    typeof status === 'object' && status !== null ? readMoment(status as JsonObject, 'expirationTimestamp') : undefined;
  const asked = digValue(record, 'requestObject', 'spec');
  const audiences = isObject(asked) ? cleanList(readTexts(asked, 'audiences')) : undefined;
  return tokenWith(token, {
    expires_at: timeText(expires),
    parent: aliasOfCredential(parent),
    audience: token.audience ?? audiences,
  });
}

/** The token that a TokenReview asks about; it stands there itself, so it is fingerprinted and goes no further. */
export function reviewedToken(record: JsonObject, fp: Fingerprinter): TokenFacts | undefined {
  for (const part of ['requestObject', 'responseObject'] as const) {
    const token = digValue(record, part, 'spec', 'token');
    if (typeof token === 'string' && token !== '') return describeCredential(new RawSecret(token), fp).token;
  }
  return undefined;
}
