import type { Clock } from '../../ingest/core/clock.js';
import { AppError, describeError } from '../../ingest/core/errors.js';
import type { Logger } from '../../ingest/core/logger.js';
import type { Querier } from '../../ingest/store/store.js';
import { readMap, type MapAnswer, type MapRequest } from '../map/read-map.js';
import { deltaOf, keepOf, type MapDelta } from './live-view.js';

/** One message to those who look at a moving window. */
export type LiveMessage =
  | { readonly event: 'picture'; readonly id: string; readonly data: MapAnswer }
  | { readonly event: 'tick'; readonly id: string; readonly data: MapDelta };

export interface LiveLimits {
  /** Different pictures computed at once. */
  readonly viewsMax: number;
  readonly viewersMax: number;
  /** Least time between two pictures, milliseconds. */
  readonly tickMs: number;
  /** A picture that nobody looks at is kept that long, so that whoever comes back goes on without a gap. */
  readonly lingerMs: number;
  /** Ticks kept for those who come back. */
  readonly ticksKept: number;
}

export const liveLimits: LiveLimits = { viewsMax: 16, viewersMax: 64, tickMs: 1000, lingerMs: 30_000, ticksKept: 30 };

const HOUR_MS = 3_600_000;

/** The store works at most this share of the time for one picture. */
const DUTY = 0.1;

type Viewer = (message: LiveMessage) => void;

interface View {
  readonly epoch: string;
  readonly request: MapRequest;
  readonly windowMs: number;
  readonly viewers: Set<Viewer>;
  readonly ticks: LiveMessage[];
  sequence: number;
  map: MapAnswer | null;
  timer: NodeJS.Timeout | undefined;
  lonelySinceMs: number;
}

export interface LiveMapsDeps {
  readonly querier: Querier;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Pictures of moving windows, each computed once for all who look at it, at most once a second and for at most a tenth
 * of the time. A viewer first gets the whole picture, then what changed; both carry the same numbering, so nothing is
 * missing between them. Boxes and edges that are there stay; what is new comes in where there is room.
 */
export class LiveMaps {
  readonly #deps: LiveMapsDeps;
  readonly #limits: LiveLimits;
  readonly #views = new Map<string, View>();
  #epochs = 0;
  #viewers = 0;
  #stopped = false;

  constructor(deps: LiveMapsDeps, limits: LiveLimits = liveLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  /**
   * Shows a moving window to a viewer until the returned function is called.
   * @param lastId the last message that the viewer has, or ''.
   * @throws AppError TQ_RATE_LIMITED when too many look.
   */
  async join(request: MapRequest, windowMs: number, lastId: string, viewer: Viewer): Promise<() => void> {
    if (this.#viewers >= this.#limits.viewersMax) throw tooMany('viewers');
    const key = JSON.stringify([request, windowMs]);
    const view = this.#views.get(key) ?? this.#newView(key, request, windowMs);
    view.viewers.add(viewer);
    this.#viewers += 1;
    const leave = (): void => {
      if (!view.viewers.delete(viewer)) return;
      this.#viewers -= 1;
      view.lonelySinceMs = this.#deps.clock.nowMs();
    };
    try {
      if (view.map === null) await this.#advance(view);
    } catch (error) {
      leave();
      throw error;
    }
    this.#catchUp(view, lastId, viewer);
    view.timer ??= this.#later(key, view, this.#limits.tickMs);
    return leave;
  }

  /** No more ticks. */
  stop(): void {
    this.#stopped = true;
    for (const view of this.#views.values()) clearTimeout(view.timer);
    this.#views.clear();
  }

  #newView(key: string, request: MapRequest, windowMs: number): View {
    if (this.#views.size >= this.#limits.viewsMax) this.#forgetLonely();
    if (this.#views.size >= this.#limits.viewsMax) throw tooMany('pictures');
    this.#epochs += 1;
    const view: View = {
      epoch: `${this.#deps.clock.nowMs().toString(36)}${this.#epochs.toString(36)}`,
      request,
      windowMs,
      viewers: new Set(),
      ticks: [],
      sequence: 0,
      map: null,
      timer: undefined,
      lonelySinceMs: this.#deps.clock.nowMs(),
    };
    this.#views.set(key, view);
    return view;
  }

  #forgetLonely(): void {
    for (const [key, view] of this.#views) {
      if (view.viewers.size > 0) continue;
      clearTimeout(view.timer);
      this.#views.delete(key);
    }
  }

  /** The ticks that a returning viewer missed where they are still known, else the picture as it is. */
  #catchUp(view: View, lastId: string, viewer: Viewer): void {
    const at = view.ticks.findIndex((message) => message.id === lastId);
    const current = `${view.epoch}.${view.sequence}`;
    if (lastId === current) return;
    if (at >= 0) {
      for (const message of view.ticks.slice(at + 1)) viewer(message);
    } else if (view.map !== null) {
      viewer({ event: 'picture', id: current, data: view.map });
    }
  }

  #later(key: string, view: View, waitMs: number): NodeJS.Timeout {
    const timer = setTimeout(() => void this.#tick(key, view), waitMs);
    timer.unref();
    return timer;
  }

  async #tick(key: string, view: View): Promise<void> {
    const startedMs = this.#deps.clock.nowMs();
    if (view.viewers.size === 0) {
      if (startedMs - view.lonelySinceMs < this.#limits.lingerMs) {
        view.timer = this.#later(key, view, this.#limits.tickMs);
        return;
      }
      this.#views.delete(key);
      return;
    }
    try {
      const message = await this.#advance(view);
      if (message !== null) for (const viewer of [...view.viewers]) viewer(message);
    } catch (error) {
      this.#deps.logger.warn({ error: describeError(error) }, 'a live map could not be read; trying again');
    }
    if (this.#stopped || this.#views.get(key) !== view) return;
    const tookMs = this.#deps.clock.nowMs() - startedMs;
    view.timer = this.#later(key, view, Math.max(this.#limits.tickMs - tookMs, tookMs * (1 / DUTY - 1)));
  }

  /** Reads the next picture. @returns what changed, or null with the first one. */
  async #advance(view: View): Promise<LiveMessage | null> {
    const nowMs = this.#deps.clock.nowMs();
    // Whole hours end with the running one, so that the window is as long as the one that it is compared with.
    const toMs = view.request.exact ? nowMs : Math.ceil(nowMs / HOUR_MS) * HOUR_MS;
    const before = view.map;
    const keep = before === null ? undefined : keepOf(before);
    const next = await readMap(this.#deps.querier, view.request, { fromMs: toMs - view.windowMs, toMs }, keep);
    view.map = next;
    if (before === null) return null;
    view.sequence += 1;
    const message: LiveMessage = { event: 'tick', id: `${view.epoch}.${view.sequence}`, data: deltaOf(before, next) };
    view.ticks.push(message);
    if (view.ticks.length > this.#limits.ticksKept) view.ticks.shift();
    return message;
  }
}

function tooMany(what: string): AppError {
  return new AppError('TQ_RATE_LIMITED', `Too many live ${what} at once.`, {
    mend: 'Close a page, or read /v1/map now and then.',
    retryAfterMs: 10_000,
  });
}
