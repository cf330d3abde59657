import type { Lane, MapEdge, MapNode } from '../lib/api-types.js';
import { count } from '../lib/format.js';

/** How boxes and edges are put into words; no state is told by colour alone. */
export type Leaf = 'tokens' | 'routes';

export const laneTitle = (lane: Lane, leaf: Leaf): string =>
  ({ caller: 'Callers', service: 'Services', leaf: leaf === 'tokens' ? 'Tokens' : 'Routes', network: 'Networks' })[
    lane
  ];

export const kindOf = (lane: Lane, leaf: Leaf): string =>
  ({ caller: 'caller', service: 'service', leaf: leaf === 'tokens' ? 'token' : 'route', network: 'network' })[lane];

const networkWords: Readonly<Record<string, string>> = {
  egress: 'own egress',
  office: 'own offices',
  vpn: 'own VPN',
  proxy: 'own proxies',
  hosting: 'hosting, by name',
  partner: 'partners',
  tor: 'Tor',
};

const groupWords: Readonly<Record<string, string>> = {
  user: 'of users',
  client: 'of clients',
  service_account: 'of service accounts',
  role: 'of roles',
  workload: 'of workloads',
  unknown: 'of owners of unknown kind',
};

/** What the boxes of a group have in common. */
export function groupTitle(lane: Lane, group: string): string {
  if (lane === 'caller' || lane === 'service') return `namespace ${group}`;
  return (lane === 'network' ? networkWords : groupWords)[group] ?? group;
}

/** Whether the operator named the network, rather than its addresses. */
export const isNamedNetwork = ({ lane, group }: Pick<MapNode, 'lane' | 'group'>): boolean =>
  lane === 'network' && Object.hasOwn(networkWords, group);

/** What a box is called; sources do not always name an end. */
export function nameOf(node: Pick<MapNode, 'lane' | 'label' | 'name'>, leaf: Leaf): string {
  if (node.name !== '') return node.lane === 'leaf' && leaf === 'routes' ? routeOf(node.label) : node.label;
  return {
    caller: 'outside or unknown',
    service: 'service not named',
    leaf: leaf === 'tokens' ? 'no token named' : 'route not named',
    network: 'address not named',
  }[node.lane];
}

/** `orders GET /v1/orders/{id}` without its service, which the lane before shows. */
const routeOf = (label: string): string => label.slice(label.indexOf(' ') + 1);

type Standing = Pick<MapEdge, 'requests' | 'failures' | 'before' | 'state' | 'alert'>;

/** `×31`, `+4 %`, `−60 %`; empty where nothing was compared or there was nothing before. */
export function changeOf(one: Standing): string {
  if (one.before === null) return '';
  const [before, now] = [one.before.requests, one.requests];
  if (before === 0 || now === 0) return '';
  const ratio = now / before;
  if (ratio >= 2) return `×${ratio < 10 ? ratio.toFixed(1).replace(/\.0$/, '') : ratio.toFixed(0)}`;
  const hundred = Math.round((ratio - 1) * 100);
  return hundred === 0 ? '±0 %' : hundred > 0 ? `+${hundred} %` : `−${-hundred} %`;
}

/** Whose logs tell of the calls; empty where there are none. */
export function seenFrom(one: Pick<MapEdge, 'requests' | 'caller_only' | 'callee_only'>): string {
  if (one.requests === 0) return '';
  if (one.caller_only === one.requests) return 'caller only';
  if (one.callee_only === one.requests) return 'callee only';
  return one.caller_only + one.callee_only === 0 ? 'both sides' : 'both sides, some one only';
}

/** The word on the badge of a box or edge, with its sign; null for what is as usual. */
export function badgeOf(one: Standing): { readonly word: string; readonly sign: string; readonly tone: string } | null {
  if (one.alert !== null) return { word: one.alert, sign: '▲', tone: `alert-${one.alert}` };
  if (one.state === 'new') return { word: 'new', sign: '◆', tone: 'new' };
  if (one.state === 'gone') return { word: 'gone', sign: '○', tone: 'gone' };
  if (one.state === 'more') return { word: changeOf(one), sign: '↑', tone: 'more' };
  if (one.state === 'less') return { word: changeOf(one), sign: '↓', tone: 'less' };
  return null;
}

const stateWords = {
  new: 'new',
  gone: 'gone',
  more: 'much more than before',
  less: 'much less than before',
  steady: '',
};

/** What a box does not show but reads out: "token ci-deploy 412/min ×31 alert high, 412 calls, 3 failed, new". */
export function restOf(node: MapNode): string {
  const parts = [`, ${count(node.requests)} calls`];
  if (node.failures > 0) parts.push(`${count(node.failures)} failed`);
  if (stateWords[node.state] !== '') parts.push(stateWords[node.state]);
  return parts.join(', ');
}
