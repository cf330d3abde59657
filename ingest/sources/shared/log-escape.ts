const HEX = /^[0-9a-fA-F]{2}$/;

/** Adds the UTF-8 of a plain stretch of text to bytes that were escaped one by one. */
function decode(chunks: readonly (number | string)[]): string {
  return Buffer.concat(
    chunks.map((chunk) => (typeof chunk === 'number' ? Buffer.of(chunk) : Buffer.from(chunk, 'utf8'))),
  ).toString('utf8');
}

/**
 * Undoes NGINX's `escape=default`, which writes `"`, `\` and bytes below 32 or above 126 as `\xNN`, and `\"` and `\\`
 * of `escape=json`. Bytes that are no UTF-8 become U+FFFD.
 */
export function unescapeText(text: string): string {
  let at = text.indexOf('\\');
  if (at < 0) return text;
  const chunks: (number | string)[] = [];
  let from = 0;
  while (at >= 0) {
    const next = text.charAt(at + 1);
    const hex = text.slice(at + 2, at + 4);
    if (next === 'x' && HEX.test(hex)) {
      if (at > from) chunks.push(text.slice(from, at));
      chunks.push(parseInt(hex, 16));
      from = at + 4;
    } else if (next === '"' || next === '\\') {
      if (at > from) chunks.push(text.slice(from, at));
      chunks.push(next);
      from = at + 2;
    }
    at = text.indexOf('\\', Math.max(from, at + 1));
  }
  if (from < text.length) chunks.push(text.slice(from));
  return decode(chunks);
}

/**
 * Mends a JSON log line that was written without `escape=json`: `\xNN` inside strings becomes what it stands for, and
 * a missing value (`"a":,` or `"a":-`) becomes null. One pass; the result may still not be JSON.
 */
export function mendJson(line: string): string {
  let out = '';
  let from = 0;
  let isInString = false;
  for (let i = 0; i < line.length; i++) {
    const c = line.charCodeAt(i);
    if (isInString) {
      if (c === 0x5c) {
        if (line.charAt(i + 1) === 'x' && HEX.test(line.slice(i + 2, i + 4))) {
          let end = i + 4;
          while (line.startsWith('\\x', end) && HEX.test(line.slice(end + 2, end + 4))) end += 4;
          out += line.slice(from, i) + JSON.stringify(unescapeText(line.slice(i, end))).slice(1, -1);
          from = end;
          i = end - 1;
        } else i++;
      } else if (c === 0x22) isInString = false;
    } else if (c === 0x22) isInString = true;
    else if (c === 0x3a) {
      let next = i + 1;
      while (line.charCodeAt(next) === 0x20) next++;
      const isDash = line.charCodeAt(next) === 0x2d && !/\d/.test(line.charAt(next + 1));
      const after = isDash ? next + 1 : next;
      const stop = line.charAt(after);
      if (stop === ',' || stop === '}') {
        out += `${line.slice(from, i + 1)}null`;
        from = after;
        i = after - 1;
      }
    }
  }
  return out + line.slice(from);
}
