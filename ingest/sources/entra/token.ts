import { canonical, entraIssuer, tokenFromCanonical } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { TokenFacts } from '../../event/token-event.js';
import { cleanList } from '../shared/facts.js';
import { digText, isObject, type JsonObject, readList, readText } from '../shared/json-reader.js';
import { joinAlias, joinAliases, scopeList, shownText } from '../shared/names.js';

const guidForm =
  /^([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})-([0-9a-f]{2})([0-9a-f]{2})-([0-9a-f]{2})([0-9a-f]{2})-([0-9a-f]{4})-([0-9a-f]{12})$/i;

/** Some records have the GUID as text in Base64, where the claim has its 16 bytes, the first three groups backwards. */
function utiOf(written: string): string {
  if (written.length !== 48) return written;
  const parts = guidForm.exec(Buffer.from(written, 'base64').toString('latin1'));
  return parts === null ? written : bytesOf(parts);
}

function bytesOf(parts: RegExpExecArray): string {
  const hex = [4, 3, 2, 1, 6, 5, 8, 7, 9, 10].map((group) => parts[group] ?? '').join('');
  return Buffer.from(hex, 'hex').toString('base64url');
}

/** A secret or certificate of an application, as audits and sign-ins both name it. */
export const credentialToken = (id: string, displayName: string | undefined, fp: Fingerprinter): TokenFacts =>
  tokenFromCanonical(canonical.key('entra', id), fp, {
    kind: 'api_key',
    issuer: entraIssuer,
    aliases: joinAliases(joinAlias('key_id', `entra:${id}`)),
    key_id: shownText(id),
    display_name: shownText(displayName),
  });

/** Graph v1.0 leaves `uniqueTokenIdentifier` out; it is the id of the sign-in itself, the request that gave the token. */
function tokenIdOf(properties: JsonObject): string | undefined {
  const written = readText(properties, 'uniqueTokenIdentifier');
  if (written !== undefined) return utiOf(written);
  const parts = guidForm.exec(readText(properties, 'id') ?? '');
  return parts === null ? undefined : bytesOf(parts);
}

/** `["User.Read","Mail.Read"]` or `[User.Read,Mail.Read]`: the scopes that were given, among what else the service noted. */
function scopesOf(properties: JsonObject): readonly string[] | undefined {
  for (const detail of (readList(properties, 'authenticationProcessingDetails') ?? []).slice(0, 32)) {
    if (!isObject(detail) || readText(detail, 'key') !== 'Oauth Scope Info') continue;
    const words = (readText(detail, 'value') ?? '').slice(0, 8192).split(/[\s,"[\]]+/);
    return scopeList(words.filter((word) => word !== ''));
  }
  return undefined;
}

/** The credential that was shown for the token: a key of the application, a federated credential, or another issuer's token. */
function parentOf(properties: JsonObject): TokenFacts['parent'] {
  const credential =
    readText(properties, 'servicePrincipalCredentialKeyId') ?? readText(properties, 'federatedCredentialId');
  if (credential !== undefined) return joinAlias('key_id', `entra:${credential}`);
  return joinAlias('jti', digText(properties, 'managedServiceIdentity', 'federatedTokenId'));
}

/** `uniqueTokenIdentifier` is the `uti` claim of the token that the sign-in gave. */
export function signInToken(properties: JsonObject, fp: Fingerprinter): TokenFacts | undefined {
  const uti = tokenIdOf(properties);
  if (uti === undefined) return undefined;
  return tokenFromCanonical(canonical.jwt(entraIssuer, uti), fp, {
    kind: 'access_token',
    issuer: entraIssuer,
    aliases: joinAliases(joinAlias('jti', uti)),
    jti: shownText(uti),
    audience: cleanList(
      [readText(properties, 'resourceId') ?? readText(properties, 'resourceIdentity')].filter((id) => id !== undefined),
    ),
    scopes: scopesOf(properties),
    parent: parentOf(properties),
  });
}
