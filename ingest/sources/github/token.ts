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
}

/** Categories whose records name the token that they are about, unless the actor showed one too. */
const aboutTokens = /^(?:personal_access_token|oauth_access|oauth_authorization|org_credential_authorization)\./;

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

/**
 * The token that a record names: by `hashed_token`, which a proxy that sees the token itself arrives at too, else by
 * `token_id`. Both names are aliases of each other.
 */
export function readGithubToken(record: JsonObject, action: string, fp: Fingerprinter): GithubToken | undefined {
  const written = readText(record, 'hashed_token');
  // SSH keys have the id 0, all of them.
  const told = readText(record, 'token_id') ?? readText(record, 'oauth_access_id');
  const id = told === '0' ? undefined : told;
  if (written === undefined && id === undefined) return undefined;
  const access = readText(record, 'programmatic_access_type');
  const acting = access !== undefined || !aboutTokens.test(action);
  const kind = kindOfAccess(access, acting && access !== undefined ? '' : action);
  const idAlias = joinAlias('key_id', id === undefined ? undefined : `github:${id}`);
  const details = {
    kind,
    key_id: shownText(id),
    scopes: scopeList(readTexts(record, 'token_scopes')),
    expires_at: timeText(readMoment(record, 'token_expires_at') ?? readMoment(record, 'expires_at')),
    display_name: shortText(readText(record, 'user_programmatic_access_name') ?? readText(record, 'token_name')),
    issuer: 'github',
    aliases: undefined as readonly Alias[] | undefined,
  };
  const hash = written === undefined ? undefined : hashOf(written);
  if (written !== undefined && hash === undefined) {
    const { token } = describeCredential(new RawSecret(written), fp, { kind, issuer: 'github' });
    return { token: tokenWith(token, { ...details, issuer: undefined }), exposed: true, acting };
  }
  const hashAlias = joinAlias('github_hashed_token', hash);
  details.aliases = joinAliases(hashAlias, idAlias);
  const name = hash === undefined ? canonical.key('github', id ?? '') : canonical.github(hash);
  return { token: tokenFromCanonical(name, fp, details), exposed: false, acting };
}
