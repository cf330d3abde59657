import { redactText } from '../event/credential-text.js';
import type { DeadLetter } from '../log/dlq.js';

/** The closed list of reasons why a record may end as a dead letter; they are also metric attributes. */
export const deadLetterReasons = {
  unparsable: 'The parser of the source refused the record.',
  invalid_encoding: 'The record is not UTF-8 and cannot be parsed with its broken bytes replaced.',
  too_large: 'The record is longer than the limit of its transport.',
  no_source: 'No configured source takes records of this origin.',
  parser_fault: 'The parser broke its promise never to throw.',
  log_refused: 'The event log refused the event for good.',
} as const satisfies Record<string, string>;

export type DeadLetterReason = keyof typeof deadLetterReasons;

export interface DeadLetterFacts {
  readonly reason: DeadLetterReason;
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number;
  readonly message: string;
  readonly mend: string;
  readonly product: string;
  readonly instance: string;
  readonly field?: string;
  readonly container: string;
  readonly offset: number;
  /** The record as it came; only its redacted beginning is kept. */
  readonly raw: string;
}

const recordCharsMax = 16_384;
const longRun = /[A-Za-z0-9_\-+/=.~%]{20,}/g;
const mask = '[REDACTED]';

/**
 * Makes a record fit to be kept. A refused record did not follow its format, so nobody knows which part of it is
 * secret: besides the known shapes, every run of 20 or more token characters with a digit in it is masked. A cut is
 * moved back to a boundary, since half a secret has no known shape.
 */
export function redactRecord(raw: string): string {
  const text = raw.length > recordCharsMax ? raw.slice(0, recordCharsMax).replace(/[^\s"'&;,]*$/, '') : raw;
  return redactText(text).text.replace(longRun, (run) => (/[0-9]/.test(run) ? mask : run));
}

/** A letter about a raw record that could not become an event. */
export function makeDeadLetter(facts: DeadLetterFacts): DeadLetter {
  return {
    reason: facts.reason,
    step: 'parse',
    timeMs: facts.timeMs,
    message: facts.message,
    mend: facts.mend,
    product: facts.product,
    instance: facts.instance,
    ...(facts.field === undefined ? {} : { field: facts.field }),
    origin: `${facts.container}:${facts.offset}`,
    value: Buffer.from(redactRecord(facts.raw)),
  };
}
