import type { ComponentChildren } from 'preact';
import type { Alert, Baseline, Facet, Token, Usual } from '../lib/api-types.js';
import { behindText } from '../lib/behind.js';
import { nowMs } from '../lib/clock.js';
import { count, moment, parse, percent, span } from '../lib/format.js';
import { readFacet, valuesOf, type FacetReading } from './token-words.js';

interface Props {
  readonly token: Token;
  readonly usual: Usual | null;
  readonly alerts: readonly Alert[];
  readonly baseline: Baseline | null;
}

/** WHICH, FROM, BY, TOUCHES, SINCE: each with its usual value; what no sensor tells says so and why. */
export function FiveLines({ token, usual, alerts, baseline }: Props) {
  return (
    <dl class="five" aria-busy={usual === null}>
      <Line term="which">
        <Which token={token} />
      </Line>
      <Line term="from">
        <FacetLine usual={usual} dimension="client_address" why="no source names client addresses" />
      </Line>
      <Line term="by">
        <FacetLine usual={usual} dimension="user_agent" why="no source names user agents" />
        <Callers usual={usual} />
      </Line>
      <Line term="touches">
        <FacetLine usual={usual} dimension="target_route" why="no source names routes" max={4} />
        <Services usual={usual} />
      </Line>
      <Line term="since">
        <Since token={token} alerts={alerts} usual={usual} baseline={baseline} />
      </Line>
    </dl>
  );
}

const Line = ({ term, children }: { term: string; children: ComponentChildren }) => (
  <div class="line-of">
    <dt>{term.toUpperCase()}</dt>
    <dd>{children}</dd>
  </div>
);

const NotObserved = ({ why }: { why: string }) => <span class="not-observed">not observed: {why}</span>;

function Which({ token }: { token: Token }) {
  const expires = token.expires_at === null ? '' : `, expires ${moment(parse(token.expires_at))}`;
  return (
    <>
      {token.kinds.join(', ') || <NotObserved why="no source tells its kind" />}{' '}
      {token.issuers.length === 0 ? null : (
        <>
          <span class="dim">issued by</span> {token.issuers.join(', ')}
        </>
      )}
      {token.scopes.length === 0 ? null : (
        <>
          {' '}
          <span class="dim">scopes</span> {token.scopes.join(' ')}
        </>
      )}
      <span class="usual">
        {token.issued_at === null ? 'issue not observed' : `issued ${moment(parse(token.issued_at))}`}
        {expires}
        {token.revoked_at === null ? '' : `, revoked ${moment(parse(token.revoked_at))}`}
        {token.secrets > 1 ? `; ${count(token.secrets)} different secrets were presented under this name` : ''}
      </span>
    </>
  );
}

interface FacetLineProps {
  readonly usual: Usual | null;
  readonly dimension: Facet['dimension'];
  readonly why: string;
  readonly max?: number;
}

function FacetLine({ usual, dimension, why, max = 3 }: FacetLineProps) {
  if (usual === null) return <span class="dim">reading…</span>;
  const reading = readFacet(usual, dimension);
  if (reading.fresh.length === 0 && reading.known.length === 0) {
    return reading.anyBefore ? (
      <>
        no use in this window <Before reading={reading} />
      </>
    ) : (
      <NotObserved why={why} />
    );
  }
  const room = Math.max(1, max - Math.min(max - 1, reading.fresh.length));
  return (
    <>
      {reading.fresh.slice(0, max).map((value) => (
        <span key={value.value} class="value fresh" title={value.value}>
          <span class="badge tone-new">
            <span aria-hidden="true">◆</span> new
          </span>{' '}
          <strong>{short(value.value)}</strong>{' '}
          <span class="dim">
            {count(value.now)}× since {moment(parse(value.first_time))}
            {value.now_failures > 0 ? `, ${percent(value.now_failures / value.now)} refused` : ''}
          </span>
        </span>
      ))}
      {reading.fresh.length > max ? <span class="dim">and {reading.fresh.length - max} more new </span> : null}
      {reading.known.slice(0, room).map((value) => (
        <span key={value.value} class="value" title={value.value}>
          {short(value.value)} <span class="dim">{count(value.now)}×</span>
        </span>
      ))}
      <Before reading={reading} />
    </>
  );
}

const SHORT_MAX = 44;
const short = (text: string): string => (text.length <= SHORT_MAX ? text : `${text.slice(0, SHORT_MAX - 1)}…`);

const Before = ({ reading }: { reading: FacetReading }) => (
  <span class="usual">{reading.anyBefore ? `usual: ${reading.usual}` : 'usual: nothing known before this window'}</span>
);

/** Which workload carried it; the process behind it needs a sensor on the host. */
function Callers({ usual }: { usual: Usual | null }) {
  const callers = valuesOf(usual, 'caller_service').filter((value) => value.now > 0);
  return (
    <span class="usual">
      {callers.length === 0
        ? 'workload not observed: no source names the caller'
        : `through ${callers.map((value) => value.value).join(', ')}`}
      ; process not observed: no process sensor on its hosts
    </span>
  );
}

function Services({ usual }: { usual: Usual | null }) {
  const { fresh, known, usual: before } = readFacet(usual, 'target_service');
  if (fresh.length === 0 && known.length === 0) return null;
  return (
    <span class="usual">
      services: {fresh.length === 0 ? '' : `${fresh.map((value) => value.value).join(', ')} (new); `}
      {known.map((value) => value.value).join(', ')}
      {before === '' ? '' : `; usual: ${before}`}
    </span>
  );
}

const STILL_MS = 5 * 60_000;

function Since({ token, alerts, usual, baseline }: Props) {
  const last = token.last_use === null ? null : parse(token.last_use);
  const began = alerts.at(-1)?.first_seen ?? usual?.window.from;
  const busiest = [...(baseline?.hours ?? [])].sort((a, b) => b.requests - a.requests)[0];
  const upper =
    busiest?.expected == null ? null : busiest.expected + (baseline?.threshold ?? 0) * (busiest.spread ?? 0);
  return (
    <>
      {began === undefined ? null : (
        <strong>
          {moment(parse(began))} UTC {alerts.length === 0 ? <span class="dim">(window looked at)</span> : null}
        </strong>
      )}{' '}
      {last === null ? (
        <NotObserved why="no accepted use yet" />
      ) : nowMs() - last < STILL_MS ? (
        <>→ still going, last call {span(nowMs() - last)} ago</>
      ) : (
        <>
          → last call {moment(last)}, {span(nowMs() - last)} ago
        </>
      )}
      <span class="usual">
        {busiest === undefined
          ? ''
          : `busiest hour ${moment(parse(busiest.time))}: ${count(busiest.requests)} requests`}
        {busiest === undefined
          ? ''
          : upper === null
            ? '; usual not known yet'
            : `; usual ${count(Math.round(busiest.expected ?? 0))}, up to ${count(Math.round(upper))}`}
        {usual === null ? '' : behindText(usual)}
      </span>
    </>
  );
}
