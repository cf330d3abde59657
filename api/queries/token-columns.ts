import { z } from 'zod';
import { count, text, texts, time, timeOrNull } from './columns.js';

const pairs = z.array(z.tuple([text, text])).transform((list) => list.map(([kind, value]) => ({ kind, value })));

/** What is known of a token without what it did, as `token_facts` gives it. */
export const factsRow = z.object({
  token_uid: text,
  name: text,
  key_id: text,
  kinds: texts,
  identities: texts,
  sources: texts,
  issuers: texts,
  scopes: texts,
  audience: texts,
  aliases: pairs,
  parents: pairs,
  principal_uid: text,
  principal_kind: text,
  principal_id: text,
  principal_name: text,
  first_seen: time,
  last_seen: time,
  last_use: timeOrNull,
  last_failure: timeOrNull,
  issued_at: timeOrNull,
  expires_at: timeOrNull,
  revoked_at: timeOrNull,
  events: count,
  secrets: count,
});

/** One row of the inventory, as `tokens_v1` gives it. */
export const tokenRow = factsRow.extend({ uses: count, failures: count });

export const factsColumns = Object.keys(factsRow.shape).join(', ');
export const tokenColumns = Object.keys(tokenRow.shape).join(', ');
