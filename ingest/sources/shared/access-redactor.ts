import { boundText } from '../../core/text.js';
import { TextCache } from '../../core/text-cache.js';
import { isClean, redactText, redactUrl } from '../../event/credential-text.js';
import { isPlainId } from '../../event/text-traits.js';
import { limits, type TokenEvent } from '../../event/token-event.js';

type Exposure = NonNullable<TokenEvent['exposures']>[number];

/** Longer values are cut before they are searched for secrets: what follows would be cut anyway. */
export const SEARCHED_MAX = 8192;

/** Redacts free texts of one record and remembers where a secret stood. */
export class Redactor {
  exposures: Exposure[] | undefined;

  expose(where: Exposure): void {
    if (this.exposures === undefined) this.exposures = [where];
    else if (!this.exposures.includes(where)) this.exposures.push(where);
  }

  text(value: string, max: number, where: Exposure = 'token_in_log'): string {
    const searched = value.length > SEARCHED_MAX ? value.slice(0, SEARCHED_MAX) : value;
    if (isClean(searched)) return boundText(searched, max);
    const { text, found } = redactText(searched);
    if (found) this.expose(where);
    return boundText(text, max);
  }

  /**
   * An id that others join by. Ids are random by nature, so only what is a known token format, or stands under a
   * secret's name, is a secret here; undefined then.
   */
  id(value: string, max: number): string | undefined {
    if (isPlainId(value)) return value;
    const bounded = boundText(value, Math.min(max, SEARCHED_MAX));
    if (isClean(bounded) || !redactText(bounded).found) return bounded;
    this.expose('token_in_log');
    return undefined;
  }

  /** For ids, addresses and names; those made of digits and hexadecimal need no search. */
  short(value: string): string {
    return isPlainId(value) ? value : this.text(value, limits.shortTextMax);
  }

  long(value: string): string {
    return this.text(value, limits.longTextMax);
  }
}

/** What is kept of referers that hold no secret; browsers send the same few again and again. */
const cleanReferers = new TextCache<string>(11, 512);

/** Origin and path of a referer. */
export function refererOf(referer: string, redactor: Redactor): string {
  const known = cleanReferers.get(referer);
  if (known !== undefined) return known;
  const url = redactUrl(referer.length > SEARCHED_MAX ? referer.slice(0, SEARCHED_MAX) : referer);
  if (url.exposures.length > 0) redactor.expose('token_in_referer');
  else cleanReferers.set(referer, url.path);
  return url.path;
}
