import type { MapAnswer } from '../lib/api-types.js';
import { SortableTable, type Column } from '../shell/sortable-table.js';
import { count, moment, parse } from '../lib/format.js';
import { isRest } from './lane-order.js';
import { badgeOf, changeOf, laneTitle, nameOf, seenFrom, type Leaf } from './words.js';

interface Row {
  readonly key: string;
  readonly lanes: string;
  readonly from: string;
  readonly to: string;
  readonly tokenUid: string;
  readonly calls: number;
  readonly failures: number;
  readonly before: number | null;
  readonly change: string;
  readonly state: string;
  readonly seenFrom: string;
  readonly first: string;
  readonly last: string;
}

const columns: readonly Column<Row>[] = [
  { title: 'Lanes', value: (row) => row.lanes, short: true },
  { title: 'From', value: (row) => row.from },
  {
    title: 'To',
    value: (row) => row.to,
    show: (row) => (row.tokenUid === '' ? row.to : <a href={`/tokens/${row.tokenUid}`}>{row.to}</a>),
  },
  { title: 'Calls', value: (row) => row.calls, show: (row) => count(row.calls), number: true },
  { title: 'Failed', value: (row) => row.failures, show: (row) => count(row.failures), number: true },
  {
    title: 'Before',
    value: (row) => row.before ?? -1,
    show: (row) => (row.before === null ? '' : count(row.before)),
    csv: (row) => row.before ?? '',
    number: true,
  },
  { title: 'Change', value: (row) => row.change, number: true },
  { title: 'State', value: (row) => row.state },
  { title: 'Logged by', value: (row) => row.seenFrom },
  {
    title: 'First call',
    value: (row) => row.first,
    show: (row) => (row.first === '' ? '' : moment(parse(row.first))),
    short: true,
  },
  {
    title: 'Last call',
    value: (row) => row.last,
    show: (row) => (row.last === '' ? '' : moment(parse(row.last))),
    short: true,
  },
];

/** The same rows as the map, edges not drawn included as one row of each kind, so that the sums are the store's. */
export function EdgeTable({ map, leaf }: { map: MapAnswer; leaf: Leaf }) {
  return (
    <SortableTable
      caption="Connections"
      file="tourniquet-map.csv"
      columns={columns}
      rows={rowsOf(map, leaf)}
      keyOf={(row) => row.key}
      sortedBy="Calls"
    />
  );
}

function rowsOf(map: MapAnswer, leaf: Leaf): Row[] {
  const nodes = new Map(map.nodes.map((node) => [node.id, node]));
  const lanesOf = (layer: MapAnswer['layers'][number]['layer']): string => {
    const [from, to] = (
      {
        caller_service: ['caller', 'service'],
        service_leaf: ['service', 'leaf'],
        leaf_network: ['leaf', 'network'],
      } as const
    )[layer];
    return `${laneTitle(from, leaf)} → ${laneTitle(to, leaf).toLowerCase()}`;
  };
  const title = (id: string): string => {
    const node = nodes.get(id);
    if (node === undefined) return '';
    return isRest(node) ? `${count(node.nodes)} others` : nameOf(node, leaf);
  };
  const rows = map.edges.map((edge): Row => {
    const target = nodes.get(edge.target);
    return {
      key: `${edge.layer} ${edge.source} ${edge.target}`,
      lanes: lanesOf(edge.layer),
      from: title(edge.source),
      to: title(edge.target),
      tokenUid: leaf === 'tokens' && target?.lane === 'leaf' ? target.name : '',
      calls: edge.requests,
      failures: edge.failures,
      before: edge.before === null ? null : edge.before.requests,
      change: changeOf(edge),
      state: badgeOf(edge) === null ? 'as usual' : edge.alert === null ? edge.state : `alert ${edge.alert}`,
      seenFrom: seenFrom(edge),
      first: edge.first_time,
      last: edge.last_time,
    };
  });
  for (const layer of map.layers) {
    for (const part of ['rest', 'hubs'] as const) {
      const counted = layer[part];
      if (counted.edges === 0) continue;
      rows.push({
        key: `${layer.layer} ${part}`,
        lanes: lanesOf(layer.layer),
        from:
          part === 'rest' ? `${count(counted.edges)} other connections` : `${count(counted.edges)} connections of hubs`,
        to: '',
        tokenUid: '',
        calls: counted.requests,
        failures: counted.failures,
        before: null,
        change: '',
        state: '',
        seenFrom: seenFrom(counted),
        first: '',
        last: '',
      });
    }
  }
  return rows;
}
