import type { Fidelity, Severity } from '../../detectors/core/detector.js';

export const alertStates = ['open', 'acknowledged', 'resolved', 'suppressed'] as const;
export type AlertState = (typeof alertStates)[number];

/** The reading that best explains the alert: the one of its most severe finding. */
export interface AlertReading {
  readonly finding_uid: string;
  readonly detector: string;
  readonly measure: string;
  readonly unit: string;
  readonly observed: number;
  readonly expected: number;
  readonly spread: number;
  readonly sample_count: number;
  /** RFC 3339, UTC. */
  readonly window_start: string;
  readonly window_end: string;
  readonly summary: string;
  /** The alert was made to be raised (`tourniquet drill`). */
  readonly drill: boolean;
  /** Reproduces the reading from the store. */
  readonly sql: string;
}

/** One alert: everything that befell one entity in one episode. The grouper alone writes these facts. */
export interface AlertFacts {
  /** Deterministic UUIDv8 of (entity, first finding of the episode): replay makes no second one. */
  readonly alert_uid: string;
  readonly entity_kind: 'token' | 'principal';
  readonly entity_uid: string;
  readonly token_uid: string;
  readonly token_name: string;
  readonly principal_uid: string;
  readonly principal_name: string;
  readonly severity: Severity;
  readonly fidelity: Fidelity;
  readonly title: string;
  /** Event time of the earliest and latest finding, RFC 3339, UTC. */
  readonly first_seen: string;
  readonly last_seen: string;
  /** Exact up to `caps.findings`. */
  readonly finding_count: number;
  readonly finding_uids: readonly string[];
  readonly detectors: readonly string[];
  readonly techniques: readonly string[];
  readonly client_addresses: readonly string[];
  readonly target_services: readonly string[];
  readonly evidence: readonly string[];
  readonly reading: AlertReading;
}

/** One step in the life of an alert. The current state of an alert is the `to` of its newest transition. */
export interface AlertTransition {
  readonly from: AlertState | null;
  readonly to: AlertState;
  /** RFC 3339, UTC, wall clock. */
  readonly time: string;
  /** Name of the API key, `cli`, or `tourniquet` itself. */
  readonly actor: string;
  readonly reason: string;
}

export interface Alert extends AlertFacts {
  readonly state: AlertState;
  /** Suppressed until then, RFC 3339; null in other states. */
  readonly suppressed_until: string | null;
  /** RFC 3339, wall clock. */
  readonly opened_at: string;
  readonly updated_at: string;
  /** Oldest first, at least the opening. */
  readonly history: readonly AlertTransition[];
  /** Raised by one with every stored change. */
  readonly version: number;
}

/** Bounds of the lists in an alert; what is beyond stays in the findings and the store. */
export const caps = {
  findings: 1000,
  evidence: 50,
  addresses: 20,
  services: 20,
  techniques: 20,
  history: 200,
} as const;
