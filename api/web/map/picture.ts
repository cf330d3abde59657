import { signal } from '@preact/signals';
import type { MapAnswer } from '../lib/api-types.js';
import { nowMs } from '../lib/clock.js';
import type { ApiError } from '../lib/http.js';
import { getJson } from '../lib/http.js';
import { asApiError } from '../lib/load.js';
import { apiParams, withWindow, type MapQuery } from './map-query.js';
import { extendOrder, orderLanes, type LaneOrder } from './lane-order.js';

/** The picture on the screen: one answer of the API and where its boxes stand. */
export interface Picture {
  readonly map: MapAnswer;
  readonly order: LaneOrder;
  /** When it was true, milliseconds since the epoch. */
  readonly atMs: number;
}

export const picture = signal<Picture | null>(null);
export const failure = signal<ApiError | null>(null);

export function show(map: MapAnswer, fresh: boolean): void {
  const before = picture.peek();
  const order = fresh || before === null ? orderLanes(map.nodes, map.edges) : extendOrder(before.order, map.nodes);
  picture.value = { map, order, atMs: nowMs() };
  failure.value = null;
}

/** Reads a window that stands still. @returns what stops the reading. */
export function loadPicture(query: MapQuery): () => void {
  const abort = new AbortController();
  const params = withWindow(apiParams(query), query);
  getJson<MapAnswer>(`/v1/map?${params.toString()}`, abort.signal).then(
    (map) => show(map, true),
    (error: unknown) => {
      if (!abort.signal.aborted) failure.value = asApiError(error);
    },
  );
  return () => abort.abort();
}
