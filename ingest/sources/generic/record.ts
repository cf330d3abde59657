import type { Action, Outcome, PrincipalFacts, Reason, TokenKind } from '../../event/token-event.js';
import { accessMeanings, type AccessMeaning } from '../shared/access-fields.js';
import { newAccessRecord, setField, type AccessRecord } from '../shared/access-record.js';
import { asText } from '../shared/json-reader.js';
import type { CompiledMapping, RecordView } from './compile.js';
import type { MappingField } from './mapping.js';

interface Draft {
  readonly record: AccessRecord;
  readonly credential: { id?: string; issuer?: string; kind?: TokenKind };
  readonly principal: { id?: string; name?: string; kind?: PrincipalFacts['kind'] };
}

/** Fields that an access log has no meaning for. Words of the vocabularies were checked by the compiler. */
const setters: Readonly<Record<Exclude<MappingField, AccessMeaning>, (draft: Draft, text: string) => void>> = {
  id: ({ record }, text) => (record.id = text),
  record_type: ({ record }, text) => (record.recordType = text),
  action: ({ record }, text) => (record.action = text as Action),
  outcome: ({ record }, text) => (record.outcome = text as Outcome),
  reason: ({ record }, text) => (record.reason = text as Reason),
  reason_detail: ({ record }, text) => (record.reasonDetail = text),
  session_id: ({ record }, text) => (record.sessionId = text),
  route: ({ record }, text) => (record.route = text),
  // As if it stood in the header that carries tokens.
  token: ({ record }, text) => (record.authorization = `Bearer ${text}`),
  credential_id: ({ credential }, text) => (credential.id = text),
  credential_issuer: ({ credential }, text) => (credential.issuer = text),
  credential_kind: ({ credential }, text) => (credential.kind = text as TokenKind),
  principal_id: ({ principal }, text) => (principal.id = text),
  principal_name: ({ principal }, text) => (principal.name = text),
  principal_kind: ({ principal }, text) => (principal.kind = text as PrincipalFacts['kind']),
};

const meanings = new Set<string>(accessMeanings);
const isMeaning = (name: MappingField): name is MappingField & AccessMeaning => meanings.has(name);

/** What the mapping reads out of one record. */
export function recordOf({ fields, attributes, mapping }: CompiledMapping, view: RecordView): AccessRecord {
  const record = newAccessRecord(mapping.product);
  const draft: Draft = { record, credential: {}, principal: {} };
  for (const [name, read] of fields) {
    const value = read(view);
    if (name === 'token' || name === 'credential_id') record.tellsCredential = true;
    if (value === undefined) continue;
    if (name === 'time') record.timeMs = typeof value === 'number' ? value : Number.NaN;
    else if (isMeaning(name)) setField(record, name, value);
    else {
      const text = asText(value);
      if (text !== undefined) setters[name](draft, text);
    }
  }
  const { id: credentialId, issuer = mapping.product, kind = 'api_key' } = draft.credential;
  if (credentialId !== undefined) record.credential = { id: credentialId, issuer, kind };
  const { name, kind: principalKind = 'unknown' } = draft.principal;
  const id = draft.principal.id ?? name;
  if (id !== undefined) record.consumer = { id, kind: principalKind, ...(name !== undefined && { name }) };
  const extra = attributes.flatMap(([key, read]): [string, string][] => {
    const text = asText(read(view));
    return text === undefined ? [] : [[key, text]];
  });
  if (extra.length > 0) record.extra = extra;
  return record;
}
