import { canonical, entraIssuer, tokenFromCanonical } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { TokenFacts } from '../../event/token-event.js';
import { cleanList } from '../shared/facts.js';
import { type JsonObject, readText } from '../shared/json-reader.js';
import { joinAlias, joinAliases, shownText } from '../shared/names.js';

const guidForm =
  /^([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})-([0-9a-f]{2})([0-9a-f]{2})-([0-9a-f]{2})([0-9a-f]{2})-([0-9a-f]{4})-([0-9a-f]{12})$/i;

/** Some records have the GUID as text in Base64, where the claim has its 16 bytes, the first three groups backwards. */
function utiOf(written: string): string {
  if (written.length !== 48) return written;
  const parts = guidForm.exec(Buffer.from(written, 'base64').toString('latin1'));
  if (parts === null) return written;
  const hex = [4, 3, 2, 1, 6, 5, 8, 7, 9, 10].map((group) => parts[group] ?? '').join('');
  return Buffer.from(hex, 'hex').toString('base64url');
}

/** `uniqueTokenIdentifier` is the `uti` claim of the token that the sign-in gave. */
export function signInToken(properties: JsonObject, fp: Fingerprinter): TokenFacts | undefined {
  const written = readText(properties, 'uniqueTokenIdentifier');
  if (written === undefined) return undefined;
  const uti = utiOf(written);
  const credential =
    readText(properties, 'servicePrincipalCredentialKeyId') ?? readText(properties, 'federatedCredentialId');
  return tokenFromCanonical(canonical.jwt(entraIssuer, uti), fp, {
    kind: 'access_token',
    issuer: entraIssuer,
    aliases: joinAliases(joinAlias('jti', uti)),
    jti: shownText(uti),
    audience: cleanList(
      [readText(properties, 'resourceId') ?? readText(properties, 'resourceIdentity')].filter((id) => id !== undefined),
    ),
    parent: joinAlias('key_id', credential === undefined ? undefined : `entra:${credential}`),
  });
}
