import { canonical, entraIssuer, tokenFromCanonical } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { TokenFacts } from '../../event/token-event.js';
import { cleanList } from '../shared/facts.js';
import { type JsonObject, readText } from '../shared/json-reader.js';
import { joinAlias, joinAliases, shownText } from '../shared/names.js';

/** `uniqueTokenIdentifier` is the `uti` claim of the token that the sign-in gave. */
export function signInToken(properties: JsonObject, fp: Fingerprinter): TokenFacts | undefined {
  const uti = readText(properties, 'uniqueTokenIdentifier');
  if (uti === undefined) return undefined;
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
