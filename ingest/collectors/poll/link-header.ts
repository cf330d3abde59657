/** The target of `rel="next"` in `Link` headers (RFC 8288), resolved; undefined where there is none. */
export function nextLink(headers: Headers, base: string): string | undefined {
  const text = headers.get('link') ?? '';
  for (const [, target = '', parameters = ''] of text.matchAll(/<([^<>]{0,8192})>([^<]{0,1024})/g)) {
    if (!/;\s*rel\s*=\s*(?:"(?:[^"]* )?next(?: [^"]*)?"|next(?=\s*(?:[;,]|$)))/i.test(parameters)) continue;
    return URL.canParse(target, base) ? new URL(target, base).href : undefined;
  }
  return undefined;
}
