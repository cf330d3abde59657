import { iso, parse } from '../lib/format.js';
import type { Leaf } from './words.js';

/** What the address of the map page asks for. */
const HOUR_MS = 3_600_000;

export const windows = {
  '15m': HOUR_MS / 4,
  '1h': HOUR_MS,
  '6h': 6 * HOUR_MS,
  '24h': 24 * HOUR_MS,
  '7d': 168 * HOUR_MS,
} as const;
export type WindowName = keyof typeof windows;
export const compares = ['none', 'previous', 'day', 'week'] as const;
export type Compare = (typeof compares)[number];

export interface MapQuery {
  /** Null when from and to are given. */
  readonly windowName: WindowName | null;
  readonly fromMs: number;
  readonly toMs: number;
  /** The window ends now and goes on. */
  readonly moving: boolean;
  readonly compare: Compare;
  readonly leaf: Leaf;
  readonly changedOnly: boolean;
  readonly view: 'map' | 'table';
  readonly hubs: 'fold' | 'show';
  readonly service: string;
  readonly tokenUid: string;
  readonly principalUid: string;
  /** Boxes of each lane. */
  readonly boxes: number;
}

/** A lane holds at most thirty boxes, so that there are 120 on the screen, beside those that count the rest. */
export const LANE_MAX = 30;
const EDGES_MAX = 200;
/** Windows up to this length are read exactly; longer ones are whole hours. */
const EXACT_MS = 6 * HOUR_MS;

const oneOf = <T extends string>(text: string | null, allowed: readonly T[], otherwise: T): T =>
  allowed.find((one) => one === text) ?? otherwise;

/** @param fits how many boxes of a lane the screen shows without scrolling. */
export function readMapQuery(params: URLSearchParams, now: number, fits: number): MapQuery {
  const from = parse(params.get('from') ?? '');
  const to = parse(params.get('to') ?? '');
  const fixed = !Number.isNaN(from) && !Number.isNaN(to) && from <= to;
  const windowName = oneOf(params.get('window'), Object.keys(windows) as WindowName[], '24h');
  const length = windows[windowName];
  // Long windows are whole hours, so that the compared one is exactly as long and they do not overlap.
  const end = length > EXACT_MS ? Math.ceil(now / HOUR_MS) * HOUR_MS : now;
  const tokenUid = params.get('token_uid') ?? '';
  const service = params.get('service') ?? '';
  const principalUid = params.get('principal_uid') ?? '';
  const focused = tokenUid !== '' || service !== '' || principalUid !== '';
  const asked = Number(params.get('boxes') ?? '');
  return {
    windowName: fixed ? null : windowName,
    fromMs: fixed ? from : end - length,
    toMs: fixed ? Math.max(to, from + 1) : end,
    moving: !fixed,
    compare: oneOf(params.get('compare'), compares, 'day'),
    leaf: oneOf(params.get('leaf'), ['tokens', 'routes'], tokenUid === '' ? 'tokens' : 'routes'),
    changedOnly: params.get('edges') === 'changed',
    view: oneOf(params.get('view'), ['map', 'table'], 'map'),
    hubs: oneOf(params.get('hubs'), ['fold', 'show'], focused ? 'show' : 'fold'),
    service,
    tokenUid,
    principalUid,
    boxes: focused ? LANE_MAX : Number.isInteger(asked) && asked > 0 ? Math.min(asked, LANE_MAX) : fits,
  };
}

/** The parameters of `/v1/map` that this picture needs. */
export function apiParams(q: MapQuery): URLSearchParams {
  const length = q.toMs - q.fromMs;
  const params = new URLSearchParams({
    leaf: q.leaf,
    compare: q.compare,
    hubs: q.hubs,
    lane_limit: String(q.boxes),
    edge_limit: String(EDGES_MAX),
    exact: String(length <= EXACT_MS),
  });
  if (q.service !== '') params.set('service', q.service);
  if (q.tokenUid !== '') params.set('token_uid', q.tokenUid);
  if (q.principalUid !== '') params.set('principal_uid', q.principalUid);
  return params;
}

export const withWindow = (params: URLSearchParams, q: MapQuery): URLSearchParams => {
  const all = new URLSearchParams(params);
  all.set('from', iso(q.fromMs));
  all.set('to', iso(q.toMs));
  return all;
};
