import { limits } from '../../event/token-event.js';

/** The first `max` UTF-16 units, never half a surrogate pair. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}

export const cutShort = (text: string): string => cut(text, limits.shortTextMax);
export const cutLong = (text: string): string => cut(text, limits.longTextMax);

/** At most `limits.listMax` short texts, without empty or repeated ones. */
export function cutList(texts: readonly string[]): readonly string[] {
  const list = new Set<string>();
  for (const text of texts) {
    if (list.size === limits.listMax) break;
    if (text !== '') list.add(cutShort(text));
  }
  return [...list];
}

/** Proxies write `-` for a value that was not there. */
export function present(text: string | undefined): string | undefined {
  return text === undefined || text === '' || text === '-' ? undefined : text;
}
