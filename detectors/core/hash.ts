/**
 * A whole number below 2^53 for a text, so that a state remembers texts in 8 bytes each (cyrb53, public domain). Not for
 * secrets: it only tells apart what one state has seen, where 64 different texts collide with a chance of 2e-13.
 */
export function textHash(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}

/** Adds to a short list of what was seen last, oldest first; what is known moves to the end. */
export function remember(list: readonly number[], value: number, max: number): readonly number[] {
  if (list[list.length - 1] === value) return list;
  const others = list.filter((known) => known !== value);
  return [...(others.length >= max ? others.slice(1) : others), value];
}
