import { z } from 'zod';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { PrincipalFacts } from '../../event/token-event.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { auditSourceFactory } from '../shared/audit-source.js';
import { AttributeList } from '../shared/facts.js';
import {
  digText,
  digValue,
  isObject,
  type JsonObject,
  readObject,
  readText,
  readTexts,
} from '../shared/json-reader.js';
import { auditPrincipal } from '../shared/names.js';
import { refuse } from '../shared/refuse.js';
import type { ParseContext, ParseError } from '../source.js';
import { isListed, isPosted, readEvent, type ZitadelEvent } from './event.js';
import { meaningOf } from './event-types.js';
import { tokenOfEvent } from './token.js';

const product = 'zitadel';
const mend = 'Send events of Zitadel’s Event API, or as an action of version 2 posts them.';

const optionsSchema = z.strictObject({
  issuer: z.url().optional().describe('`iss` of the instance’s tokens, `https://<domain>`, so that a proxy’s view joins.'),
}); // prettier-ignore
type ZitadelOptions = z.output<typeof optionsSchema>;

/** Zitadel's own parts as editors: its login pages, projections and set-up. */
const systemEditor = /^[A-Z][A-Z_-]{2,}$/;

/** One fact has several spellings, by the age of the event type. */
function firstText(payload: JsonObject, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = readText(payload, name);
    if (text !== undefined) return text;
  }
  return undefined;
}

const clientIdOf = (payload: JsonObject): string | undefined =>
  firstText(payload, 'clientID', 'clientId', 'ClientID', 'client_id', 'applicationId');

/** The user that the event is of: its aggregate, or whom its payload names. */
function ownerOf({ type = '', aggregateType, aggregateId, payload }: ZitadelEvent, issuer: string, fp: Fingerprinter): PrincipalFacts | undefined {
  const isUser = aggregateType === 'user';
  const id = isUser ? aggregateId : firstText(payload, 'userID', 'userId', 'UserID', 'user_id');
  const isMachine = isUser && /^user\.(?:machine|pat)\./.test(type);
  const name = readText(payload, 'userName');
  return auditPrincipal({ kind: isMachine ? 'service_account' : 'user', issuer, id, name, clientId: clientIdOf(payload) }, fp);
} // prettier-ignore

function editorOf({ editorId, editorName }: ZitadelEvent, issuer: string, fp: Fingerprinter): PrincipalFacts | undefined {
  if (editorId === undefined || systemEditor.test(editorId)) return undefined;
  return auditPrincipal({ kind: 'user', issuer, id: editorId, name: editorName }, fp);
} // prettier-ignore

/** Where the browser was: `user_agent` of a session, `userAgent` of an OIDC session, `browserInfo` of the first login. */
function clientOf(payload: JsonObject): { readonly address?: string | undefined; readonly agent?: string | undefined } {
  const agent = readObject(payload, 'user_agent') ?? readObject(payload, 'userAgent') ?? readObject(payload, 'UserAgent');
  const browser = readObject(payload, 'browserInfo') ?? {};
  const headers = digValue(agent ?? {}, 'header');
  const header = isObject(headers) ? (readTexts(headers, 'user-agent') ?? readTexts(headers, 'User-Agent'))?.[0] : undefined;
  return {
    address: readText(agent ?? {}, 'ip') ?? readText(browser, 'remoteIP'),
    agent: header ?? readText(browser, 'userAgent'),
  };
} // prettier-ignore

/** Actions of an administrator on things that are nobody's credential: the one who acted is the principal. */
const ofEditor = new Set(['policy_change', 'admin', 'grant', 'create', 'delete', 'rotate']);

function read(record: JsonObject, { instance, fingerprinter: fp }: ParseContext, options: ZitadelOptions): Result<AuditRecord, ParseError> {
  const event = readEvent(record);
  const { type, timeMs, aggregateType, aggregateId, sequence, payload } = event;
  if (type === undefined) return refuse(product, '/type', 'The event has no type.', mend);
  if (timeMs === undefined) return refuse(product, event.timeField, 'The event has no time with a zone.', mend);
  const meaning = meaningOf(type);
  const outcome = meaning.outcome ?? 'unknown';
  const issuer = options.issuer ?? `zitadel:${instance}`;
  const owner = ownerOf(event, issuer, fp);
  const editor = editorOf(event, issuer, fp);
  const client = clientOf(payload);
  const attributes = new AttributeList();
  if (editor !== undefined && editor.principal_uid !== owner?.principal_uid) attributes.add('actor', editor.principal_uid);
  attributes.add('aggregate_type', aggregateType);
  if (aggregateType !== 'user' && aggregateType !== 'session') attributes.add('aggregate_id', aggregateId);
  attributes.add('resource_owner', event.resourceOwner);
  attributes.add('auth_methods', readTexts(payload, 'authMethods')?.slice(0, 16).join(' '));
  attributes.add('token_reason', readText(payload, 'reason'));
  attributes.add('impersonator', digText(payload, 'actor', 'user_id') ?? digText(payload, 'actor', 'userId'));
  attributes.add('idp_id', readText(payload, 'idpId') ?? readText(payload, 'selectedIDPConfigID'));
  if (type === 'user.token.v2.added') attributes.add('token_id', readText(payload, 'tokenId'));
  const isSession = aggregateType === 'session';
  return ok({
    id: sequence === undefined || aggregateId === undefined ? undefined : `${aggregateType ?? ''}|${aggregateId}|${sequence}`,
    timeMs,
    recordType: type,
    action: meaning.action,
    outcome,
    reason: meaning.reason ?? (outcome === 'failure' ? 'other' : undefined),
    detail: outcome === 'failure' ? [readText(payload, 'reason'), readText(payload, 'description')] : [],
    token: tokenOfEvent(event, { issuer, fp }),
    principal: owner ?? (ofEditor.has(meaning.action) ? editor : undefined),
    address: client.address,
    userAgent: client.agent,
    target: { service: product, method: type },
    sessionId: isSession ? aggregateId : firstText(payload, 'sessionID', 'SessionID', 'session_id'),
    attributes,
  });
} // prettier-ignore

/** Zitadel's events: the Event API's lists, and what an action of version 2 posts. */
export const zitadelFactory = auditSourceFactory<ZitadelOptions>({
  product,
  kind: 'issuer',
  envelope: {
    lists: ['events', 'records'],
    inner: ['event', 'data', 'message'],
    isRecord: (object) => isPosted(object) || isListed(object),
  },
  options: optionsSchema,
  read,
  recognise: (record) =>
    isPosted(record) || (isListed(record) && readText(record, 'creationDate') !== undefined)
      ? { confidence: 1, reason: 'aggregate and type of a Zitadel event' }
      : undefined,
});
