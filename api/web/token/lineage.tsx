import type { TokenDetail } from '../lib/api-types.js';
import { moment, parse } from '../lib/format.js';

/** Other names of the token, what it was made from and what was made from it. */
export function Lineage({ detail }: { detail: TokenDetail }) {
  const { token, children } = detail;
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
        </dd>
        <dt>Made from it</dt>
        <dd>
          {children.length === 0 ? 'nothing seen' : null}
          {children.slice(0, 10).map((child) => (
            <a key={child.token_uid} class="block" href={`/tokens/${child.token_uid}`}>
              {child.name || child.token_uid} <span class="dim">{moment(parse(child.first_seen))}</span>
            </a>
          ))}
        </dd>
        <dt>Other names</dt>
        <dd class="mono">{token.aliases.map((alias) => `${alias.kind} ${alias.value}`).join(', ') || 'none'}</dd>
        <dt>Seen by</dt>
        <dd>{token.sources.join(', ')}</dd>
      </dl>
    </section>
  );
}
