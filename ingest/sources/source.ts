import type { Result } from '../core/result.js';
import type { SourceKind, TokenEvent } from '../event/token-event.js';
import type { Fingerprinter } from '../event/fingerprint.js';
import type { Recognise } from './recognition.js';

/** Why a record was refused. `message` names the fault and never quotes the record, which may hold a secret. */
export interface ParseError {
  readonly product: string;
  /** JSON pointer or named part of the line; '' is the whole record. */
  readonly field: string;
  /** Character offset in the record where the fault was seen. */
  readonly position?: number;
  readonly message: string;
  readonly mend: string;
}

/** Where a record stood; together with the instance it makes `event_uid` where the product gives no id. */
export interface RecordPosition {
  /** Stable identity of the file, request or stream that held the record. */
  readonly container: string;
  /** Byte offset or ordinal inside the container. */
  readonly offset: number;
}

export interface ParseContext {
  readonly instance: string;
  readonly observedMs: number;
  readonly position: RecordPosition;
  readonly fingerprinter: Fingerprinter;
}

/** Where a line of text, the time and the trace go that stand beside the attributes of a structured log record. */
export interface StructuredKeys {
  readonly line: string;
  readonly time: string;
  readonly trace: string;
}

/**
 * A pure parser: no I/O, no clock, no state that outlives a call. It never throws and never hangs on any input.
 * An empty list means the record is of this product but holds no auth event (a start-up line, a health check).
 */
export interface Source {
  readonly product: string;
  readonly kind: SourceKind;
  /** `line`: one record a line. `document`: a whole file may be one JSON document that `split` takes apart. */
  readonly framing: 'line' | 'document';
  parse(raw: string, context: ParseContext): Result<readonly TokenEvent[], ParseError>;
  /** Of products that send structured log records (OTLP): under which keys of one JSON object their parts stand. */
  readonly structured?: StructuredKeys;
  /** For what a source of several products takes a record, and why; the likeliest first. */
  explain?(raw: string): readonly { readonly product: string; readonly reason: string }[];
  /** Takes a container document (CloudTrail `Records[]`, a JSON array) apart into raw records. */
  split?(document: string): Result<readonly string[], ParseError>;
}

/** Makes a Source from the operator's options; options are validated by the factory's zod schema. */
export interface SourceFactory {
  readonly product: string;
  /** What it can be, by its options. */
  readonly kinds: readonly SourceKind[];
  readonly variants: readonly string[];
  create(options: unknown): Source;
  /** Whether a record is this product's, by its marks alone; cheap, pure, and never throws. */
  readonly recognise?: Recognise;
}
