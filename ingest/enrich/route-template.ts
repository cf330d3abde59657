/** Segments kept of a path; what is deeper becomes one `{*}`. */
const MAX_SEGMENTS = 16;
const MAX_LENGTH = 1024;
const LONG_SEGMENT = 24;

const NUMBER = /^\d+$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const HEX = /^(?=.*\d)[0-9a-f]{12,}$/i;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const DATE = /^\d{4}-\d{2}-\d{2}(T[\d:.%A-Za-z+-]+)?$/;
const EMAIL = /^[^@]{1,64}(@|%40)[^@]+\.[^@]+$/i;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const PREFIXED = /^([A-Za-z][A-Za-z]{0,31}[-_.:])\d{2,}$/;
const VERSION = /^v\d+([a-z]+\d+)?$/i;
const EXTENSION = /^(.+)(\.[A-Za-z][A-Za-z0-9]{0,5})$/;

/** Whether a long segment looks made by a machine or a title: mixed digits and letters, or many hyphens. */
function isLongSlug(segment: string): boolean {
  let digits = 0;
  let separators = 0;
  for (let i = 0; i < segment.length; i++) {
    const c = segment.charCodeAt(i);
    if (c >= 0x30 && c <= 0x39) digits++;
    else if (c === 0x2d || c === 0x5f) separators++;
  }
  return separators >= 3 || digits >= 3 || segment.length > 48;
}

/** A segment of letters, dots and hyphens that is not long: most of them, told without a regular expression. */
function isPlainWord(segment: string): boolean {
  if (segment.length > LONG_SEGMENT) return false;
  for (let i = 0; i < segment.length; i++) {
    const c = segment.charCodeAt(i);
    if ((c >= 0x30 && c <= 0x39) || c === 0x40 || c === 0x25) return false;
  }
  return true;
}

function templateSegment(segment: string): string {
  if (isPlainWord(segment)) return segment;
  if (NUMBER.test(segment)) return '{id}';
  if (UUID.test(segment)) return '{uuid}';
  if (VERSION.test(segment)) return segment;
  if (HEX.test(segment)) return '{hash}';
  if (ULID.test(segment)) return '{id}';
  if (DATE.test(segment)) return '{date}';
  if (IPV4.test(segment)) return '{ip}';
  if (EMAIL.test(segment)) return '{email}';
  const prefixed = PREFIXED.exec(segment);
  if (prefixed !== null) return `${prefixed[1] ?? ''}{id}`;
  const file = EXTENSION.exec(segment);
  if (file !== null) {
    const stem = templateSegment(file[1] ?? '');
    return stem === file[1] ? segment : `${stem.startsWith('{') ? stem : '{file}'}${file[2] ?? ''}`;
  }
  return segment.length > LONG_SEGMENT && isLongSlug(segment) ? '{slug}' : segment;
}

/** A path that cannot hold a variable part: no digit, `@` or `%`, and no long segment. */
function isFixed(path: string): boolean {
  let since = 0;
  let segments = 0;
  for (let i = 0; i < path.length; i++) {
    const c = path.charCodeAt(i);
    if (c === 0x2f) {
      since = 0;
      if (++segments > MAX_SEGMENTS) return false;
    } else if ((c >= 0x30 && c <= 0x39) || c === 0x40 || c === 0x25 || c === 0x3b || ++since > LONG_SEGMENT)
      return false;
  }
  return true;
}

/**
 * OTel `http.route` guessed from a path: numbers, UUIDs, hashes, dates, addresses and long slugs become `{id}`,
 * `{uuid}`, `{hash}`, `{date}`, `{ip}`, `{email}`, `{slug}`, so that a map of routes stays small. Version segments
 * (`v1`) stay. Matrix parameters (`;…`) are dropped.
 *
 * @param path without query string; already redacted.
 */
export function templateRoute(path: string): string {
  if (path.length <= MAX_LENGTH && isFixed(path)) return path;
  let route = '';
  const end = Math.min(path.length, MAX_LENGTH);
  let from = 0;
  for (let segments = 0; from <= end; segments++) {
    if (segments > MAX_SEGMENTS) return `${route}/{*}`;
    const slash = path.indexOf('/', from);
    const to = slash < 0 || slash > end ? end : slash;
    const matrix = path.indexOf(';', from);
    const bare = path.slice(from, matrix < 0 || matrix > to ? to : matrix);
    route += segments === 0 ? '' : '/';
    if (bare !== '') route += templateSegment(bare);
    from = to + 1;
  }
  return path.length > MAX_LENGTH ? `${route}/{*}` : route;
}
