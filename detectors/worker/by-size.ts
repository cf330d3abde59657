/** The items in order, in parts that are full once their sizes come to `sizeMax`: each but the last reaches it by its last item. */
export function* bySize<T>(items: Iterable<T>, sizeOf: (item: T) => number, sizeMax: number): Generator<readonly T[]> {
  let part: T[] = [];
  let size = 0;
  for (const item of items) {
    part.push(item);
    size += sizeOf(item);
    if (size < sizeMax) continue;
    yield part;
    part = [];
    size = 0;
  }
  if (part.length > 0) yield part;
}
