import { backoffMs } from '../../ingest/core/backoff.js';
import type { Clock } from '../../ingest/core/clock.js';
import type { Component } from '../../ingest/core/component.js';
import { describeError } from '../../ingest/core/errors.js';
import type { HealthRegistry } from '../../ingest/core/health.js';
import type { Logger } from '../../ingest/core/logger.js';
import { formatTime, parseTime } from '../../ingest/event/time.js';
import type { Delivery } from './delivery.js';
import type { AttemptOutcome, Destination } from './notifiers/notifier.js';
import type { DeliveryRepository } from './repository.js';

export interface DispatcherOptions {
  /** Attempts after which a delivery is dead, default 20. */
  readonly attemptsMax?: number;
  /** First back-off, milliseconds, default 1,000. */
  readonly backoffBaseMs?: number;
  /** Longest back-off, milliseconds, default 15 minutes. */
  readonly backoffCapMs?: number;
  /** How often the outbox is read again for deliveries of other processes, milliseconds, default 15,000. */
  readonly refreshMs?: number;
  /** Deliveries held in memory at once, default 1,000; the rest waits in the outbox. */
  readonly heldMax?: number;
}

export interface DispatcherDeps {
  readonly deliveries: DeliveryRepository;
  readonly destinations: readonly Destination[];
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly health?: HealthRegistry;
  /** Whether this process is the one that sends; where several run, the owner of a one-partition lease. */
  readonly mayDispatch?: () => boolean;
}

const PART = 'alerts.dispatcher';

/**
 * Sends what the outbox holds: at least once, oldest first per destination, and never the second message of an alert
 * before its first. Nothing lives in memory alone: a killed process finds its pending deliveries again at start.
 */
export class DeliveryDispatcher implements Component {
  readonly name = 'alert-dispatcher';
  readonly #deps: DispatcherDeps;
  readonly #options: Required<DispatcherOptions>;
  readonly #lanes: ReadonlyMap<string, Destination>;
  /** Pending deliveries in order of creation. */
  #held = new Map<string, Delivery>();
  /** What was added or settled while the outbox is being read; the reading does not know of it. */
  readonly #sinceRefresh = new Map<string, 'added' | 'settled'>();
  readonly #busy = new Map<string, Promise<void>>();
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #refreshedAtMs = 0;
  #refreshing: Promise<void> | undefined;
  #running = false;

  constructor(deps: DispatcherDeps, options: DispatcherOptions = {}) {
    this.#deps = deps;
    this.#lanes = new Map(deps.destinations.map((destination) => [destination.name, destination]));
    this.#options = {
      attemptsMax: options.attemptsMax ?? 20,
      backoffBaseMs: options.backoffBaseMs ?? 1000,
      backoffCapMs: options.backoffCapMs ?? 15 * 60_000,
      refreshMs: options.refreshMs ?? 15_000,
      heldMax: options.heldMax ?? 1000,
    };
    deps.health?.declare(PART, { maxAgeMs: 120_000 });
  }

  /** Resolves when what a former process left pending is loaded. */
  async start(): Promise<void> {
    if (this.#running) return;
    await this.#refresh();
    this.#running = true;
    this.#deps.health?.report(PART, this.#deps.clock.nowMs());
    this.#pump();
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    if (this.#busy.size === 0 && this.#refreshing === undefined) return;
    // An attempt cut short stays pending and is made again by the next process, under the same id.
    const cut = setTimeout(() => this.#abort.abort(), deadlineMs);
    await Promise.allSettled([...this.#busy.values(), this.#refreshing]);
    clearTimeout(cut);
  }

  /** Hands over deliveries that are already durable. */
  enqueue(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      if (this.#held.size >= this.#options.heldMax) break;
      this.#held.set(delivery.delivery_uid, delivery);
      this.#sinceRefresh.set(delivery.delivery_uid, 'added');
    }
    this.#pump();
  }

  /** Replaces what is held by what the outbox says, keeping attempts under way and what came meanwhile. */
  async #refresh(): Promise<void> {
    this.#sinceRefresh.clear();
    const pending = await this.#deps.deliveries.pending(this.#options.heldMax);
    this.#refreshedAtMs = this.#deps.clock.nowMs();
    const before = this.#held;
    const after = new Map<string, Delivery>();
    for (const stored of pending) {
      if (this.#sinceRefresh.get(stored.delivery_uid) === 'settled') continue;
      const held = before.get(stored.delivery_uid);
      after.set(stored.delivery_uid, held !== undefined && held.version >= stored.version ? held : stored);
    }
    for (const held of before.values()) {
      const keep = this.#busy.has(held.destination) || this.#sinceRefresh.get(held.delivery_uid) === 'added';
      if (keep && !after.has(held.delivery_uid)) after.set(held.delivery_uid, held);
    }
    this.#held = after;
  }

  /** Starts one attempt in each idle lane that has a due delivery, then sleeps until the next is due. */
  #pump(): void {
    if (!this.#running) return;
    clearTimeout(this.#timer);
    const nowMs = this.#deps.clock.nowMs();
    const mayDispatch = this.#deps.mayDispatch?.() ?? true;
    this.#deps.health?.lag(PART, mayDispatch ? this.#dueCount(nowMs) : 0, nowMs);
    if (mayDispatch) this.#startDue(nowMs);
    this.#refreshWhenOld(nowMs);
    this.#timer = setTimeout(() => this.#pump(), this.#sleepMs(nowMs, mayDispatch));
  }

  #startDue(nowMs: number): void {
    for (const delivery of this.#heads()) {
      if (this.#busy.has(delivery.destination) || parseTime(delivery.next_attempt_at) > nowMs) continue;
      const work = this.#handle(delivery).finally(() => {
        this.#busy.delete(delivery.destination);
        this.#pump();
      });
      this.#busy.set(delivery.destination, work);
    }
  }

  #refreshWhenOld(nowMs: number): void {
    if (this.#refreshing !== undefined || nowMs - this.#refreshedAtMs < this.#options.refreshMs) return;
    this.#refreshing = this.#refresh()
      .catch((error: unknown) => {
        this.#refreshedAtMs = this.#deps.clock.nowMs();
        this.#deps.logger.warn({ error: describeError(error) }, 'the outbox cannot be read; it is tried again');
      })
      .finally(() => {
        this.#refreshing = undefined;
        this.#pump();
      });
  }

  /** The first undelivered message of each alert and destination. */
  *#heads(): Generator<Delivery> {
    const seen = new Set<string>();
    for (const delivery of this.#held.values()) {
      const key = `${delivery.destination} ${delivery.alert_uid}`;
      if (seen.has(key)) continue;
      seen.add(key);
      yield delivery;
    }
  }

  #dueCount(nowMs: number): number {
    let due = 0;
    for (const delivery of this.#held.values()) if (parseTime(delivery.next_attempt_at) <= nowMs) due += 1;
    return due;
  }

  #sleepMs(nowMs: number, mayDispatch: boolean): number {
    let wakeAtMs = this.#refreshedAtMs + this.#options.refreshMs;
    if (!mayDispatch) return Math.max(wakeAtMs - nowMs, 100);
    for (const delivery of this.#heads()) {
      if (!this.#busy.has(delivery.destination)) wakeAtMs = Math.min(wakeAtMs, parseTime(delivery.next_attempt_at));
    }
    return Math.max(wakeAtMs - nowMs, 5);
  }

  async #handle(delivery: Delivery): Promise<void> {
    const outcome = await this.#attempt(delivery);
    if (this.#abort.signal.aborted && outcome.kind !== 'delivered') return;
    const after = this.#after(delivery, outcome);
    try {
      await this.#deps.deliveries.save([after]);
    } catch (error) {
      // The outbox still says pending: the attempt is made again later, and the receiver knows the id.
      const retryAt = this.#deps.clock.nowMs() + this.#options.backoffBaseMs;
      this.#held.set(delivery.delivery_uid, { ...delivery, next_attempt_at: formatTime(retryAt) });
      this.#deps.logger.error(
        { delivery_uid: delivery.delivery_uid, error: describeError(error) },
        'the outcome of a delivery cannot be stored; it will be sent again under the same id',
      );
      return;
    }
    this.#deps.health?.report(PART, this.#deps.clock.nowMs());
    this.#settle(after);
  }

  #settle(after: Delivery): void {
    const fields = {
      delivery_uid: after.delivery_uid,
      alert_uid: after.alert_uid,
      destination: after.destination,
      attempts: after.attempts,
      status: after.last_status,
    };
    if (after.state === 'pending') {
      this.#held.set(after.delivery_uid, after);
      this.#deps.logger.warn({ ...fields, reason: after.last_reason }, 'delivery failed; it will be tried again');
      return;
    }
    this.#held.delete(after.delivery_uid);
    this.#sinceRefresh.set(after.delivery_uid, 'settled');
    if (after.state === 'dead') this.#deps.logger.error({ ...fields, reason: after.last_reason }, 'delivery is dead');
    else this.#deps.logger.info(fields, 'alert delivered');
  }

  async #attempt(delivery: Delivery): Promise<AttemptOutcome> {
    const destination = this.#lanes.get(delivery.destination);
    if (destination === undefined) {
      return { kind: 'dead', status: 0, reason: `destination ${delivery.destination} is not configured any more` };
    }
    try {
      return await destination.notifier.notify(delivery, this.#abort.signal);
    } catch (error) {
      return { kind: 'retry', status: 0, reason: describeError(error), retryAfterMs: null };
    }
  }

  #after(delivery: Delivery, outcome: AttemptOutcome): Delivery {
    const nowMs = this.#deps.clock.nowMs();
    const attempts = delivery.attempts + 1;
    const next = {
      ...delivery,
      attempts,
      last_status: outcome.status,
      last_reason: outcome.kind === 'delivered' ? '' : outcome.reason,
      updated_at: formatTime(nowMs),
      version: delivery.version + 1,
    };
    if (outcome.kind !== 'retry') return { ...next, state: outcome.kind };
    if (attempts >= this.#options.attemptsMax) return { ...next, state: 'dead' };
    const { backoffBaseMs, backoffCapMs } = this.#options;
    const backoff = backoffMs(attempts, this.#deps.random(), backoffBaseMs, backoffCapMs);
    return { ...next, next_attempt_at: formatTime(nowMs + Math.max(backoff, outcome.retryAfterMs ?? 0)) };
  }
}
