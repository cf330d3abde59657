import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import type { ParseContext, ParseError } from '../source.js';
import { refuse } from './refuse.js';

type Each<R> = Result<readonly R[], ParseError>;

/** What each member of a list holds, in order; the refusal of one names its place and refuses all. */
export function collectList<T, R>(
  product: string,
  members: readonly T[],
  read: (member: T, ordinal: number) => Each<R>,
): Each<R> {
  const all: R[] = [];
  for (const [ordinal, member] of members.entries()) {
    const result = read(member, ordinal);
    if (!result.ok) {
      const { field, message, mend, position } = result.error;
      return refuse(
        product,
        field === '' || field.startsWith('/') ? `/${ordinal}${field}` : `/${ordinal}/${field}`,
        message,
        mend,
        position,
      );
    }
    for (const value of result.value) all.push(value);
  }
  return ok(all);
}

/** As `collectList`, for the records of one raw text: a record that came alone has no place to name. */
export function collectRecords<T, R>(
  product: string,
  records: readonly T[],
  read: (record: T, ordinal: number) => Each<R>,
): Each<R> {
  const [only] = records;
  return records.length === 1 && only !== undefined ? read(only, 0) : collectList(product, records, read);
}

/** The place of one of several records that came in one raw text; the first has that of the text. */
export function placeOfRecord(context: ParseContext, ordinal: number): ParseContext {
  if (ordinal === 0) return context;
  const { container, offset } = context.position;
  return { ...context, position: { container: `${container}#${ordinal}`, offset } };
}
