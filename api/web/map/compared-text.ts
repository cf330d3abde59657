import type { MapAnswer, MapEdge } from '../lib/api-types.js';
import { count, moment, parse } from '../lib/format.js';

interface Compared {
  readonly compared_with: MapAnswer['compared_with'];
  readonly nodes: readonly Pick<MapEdge, 'before'>[];
  readonly edges: readonly Pick<MapEdge, 'before' | 'alert' | 'state'>[];
}

/**
 * What the window compared with says: nothing where none was asked for or nothing is drawn, how many connections changed else. A box has
 * no past where nothing is known of that time, and one of zero calls where something is, but not of what the filter lets through.
 */
export function comparedText({ compared_with: compared, nodes, edges }: Compared): string {
  // Connections of hubs are in no list, but their boxes are.
  const drawn = [...nodes, ...edges];
  if (compared === null || drawn.length === 0) return '';
  const when = `${moment(parse(compared.from))} – ${moment(parse(compared.to))}`;
  const pasts = drawn.flatMap(({ before }) => (before === null ? [] : [before.requests]));
  if (pasts.length === 0) return ` · no call is known of ${when}, so nothing is marked as new`;
  if (pasts.every((requests) => requests === 0)) return ` · no call of ${when} passes this filter, so all is new`;
  const changed = edges.filter((edge) => edge.alert !== null || edge.state !== 'steady').length;
  return ` · ${count(changed)} changed or alerting, compared with ${when}`;
} // prettier-ignore
