/**
 * The first `max` UTF-16 units of a text, never ending in half a character; lone surrogates become U+FFFD, since they
 * cannot be written as UTF-8 and would change on their way through the log and the store.
 *
 * @param max how many UTF-16 units may stay, as zod counts them.
 */
export function boundText(text: string, max: number): string {
  if (text.length <= max) return text.isWellFormed() ? text : text.toWellFormed();
  let end = Math.max(max, 0);
  if (end > 0) {
    const last = text.charCodeAt(end - 1);
    if (last >= 0xd800 && last <= 0xdbff) end -= 1;
  }
  return text.slice(0, end).toWellFormed();
}

/** A copy that does not keep the whole log line alive, of which the text is a part. */
export function detached(text: string): string {
  const copy = Buffer.from(text, 'latin1').toString('latin1');
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le');
}
