import type { Result } from '../../core/result.js';
import { err, ok } from '../../core/result.js';
import { actions, outcomes, reasons, tokenKinds, type PrincipalFacts } from '../../event/token-event.js';
import { parseAccessTime } from '../shared/access-time.js';
import { asText, isObject, readValue } from '../shared/json-reader.js';
import type { Condition, Expression, Mapping, MappingField } from './mapping.js';
import { compilePattern, type Pattern } from './pattern.js';
import { followPointer, isPointer, pointerTokens } from './pointer.js';
import { compileTimeFormat, type TimeReader } from './strptime.js';

/** What a record offers to the expressions. */
export interface RecordView {
  /** The JSON record; for text the groups of the pattern. */
  readonly record: unknown;
  /** The document that held the record in a list; else the record. */
  readonly outer: unknown;
  /** JSON that stood in texts of the record, by its text. */
  readonly texts: Map<string, unknown>;
}

export type Read = (view: RecordView) => unknown;

export interface CompiledMapping {
  readonly mapping: Mapping;
  /** For text. */
  readonly patterns: readonly Pattern[];
  /** For JSON: where lists of records stand. */
  readonly lists: readonly (readonly string[])[];
  readonly usesOuter: boolean;
  readonly isWanted: (view: RecordView) => boolean;
  readonly fields: readonly (readonly [MappingField, Read])[];
  readonly attributes: readonly (readonly [string, Read])[];
}

export interface CompileFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly mend: string;
}

const principalKinds: readonly PrincipalFacts['kind'][] = [
  'user', 'client', 'service_account', 'role', 'workload', 'unknown',
]; // prettier-ignore

/** Fields of a closed vocabulary, and what stands for a word outside of it. */
const vocabularies: Readonly<Partial<Record<MappingField, { words: readonly string[]; otherwise?: string }>>> = {
  action: { words: actions, otherwise: 'other' },
  outcome: { words: outcomes, otherwise: 'unknown' },
  reason: { words: reasons, otherwise: 'other' },
  direction: { words: ['inbound', 'outbound', 'edge'] },
  credential_kind: { words: tokenKinds, otherwise: 'unknown' },
  principal_kind: { words: principalKinds, otherwise: 'unknown' },
};

const epochUnits: Readonly<Record<string, number>> = { epoch_s: 1000, epoch_ms: 1, epoch_us: 1e-3, epoch_ns: 1e-6 };
/** Claims of RFC 7519 are seconds; with a `format` they may be written in another way. */
const secondClaims = new Set<string>(['jwt_exp', 'jwt_iat', 'jwt_nbf']);

/** Compiles a mapping of the right shape, or tells all that does not fit together. */
export function compileMapping(mapping: Mapping): Result<CompiledMapping, readonly CompileFault[]> {
  const faults: CompileFault[] = [];
  const patterns = patternsOf(mapping, faults);
  const groups = new Set(patterns.flatMap((pattern) => pattern.names));
  const compiler = new Compiler(mapping, groups, faults);
  const lists = mapping.records.map((pointer, i) => {
    if (mapping.format === 'text')
      faults.push({ path: ['records', i], message: 'text has no lists', mend: 'Remove records.' });
    return compiler.pointer(pointer, ['records', i]);
  });
  const conditions = mapping.only.map((condition, i) => compiler.condition(condition, ['only', i]));
  const fields = (Object.entries(mapping.fields) as [MappingField, Expression | undefined][])
    .filter((entry): entry is [MappingField, Expression] => entry[1] !== undefined)
    .map(([name, expression]) => [name, compiler.field(name, expression)] as const);
  const attributes = Object.entries(mapping.attributes).map(
    ([name, expression]) => [name, compiler.expression(expression, ['attributes', name])] as const,
  );
  if (mapping.fields.time === undefined)
    faults.push({ path: ['fields'], message: 'time is missing', mend: 'Say where the time of the record stands.' });
  if (mapping.fields.action === undefined && mapping.kind !== 'proxy' && mapping.kind !== 'mesh') {
    const message = `a source of kind ${mapping.kind} has to say the action`;
    faults.push({ path: ['fields'], message, mend: `Map action to one of: ${actions.join(', ')}.` });
  }
  if (faults.length > 0) return err(faults);
  return ok({
    mapping,
    patterns,
    lists,
    usesOuter: compiler.usesOuter,
    isWanted: (view) => conditions.every((holds) => holds(view)),
    fields,
    attributes,
  });
}

function patternsOf(mapping: Mapping, faults: CompileFault[]): readonly Pattern[] {
  if (mapping.format === 'json') {
    if (mapping.patterns !== undefined)
      faults.push({ path: ['patterns'], message: 'JSON is read by pointers', mend: 'Remove patterns.' });
    return [];
  }
  if (mapping.patterns === undefined) {
    const message = 'text needs patterns';
    faults.push({ path: ['patterns'], message, mend: 'Give one or more regular expressions with named groups.' });
    return [];
  }
  return mapping.patterns.flatMap((text, i) => {
    const compiled = compilePattern(text);
    const refuse = (message: string): never[] => {
      faults.push({ path: ['patterns', i], message, mend: 'Write RE2 syntax with groups such as (?P<status>\\d+).' });
      return [];
    };
    if ('fault' in compiled) return refuse(compiled.fault);
    return compiled.pattern.names.length === 0 ? refuse('it has no named group') : [compiled.pattern];
  });
}

class Compiler {
  usesOuter = false;
  readonly #mapping: Mapping;
  readonly #groups: ReadonlySet<string>;
  readonly #faults: CompileFault[];

  constructor(mapping: Mapping, groups: ReadonlySet<string>, faults: CompileFault[]) {
    this.#mapping = mapping;
    this.#groups = groups;
    this.#faults = faults;
  }

  #fault(path: readonly PropertyKey[], message: string, mend: string): void {
    this.#faults.push({ path, message, mend });
  }

  pointer(pointer: string, path: readonly PropertyKey[]): readonly string[] {
    if (isPointer(pointer)) return pointerTokens(pointer);
    this.#fault(path, 'it is no JSON pointer', 'Write /a/b (RFC 6901); ~1 stands for / and ~0 for ~ inside a name.');
    return [];
  }

  /** A JSON pointer; for text a group, or `group/a/b` where the group's text is JSON. */
  #reference(text: string, path: readonly PropertyKey[]): readonly string[] {
    if (this.#mapping.format === 'json') return this.pointer(text, path);
    const slash = text.indexOf('/');
    const group = slash < 0 ? text : text.slice(0, slash);
    if (!this.#groups.has(group))
      this.#fault(path, `no pattern has a group ${group.slice(0, 64)}`, `Use one of: ${[...this.#groups].join(', ')}.`);
    return [group, ...(slash < 0 ? [] : this.pointer(text.slice(slash), path))];
  }

  #references(list: readonly string[], path: readonly PropertyKey[]): readonly (readonly string[])[] {
    return list.map((text) => this.#reference(text, path));
  }

  condition(condition: Condition, path: readonly PropertyKey[]): (view: RecordView) => boolean {
    const places = this.#references(condition.from, [...path, 'from']);
    const wanted = condition.in === undefined ? undefined : new Set(condition.in.map(String));
    const unwanted = new Set((condition.not_in ?? []).map(String));
    return (view) => {
      const text = asText(firstOf(view.record, places, view.texts));
      if (text === undefined) return wanted === undefined && condition.not_in !== undefined;
      return (wanted?.has(text) ?? true) && !unwanted.has(text);
    };
  }

  field(name: MappingField, expression: Expression): Read {
    const path = ['fields', name];
    const read = this.expression(expression, path);
    const vocabulary = vocabularies[name];
    if (vocabulary !== undefined) return this.#closed(read, expression, vocabulary, path);
    const isClaim = secondClaims.has(name);
    if (name !== 'time' && !isClaim) {
      if (expression.format !== undefined)
        this.#fault([...path, 'format'], 'only times have a format', 'Remove format, or use match.');
      return read;
    }
    if (isClaim && expression.format === undefined) return read;
    const toMs = this.#timeOf(expression.format ?? 'auto', [...path, 'format']);
    return (view) => {
      const ms = toMs(read(view));
      return ms === undefined || !isClaim ? ms : Math.floor(ms / 1000);
    };
  }

  /** Words outside of the vocabulary are faults where they are written, and `otherwise` where a record brings them. */
  #closed(
    read: Read,
    expression: Expression,
    { words, otherwise }: { words: readonly string[]; otherwise?: string },
    path: readonly PropertyKey[],
  ): Read {
    const check = (value: Expression['const'], key: readonly PropertyKey[]): void => {
      if (value === undefined || words.includes(String(value))) return;
      const message = `${String(value).slice(0, 64)} is none of its words`;
      this.#fault([...path, ...key], message, `Use one of: ${words.join(', ')}.`);
    };
    check(expression.const, ['const']);
    check(expression.default, ['default']);
    for (const [key, value] of Object.entries(expression.map ?? {})) check(value, ['map', key]);
    return (view) => {
      const value = read(view);
      if (value === undefined) return expression.map === undefined ? undefined : otherwise;
      const text = asText(value);
      return text !== undefined && words.includes(text) ? text : otherwise;
    };
  }

  #timeOf(format: string, path: readonly PropertyKey[]): (value: unknown) => number | undefined {
    if (format === 'auto')
      return (value) => (typeof value === 'number' || typeof value === 'string' ? parseAccessTime(value) : undefined);
    const unit = Object.hasOwn(epochUnits, format) ? epochUnits[format] : undefined;
    if (unit !== undefined) {
      return (value) => {
        const text = asText(value);
        return text !== undefined && /^\d{1,19}(?:\.\d{1,9})?$/.test(text) ? Number(text) * unit : undefined;
      };
    }
    const reader: TimeReader | { readonly fault: string } = format.includes('%')
      ? compileTimeFormat(format, this.#mapping.timezone)
      : { fault: 'it is no format' };
    if (typeof reader === 'function') return (value) => (typeof value === 'string' ? reader(value) : undefined);
    const help = 'Write auto, epoch_s, epoch_ms, epoch_us, epoch_ns, or strptime directives such as %Y-%m-%d %H:%M:%S.';
    this.#fault(path, reader.fault, help);
    return () => undefined;
  }

  expression(expression: Expression, path: readonly PropertyKey[]): Read {
    const given = [expression.from, expression.outer, expression.const].filter((way) => way !== undefined);
    if (given.length !== 1)
      this.#fault(path, 'it needs exactly one of from, outer and const', 'Keep one of the three.');
    const value = expression.const;
    if (value !== undefined) return () => value;
    if (expression.outer !== undefined) this.usesOuter = true;
    const places =
      expression.outer === undefined
        ? this.#references(expression.from ?? [], [...path, 'from'])
        : expression.outer.map((pointer) => this.pointer(pointer, [...path, 'outer']));
    if (expression.outer !== undefined && this.#mapping.records.length === 0)
      this.#fault([...path, 'outer'], 'outer is what stands around a list', 'Name the list in records, or use from.');
    const isOuter = expression.outer !== undefined;
    const header = expression.header?.toLowerCase();
    const part = this.#part(expression.match, [...path, 'match']);
    const map = expression.map === undefined ? undefined : new Map(Object.entries(expression.map));
    return (view) => {
      let found = firstOf(isOuter ? view.outer : view.record, places, view.texts);
      if (header !== undefined) found = headerOf(found, header);
      if (part !== undefined) found = part(found);
      if (map !== undefined) found = map.get(asText(found) ?? '');
      return found ?? expression.default;
    };
  }

  /** Takes the part of a text that a group names; the first group where none has a name. */
  #part(text: string | undefined, path: readonly PropertyKey[]): ((value: unknown) => string | undefined) | undefined {
    if (text === undefined) return undefined;
    const compiled = compilePattern(text);
    if ('pattern' in compiled && compiled.pattern.names.length <= 1) {
      const { pattern } = compiled;
      const name = pattern.names[0] ?? '';
      return (value) => {
        const input = asText(value);
        return input === undefined ? undefined : pattern.match(input)?.get(name);
      };
    }
    const fault = 'fault' in compiled ? compiled.fault : 'it has several named groups';
    this.#fault(path, fault, 'Write RE2 syntax that matches the whole text, with one group around what counts.');
    return undefined;
  }
}

/** The first of several places where there is a value. */
function firstOf(root: unknown, places: readonly (readonly string[])[], texts: Map<string, unknown>): unknown {
  for (const tokens of places) {
    const value = followPointer(root, tokens, texts);
    if (value !== undefined && value !== null && value !== '' && value !== '-') return value;
  }
  return undefined;
}

const HEADERS_MAX = 256;

/** A header by its name in lower case, of an object, a list of names and values, or of lines `Name: value`. */
function headerOf(headers: unknown, name: string): string | undefined {
  if (isObject(headers)) {
    for (const key of Object.keys(headers).slice(0, HEADERS_MAX)) {
      if (key.toLowerCase() === name) return firstText(headers[key]);
    }
    return undefined;
  }
  const list: readonly unknown[] =
    typeof headers === 'string' ? headers.split(/\r?\n/, HEADERS_MAX) : Array.isArray(headers) ? headers : [];
  for (const entry of list.slice(0, HEADERS_MAX)) {
    if (typeof entry === 'string') {
      const colon = entry.indexOf(':');
      if (colon > 0 && entry.slice(0, colon).trim().toLowerCase() === name) return entry.slice(colon + 1).trim();
    } else if (isObject(entry)) {
      const key = asText(readValue(entry, 'name') ?? readValue(entry, 'key') ?? readValue(entry, 'Name'));
      if (key?.toLowerCase() === name) return firstText(readValue(entry, 'value') ?? readValue(entry, 'Value'));
    }
  }
  return undefined;
}

const firstText = (value: unknown): string | undefined =>
  asText(Array.isArray(value) ? (value as readonly unknown[])[0] : value);
