import { signal } from '@preact/signals';
import type { MapAnswer, MapDelta } from '../lib/api-types.js';
import { nowMs } from '../lib/clock.js';
import { getJson, type ApiError } from '../lib/http.js';
import { asApiError } from '../lib/load.js';
import { readEvents } from '../lib/sse.js';
import { applyDelta } from './apply-delta.js';
import { extendOrder, groupLanes, orderLanes, type LaneGroups, type LaneOrder } from './lane-order.js';
import { apiParams, withWindow, type MapQuery } from './map-query.js';

/** The picture on the screen: one state of the map and where its boxes stand. */
export interface Picture {
  readonly map: MapAnswer;
  readonly order: LaneOrder;
  readonly groups: LaneGroups;
}

/** `still`: a window that has ended; `away`: live, but the server does not answer. */
export type LiveState = 'still' | 'live' | 'away' | 'paused';

export const picture = signal<Picture | null>(null);
export const failure = signal<ApiError | null>(null);
export const liveState = signal<LiveState>('still');
/** When the picture was last known to be true, milliseconds since the epoch. */
export const trueAtMs = signal(0);

/** A new picture is laid out anew; a tick only changes what stands there. */
function show(map: MapAnswer, fresh: boolean): void {
  const before = picture.peek();
  if (fresh || before === null) {
    const order = orderLanes(map.nodes, map.edges);
    picture.value = { map, order, groups: groupLanes(order, map.nodes) };
  } else {
    picture.value = { map, order: extendOrder(before.order, map.nodes), groups: before.groups };
  }
  trueAtMs.value = nowMs();
  failure.value = null;
}

/** Reads a window that stands still. @returns what stops the reading. */
function loadStill(query: MapQuery): () => void {
  const abort = new AbortController();
  liveState.value = 'still';
  const params = withWindow(apiParams(query), query);
  getJson<MapAnswer>(`/v1/map?${params.toString()}`, abort.signal).then(
    (map) => show(map, true),
    (error: unknown) => {
      if (!abort.signal.aborted) failure.value = asApiError(error);
    },
  );
  return () => abort.abort();
}

/** Follows a window that ends now. @returns what stops the following. */
function follow(query: MapQuery): () => void {
  const params = apiParams(query);
  params.set('window_s', String(Math.round((query.toMs - query.fromMs) / 1000)));
  let first = true;
  return readEvents({
    path: `/v1/stream?${params.toString()}`,
    onEvent: ({ event, data }) => {
      const before = picture.peek();
      if (event === 'picture') {
        // After a break the picture may come whole again; what stands there stays.
        show(JSON.parse(data) as MapAnswer, first);
        first = false;
      } else if (event === 'tick' && before !== null) {
        show(applyDelta(before.map, JSON.parse(data) as MapDelta), false);
      }
    },
    onState: (state, error) => {
      liveState.value = state === 'open' ? 'live' : 'away';
      if (error !== null) failure.value = error;
    },
  });
}

/** Shows what the address asks for: a moving window live, another as it was. */
export const openPicture = (query: MapQuery): (() => void) => (query.moving ? follow(query) : loadStill(query));
