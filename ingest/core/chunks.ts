/** The list in its order, at most `size` items at a time. */
export function* chunks<T>(list: readonly T[], size: number): Generator<readonly T[], void> {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size);
}
