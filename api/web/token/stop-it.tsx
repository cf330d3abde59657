import type { Token, Usual } from '../lib/api-types.js';
import { count } from '../lib/format.js';
import { CopyButton } from '../shell/copy-button.js';
import { revocationsOf } from './revocation.js';
import { valuesOf } from './token-words.js';

/** What ends the token, and what would break with it. */
export function StopIt({ token, usual }: { token: Token; usual: Usual | null }) {
  const ways = revocationsOf(token);
  const callers = valuesOf(usual, 'caller_service').filter((value) => value.before > 0);
  const services = valuesOf(usual, 'target_service').filter((value) => value.before > 0);
  return (
    <section class="panel" aria-labelledby="stop-it">
      <h2 id="stop-it">Stop it</h2>
      <p>
        What would break: <strong>{count(callers.length)}</strong> {callers.length === 1 ? 'caller' : 'callers'}
        {callers.length === 0
          ? ''
          : ` (${callers
              .slice(0, 3)
              .map((value) => value.value)
              .join(', ')})`}{' '}
        used it on <strong>{count(services.length)}</strong> {services.length === 1 ? 'service' : 'services'} in the
        four weeks before.
      </p>
      {ways.length === 0 ? (
        <p class="dim">No revocation is known for this kind of token: no source names its issuer.</p>
      ) : (
        <ol class="ways">
          {ways.map((way) => (
            <li key={way.title}>
              <h3>{way.title}</h3>
              <pre class="sql" tabIndex={0} aria-label={way.title}>
                {way.command}
              </pre>
              <p class="dim">{way.note}</p>
              <CopyButton text={() => way.command}>Copy command</CopyButton>
            </li>
          ))}
        </ol>
      )}
      <p class="dim">Tourniquet does not revoke by itself: run it where you hold the rights.</p>
    </section>
  );
}
