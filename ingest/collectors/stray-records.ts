import type { DeadLetter } from '../log/dlq.js';
import { makeDeadLetter } from '../pipeline/dead-letter.js';
import { emptyCounts, type CountsListener } from '../pipeline/record-tally.js';

export interface StrayRecord {
  readonly text: string;
  readonly offset: number;
  readonly container: string;
  /** Who sent it, where that is known. */
  readonly instance?: string;
}

/** A transport, and what its operator is told of records that none of its sources takes. */
export interface StrayRule {
  readonly transport: string;
  readonly message: string;
  readonly mend: string;
}

export function strayLetters(records: readonly StrayRecord[], rule: StrayRule, timeMs: number): DeadLetter[] {
  const { transport, message, mend } = rule;
  return records.map(({ text, offset, container, instance = '' }) =>
    makeDeadLetter({ reason: 'no_source', timeMs, message, mend, product: transport, instance, container, offset, raw: text }),
  );
} // prettier-ignore

/** To be called when the letters are durable. */
export function countStrays(letters: readonly DeadLetter[], { transport }: StrayRule, onCounts?: CountsListener): void {
  if (letters.length === 0) return;
  const counts = emptyCounts();
  counts.received = letters.length;
  counts.dlq.no_source = letters.length;
  onCounts?.(transport, '', counts);
}
