import { err } from '../../core/result.js';
import type { ParseError } from '../source.js';

export interface Refusal {
  readonly ok: false;
  readonly error: ParseError;
}

/**
 * A refused record. `message` and `mend` are fixed sentences: a quote from the record could be a quote of a secret.
 *
 * @param field JSON pointer or named part of the line; '' is the whole record.
 * @param position character offset in the record, where known.
 */
export function refuse(product: string, field: string, message: string, mend: string, position?: number): Refusal {
  return err(position === undefined ? { product, field, message, mend } : { product, field, position, message, mend });
}
