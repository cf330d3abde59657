import { BoundedCache } from '../../ingest/core/bounded-cache.js';

/** Families of browsers, the more special first: all call themselves Mozilla, and most also Safari. */
const browsers: readonly (readonly [mark: string, family: string])[] = [
  ['Edg', 'Edge'],
  ['OPR/', 'Opera'],
  ['SamsungBrowser/', 'Samsung Internet'],
  ['Firefox/', 'Firefox'],
  ['FxiOS/', 'Firefox'],
  ['CriOS/', 'Chrome'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
];
const FAMILY_CHARS_MAX = 32;
const PRODUCT = /^[^\s/();,]+/;

/** Programs that people drive by hand or script; the list of Elastic's rule for replayed Okta cookies and its like. */
const TOOL =
  /^(?:curl|wget|python|aiohttp|httpx|go-http-client|libwww|lwp|postman|insomnia|httpie|powershell|scrapy|java|ruby|perl|node-fetch|undici|axios|got$|okta-sdk|hydra|nuclei|sqlmap|ffuf|burp)/i;

/** A fleet has few programs; what floods the memory with names of its own pays for itself. */
const families = new BoundedCache<string>(256 * 1024);

/** What kind of program a user agent names; its version changes with every update and is left out. */
export function agentFamily(userAgent: string | undefined): string {
  if (userAgent === undefined || userAgent === '') return '';
  let family = families.get(userAgent);
  if (family === undefined) {
    family = readFamily(userAgent);
    families.set(userAgent, family);
  }
  return family;
}

function readFamily(userAgent: string): string {
  if (userAgent.startsWith('Mozilla/')) {
    for (const [mark, family] of browsers) if (userAgent.includes(mark)) return family;
    return 'Mozilla';
  }
  return (PRODUCT.exec(userAgent)?.[0] ?? '').slice(0, FAMILY_CHARS_MAX);
}

const browserFamilies: ReadonlySet<string> = new Set([...browsers.map(([, family]) => family), 'Mozilla']);

export const isBrowser = (family: string): boolean => browserFamilies.has(family);
export const isTool = (family: string): boolean => TOOL.test(family);
