import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { TextCache } from '../../core/text-cache.js';
import { type Alias, canonical, tokenFromCanonical } from '../../event/canonical.js';
import { redactUrl } from '../../event/credential-text.js';
import { eventUidFromId, eventUidFromPosition } from '../../event/event-uid.js';
import { makePrincipal } from '../../event/principal.js';
import { formatTime } from '../../event/time.js';
import {
  limits,
  SCHEMA_VERSION,
  type PrincipalFacts,
  type TokenEvent,
  type TokenFacts,
} from '../../event/token-event.js';
import { parseClientAddress } from '../shared/client-address.js';
import {
  AttributeList,
  cleanList,
  compact,
  detailText,
  longText,
  safeId,
  saneTime,
  shortText,
  timeText,
} from '../shared/facts.js';
import { isObject, readText } from '../shared/json-reader.js';
import { splitDocument } from '../shared/json-split.js';
import type { ParseContext, ParseError, Source, SourceFactory } from '../source.js';
import { adminAction, eventMeanings, unknownMeaning, type EventMeaning } from './event-types.js';
import { issuerOf, type KeycloakOptions, readOptions, realmName } from './options.js';
import { reasonOf } from './reasons.js';
import { type KeycloakRecord, readRecords } from './records.js';

const product = 'keycloak';

/** Fields that have a place of their own in the event, or that must not enter it. */
const consumed: ReadonlySet<string> = new Set([
  'type', 'operationType', 'resourceType', 'resourcePath', 'error', 'realmId', 'realmName', 'clientId', 'userId',
  'sessionId', 'ipAddress', 'token_id', 'refresh_token_id', 'updated_refresh_token_id', 'scope', 'audience', 'username',
  'redirect_uri', 'reason', 'issuer', 'access_token_expiration_time', 'user_agent', 'authRealmId', 'authRealmName',
]); // prettier-ignore

/**
 * Details whose names promise a secret, and the listener's trace-level fields, which carry cookies and whole URLs.
 * `credential_type` and its like name a kind and are kept.
 */
const secretName = /token|secret|passw|cookie|assertion|otp$|^code$|requestUri|stackTrace|representation|authSession/i;
const harmlessName = /(?:_type|_method|_id|^age_of_refresh_token)$/;

/** Whether a field is kept as an attribute, by its name; the same few names come with every event. */
const isKept = new TextCache<boolean>(9, 64);

const looksKept = (name: string): boolean => !consumed.has(name) && (!secretName.test(name) || harmlessName.test(name));
const mayBeKept = (name: string): boolean => isKept.of(name, looksKept);

interface Subject {
  readonly record: KeycloakRecord;
  readonly context: ParseContext;
  readonly options: KeycloakOptions;
  readonly issuer: string | undefined;
  readonly failed: boolean;
}

/** The session that a successful event belongs to; versions without sessionId name it in code_id. */
function sessionOf({ record, failed }: Subject): string | undefined {
  const { values } = record;
  return values.get('sessionId') ?? (failed ? undefined : values.get('code_id'));
}

function tokenOf(subject: Subject, meaning: EventMeaning): TokenFacts | undefined {
  const { record, context, issuer, failed } = subject;
  const { values } = record;
  const tokenId = values.get('token_id');
  const refreshId = values.get('refresh_token_id');
  const sessionId = sessionOf(subject);
  if (issuer === undefined) return undefined;
  const shownIssuer = longText(issuer);
  const { fingerprinter } = context;
  const sid = aliasFor('sid', safeId(sessionId, fingerprinter));
  // Versions that do not say which token was introspected or presented still say of which session it is.
  if (
    tokenId === undefined &&
    (meaning.subject === 'session' || (meaning.subject === 'presented' && refreshId === undefined))
  ) {
    if (sessionId === undefined) return undefined;
    return tokenFromCanonical(canonical.session(issuer, sessionId), fingerprinter, {
      kind: 'session', issuer: shownIssuer, aliases: present([sid]),
    }); // prettier-ignore
  }
  const safeRefresh = safeId(refreshId, fingerprinter);
  if (tokenId === undefined) {
    // A refused refresh, or a revoked grant, names the refresh token alone; it is a JWT with that jti.
    if (refreshId === undefined) return undefined;
    return tokenFromCanonical(canonical.jwt(issuer, refreshId), fingerprinter, {
      kind: 'refresh_token',
      issuer: shownIssuer,
      jti: safeRefresh,
      scopes: cleanList(values.get('scope')?.slice(0, 16_384).split(' ')),
      aliases: present([aliasFor('refresh_jti', safeRefresh), sid]),
    });
  }
  const jti = safeId(tokenId, fingerprinter);
  // A login by password or implicit flow answers with the token at once.
  const made = meaning.subject !== 'presented' && !failed;
  const refreshed = meaning.action === 'refresh';
  const companion = refreshed ? safeId(values.get('updated_refresh_token_id'), fingerprinter) : safeRefresh;
  return tokenFromCanonical(canonical.jwt(issuer, tokenId), fingerprinter, {
    kind: 'access_token',
    issuer: shownIssuer,
    jti,
    scopes: cleanList(values.get('scope')?.slice(0, 16_384).split(' ')),
    audience: cleanList(values.get('audience')?.slice(0, 16_384).split(/[ ,]+/)),
    issued_at: made ? formatTime(record.timeMs) : undefined,
    expires_at: made ? expiryOf(record) : undefined,
    parent: refreshed ? aliasFor('refresh_jti', safeRefresh) : made ? sid : undefined,
    aliases: present([aliasFor('jti', jti), sid, aliasFor('refresh_jti', companion)]),
  });
}

/** `exp` less `iat` of the token that a refresh made, in seconds; `iat` is the second of the event. */
function expiryOf({ values, timeMs }: KeycloakRecord): string | undefined {
  const seconds = values.get('access_token_expiration_time');
  if (seconds === undefined || !/^\d{1,9}$/.test(seconds)) return undefined;
  return timeText(saneTime((Math.floor(timeMs / 1000) + Number(seconds)) * 1000));
}

/** An id that is safe already. */
const aliasFor = (kind: Alias['kind'], id: string | undefined): Alias | undefined =>
  id === undefined ? undefined : { kind, value: id };
const present = (aliases: readonly (Alias | undefined)[]): readonly Alias[] =>
  aliases.filter((alias) => alias !== undefined);

function principalOf({ record, issuer }: Subject, meaning: EventMeaning): PrincipalFacts | undefined {
  const { values } = record;
  const clientId = meaning.clientOwnsToken ? longText(values.get('clientId')) : undefined;
  const userId = longText(values.get('userId'));
  const name = longText(values.get('username'));
  if (userId !== undefined) {
    const machine = name?.startsWith('service-account-') === true || values.get('type')?.startsWith('CLIENT_LOGIN');
    return makePrincipal({ kind: machine ? 'service_account' : 'user', issuer, id: userId, name, clientId });
  }
  // A guessed user name is evidence, yet no id: it must not become the principal that the real user's events have.
  if (name !== undefined) return makePrincipal({ kind: 'user', issuer, id: `username:${name}`, name, clientId });
  return clientId === undefined ? undefined : makePrincipal({ kind: 'client', issuer, id: clientId, clientId });
}

function attributesOf(record: KeycloakRecord, realm: string | undefined): TokenEvent['attributes'] | undefined {
  const attributes = new AttributeList();
  attributes.add('realm', realm);
  const address = record.values.get('ipAddress');
  // Behind a proxy that is not trusted this may be a whole list, which names no single client.
  if (address !== undefined && parseClientAddress(address) === undefined) attributes.add('ip_address', address);
  const redirect = record.values.get('redirect_uri');
  if (redirect !== undefined) attributes.add('redirect_uri', redactUrl(redirect.slice(0, 4096)).path);
  for (const [name, value] of record.values) {
    if (!mayBeKept(name)) continue;
    attributes.add(name, value.slice(0, limits.longTextMax * 2));
  }
  return attributes.done();
}

/**
 * A name of its own for a record that has none, where its content has one: a token is made once and a session ended
 * once, so the log's line and the Admin API's record of it are one event. Other records are told apart by place alone.
 */
function naturalId({ values }: KeycloakRecord, meaning: EventMeaning, failed: boolean): string | undefined {
  const type = values.get('type');
  if (type === undefined || failed) return undefined;
  const made = ['issue', 'refresh', 'exchange', 'login'].includes(meaning.action) ? values.get('token_id') : undefined;
  const ended = type === 'LOGOUT' ? values.get('sessionId') : undefined;
  const name = made ?? ended;
  return name === undefined ? undefined : `${type} ${values.get('clientId') ?? ''} ${name}`;
}

function eventOf(
  record: KeycloakRecord,
  context: ParseContext,
  options: KeycloakOptions,
  ordinal: number,
): TokenEvent | undefined {
  const { values } = record;
  const admin = values.get('operationType');
  const type = values.get('type') ?? '';
  const error = values.get('error');
  const failed = error !== undefined || type.endsWith('_ERROR');
  const meaning: EventMeaning =
    admin === undefined
      ? (eventMeanings.get(type.endsWith('_ERROR') ? type.slice(0, -6) : type) ?? unknownMeaning)
      : {
          action: adminAction(admin, values.get('resourceType') ?? '', values.get('resourcePath') ?? ''),
          subject: 'presented',
          clientOwnsToken: true,
        };
  const realm = realmName(values.get('realmName'), values.get('realmId'), options);
  // The administrator signs in at a realm of their own, which is not the realm that they change.
  const ownRealm = longText(realmName(values.get('authRealmName'), values.get('authRealmId'), options) ?? realm);
  const issuer = ownRealm === undefined ? undefined : issuerOf(ownRealm, context.instance, options);
  const subject: Subject = { record, context, options, issuer, failed };
  const credentialType = values.get('credential_type') ?? values.get('selected_credential_type');
  const client = values.get('ipAddress');
  // The log knows no ids, so where both ways have a name the id of the API is not used.
  const natural = naturalId(record, meaning, failed);
  if (natural === undefined && options.beside_log) return undefined;
  const id = natural ?? record.id;
  const shownType = shortText(admin === undefined ? type : `${admin} ${values.get('resourceType') ?? ''}`.trim());
  const event: Draft = {
    schema_version: SCHEMA_VERSION,
    event_uid:
      id === undefined
        ? eventUidFromPosition(product, context.instance, context.position, ordinal)
        : eventUidFromId(product, context.instance, id),
    time: formatTime(record.timeMs),
    observed_time: formatTime(context.observedMs),
    source: {
      product,
      instance: context.instance,
      kind: 'issuer',
      ...(shownType !== undefined && { record_type: shownType }),
    },
    action: meaning.action,
    outcome: failed ? 'failure' : 'success',
  };
  const reason = failed ? reasonOf(error ?? '', values.get('reason'), credentialType) : undefined;
  const detail = failed ? detailText(error, values.get('reason')) : undefined;
  const token = admin === undefined ? tokenOf(subject, meaning) : undefined;
  const principal = principalOf(subject, meaning);
  const address = client === undefined ? undefined : parseClientAddress(client);
  const userAgent = longText(values.get('user_agent'));
  const caller = meaning.clientOwnsToken ? undefined : callerOf(values.get('clientId'));
  const session = safeId(sessionOf(subject), context.fingerprinter);
  const attributes = attributesOf(record, realm);
  if (reason !== undefined) event.reason = reason;
  if (detail !== undefined) event.reason_detail = detail;
  if (token !== undefined) event.token = token;
  if (principal !== undefined) event.principal = principal;
  if (address !== undefined) event.client = address;
  if (userAgent !== undefined) event.user_agent = userAgent;
  if (caller !== undefined) event.caller = caller;
  if (admin !== undefined) {
    const path = longText(pathOf(values.get('resourcePath')));
    event.target = compact({ service: product, method: shortText(admin), path });
  }
  if (session !== undefined) event.session_uid = session;
  if (attributes !== undefined) event.attributes = attributes;
  return event;
}

type Draft = { -readonly [K in keyof TokenEvent]: TokenEvent[K] };

const pathOf = (path: string | undefined): string | undefined =>
  path === undefined ? undefined : redactUrl(path.slice(0, 4096)).path;

/** The resource server that asks about a token it was shown. */
function callerOf(clientId: string | undefined): TokenEvent['caller'] | undefined {
  const service = shortText(clientId);
  return service === undefined ? undefined : { service };
}

function createSource(options: KeycloakOptions): Source {
  return {
    product,
    kind: 'issuer',
    framing: 'line',
    parse(raw: string, context: ParseContext): Result<readonly TokenEvent[], ParseError> {
      const records = readRecords(raw, options.timezone);
      if (!records.ok) return records;
      const events = records.value.map((record, ordinal) => eventOf(record, context, options, ordinal));
      return ok(events.filter((event) => event !== undefined));
    },
    split: (document) => ok(splitDocument(document, [])),
  };
}

/** Keycloak events from the jboss-logging listener (text and JSON), the Admin REST API and custom listeners. */
export const keycloakFactory: SourceFactory = {
  product,
  kinds: ['issuer'],
  variants: [],
  create: (options) => createSource(readOptions(options)),
  recognise({ text, json: whole }) {
    const json: unknown = Array.isArray(whole) ? whole[0] : whole;
    if (!isObject(json)) {
      return /\[(?:org\.keycloak|org\.key[a-z]*)\.events\]|\btype="?[A-Z_]+"?, realmId=/.test(text.slice(0, 2048))
        ? { confidence: 1, reason: 'a line of the logger org.keycloak.events' }
        : undefined;
    }
    if (readText(json, 'loggerName')?.startsWith('org.keycloak.events') === true)
      return { confidence: 1, reason: 'the logger org.keycloak.events' };
    const hasRealm = readText(json, 'realmId') !== undefined;
    const isEvent = readText(json, 'type') !== undefined || readText(json, 'operationType') !== undefined;
    return hasRealm && isEvent ? { confidence: 1, reason: 'realmId with an event type of Keycloak' } : undefined;
  },
};
