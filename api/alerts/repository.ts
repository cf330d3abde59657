import type { Finding } from '../../detectors/core/finding.js';
import type { Alert, AlertTransition } from './alert.js';
import type { Delivery } from './delivery.js';

/** Where alerts live. Every save resolves when durable and may be repeated with the same value without effect. */
export interface AlertRepository {
  /** Recent alerts that are about these tokens or principals, and every alert that holds one of the findings. */
  related(uids: readonly string[], findingUids: readonly string[]): Promise<readonly Alert[]>;
  /** Stored findings that name one of these tokens or principals, within a span of event time; of each the newest. */
  signals(uids: readonly string[], fromMs: number, toMs: number): Promise<readonly Finding[]>;
  get(alertUid: string): Promise<Alert | undefined>;
  /** Stores what the grouper knows: the facts, and the opening of new alerts. */
  saveFacts(alerts: readonly Alert[]): Promise<void>;
  /** Stores a person's decision; never touches the facts, so that grouper and API cannot undo each other. */
  saveTransition(alertUid: string, step: AlertTransition, suppressedUntil: string | null): Promise<void>;
}

/** The outbox. */
export interface DeliveryRepository {
  /** Which of these are stored already, in any state. */
  known(deliveryUids: readonly string[]): Promise<ReadonlySet<string>>;
  delivery(deliveryUid: string): Promise<Delivery | undefined>;
  save(deliveries: readonly Delivery[]): Promise<void>;
  /** Undelivered ones, oldest first. */
  pending(max: number): Promise<readonly Delivery[]>;
}
