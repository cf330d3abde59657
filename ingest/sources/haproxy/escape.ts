/**
 * Undoes what HAProxy does to captures and requests: `{`, `|`, `}`, `"`, `#` and bytes that are not printable ASCII stand
 * as `#` and two hexadecimal digits, so that `auth0|ab12` is logged as `auth0#7Cab12`.
 */
export function unescapeHash(text: string): string {
  if (!text.includes('#')) return text;
  const parts = text.split('#');
  const chunks: Buffer[] = [Buffer.from(parts[0] ?? '', 'utf8')];
  for (const part of parts.slice(1)) {
    const code = /^[0-9A-Fa-f]{2}/.exec(part)?.[0];
    if (code === undefined) chunks.push(Buffer.from(`#${part}`, 'utf8'));
    else chunks.push(Buffer.of(parseInt(code, 16)), Buffer.from(part.slice(2), 'utf8'));
  }
  return Buffer.concat(chunks).toString('utf8');
}
