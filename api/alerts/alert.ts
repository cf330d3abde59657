import type { Fidelity, Severity } from '../../detectors/core/detector.js';
import type { EntityKind } from '../../detectors/core/finding.js';

export const alertStates = ['open', 'acknowledged', 'resolved', 'suppressed'] as const;
export type AlertState = (typeof alertStates)[number];

/** The reading that best explains the alert: that of its gravest finding, of several the surest, of those the first. */
export interface AlertReading {
  readonly finding_uid: string;
  readonly severity: Severity;
  readonly fidelity: Fidelity;
  readonly time: string;
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

/** All findings of one detector and measure in an alert; the figures are those of the strongest one. */
export interface AlertSignal {
  readonly detector: string;
  readonly measure: string;
  readonly unit: string;
  readonly severity: Severity;
  readonly fidelity: Fidelity;
  readonly techniques: readonly string[];
  readonly summary: string;
  readonly finding_uid: string;
  readonly token_uid: string;
  readonly observed: number;
  readonly expected: number;
  readonly time: string;
  /** Findings of it, and the event time of the first and last, RFC 3339. */
  readonly count: number;
  readonly first_time: string;
  readonly last_time: string;
}

/** One alert: everything that befell one subject in one episode. The grouper alone writes these facts. */
export interface AlertFacts {
  /** Deterministic UUIDv8 of (subject, the finding that opened it): replay makes no second one. */
  readonly alert_uid: string;
  readonly entity_kind: EntityKind;
  readonly entity_uid: string;
  /** Of the reading; where that tells none, of another finding. */
  readonly token_uid: string;
  readonly token_name: string;
  readonly principal_uid: string;
  readonly principal_name: string;
  readonly severity: Severity;
  readonly fidelity: Fidelity;
  readonly title: string;
  /** Every token that a finding names, up to `caps.tokens`. */
  readonly token_uids: readonly string[];
  /** Strongest first. */
  readonly signals: readonly AlertSignal[];
  /** Highest risk of the subject at a finding that raised the alert (risk.ts). */
  readonly risk: number;
  /** Event time of the earliest and latest finding that raised it, RFC 3339, UTC; other signals may lie before and after. */
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
  signals: 64,
  tokens: 50,
  evidence: 50,
  addresses: 20,
  services: 20,
  techniques: 20,
  history: 200,
} as const;
