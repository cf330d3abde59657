import type { Finding } from '../../detectors/core/finding.js';
import type { Clock } from '../../ingest/core/clock.js';
import { AppError } from '../../ingest/core/errors.js';
import { formatTime } from '../../ingest/event/time.js';
import type { SuppressionRegistry } from '../suppressions/suppression-registry.js';
import type { Alert, AlertState } from './alert.js';
import { deliveriesFor, type Delivery } from './delivery.js';
import { groupFindings, type Notice, type NoticeKind } from './grouping.js';
import type { Destination } from './notifiers/notifier.js';
import type { AlertPolicy } from './policy.js';
import type { AlertRepository, DeliveryRepository } from './repository.js';
import { namedIn, RecentFindings } from './recent-findings.js';
import { transition, type TransitionRequest } from './transitions.js';

export interface AlertServiceDeps {
  readonly alerts: AlertRepository;
  readonly deliveries: DeliveryRepository;
  readonly destinations: readonly Destination[];
  readonly policy: AlertPolicy;
  /** Findings that it does not hear raise nothing and count for nothing; it hears all unless told. */
  readonly suppressions?: Pick<SuppressionRegistry, 'heard'>;
  /** Where people reach this API, without a trailing slash. */
  readonly baseUrl: string;
  readonly clock: Clock;
  /** Told of deliveries once they are durable; sending is the dispatcher's. */
  readonly enqueue: (deliveries: readonly Delivery[]) => void;
  /** Told of each change once it is durable: the CLI prints them. */
  readonly onNotice?: (notice: Notice) => void;
}

const noticeOf: Readonly<Record<AlertState, NoticeKind>> = {
  open: 'reopened',
  acknowledged: 'acknowledged',
  resolved: 'resolved',
  suppressed: 'suppressed',
};

/**
 * Turns findings and people's decisions into durable alerts and durable deliveries. Order of writes: deliveries
 * first, alerts second. Whatever is killed between them is done again by the redelivered finding (or the repeated
 * request), with the same ids; the other order would know the finding and owe nobody a message.
 */
export class AlertService {
  readonly #deps: AlertServiceDeps;
  readonly #recent: RecentFindings;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(deps: AlertServiceDeps) {
    this.#deps = deps;
    this.#recent = new RecentFindings(deps.alerts);
  }

  /**
   * Groups findings, in log order. Resolves when alerts and deliveries are durable; repeating the call changes nothing.
   * @returns the alerts that changed.
   */
  accept(made: readonly Finding[]): Promise<readonly Alert[]> {
    return this.#oneAtATime(async () => {
      const findings = (await this.#deps.suppressions?.heard(made)) ?? made;
      if (findings.length === 0) return [];
      const { alerts, policy } = this.#deps;
      const around = await this.#recent.around(findings, policy.risk.halfLifeMs);
      const uids = namedIn(around);
      const current = await alerts.related(uids, findings.map((finding) => finding.finding_uid)); // prettier-ignore
      const outcome = groupFindings(around, current, policy, this.#nowIso());
      await this.#owe(outcome.notices);
      if (outcome.changed.length > 0) await alerts.saveFacts(outcome.changed);
      for (const alert of outcome.merged) {
        const step = alert.history.at(-1);
        if (step !== undefined) await alerts.saveTransition(alert.alert_uid, step, null);
      }
      this.#recent.add(findings);
      for (const notice of outcome.notices) this.#deps.onNotice?.(notice);
      return outcome.changed;
    });
  }

  /**
   * A person's decision. Repeating it is harmless.
   * @throws AppError TQ_NOT_FOUND, TQ_CONFLICT.
   */
  change(alertUid: string, request: TransitionRequest): Promise<Alert> {
    return this.#oneAtATime(async () => {
      const before = await this.#deps.alerts.get(alertUid);
      if (before === undefined) throw new AppError('TQ_NOT_FOUND', `There is no alert ${alertUid}.`);
      const after = transition(before, request, this.#nowIso());
      const step = after.history.at(-1);
      if (after === before || step === undefined) return before;
      const discriminator = `${request.to}:${before.history.length}`;
      const notice: Notice = { alert: after, kind: noticeOf[request.to], discriminator };
      await this.#owe([notice]);
      await this.#deps.alerts.saveTransition(alertUid, step, after.suppressed_until);
      this.#deps.onNotice?.(notice);
      return after;
    });
  }

  /**
   * Owes a dead message again, with all its attempts, under the same id. One that is pending stays as it is.
   * @throws AppError TQ_NOT_FOUND, or TQ_CONFLICT when it was delivered.
   */
  retryDelivery(deliveryUid: string): Promise<Delivery> {
    return this.#oneAtATime(async () => {
      const before = await this.#deps.deliveries.delivery(deliveryUid);
      if (before === undefined) throw new AppError('TQ_NOT_FOUND', `There is no delivery ${deliveryUid}.`);
      if (before.state === 'pending') return before;
      if (before.state === 'delivered') {
        throw new AppError('TQ_CONFLICT', `Delivery ${deliveryUid} was delivered and is not sent again.`);
      }
      const now = this.#nowIso();
      const version = before.version + 1;
      const after = {
        ...before,
        state: 'pending',
        attempts: 0,
        next_attempt_at: now,
        updated_at: now,
        version,
      } as const;
      await this.#deps.deliveries.save([after]);
      this.#deps.enqueue([after]);
      return after;
    });
  }

  async #owe(notices: readonly Notice[]): Promise<void> {
    const { destinations, baseUrl, deliveries, enqueue } = this.#deps;
    const nowIso = this.#nowIso();
    const owed = notices.flatMap((notice) => deliveriesFor(notice, destinations, baseUrl, nowIso));
    if (owed.length === 0) return;
    const known = await deliveries.known(owed.map((delivery) => delivery.delivery_uid));
    const fresh = owed.filter((delivery) => !known.has(delivery.delivery_uid));
    if (fresh.length === 0) return;
    await deliveries.save(fresh);
    enqueue(fresh);
  }

  /** Reading an alert and writing its next version must not interleave within a process. */
  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(work, work);
    this.#tail = run.catch(() => undefined);
    return run;
  }

  #nowIso(): string {
    return formatTime(this.#deps.clock.nowMs());
  }
}
