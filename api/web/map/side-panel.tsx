import type { Alert, MapAnswer, MapEdge, MapNode, Page } from '../lib/api-types.js';
import { count, moment, parse, percent, rate, span } from '../lib/format.js';
import { useJson } from '../lib/load.js';
import { byGravity } from '../lib/open-alerts.js';
import { withQuery } from '../lib/router.js';
import { networkSql, sqlLink } from '../lib/sql.js';
import { SeverityBadge } from '../shell/badge.js';
import { isRest } from './lane-order.js';
import { badgeOf, changeOf, isNamedNetwork, nameOf, type Leaf } from './words.js';

interface PanelProps {
  readonly map: MapAnswer;
  readonly leaf: Leaf;
  readonly windowMs: number;
  readonly selected: MapNode | null;
  readonly onSelect: (id: string | null) => void;
}

/** Beside the map, always there, so that nothing moves: the chosen box, or what is open and how to read the picture. */
export function SidePanel(props: PanelProps) {
  return (
    <aside class="panel side" aria-label="Details">
      {props.selected === null ? <Overview map={props.map} /> : <Chosen {...props} node={props.selected} />}
    </aside>
  );
}

function Overview({ map }: { map: MapAnswer }) {
  const { from, to } = map.window;
  const alerts = useJson<Page<Alert>>(`/v1/alerts?${new URLSearchParams({ from, to, limit: '50' }).toString()}`);
  // Only five stand here, so a grave one must not hide behind later ones.
  const open = (alerts.value.value?.items ?? [])
    .filter((alert) => alert.state === 'open' || alert.state === 'acknowledged')
    .sort(byGravity);
  return (
    <>
      <h2>Alerts in this window</h2>
      {open.length === 0 ? (
        <p class="dim">{alerts.value.value === null ? 'Reading…' : 'None is open.'}</p>
      ) : (
        <ul class="alert-list">
          {open.slice(0, 5).map((alert) => (
            <li key={alert.alert_uid}>
              <a href={`/alerts/${alert.alert_uid}`}>
                <SeverityBadge severity={alert.severity} />
                <strong>
                  {alert.principal_name ||
                    alert.token_name ||
                    alert.token_uid ||
                    alert.principal_uid ||
                    alert.entity_uid}
                </strong>
              </a>
              <p>{alert.title}</p>
              <p class="dim">
                {moment(parse(alert.first_seen))} ·{' '}
                {alert.client_addresses.slice(0, 2).join(', ') || 'address not named'} →{' '}
                {alert.target_services.slice(0, 2).join(', ') || 'service not named'}
              </p>
            </li>
          ))}
        </ul>
      )}
      {open.length > 5 ? <a href="/alerts">All {open.length} alerts</a> : null}
      <h2>How to read it</h2>
      <dl class="legend">
        <dt>
          <i class="line line-alert" />
        </dt>
        <dd>part of an open alert</dd>
        <dt>
          <i class="line line-new" />
        </dt>
        <dd>new: not in the window compared with</dd>
        <dt>
          <i class="line line-more" />
        </dt>
        <dd>much more or less than then</dd>
        <dt>
          <i class="line line-gone" />
        </dt>
        <dd>gone: only in the window compared with</dd>
        <dt>
          <i class="line line-steady" />
        </dt>
        <dd>as usual; wider is busier</dd>
      </dl>
      <p class="dim keys">
        <kbd>/</kbd> search <kbd>t</kbd> table <kbd>↑</kbd>
        <kbd>↓</kbd> in the lane <kbd>←</kbd>
        <kbd>→</kbd> along the busiest edge <kbd>Enter</kbd> open <kbd>Esc</kbd> back
      </p>
    </>
  );
}

function Chosen({ map, leaf, windowMs, node, onSelect }: PanelProps & { node: MapNode }) {
  const badge = badgeOf(node);
  const calls = node.requests;
  const before = node.before === null ? null : node.before.requests;
  const token = node.lane === 'leaf' && leaf === 'tokens' && node.name !== '';
  return (
    <>
      <div class="panel-head">
        <h2>{nameOf(node, leaf)}</h2>
        <button type="button" class="plain" aria-label="Close details" onClick={() => onSelect(null)}>
          ✕
        </button>
      </div>
      {node.label === node.name ? null : <p class="mono dim clip">{node.name}</p>}
      <dl class="facts">
        <dt>Calls</dt>
        <dd>
          {count(calls)} <span class="dim">({rate(calls, windowMs)})</span>
        </dd>
        <dt>Failed</dt>
        <dd>
          {count(node.failures)} <span class="dim">({percent(node.failures / Math.max(1, node.requests))})</span>
        </dd>
        {before === null ? null : (
          <>
            <dt>Before</dt>
            <dd>
              {count(before)} <span class="dim">{changeOf(node)}</span>
            </dd>
          </>
        )}
        {badge === null ? null : (
          <>
            <dt>State</dt>
            <dd>
              <span class={`badge tone-${badge.tone}`}>
                <span aria-hidden="true">{badge.sign}</span> {node.alert === null ? node.state : `alert ${badge.word}`}
              </span>
            </dd>
          </>
        )}
      </dl>
      <p class="actions">
        {token ? (
          <a class="button primary" href={`/tokens/${node.name}`}>
            Open token
          </a>
        ) : null}
        {token ? (
          <a class="button" href={withQuery({ token_uid: node.name, service: null })}>
            Only its calls
          </a>
        ) : null}
        {(node.lane === 'service' || node.lane === 'caller') && node.name !== '' ? (
          <a class="button" href={withQuery({ service: node.name, token_uid: null })}>
            Only its calls
          </a>
        ) : null}
        {node.lane === 'network' && node.name !== '' && !isRest(node) ? (
          <a
            class="button"
            href={sqlLink(networkSql(node.name, isNamedNetwork(node), parse(map.window.from), parse(map.window.to)))}
          >
            Its addresses
          </a>
        ) : null}
      </p>
      <Connections map={map} leaf={leaf} node={node} side="in" onSelect={onSelect} />
      <Connections map={map} leaf={leaf} node={node} side="out" onSelect={onSelect} />
    </>
  );
}

interface ConnectionsProps {
  readonly map: MapAnswer;
  readonly leaf: Leaf;
  readonly node: MapNode;
  readonly side: 'in' | 'out';
  readonly onSelect: (id: string) => void;
}

function Connections({ map, leaf, node, side, onSelect }: ConnectionsProps) {
  const other = (edge: MapEdge): string => (side === 'in' ? edge.source : edge.target);
  const edges = map.edges
    .filter((edge) => (side === 'in' ? edge.target : edge.source) === node.id)
    .sort((a, b) => Number(b.alert !== null) - Number(a.alert !== null) || b.requests - a.requests);
  const known = new Map(map.nodes.map((one) => [one.id, one]));
  if (edges.length === 0) return null;
  return (
    <table class="small">
      <caption>{side === 'in' ? '← from the left' : 'to the right →'}</caption>
      <thead class="sr-only">
        <tr>
          <th scope="col">Box</th>
          <th scope="col">State</th>
          <th scope="col">Calls</th>
        </tr>
      </thead>
      <tbody>
        {edges.map((edge) => {
          const end = known.get(other(edge));
          if (end === undefined) return null;
          const badge = badgeOf(edge);
          const name = isRest(end) ? `+${count(end.nodes)} more` : nameOf(end, leaf);
          return (
            <tr key={other(edge)}>
              <td class="clip">
                {isRest(end) ? (
                  name
                ) : (
                  <button type="button" class="link" onClick={() => onSelect(end.id)}>
                    {name}
                  </button>
                )}
              </td>
              <td>
                {badge === null ? null : (
                  <span
                    class={`badge tone-${badge.tone}`}
                    title={`first call ${span(Date.parse(map.window.to) - parse(edge.first_time))} before the end`}
                  >
                    <span aria-hidden="true">{badge.sign}</span> {badge.word}
                  </span>
                )}
              </td>
              <td class="number">{count(edge.requests)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
