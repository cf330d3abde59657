import { type Alias, canonical, tokenFromCanonical, tokenWith } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import { RawSecret } from '../../event/raw-secret.js';
import type { TokenFacts, TokenKind } from '../../event/token-event.js';
import { describeCredential } from '../../event/token-facts.js';
import { shortText, timeText } from '../shared/facts.js';
import { type JsonObject, readText, readTexts } from '../shared/json-reader.js';
import { joinAlias, joinAliases, scopeList, shownText } from '../shared/names.js';
import { readMoment } from '../shared/moment.js';

export interface GithubToken {
  readonly token: TokenFacts;
  /** The field held the token itself. */
  readonly exposed: boolean;
  /** It is the token that the actor showed, not one that the action is about. */
  readonly acting: boolean;
  /** Name of the token with which the actor did it to this one. */
  readonly actorToken?: string | undefined;
}

/** Categories whose records name the token that they are about, unless the actor showed one too. */
const aboutTokens = /^(?:personal_access_token|oauth_access|oauth_authorization|org_credential_authorization)\./;

/** Categories whose records are about an SSH key, by its fingerprint or id. */
const aboutKeys = /^(?:public_key|git_signing_ssh_public_key|deploy_key)\./;
const fingerprintForm = /^(?:SHA256:[A-Za-z0-9+/]{43}=?|(?:[0-9a-f]{2}:){15}[0-9a-f]{2})$/;

/** programmatic_access_type → kind (GitHub documentation, "Token data in audit log events"). */
const accessKinds: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ['Personal access token (classic)', 'personal_access_token'],
  ['Fine-grained personal access token', 'personal_access_token'],
  ['OAuth access token', 'access_token'],
  ['GitHub App user-to-server token', 'access_token'],
  ['GitHub App server-to-server token', 'service_token'],
  ['Public Key (User/Deploy)', 'access_key'],
]);

/** What its words say where it is spelled otherwise or is new. */
function kindOfWords(words: string): TokenKind | undefined {
  if (words.includes('personal access token')) return 'personal_access_token';
  if (/ssh|deploy key|public key/.test(words)) return 'access_key';
  if (/server-to-server|server to server|service token/.test(words)) return 'service_token';
  return /oauth|user-to-server|user to server|signed auth token/.test(words) ? 'access_token' : undefined;
}

export function kindOfAccess(type: string | undefined, action: string): TokenKind {
  const known = type === undefined ? undefined : accessKinds.get(type);
  if (known !== undefined) return known;
  if (action.startsWith('personal_access_token.')) return 'personal_access_token';
  if (action.startsWith('public_key.')) return 'access_key';
  const told = type === undefined ? undefined : kindOfWords(type.toLowerCase().replaceAll('_', ' '));
  return told ?? (action.startsWith('oauth_access.') ? 'access_token' : 'unknown');
}

const base64Sha256 = /^[A-Za-z0-9+/]{43}=$/;
const hexSha256 = /^[0-9a-f]{64}$/i;

/** The hash in the one form that names the token; undefined where the text is no SHA-256. */
function hashOf(text: string): string | undefined {
  if (base64Sha256.test(text)) return text;
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, 'base64url').toString('base64');
  return hexSha256.test(text) ? Buffer.from(text, 'hex').toString('base64') : undefined;
}

/** What a record says of one token beside its hash and its id. */
interface Told {
  readonly kind: TokenKind;
  readonly scopes: readonly string[] | undefined;
  readonly expiresMs?: number | undefined;
  readonly name?: string | undefined;
  /** Another name that GitHub has for the same. */
  readonly alias?: Alias | undefined;
}

/** 0 stands there for nobody, and all SSH keys have it. */
export function idOf(record: JsonObject, ...names: readonly string[]): string | undefined {
  const told = names.map((name) => readText(record, name)).find((text) => text !== undefined);
  return told === '0' ? undefined : told;
}

const keyAlias = (id: string | undefined): Alias | undefined =>
  joinAlias('key_id', id === undefined ? undefined : `github:${id}`);

/**
 * By the hash, which a proxy that sees the token itself arrives at too, else by the id. Both names are aliases of each
 * other.
 */
function tokenOf(
  written: string | undefined,
  id: string | undefined,
  told: Told,
  fp: Fingerprinter,
): Omit<GithubToken, 'acting'> | undefined {
  const first = id ?? told.alias?.value.slice('github:'.length);
  if (written === undefined && first === undefined) return undefined;
  const details = {
    kind: told.kind,
    key_id: shownText(first),
    scopes: told.scopes,
    expires_at: timeText(told.expiresMs),
    display_name: shortText(told.name),
    issuer: 'github',
    aliases: undefined as readonly Alias[] | undefined,
  };
  const hash = written === undefined ? undefined : hashOf(written);
  if (written !== undefined && hash === undefined) {
    const { token } = describeCredential(new RawSecret(written), fp, { kind: told.kind, issuer: 'github' });
    return { token: tokenWith(token, { ...details, issuer: undefined }), exposed: true };
  }
  details.aliases = joinAliases(joinAlias('github_hashed_token', hash), keyAlias(id), told.alias);
  const name = hash === undefined ? canonical.key('github', first ?? '') : canonical.github(hash);
  return { token: tokenFromCanonical(name, fp, details), exposed: false };
}

/** The token in `hashed_token` and `token_id`: the actor's, or in categories about tokens the one that the record is about. */
function shownToken(record: JsonObject, action: string, fp: Fingerprinter): GithubToken | undefined {
  const access = readText(record, 'programmatic_access_type');
  const acting = access !== undefined || !aboutTokens.test(action);
  const found = tokenOf(
    readText(record, 'hashed_token'),
    idOf(record, 'token_id', 'oauth_access_id'),
    {
      kind: kindOfAccess(access, acting && access !== undefined ? '' : action),
      scopes: scopeList(readTexts(record, 'token_scopes')),
      expiresMs: readMoment(record, 'token_expires_at') ?? readMoment(record, 'expires_at'),
      name: readText(record, 'user_programmatic_access_name') ?? readText(record, 'token_name'),
      alias: acting ? undefined : patAlias(record, action),
    },
    fp,
  );
  return found === undefined ? undefined : { ...found, acting };
}

/** A fine-grained token has an id of its own where the record does not name it by the one of its uses. */
function patAlias(record: JsonObject, action: string): Alias | undefined {
  const id = action.startsWith('personal_access_token.') ? idOf(record, 'user_programmatic_access_id') : undefined;
  return keyAlias(id === undefined ? undefined : `user_programmatic_access:${id}`);
}

/** An SSH key by its fingerprint, a deploy key of a webhook by its id. */
function sshKeyAlias(record: JsonObject, action: string): Alias | undefined {
  if (!aboutKeys.test(action)) return undefined;
  const fingerprint = readText(record, 'fingerprint');
  if (fingerprint !== undefined && fingerprintForm.test(fingerprint)) return keyAlias(`ssh:${fingerprint}`);
  const id = readText(record, 'key_id');
  return keyAlias(id === undefined ? undefined : `deploy_key:${id}`);
}

/** The credential that was managed, told apart from the one with which that was done. */
function managedToken(record: JsonObject, action: string, fp: Fingerprinter): Omit<GithubToken, 'acting'> | undefined {
  const type = readText(record, 'oauth_credential_type');
  const managed = tokenOf(
    readText(record, 'managed_hashed_token'),
    idOf(record, 'managed_token_id', 'managed_oauth_access_id'),
    {
      kind: kindOfAccess(type, ''),
      scopes: scopeList(readTexts(record, 'managed_token_scopes') ?? readTexts(record, 'managed_oauth_scopes')),
    },
    fp,
  );
  if (managed !== undefined) return managed;
  const pat = patAlias(record, action);
  const name = readText(record, 'user_programmatic_access_name');
  if (pat !== undefined)
    return tokenOf(undefined, undefined, { kind: 'personal_access_token', scopes: undefined, name, alias: pat }, fp);
  const key = sshKeyAlias(record, action);
  const title = readText(record, 'title');
  return key && tokenOf(undefined, undefined, { kind: 'access_key', scopes: undefined, name: title, alias: key }, fp);
}

/** The token that a record is about, else the one that the actor showed. */
export function readGithubToken(record: JsonObject, action: string, fp: Fingerprinter): GithubToken | undefined {
  const shown = shownToken(record, action, fp);
  if (shown?.acting === false) return shown;
  const managed = managedToken(record, action, fp);
  if (managed === undefined) return shown;
  return { ...managed, acting: false, actorToken: shown?.token.token_uid };
}
