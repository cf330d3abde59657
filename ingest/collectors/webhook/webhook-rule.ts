import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** How the sender of a webhook shows who it is. */
export type WebhookRule = HeaderRule | HmacRule;

/** A secret in a header, as it is or behind `Bearer`. */
export interface HeaderRule {
  readonly kind: 'header';
  /** Name of the header, in lower case. */
  readonly header: string;
  /** Any of them is good, so that a secret can be changed without a gap. */
  readonly secrets: readonly string[];
}

/** HMAC-SHA-256 of the body as sent, in hexadecimal behind `sha256=`. */
export interface HmacRule {
  readonly kind: 'hmac_sha256';
  readonly header: string;
  readonly secrets: readonly string[];
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares digests of equal length, and all of the secrets, so that the time tells nothing. */
function isOneOf(shown: readonly Buffer[], wanted: readonly Buffer[]): boolean {
  let found = false;
  for (const one of shown) for (const other of wanted) if (timingSafeEqual(one, other)) found = true;
  return found;
}

/** Whether the request is of somebody who knows a secret of the rule. @param body as it came, before any decoding. */
export function isSenderKnown(rule: WebhookRule, headers: IncomingHttpHeaders, body: Uint8Array): boolean {
  const shown = headers[rule.header];
  if (typeof shown !== 'string' || shown === '') return false;
  if (rule.kind === 'header') {
    const bare = shown.replace(/^bearer +/i, '');
    return isOneOf([digest(shown), digest(bare)], rule.secrets.map(digest));
  }
  const hex = /^sha256=([0-9a-f]{64})$/i.exec(shown)?.[1];
  if (hex === undefined) return false;
  const wanted = rule.secrets.map((secret) => createHmac('sha256', secret).update(body).digest());
  return isOneOf([Buffer.from(hex, 'hex')], wanted);
}
