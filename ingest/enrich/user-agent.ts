import { BoundedCache } from '../core/bounded-cache.js';
import { boundText } from '../core/text.js';
import type { TokenEvent } from '../event/token-event.js';

/**
 * Families of browsers, the more special first: all call themselves Mozilla, and most also Safari. By hand: API traffic is mostly of
 * libraries, whose first product is their name, and a package for browsers needs a quarter of a millisecond for each new text.
 */
const browsers: readonly (readonly [mark: string, family: string])[] = [
  ['Edg', 'Edge'],
  ['OPR/', 'Opera'],
  ['SamsungBrowser/', 'Samsung Internet'],
  ['Vivaldi/', 'Vivaldi'],
  ['YaBrowser/', 'Yandex Browser'],
  ['UCBrowser/', 'UC Browser'],
  ['DuckDuckGo/', 'DuckDuckGo'],
  ['Firefox/', 'Firefox'],
  ['FxiOS/', 'Firefox'],
  ['CriOS/', 'Chrome'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
  ['Trident/', 'Internet Explorer'],
  ['MSIE ', 'Internet Explorer'],
];

/** Programs that wear a browser's name. */
const disguised: readonly (readonly [mark: string, family: string])[] = [
  ['HeadlessChrome/', 'HeadlessChrome'],
  ['Electron/', 'Electron'],
  ['PowerShell/', 'PowerShell'],
];
/** RFC 9110 product of a crawler: `Mozilla/5.0 (compatible; Googlebot/2.1; …)`. */
const CRAWLER = /\(compatible; ([A-Za-z][A-Za-z0-9._-]{1,63})/;
const FAMILY_CHARS_MAX = 32;
const HEAD_CHARS = 256;
const PRODUCT = /^[^\s/();,]+/;
/** A version that a product's name carries without a slash: `okhttp-4.12`, `curl_7.81`. */
const TRAILING_VERSION = /[-_]?v?\d{1,8}\.\d.*$/;

/** Programs that people drive by hand or script; the list of Elastic's rule for replayed Okta cookies and its like. */
const TOOL =
  /^(?:curl|wget|python|aiohttp|httpx|go-http-client|libwww|lwp|postman|insomnia|httpie|powershell|scrapy|java|ruby|perl|node-fetch|undici|axios|got$|okta-sdk|hydra|nuclei|sqlmap|ffuf|burp|headlesschrome)/i;

/** A fleet has few programs; what floods the memory with names of its own pays for itself. */
const families = new BoundedCache<string>(256 * 1024);

/** Which program a user agent names, at most 32 characters; its version changes with every update and is left out. */
export function agentFamily(userAgent: string | undefined): string {
  if (userAgent === undefined || userAgent === '') return '';
  let family = families.get(userAgent);
  if (family === undefined) {
    family = readFamily(userAgent);
    families.set(userAgent, family);
  }
  return family;
}

/** Stands in an event for a family that is one too many in its collector. */
export const OTHER_FAMILY = '{*}';

/** The family that the collector wrote into an event, else the one that its text names: a flood of names hides no program. */
export const familyOf = ({ user_agent_family: family, user_agent: text }: TokenEvent): string =>
  family === undefined || family === OTHER_FAMILY ? agentFamily(text) : family;

function readFamily(userAgent: string): string {
  if (userAgent.startsWith('Mozilla/')) {
    for (const [mark, family] of disguised) if (userAgent.includes(mark)) return family;
    const crawler = CRAWLER.exec(userAgent.slice(0, HEAD_CHARS))?.[1];
    if (crawler !== undefined && crawler !== 'MSIE') return boundText(crawler, FAMILY_CHARS_MAX);
    for (const [mark, family] of browsers) if (userAgent.includes(mark)) return family;
    return 'Mozilla';
  }
  const product = PRODUCT.exec(userAgent.slice(0, HEAD_CHARS))?.[0] ?? '';
  const named = product.replace(TRAILING_VERSION, '');
  return boundText(named === '' ? product : named, FAMILY_CHARS_MAX);
}

const browserFamilies: ReadonlySet<string> = new Set([...browsers.map(([, family]) => family), 'Mozilla']);

export const isBrowser = (family: string): boolean => browserFamilies.has(family);
export const isTool = (family: string): boolean => TOOL.test(family);
