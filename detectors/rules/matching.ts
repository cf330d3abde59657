import { RE2JS } from 're2js';
import { isAddressRange } from '../../ingest/core/address-ranges.js';
import { asText, fields, type Field } from './fields.js';
import { ruleLimits, type Matcher, type MatcherMap, type Scalar } from './rule-schema.js';
import { join, param, sql, type Sql } from './sql.js';

/** What is wrong with one entry of a matcher; the path is inside the matcher. */
export interface MatcherFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly mend: string;
}

const comparisons = { gt: sql` > `, gte: sql` >= `, lt: sql` < `, lte: sql` <= ` } as const;
const modifiers = [
  'contains',
  'startswith',
  'endswith',
  're',
  'cidr',
  'cased',
  'all',
  'exists',
  ...Object.keys(comparisons),
];
const ATTRIBUTE = /^attributes\.([A-Za-z0-9_.-]{1,64})$/;

/** A field of the list, or one attribute of the source's own. */
function findField(name: string): Field | undefined {
  const attribute = ATTRIBUTE.exec(name)?.[1];
  if (attribute === undefined) return fields.get(name);
  const own = sql`attributes[${param('String', attribute)}]`;
  return { name, kind: 'text', sql: own, present: sql`${own} != ''`, stored: false };
}

interface Entry {
  readonly field: Field;
  readonly marks: ReadonlySet<string>;
  readonly values: readonly Scalar[];
}

/** Every fault of a matcher. */
export function checkMatcher(matcher: Matcher): readonly MatcherFault[] {
  const faults: MatcherFault[] = [];
  let conditions = 0;
  const visit = (one: Matcher, path: readonly (string | number)[], depth: number): void => {
    if (depth > ruleLimits.depthMax) {
      faults.push({
        path,
        message: `nested deeper than ${ruleLimits.depthMax}`,
        mend: 'Flatten it, or part the rule.',
      });
      return;
    }
    one.forEach((map, i) => {
      const at = one.length === 1 ? path : [...path, i];
      for (const [key, values] of Object.entries(map.fields)) {
        conditions += 1;
        const fault = checkEntry(key, values);
        if (fault !== null) faults.push({ path: [...at, key], ...fault });
      }
      if (isEmpty(map)) faults.push({ path: at, message: 'no condition', mend: 'Name a field and its values.' });
      map.all?.forEach((inner, n) => visit(inner, [...at, 'all', n], depth + 1));
      map.any?.forEach((inner, n) => visit(inner, [...at, 'any', n], depth + 1));
      if (map.not !== undefined) visit(map.not, [...at, 'not'], depth + 1);
    });
  };
  visit(matcher, [], 1);
  if (conditions > ruleLimits.conditionsMax) {
    const message = `${conditions} conditions, at most ${ruleLimits.conditionsMax}`;
    faults.push({ path: [], message, mend: 'Use lists of values, or part the rule.' });
  }
  return faults;
}

const isEmpty = ({ fields: own, all, any, not }: MatcherMap): boolean =>
  Object.keys(own).length === 0 && all === undefined && any === undefined && not === undefined;

type Words = Omit<MatcherFault, 'path'>;

function checkEntry(key: string, values: readonly Scalar[]): Words | null {
  const [name = '', ...marks] = key.split('|');
  const field = findField(name);
  if (field === undefined) {
    return {
      message: `${name} is not a field`,
      mend: `Use one of ${[...fields.keys()].join(', ')}, or attributes.NAME.`,
    };
  }
  const unknown = marks.find((mark) => !modifiers.includes(mark));
  if (unknown !== undefined) {
    return { message: `the modifier ${unknown} is not known`, mend: `Use one of ${modifiers.join(', ')}.` };
  }
  return checkMarks(field, new Set(marks)) ?? checkValues({ field, marks: new Set(marks), values });
}

const textMarks = ['contains', 'startswith', 'endswith', 're', 'cased'];

function checkMarks({ kind, name }: Field, marks: ReadonlySet<string>): Words | null {
  const ways = [...marks].filter((mark) => mark !== 'cased' && mark !== 'all');
  if (ways.length > 1) return { message: `${ways.join(' and ')} do not go together`, mend: 'Keep one of them.' };
  const numeric = [...marks].some((mark) => mark in comparisons);
  if (numeric && kind !== 'number')
    return { message: `${name} is not a number`, mend: 'Compare it with values instead.' };
  const texts = [...marks].find((mark) => textMarks.includes(mark));
  if (texts !== undefined && (kind === 'number' || kind === 'flag' || (kind === 'list' && texts !== 'contains'))) {
    return { message: `${texts} does not fit ${name}`, mend: 'Compare it with values instead.' };
  }
  if (marks.has('cidr') && name !== 'client_address') {
    return { message: 'cidr is for client_address', mend: 'Remove the modifier.' };
  }
  return null;
}

function checkValues({ field, marks, values }: Entry): Words | null {
  const { kind, name } = field;
  if (marks.has('exists')) {
    if (values.length === 1 && typeof values[0] === 'boolean') return null;
    return { message: 'exists takes true or false', mend: 'Write one of them.' };
  }
  for (const value of values) {
    if (value === null) continue;
    if (kind === 'number' && (typeof value !== 'number' || !Number.isFinite(value))) {
      return { message: `${name} takes numbers`, mend: 'Write a number, without quotes.' };
    }
    if (kind === 'flag' && typeof value !== 'boolean') {
      return { message: `${name} takes true or false`, mend: 'Write one of them, without quotes.' };
    }
    if (kind === 'number' || kind === 'flag') continue;
    if (typeof value === 'boolean') return { message: `${name} takes texts`, mend: 'Write the text in quotes.' };
    const text = String(value);
    const fault = checkText(field, marks, text);
    if (fault !== null) return fault;
  }
  return null;
}

function checkText({ name, values: known }: Field, marks: ReadonlySet<string>, text: string): Words | null {
  if (marks.has('cidr')) {
    return isAddressRange(text)
      ? null
      : { message: `${text} is no address range`, mend: 'Write it as 203.0.113.0/24.' };
  }
  if (marks.has('re')) {
    try {
      RE2JS.compile(text);
      return null;
    } catch {
      return { message: 'not a pattern of RE2', mend: 'See github.com/google/re2/wiki/Syntax; it has no look-around.' };
    }
  }
  if (text === '' && marks.size > 0)
    return { message: 'an empty text fits everything', mend: 'Write what to look for.' };
  if (known !== undefined && marks.size === 0 && !hasWildcard(text) && text !== '' && !known.includes(text)) {
    return { message: `${name} is never ${text}`, mend: `Use one of ${known.join(', ')}.` };
  }
  return null;
}

/** The matcher as a condition. @param matcher one that {@link checkMatcher} finds no fault in. */
export function conditionOf(matcher: Matcher): Sql {
  const maps = matcher.map((map) => {
    const parts = [
      ...Object.entries(map.fields).map(([key, values]) => entryOf(key, values)),
      ...(map.all ?? []).map(conditionOf),
      ...(map.any === undefined ? [] : [sql`(${join(map.any.map(conditionOf), ' OR ')})`]),
      ...(map.not === undefined ? [] : [sql`NOT ${conditionOf(map.not)}`]),
    ];
    return sql`(${join(parts, ' AND ')})`;
  });
  return sql`(${join(maps, ' OR ')})`;
}

function entryOf(key: string, values: readonly Scalar[]): Sql {
  const [name = '', ...list] = key.split('|');
  const field = findField(name);
  if (field === undefined) throw new RangeError('a matcher that was not checked');
  const marks = new Set(list);
  if (marks.has('exists')) return values[0] === true ? field.present : sql`NOT (${field.present})`;
  const told = values.filter((value) => value !== null);
  const absent = told.length === values.length ? [] : [sql`NOT (${field.present})`];
  const together = marks.has('all') ? ' AND ' : ' OR ';
  return sql`(${join([...absent, ...conditionsOf({ field, marks, values: told })], together)})`;
}

function conditionsOf(entry: Entry): readonly Sql[] {
  const { field, marks, values } = entry;
  if (values.length === 0) return [];
  if (field.kind === 'number') return numbers(entry);
  if (field.kind === 'flag') return values.map((value) => (value === true ? field.sql : sql`NOT ${field.sql}`));
  const texts = values.map(String);
  if (field.kind === 'list') return inList(field, marks, texts);
  const cased = field.kind === 'word' || marks.has('cased');
  if (marks.has('cidr')) {
    // The function refuses what is no address, such as a host name.
    const isAddress = sql`(isIPv4String(${field.sql}) OR isIPv6String(${field.sql}))`;
    return texts.map(
      (text) => sql`if(${isAddress}, isIPAddressInRange(${field.sql}, ${param('String', withPrefix(text))}), 0)`,
    );
  }
  if (marks.has('re')) return texts.map((text) => sql`match(${field.sql}, ${param('String', text)})`);
  const patterns = texts.filter((text) => isPattern(marks, text));
  const exact = texts.filter((text) => !isPattern(marks, text));
  const like = patterns.map((text) => {
    const pattern = param('String', likeOf(text, marks));
    return cased ? sql`${field.sql} LIKE ${pattern}` : sql`${field.sql} ILIKE ${pattern}`;
  });
  if (exact.length === 0) return like;
  const own = cased ? field.sql : sql`lowerUTF8(${field.sql})`;
  const wanted = exact.map((text) => plainText(cased ? text : text.toLowerCase()));
  if (marks.has('all')) return [...wanted.map((text) => sql`${own} = ${param('String', text)}`), ...like];
  return [sql`${own} IN ${param('Array(String)', wanted)}`, ...like];
}

function numbers({ field, marks, values }: Entry): readonly Sql[] {
  const [mark] = marks;
  const comparison = mark === undefined ? undefined : comparisons[mark as keyof typeof comparisons];
  return values.map((value) => sql`${field.sql}${comparison ?? sql` = `}${param('Float64', value)}`);
}

function inList({ sql: own }: Field, marks: ReadonlySet<string>, texts: readonly string[]): readonly Sql[] {
  if (!marks.has('contains')) return texts.map((text) => sql`has(${own}, ${param('String', plainText(text))})`);
  return texts.map((text) => sql`arrayExists(x -> x ILIKE ${param('String', likeOf(text, marks))}, ${own})`);
}

const withPrefix = (range: string): string =>
  range.includes('/') ? range : `${range}/${range.includes(':') ? 128 : 32}`;

/** Sigma: `*` and `?` are wildcards unless a backslash stands before them. */
export const hasWildcard = (text: string): boolean => /(?<!\\)(\\\\)*[*?]/.test(text);
const isPattern = (marks: ReadonlySet<string>, text: string): boolean =>
  marks.has('contains') || marks.has('startswith') || marks.has('endswith') || hasWildcard(text);
const plainText = (text: string): string => text.replace(/\\([\\*?])/g, '$1');

function likeOf(text: string, marks: ReadonlySet<string>): string {
  let pattern = '';
  for (const [whole] of text.matchAll(/\\[\\*?]|[\s\S]/g)) {
    if (whole === '*') pattern += '%';
    else if (whole === '?') pattern += '_';
    else pattern += whole.slice(-1).replace(/[\\%_]/, '\\$&');
  }
  const before = marks.has('contains') || marks.has('endswith') ? '%' : '';
  const after = marks.has('contains') || marks.has('startswith') ? '%' : '';
  return `${before}${pattern}${after}`;
}

/** What tells one value of these fields from another, as one text. */
export const valueOf = (list: readonly Field[]): Sql =>
  list.length === 1 && list[0] !== undefined
    ? sql`toString(${asText(list[0])})`
    : sql`concat(${join(
        list.flatMap((field, i) => (i === 0 ? [asText(field)] : [sql`' '`, asText(field)])),
        ', ',
      )})`;

/** True where the event tells all of these. */
export const allPresent = (list: readonly Field[]): Sql =>
  join(
    list.map((field) => sql`(${field.present})`),
    ' AND ',
  );
