import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Lane, MapEdge, MapNode } from '../lib/api-types.js';
import { count, percent, rate } from '../lib/format.js';
import { go, withQuery } from '../lib/router.js';
import { drawEdges, type Box } from './edge-canvas.js';
import { isRest, lanes, type LaneGroup, type LaneGroups, type LaneOrder } from './lane-order.js';
import { LANE_MAX } from './map-query.js';
import { badgeOf, changeOf, groupTitle, laneTitle, kindOf, nameOf, restOf, type Leaf } from './words.js';

const FAILED_MIN = 0.1;

export interface StageProps {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
  readonly order: LaneOrder;
  readonly groups: LaneGroups;
  readonly leaf: Leaf;
  readonly windowMs: number;
  readonly selected: string | null;
  readonly onSelect: (id: string | null) => void;
}

/** Four lanes of boxes over one canvas of edges. */
export function Stage(props: StageProps) {
  const { nodes, edges, order, leaf, selected } = props;
  const stage = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const hovered = useSignal<string | null>(null);
  const active = useSignal<Readonly<Partial<Record<Lane, string>>>>({});
  const emphasised = hovered.value ?? selected;

  const draw = (): void => {
    if (stage.current === null || canvas.current === null) return;
    drawEdges(canvas.current, { edges, boxes: measure(stage.current), emphasised });
  };
  useLayoutEffect(draw);
  useEffect(() => {
    const element = stage.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    const scheme = window.matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      observer.disconnect();
      scheme.removeEventListener('change', draw);
    };
  });

  const byId = new Map(nodes.map((node) => [node.id, node]));
  const onKeyDown = (event: KeyboardEvent): void => {
    const box = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>('[data-box]') : null;
    const id = box?.dataset['box'];
    if (id === undefined) return;
    if (event.key === 'Escape') {
      props.onSelect(null);
      return;
    }
    const next = neighbour(id, event.key, stage.current, edges);
    if (next === null) return;
    event.preventDefault();
    next.focus();
  };

  return (
    <div
      class="stage"
      ref={stage}
      onKeyDown={onKeyDown}
      onFocusIn={(event) => {
        const id = event.target instanceof HTMLElement ? event.target.dataset['box'] : undefined;
        const lane = id === undefined ? undefined : byId.get(id)?.lane;
        if (id !== undefined && lane !== undefined) active.value = { ...active.peek(), [lane]: id };
      }}
    >
      <canvas ref={canvas} class="edges" aria-hidden="true" />
      {lanes.map((lane) => (
        <LaneColumn
          key={lane}
          lane={lane}
          groups={props.groups[lane]}
          boxes={order[lane].flatMap((id) => byId.get(id) ?? [])}
          rest={nodes.find((node) => node.lane === lane && isRest(node)) ?? null}
          hubs={nodes.filter((node) => node.lane === lane && node.hub)}
          leaf={leaf}
          windowMs={props.windowMs}
          selected={selected}
          active={active.value[lane] ?? null}
          onSelect={props.onSelect}
          onHover={(id) => (hovered.value = id)}
        />
      ))}
    </div>
  );
}

function measure(stage: HTMLElement): ReadonlyMap<string, Box> {
  const origin = stage.getBoundingClientRect();
  const boxes = new Map<string, Box>();
  for (const element of stage.querySelectorAll<HTMLElement>('[data-box]')) {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    boxes.set(element.dataset['box'] ?? '', {
      left: left - origin.left,
      right: right - origin.left,
      top: top - origin.top,
      bottom: bottom - origin.top,
    });
  }
  return boxes;
}

/** Where an arrow key leads: up and down in the lane, left and right along the strongest edge that is drawn. */
function neighbour(id: string, key: string, stage: HTMLElement | null, edges: readonly MapEdge[]): HTMLElement | null {
  if (stage === null) return null;
  const all = [...stage.querySelectorAll<HTMLElement>('[data-box]')];
  const here = all.find((element) => element.dataset['box'] === id);
  const column = all.filter((element) => element.closest('section') === here?.closest('section'));
  const at = here === undefined ? -1 : column.indexOf(here);
  if (key === 'ArrowDown') return column[at + 1] ?? null;
  if (key === 'ArrowUp') return at > 0 ? (column[at - 1] ?? null) : null;
  if (key === 'Home') return column[0] ?? null;
  if (key === 'End') return column.at(-1) ?? null;
  if (key !== 'ArrowLeft' && key !== 'ArrowRight') return null;
  const right = key === 'ArrowRight';
  const links = edges
    .filter((edge) => (right ? edge.source : edge.target) === id)
    .sort((a, b) => b.requests - a.requests);
  for (const link of links) {
    const end = right ? link.target : link.source;
    const found = all.find((element) => element.dataset['box'] === end);
    if (found !== undefined) return found;
  }
  return null;
}

interface LaneProps {
  readonly lane: Lane;
  readonly groups: readonly LaneGroup[];
  readonly boxes: readonly MapNode[];
  readonly rest: MapNode | null;
  readonly hubs: readonly MapNode[];
  readonly leaf: Leaf;
  readonly windowMs: number;
  readonly selected: string | null;
  readonly active: string | null;
  readonly onSelect: (id: string | null) => void;
  readonly onHover: (id: string | null) => void;
}

function LaneColumn(props: LaneProps) {
  const { lane, groups, boxes, rest, hubs, leaf, windowMs, selected, active, onSelect, onHover } = props;
  const total = boxes.length + hubs.length + (rest?.nodes ?? 0);
  const title = laneTitle(lane, leaf);
  const first = boxes.some((node) => node.id === active) ? active : (boxes[0]?.id ?? null);
  const calls = [...boxes, ...hubs, ...(rest === null ? [] : [rest])].reduce((sum, node) => sum + node.requests, 0);
  const hidden = hubs.reduce((sum, node) => sum + node.requests, 0);
  const boxOf = (node: MapNode) => (
    <li key={node.id}>
      <BoxButton
        node={node}
        leaf={leaf}
        windowMs={windowMs}
        pressed={node.id === selected}
        tabIndex={node.id === first ? 0 : -1}
        onSelect={onSelect}
        onHover={onHover}
      />
    </li>
  );
  return (
    <section class={`lane lane-${lane}`} aria-labelledby={`lane-${lane}`}>
      <h2 id={`lane-${lane}`}>
        {title} <span class="dim">{boxes.length === total ? total : `${boxes.length} of ${count(total)}`}</span>
      </h2>
      <ol>
        {inGroups(boxes, groups).map(({ name, nodes }) =>
          name === '' ? (
            nodes.map(boxOf)
          ) : (
            <li key={`group ${name}`} class="group">
              <h3>{groupTitle(lane, name)}</h3>
              <ol>{nodes.map(boxOf)}</ol>
            </li>
          ),
        )}
        {rest === null ? null : (
          <li key={rest.id}>
            <RestBox rest={rest} shown={boxes.length} windowMs={windowMs} title={title} />
          </li>
        )}
      </ol>
      {hubs.length === 0 ? null : (
        <button type="button" class="chip" onClick={() => go(withQuery({ hubs: 'show' }), 'replace')}>
          hidden: {hubs.length === 1 ? '1 hub' : `${hubs.length} hubs`}, {percent(calls === 0 ? 0 : hidden / calls)} of
          calls — show
        </button>
      )}
    </section>
  );
}

/** The boxes in their order, those of a group together; a box of no group stands alone, under an empty name. */
function inGroups(
  boxes: readonly MapNode[],
  groups: readonly LaneGroup[],
): readonly { readonly name: string; readonly nodes: readonly MapNode[] }[] {
  const groupOf = new Map(groups.flatMap(({ name, ids }) => ids.map((id) => [id, name])));
  const runs: { name: string; nodes: MapNode[] }[] = [];
  for (const node of boxes) {
    const name = groupOf.get(node.id) ?? '';
    const last = runs.at(-1);
    if (last?.name === name) last.nodes.push(node);
    else runs.push({ name, nodes: [node] });
  }
  return runs;
}

interface BoxProps {
  readonly node: MapNode;
  readonly leaf: Leaf;
  readonly windowMs: number;
  readonly pressed: boolean;
  readonly tabIndex: 0 | -1;
  readonly onSelect: (id: string | null) => void;
  readonly onHover: (id: string | null) => void;
}

function BoxButton({ node, leaf, windowMs, pressed, tabIndex, onSelect, onHover }: BoxProps) {
  const badge = badgeOf(node);
  const change = changeOf(node);
  const tone = badge === null ? '' : ` tone-${badge.tone}`;
  const facts = factsOf(node, windowMs, badge === null ? '' : change);
  return (
    <button
      type="button"
      class={`box${tone}${node.name === '' ? ' unnamed' : ''}`}
      data-box={node.id}
      tabIndex={tabIndex}
      aria-pressed={pressed}
      title={`${nameOf(node, leaf)}: ${facts}`}
      onClick={() => onSelect(pressed ? null : node.id)}
      onMouseEnter={() => onHover(node.id)}
      onMouseLeave={() => onHover(null)}
    >
      <span class="sr-only">{kindOf(node.lane, leaf)} </span>
      <span class="box-name">{nameOf(node, leaf)}</span>
      <span class="box-facts">{facts}</span>
      {badge === null ? (
        <span class="box-change">{change}</span>
      ) : (
        <span class="badge">
          {node.alert === null ? null : <span class="sr-only">alert </span>}
          <span aria-hidden="true">{badge.sign}</span> {badge.word}
        </span>
      )}
      <span class="sr-only">{restOf(node)}</span>
    </button>
  );
}

/**
 * Failures are told only where they are many: every service fails a little. They come first, since a narrow box cuts what stands
 * last.
 */
function factsOf(node: MapNode, windowMs: number, change: string): string {
  const failed = node.failures / Math.max(1, node.requests);
  const parts = failed >= FAILED_MIN ? [`${percent(failed)} fail`] : [];
  parts.push(rate(node.requests, windowMs));
  if (change !== '' && node.alert !== null) parts.push(change);
  return parts.join(' · ');
}

/** What a lane has beyond its boxes, as one box that counts it; it opens as far as a lane goes. */
function RestBox(props: { rest: MapNode; shown: number; windowMs: number; title: string }) {
  const { rest, shown, windowMs, title } = props;
  const more = shown < LANE_MAX;
  return (
    <button
      type="button"
      class={`box rest${rest.alert === null ? '' : ` tone-alert-${rest.alert}`}`}
      data-box={rest.id}
      tabIndex={-1}
      onClick={() => go(withQuery(more ? { boxes: String(LANE_MAX) } : { view: 'table' }), 'replace')}
    >
      <span class="box-name">
        +{count(rest.nodes)} more{rest.alert === null ? '' : `, ▲ ${rest.alert} alert among them`}
      </span>
      <span class="box-facts">
        {rate(rest.requests, windowMs)} ·{' '}
        {!more ? `${title.toLowerCase()} as table` : shown + rest.nodes > LANE_MAX ? `show ${LANE_MAX}` : 'show all'}
      </span>
    </button>
  );
}
