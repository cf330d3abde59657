import { aliasOf, type Alias, canonical, tokenFromCanonical, tokenWith } from '../../event/canonical.js';
import { makePrincipal } from '../../event/principal.js';
import { RawSecret } from '../../event/raw-secret.js';
import { describeCredential } from '../../event/token-facts.js';
import type { PrincipalFacts, TokenFacts } from '../../event/token-event.js';
import { cleanList, longText, readIsoTime, safeId, shortText, timeText } from '../shared/facts.js';
import { digText, type JsonObject, readNumber, readObject, readText, readTexts } from '../shared/json-reader.js';
import type { ParseContext } from '../source.js';
import { namedCertificate, namedLease, shownCertificate } from './leases.js';
import type { VaultMeaning } from './meaning.js';
import {
  authNames,
  callerNames,
  dataNames,
  identityTokenNames,
  isHash,
  secretIdNames,
  type TokenNames,
} from './records.js';

/**
 * The token of its names. The accessor's hash is the stable identity; a batch token has none, and a refused token is
 * known by the hash of what was presented. A device with `log_raw` writes secrets: those are fingerprinted at once.
 */
function tokenOf(
  names: TokenNames | undefined,
  auth: JsonObject,
  context: ParseContext,
  parent?: Alias,
): TokenFacts | undefined {
  if (names === undefined) return undefined;
  const fp = context.fingerprinter;
  const hashes = names.tokens.filter(isHash);
  const plain = names.tokens.find((token) => !isHash(token));
  const accessor = names.accessor === undefined || isHash(names.accessor) ? names.accessor : safeId(names.accessor, fp);
  const name = names.accessor ?? hashes[0];
  const secret = plain === undefined ? undefined : new RawSecret(plain);
  if (name === undefined)
    return secret === undefined ? undefined : describeCredential(secret, fp, { kind: 'service_token' }).token;
  const issuedMs = readIsoTime(readText(auth, 'token_issue_time'));
  const ttl = readNumber(auth, 'token_ttl');
  const aliases = [aliasOf('vault_accessor', accessor), ...hashes.map((hash) => aliasOf('vault_token_hmac', hash))];
  return tokenFromCanonical(canonical.vault(name), fp, {
    kind: 'service_token',
    secret,
    aliases: aliases.filter((alias) => alias !== undefined),
    issuer: longText(context.instance),
    scopes: cleanList(readTexts(auth, 'policies') ?? readTexts(auth, 'token_policies')),
    issued_at: timeText(issuedMs),
    expires_at: issuedMs === undefined || ttl === undefined || ttl <= 0 ? undefined : timeText(issuedMs + ttl * 1000),
    display_name: shortText(readText(auth, 'display_name')),
    parent,
  });
}

const humanMethods = /^(?:userpass|ldap|oidc|okta|github|radius|saml|kerberos)(?:-|$)/;
const machineMethods = /^(?:approle|kubernetes|aws|gcp|azure|jwt|cert|alicloud|oci|pcf|cf|spiffe|scep)(?:-|$)/;

/** The entity outlives its tokens; a token without one is known by its display name, `root` or `token-ci`. */
export function principalOf(auth: JsonObject, context: ParseContext): PrincipalFacts | undefined {
  const display = readText(auth, 'display_name');
  const metadata = readObject(auth, 'metadata') ?? {};
  const name = longText(
    readText(metadata, 'username') ?? readText(metadata, 'role_name') ?? readText(metadata, 'role') ?? display,
  );
  const entity = longText(readText(auth, 'entity_id'));
  // Every token that was made without a name of its own is called `token`.
  const isNamed = display !== undefined && display !== 'token';
  const id = entity ?? longText(isNamed ? `display_name:${display}` : undefined);
  if (id === undefined) return undefined;
  const method = display ?? '';
  const kind = humanMethods.test(method) ? 'user' : machineMethods.test(method) ? 'service_account' : 'unknown';
  return makePrincipal({ kind, issuer: `vault:${context.instance}`, id, name });
}

/** The account that a login asked for, where its path says so: `auth/userpass/login/anna`. */
const accountForm = /^auth\/(.{1,256})\/login\/([^/]{1,256})$/;

/**
 * Who was refused at a login: a name that somebody typed is never the person, whom only a success proves. Other methods than those of people
 * tell the account in hashed data.
 */
export function typedPrincipal(path: string, context: ParseContext): PrincipalFacts | undefined {
  const [, mount, typed] = accountForm.exec(path) ?? [];
  const name = longText(typed);
  if (mount === undefined || name === undefined) return undefined;
  return makePrincipal({ kind: 'user', issuer: `vault:${context.instance}`, id: `username:${mount}/${name}`, name });
}

export interface Call {
  readonly record: JsonObject;
  readonly request: JsonObject;
  readonly response: JsonObject;
  readonly meaning: VaultMeaning;
  readonly failed: boolean;
  readonly context: ParseContext;
}

export interface Parties {
  readonly token: TokenFacts | undefined;
  readonly principal: PrincipalFacts | undefined;
  readonly issued: boolean;
}

export function partiesOf(call: Call): Parties {
  const { record, request, response, meaning, failed, context } = call;
  const auth = readObject(record, 'auth') ?? {};
  const caller = callerNames(record, meaning.login === true);
  const wrap = readObject(response, 'wrap_info');
  const asCaller = (): Parties => ({
    token: tokenOf(caller, meaning.login === true ? {} : auth, context),
    principal: principalOf(auth, context),
    issued: false,
  });
  if (meaning.subject === 'issued' && !failed) {
    const made = readObject(response, 'auth') ?? (meaning.login === true ? auth : undefined);
    // A wrapped login answers with the wrapping token; the accessor of the token inside is told beside it.
    const wrapped = wrap === undefined ? undefined : readText(wrap, 'wrapped_accessor');
    const names = authNames(made) ?? (wrapped === undefined ? undefined : { accessor: wrapped, tokens: [] });
    const parent =
      meaning.login === true
        ? (parentOf(caller, context) ?? secretIdOf(request))
        : meaning.action === 'issue'
          ? parentOf(caller, context)
          : undefined;
    if (names !== undefined && made !== undefined) {
      return { token: tokenOf(names, made, context, parent), principal: principalOf(made, context), issued: true };
    }
    if (names !== undefined)
      return { token: tokenOf(names, {}, context, parent), principal: principalOf(auth, context), issued: true };
  }
  if (meaning.subject === 'wrapping') {
    const made =
      wrap === undefined
        ? undefined
        : authNames({ accessor: readText(wrap, 'accessor'), client_token: readText(wrap, 'token') });
    const parent = meaning.action === 'issue' ? parentOf(caller, context) : undefined;
    if (made !== undefined)
      return { token: tokenOf(made, {}, context, parent), principal: principalOf(auth, context), issued: true };
    const shown = dataNames(request);
    return shown === undefined ? asCaller() : { ...asCaller(), token: tokenOf(shown, {}, context) };
  }
  if (meaning.subject === 'client_certificate')
    return { token: shownCertificate(request, context), principal: undefined, issued: false };
  if (meaning.subject === 'none') return { token: undefined, principal: principalOf(auth, context), issued: false };
  if (meaning.subject === 'lease' || meaning.subject === 'certificate') {
    const token =
      meaning.subject === 'lease' ? namedLease(request, response, context) : namedCertificate(request, context);
    return { token, principal: token === undefined ? principalOf(auth, context) : undefined, issued: false };
  }
  if (meaning.subject === 'named') {
    const named = dataNames(request);
    // Whose token it is the record does not say; the one who asked is in the attributes, never its owner.
    if (named !== undefined) return { token: tokenOf(named, {}, context), principal: undefined, issued: false };
    // What is named nowhere is not the token of who asked.
    return { token: undefined, principal: principalOf(auth, context), issued: false };
  }
  if (meaning.subject === 'secret_id' || meaning.subject === 'identity_token') {
    const isSecretId = meaning.subject === 'secret_id';
    const names = isSecretId ? secretIdNames(request, response) : identityTokenNames(response);
    const parent = meaning.action === 'create' || meaning.action === 'issue' ? parentOf(caller, context) : undefined;
    const made = tokenOf(names, {}, context, parent);
    // A secret id is the role's, which the record names by its path alone; an identity token is of who asked.
    return {
      token: made === undefined ? undefined : tokenWith(made, { kind: isSecretId ? 'api_key' : 'id_token' }),
      principal: isSecretId ? undefined : principalOf(auth, context),
      issued: false,
    };
  }
  return asCaller();
}

export function parentOf(caller: TokenNames | undefined, context: ParseContext): Alias | undefined {
  if (caller === undefined) return undefined;
  if (caller.accessor !== undefined) {
    return aliasOf(
      'vault_accessor',
      isHash(caller.accessor) ? caller.accessor : safeId(caller.accessor, context.fingerprinter),
    );
  }
  return aliasOf('vault_token_hmac', caller.tokens.find(isHash));
}

/** The secret id that an AppRole login showed, by its hash: what the new token was made from. */
function secretIdOf(request: JsonObject): Alias | undefined {
  const shown = digText(request, 'data', 'secret_id');
  return shown !== undefined && isHash(shown) ? aliasOf('vault_token_hmac', shown) : undefined;
}
