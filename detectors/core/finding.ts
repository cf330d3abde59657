import { stages, type Fidelity, type Score, type Severity } from './detector.js';

/** Of whom a finding can be: detectors watch tokens and principals, rules also what groups many of them. */
export const entityKinds = [
  ...stages,
  'client_address',
  'service',
  'client',
  'session',
  'source',
  'deployment',
] as const;
export type EntityKind = (typeof entityKinds)[number];

/** What a detector says: immutable, stored, explained by its own numbers. */
export interface Finding {
  /** Deterministic UUIDv8 of (detector, entity, measure, window start). */
  readonly finding_uid: string;
  readonly detector: string;
  readonly detector_version: number;
  readonly entity_kind: EntityKind;
  /** token_uid, principal_uid, or what names the entity of another kind. */
  readonly entity_uid: string;
  /** Of the event that decided; empty where that told no token, such as a password refused at the issuer. */
  readonly token_uid: string;
  readonly token_name: string;
  readonly principal_uid: string;
  readonly principal_name: string;
  readonly severity: Severity;
  readonly fidelity: Fidelity;
  /** Begins with `[DRILL] ` in a fire drill. */
  readonly summary: string;
  /** True for what was made to be found (`tourniquet drill`). */
  readonly drill?: true;
  readonly techniques: readonly string[];
  readonly score: Score;
  /** Event time of the observation that decided, RFC 3339. */
  readonly time: string;
  readonly client_address: string;
  readonly target_service: string;
  /** event_uids, the deciding one first. */
  readonly evidence: readonly string[];
  /** Reproduces the reading from the store. */
  readonly sql: string;
}
