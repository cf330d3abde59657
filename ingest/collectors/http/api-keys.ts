import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The key of `Authorization: Bearer …` or `X-API-Key`; undefined when none was sent. */
export function presentedKey(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const named = headers['x-api-key'];
  return typeof named === 'string' && named !== '' ? named : undefined;
}

/**
 * Those entries whose key was presented. Hashes of equal length are compared in constant time, and every entry is
 * compared, so that the time tells nothing about which one nearly fitted.
 */
export function entriesForKey<T extends { readonly apiKeySha256?: string }>(
  entries: readonly T[],
  key: string | undefined,
): T[] {
  const presented = createHash('sha256')
    .update(key ?? '')
    .digest();
  return entries.filter((entry) => {
    const wanted = Buffer.from(entry.apiKeySha256 ?? '', 'hex');
    return wanted.length === presented.length && timingSafeEqual(wanted, presented) && key !== undefined;
  });
}
