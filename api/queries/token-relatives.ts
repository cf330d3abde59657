import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { text, texts, time, timeOrNull } from './columns.js';

/** Names that one token alone has, whoever says them. */
const ownNames = `('github_hashed_token', 'vault_accessor', 'vault_token_hmac', 'access_key_id', 'secret_fp')`;

/**
 * Whether a row has a name of the token: its own, a key id of the same issuer, a `jti` where one of the two does not
 * tell its issuer.
 */
const isSame = `has(own_aliases, name) AND (
    name.1 IN ${ownNames}
    OR (name.1 = 'key_id' AND hasAny(issuers, own_issuers))
    OR (name.1 = 'jti' AND (empty(issuers) OR empty(own_issuers))))`;

/**
 * Tokens that the names tie to one: what it was made from, what was made from it, and other rows of the same token.
 * All tokens of a session have its `sid`, but only the session itself is what they were made from.
 */
export const tokenRelatives = defineQuery({
  name: 'token-relatives',
  params: z.object({ token_uid: text, rows: z.number().int() }),
  row: z.object({
    token_uid: text,
    name: text,
    first_seen: time,
    last_seen: time,
    revoked_at: timeOrNull,
    made_by: texts,
    maker_by: texts,
    same_by: texts,
  }),
  sql: `
WITH
  own AS (SELECT * FROM token_facts WHERE token_uid = {token_uid:String}),
  (SELECT groupArrayArray(aliases) FROM own) AS own_aliases,
  (SELECT groupArrayArray(issuers) FROM own) AS own_issuers,
  (SELECT has(groupArrayArray(identities), 'session') FROM own) AS is_session,
  arrayConcat(
    arrayFilter(name -> name.1 != 'sid' OR is_session, own_aliases),
    arrayMap(name -> ('parent_access_key_id', name.2), arrayFilter(name -> name.1 = 'access_key_id', own_aliases))
  ) AS given,
  arrayMap(
    name -> (if(name.1 = 'parent_access_key_id', 'access_key_id', name.1), name.2),
    (SELECT groupArrayArray(parents) FROM own)
  ) AS wanted
SELECT
  token_uid,
  name,
  first_seen,
  last_seen,
  revoked_at,
  arrayDistinct(arrayMap(parent -> parent.1, arrayFilter(parent -> has(given, parent), parents))) AS made_by,
  arrayDistinct(arrayMap(alias -> alias.1, arrayFilter(
    alias -> has(wanted, alias) AND (alias.1 != 'sid' OR has(identities, 'session')), aliases))) AS maker_by,
  arrayConcat(
    arrayDistinct(arrayMap(name -> name.1, arrayFilter(name -> ${isSame}, aliases))),
    if(has(aliases, ('previous_token_uid', {token_uid:String})) OR has(own_aliases, ('previous_token_uid', token_uid)),
      ['previous_token_uid'], [])
  ) AS same_by
FROM token_facts
WHERE token_uid != {token_uid:String} AND (notEmpty(made_by) OR notEmpty(maker_by) OR notEmpty(same_by))
ORDER BY first_seen DESC, token_uid
LIMIT {rows:UInt32}`,
});
