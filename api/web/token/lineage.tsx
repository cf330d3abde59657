import type { TokenDetail } from '../lib/api-types.js';
import { moment, parse } from '../lib/format.js';

/** Tokens that names tie to this one, each a link. */
const Relatives = ({ tokens }: { tokens: TokenDetail['children'] }) => (
  <>
    {tokens.slice(0, 10).map((token) => (
      <a key={token.token_uid} class="block" href={`/tokens/${token.token_uid}`}>
        {token.name || token.token_uid} <span class="dim">{moment(parse(token.first_seen))}</span>
      </a>
    ))}
  </>
);

/** Other names of the token, what it was made from and what was made from it. */
export function Lineage({ detail }: { detail: TokenDetail }) {
  const { token, children, made_from, rotated_to, same_as, revoked_at } = detail;
  return (
    <section class="panel" aria-labelledby="lineage">
      <h2 id="lineage">Lineage</h2>
      <dl class="facts">
        <dt>Principal</dt>
        <dd>
          {token.principal_name || token.principal_id || 'not observed'}{' '}
          {token.principal_uid === '' ? null : (
            <a href={`/tokens?${new URLSearchParams({ q: token.principal_uid }).toString()}`}>its tokens</a>
          )}
        </dd>
        <dt>Made from</dt>
        <dd>
          {token.parents.map((parent) => `${parent.kind} ${parent.value}`).join(', ') ||
            'not observed: no event names a parent'}
          <Relatives tokens={made_from} />
        </dd>
        <dt>Made from it</dt>
        <dd>
          {children.length === 0 ? 'nothing seen' : null}
          <Relatives tokens={children} />
        </dd>
        {rotated_to.length === 0 ? null : (
          <>
            <dt>Replaced by</dt>
            <dd>
              <Relatives tokens={rotated_to} />
            </dd>
          </>
        )}
        {same_as.length === 0 ? null : (
          <>
            <dt>Also in the inventory as</dt>
            <dd>
              <Relatives tokens={same_as} />
            </dd>
          </>
        )}
        {revoked_at === null ? null : (
          <>
            <dt>Revoked</dt>
            <dd>{moment(parse(revoked_at))}</dd>
          </>
        )}
        <dt>Other names</dt>
        <dd class="mono">{token.aliases.map((alias) => `${alias.kind} ${alias.value}`).join(', ') || 'none'}</dd>
        <dt>Seen by</dt>
        <dd>{token.sources.join(', ')}</dd>
      </dl>
    </section>
  );
}
