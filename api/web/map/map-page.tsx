import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { MapAnswer } from '../lib/api-types.js';
import { behindText } from '../lib/behind.js';
import { nowMs } from '../lib/clock.js';
import { count, moment, parse, percent } from '../lib/format.js';
import { apiKey } from '../lib/http.js';
import { go, query, withQuery } from '../lib/router.js';
import { mapSql, sqlLink } from '../lib/sql.js';
import { Failure } from '../shell/failure.js';
import { comparedText } from './compared-text.js';
import { EdgeTable } from './edge-table.js';
import { LANE_MAX, readMapQuery } from './map-query.js';
import { LiveLine } from './live-line.js';
import { failure, openPicture, picture } from './picture.js';
import { SidePanel } from './side-panel.js';
import { Stage } from './stage.js';
import { TimeStrip } from './time-strip.js';
import { Toolbar } from './toolbar.js';

const BOX_PX = 48;
/** What stands above and below the boxes, the time strip and headings of groups included. */
const AROUND_PX = 420;
const LANE_MIN = 8;

/** How many boxes of a lane the window shows without scrolling; asked once, so that resizing moves nothing. */
const fits = (): number =>
  Math.max(LANE_MIN, Math.min(LANE_MAX, Math.floor((window.innerHeight - AROUND_PX) / BOX_PX)));

export function MapPage() {
  const boxes = useMemo(fits, []);
  const text = query.value.toString();
  const q = useMemo(() => readMapQuery(new URLSearchParams(text), nowMs(), boxes), [text, boxes]);
  // Looking at the same window in another way needs no other picture.
  const key = JSON.stringify({ ...q, view: '', changedOnly: false, ...(q.moving ? { fromMs: 0, toMs: 0 } : {}) });
  const selected = useSignal<string | null>(null);
  const withKey = apiKey.value;
  const paused = useSignal(false);
  const reading = !(paused.value && q.moving);
  useEffect(() => (reading ? openPicture(q) : undefined), [key, withKey, reading]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 't' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      go(withQuery({ view: q.view === 'table' ? null : 'table' }), 'replace');
    };
    window.addEventListener('keydown', onKey);
    return () => {
      window.removeEventListener('keydown', onKey);
    };
  }, [q.view]);

  const shown = picture.value;
  return (
    <main id="main" class="map-page">
      <h1 class="sr-only">Usage map</h1>
      <Toolbar q={q} map={shown?.map ?? null}>
        {q.moving ? <LiveLine paused={paused.value} onPause={(next) => (paused.value = next)} /> : null}
      </Toolbar>
      <Failure error={failure.value} />
      {shown === null ? (
        <p class="empty">{failure.value === null ? 'Reading the map…' : ''}</p>
      ) : shown.map.layers.length === 0 ? (
        <>
          <Empty q={q} />
          <TimeStrip q={q} />
        </>
      ) : (
        <div class={q.view === 'table' ? 'map-grid as-table' : 'map-grid'}>
          <div>
            {q.view === 'table' ? (
              <EdgeTable map={shown.map} leaf={q.leaf} />
            ) : (
              <Stage
                nodes={shown.map.nodes}
                edges={
                  q.changedOnly
                    ? shown.map.edges.filter((edge) => edge.alert !== null || edge.state !== 'steady')
                    : shown.map.edges
                }
                order={shown.order}
                groups={shown.groups}
                leaf={q.leaf}
                windowMs={windowMs(shown.map)}
                selected={selected.value}
                onSelect={(id) => (selected.value = id)}
              />
            )}
            <TimeStrip q={q} />
            <div class="below">
              <Shown map={shown.map} />
              <a
                class="button"
                href={sqlLink(mapSql({ ...q, fromMs: parse(shown.map.window.from), toMs: parse(shown.map.window.to) }))}
              >
                Open as SQL
              </a>
            </div>
          </div>
          <SidePanel
            map={shown.map}
            leaf={q.leaf}
            windowMs={windowMs(shown.map)}
            selected={shown.map.nodes.find((node) => node.id === selected.value) ?? null}
            onSelect={(id) => (selected.value = id)}
          />
        </div>
      )}
    </main>
  );
}

const windowMs = (map: MapAnswer): number => parse(map.window.to) - parse(map.window.from);

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;

function Empty({ q }: { q: ReturnType<typeof readMapQuery> }) {
  return (
    <div class="empty">
      <p>
        No call between {moment(q.fromMs)} and {moment(q.toMs)} UTC
        {q.tokenUid !== '' || q.service !== '' || q.principalUid !== '' ? ' that this filter lets through' : ''}.
      </p>
      <p>
        <a class="button" href="/?window=7d">
          Look at the last 7 days
        </a>
      </p>
    </div>
  );
}

/** What part of the whole is on the screen, so that what is not is never taken for nothing. */
function Shown({ map }: { map: MapAnswer }) {
  const layer = map.layers.find((one) => one.layer === 'leaf_network') ?? map.layers[0];
  if (layer === undefined) return null;
  const edges = map.edges.filter((edge) => edge.layer === layer.layer);
  const drawn = edges.reduce((sum, edge) => sum + edge.requests, 0);
  const boxes = map.nodes.filter((node) => !node.id.endsWith(':~rest'));
  const all = map.nodes.reduce((sum, node) => sum + node.nodes, 0);
  const edgesAll = map.edges.length + map.layers.reduce((sum, one) => sum + one.rest.edges + one.hubs.edges, 0);
  return (
    <p class="shown" role="status">
      <span data-total={layer.requests}>{count(layer.requests)} calls</span> · shown {boxes.length} of {count(all)}{' '}
      boxes, {map.edges.length} of {count(edgesAll)} connections = {percent(drawn / Math.max(1, layer.requests))} of
      calls
      {comparedText(map)}
      {behindText(map)}
    </p>
  );
}
