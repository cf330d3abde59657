/** A lone surrogate cannot be written as UTF-8, so it would change on its way through the log and the store. */
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
const anySurrogate = /[\uD800-\uDFFF]/;

/**
 * The first `max` UTF-16 units of a text, never ending in half a character; lone surrogates become U+FFFD.
 *
 * @param max how many UTF-16 units may stay, as zod counts them.
 */
export function boundText(text: string, max: number): string {
  let end = Math.min(text.length, max);
  if (end < text.length && end > 0) {
    const last = text.charCodeAt(end - 1);
    if (last >= 0xd800 && last <= 0xdbff) end -= 1;
  }
  const cut = end === text.length ? text : text.slice(0, end);
  return anySurrogate.test(cut) ? cut.replace(loneSurrogate, '\uFFFD') : cut;
}
