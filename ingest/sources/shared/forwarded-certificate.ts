/** What one proxy wrote about the certificate that its client showed. */
interface ForwardedCertificate {
  /** SHA-256 of the certificate, hexadecimal as Envoy writes it. */
  readonly hash?: string;
  readonly subject?: string;
  /** URI SANs; a SPIFFE id is one. */
  readonly uris: readonly string[];
}

const LENGTH_MAX = 16_384;

/** Cuts at a separator that stands outside of double quotes; a backslash takes the next character's meaning. */
function cut(text: string, separator: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (isQuoted && c === '\\') i++;
    else if (c === '"') isQuoted = !isQuoted;
    else if (c === separator && !isQuoted) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

const unquote = (text: string): string =>
  text.startsWith('"') && text.endsWith('"') && text.length > 1 ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;

/**
 * Reads the element of `x-forwarded-client-cert` that the nearest proxy wrote, which is the last one: whatever stands
 * before it came from further away (https://www.envoyproxy.io/docs, HTTP header manipulation, XFCC).
 */
function readForwardedCertificate(header: string): ForwardedCertificate | undefined {
  if (header.length > LENGTH_MAX) return undefined;
  const element = cut(header, ',').at(-1) ?? '';
  const uris: string[] = [];
  let hash: string | undefined;
  let subject: string | undefined;
  for (const pair of cut(element, ';')) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const value = unquote(pair.slice(equals + 1).trim());
    if (value === '') continue;
    switch (pair.slice(0, equals).trim().toLowerCase()) {
      case 'hash':
        hash = value;
        break;
      case 'subject':
        subject = value;
        break;
      case 'uri':
        uris.push(value);
        break;
    }
  }
  if (hash === undefined && subject === undefined && uris.length === 0) return undefined;
  return { ...(hash !== undefined && { hash }), ...(subject !== undefined && { subject }), uris };
}

/** The nearest proxy's word on its client; the certificate that this proxy itself saw comes first. */
export function takeForwardedCertificate(
  record: { spiffeId?: string },
  header: string,
  extra: [string, string][],
): void {
  const forwarded = readForwardedCertificate(header);
  if (forwarded === undefined) return;
  const id = forwarded.uris.find((uri) => uri.startsWith('spiffe://'));
  if (record.spiffeId === undefined && id !== undefined) record.spiffeId = id;
  const hash = forwarded.hash?.toLowerCase();
  if (hash !== undefined && /^[0-9a-f]{64}$/.test(hash)) extra.push(['client_cert_sha256', hash]);
  if (forwarded.subject !== undefined && !extra.some(([key]) => key === 'peer_subject'))
    extra.push(['peer_subject', forwarded.subject]);
}
