import type { Page, Token } from '../lib/api-types.js';
import { count, moment, parse } from '../lib/format.js';
import { useJson } from '../lib/load.js';
import { openByToken } from '../lib/open-alerts.js';
import { query } from '../lib/router.js';
import { SeverityBadge } from '../shell/badge.js';
import { Failure } from '../shell/failure.js';
import { SortableTable, type Column } from '../shell/sortable-table.js';

const LIMIT = 500;

const when = (iso: string | null): string => (iso === null ? '' : moment(parse(iso)));

const alertWord = ({ token_uid: uid }: Token): string => {
  const severity = openByToken.value.get(uid);
  return severity === undefined ? '' : `alert ${severity}`;
};

function AlertBadge({ uid }: { uid: string }) {
  const severity = openByToken.value.get(uid);
  return severity === undefined ? null : (
    <>
      <span class="sr-only">open alert </span>
      <SeverityBadge severity={severity} />
    </>
  );
}

const columns: readonly Column<Token>[] = [
  {
    title: 'Token',
    value: (token) => token.name || token.token_uid,
    show: (token) => (
      <a class="mono" href={`/tokens/${token.token_uid}`}>
        {token.name || token.token_uid}
      </a>
    ),
    csv: (token) => token.token_uid,
  },
  { title: 'Principal', value: (token) => token.principal_name || token.principal_id },
  { title: 'Kind', value: (token) => token.kinds.join(', ') },
  { title: 'Seen by', value: (token) => token.sources.join(', ') },
  { title: 'Uses', value: (token) => token.uses, show: (token) => count(token.uses), number: true },
  { title: 'Failed', value: (token) => token.failures, show: (token) => count(token.failures), number: true },
  { title: 'First seen', value: (token) => token.first_seen, show: (token) => when(token.first_seen), short: true },
  { title: 'Last seen', value: (token) => token.last_seen, show: (token) => when(token.last_seen), short: true },
  {
    title: 'State',
    value: (token) => [alertWord(token), token.revoked_at === null ? '' : 'revoked'].filter(Boolean).join(', '),
    show: (token) => (
      <>
        <AlertBadge uid={token.token_uid} /> {token.revoked_at === null ? '' : 'revoked'}
      </>
    ),
  },
];

/** An issuer's log of a refresh tells whose token it is by id alone; another token of theirs may tell the name. */
function named(tokens: readonly Token[]): readonly Token[] {
  const names = new Map(
    tokens.map((token) => [token.principal_uid, token.principal_name] as const).filter(([, name]) => name !== ''),
  );
  return tokens.map((token) => ({
    ...token,
    principal_name: token.principal_name || (names.get(token.principal_uid) ?? ''),
  }));
}

/** The inventory, latest seen first, or what a search finds in it. */
export function TokensPage() {
  const q = query.value.get('q') ?? '';
  const ask = new URLSearchParams({ limit: String(LIMIT), ...(q === '' ? {} : { q }) });
  const loaded = useJson<Page<Token>>(`/v1/tokens?${ask.toString()}`);
  const { value, error } = loaded.value;
  return (
    <main id="main" class="tokens-page">
      <div class="page-head">
        <h1>{q === '' ? 'Tokens' : `Tokens that match “${q}”`}</h1>
        {q === '' ? null : <a href="/tokens">all tokens</a>}
      </div>
      <Failure error={error} />
      {value === null ? (
        <p class="empty">{error === null ? 'Reading…' : ''}</p>
      ) : value.items.length === 0 ? (
        <p class="empty">
          {q === '' ? 'No token has been seen yet.' : 'No token, key id or principal holds these letters.'}
        </p>
      ) : (
        <SortableTable
          caption={value.next_cursor === null ? 'Inventory' : `Inventory, the latest ${LIMIT}; search for others`}
          file="tourniquet-tokens.csv"
          columns={columns}
          rows={named(value.items)}
          keyOf={(token) => token.token_uid}
        />
      )}
    </main>
  );
}
