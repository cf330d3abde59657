import { AppError } from '../../ingest/core/errors.js';
import { sqlText } from '../core/reproduce.js';

/** Types that values of rules have in statements. */
export type ParameterType =
  'String' | 'Array(String)' | 'Int64' | 'Array(Int64)' | 'UInt64' | 'Float64' | 'Array(Array(String))';

export interface Parameter {
  readonly type: ParameterType;
  readonly value: unknown;
}

/**
 * A piece of a statement. What it is made of is text of this program and parameters; there is no way from a text of a
 * rule into it but {@link param}, so nothing that a rule says can become part of the statement's grammar.
 */
export class Sql {
  readonly parts: readonly (string | Parameter)[];

  /** For `sql`, `join` and `name` only. */
  constructor(parts: readonly (string | Parameter)[]) {
    this.parts = parts;
  }
}

/** A statement as the store takes it. */
export interface Statement {
  readonly sql: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A template whose holes are other pieces; a plain text in a hole does not type-check. */
export function sql(strings: TemplateStringsArray, ...holes: readonly Sql[]): Sql {
  return new Sql(strings.flatMap((text, i) => [text, ...(holes[i]?.parts ?? [])]));
}

export const param = (type: ParameterType, value: unknown): Sql => new Sql([{ type, value }]);

/** Pieces one after the other; `empty` stands for none of them. */
export function join(pieces: readonly Sql[], separator: ' AND ' | ' OR ' | ', ' | ' UNION ALL ', empty = sql`1`): Sql {
  if (pieces.length === 0) return empty;
  return new Sql(pieces.flatMap(({ parts }, i) => (i === 0 ? parts : [separator, ...parts])));
}

/** A name of our own making with a number: `g0`. */
export function name(prefix: 'g' | 'e' | 's' | 'm' | 'v', index: number): Sql {
  return new Sql([`${prefix}${checked(index)}`]);
}

/** A whole number where the engine takes no parameter: width of a frame, parameter of an aggregate. */
export const whole = (value: number): Sql => new Sql([String(checked(value))]);

function checked(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new AppError('TQ_INTERNAL', 'Not a whole number from 0 up.');
  return value;
}

/** With placeholders and their values, for running. */
export function toStatement({ parts }: Sql): Statement {
  const params: Record<string, unknown> = {};
  const known = new Map<string, string>();
  const text = parts.map((part) => {
    if (typeof part === 'string') return part;
    const key = `${part.type} ${JSON.stringify(part.value)}`;
    const name = known.get(key) ?? `p${known.size}`;
    known.set(key, name);
    params[name] = part.value;
    return `{${name}:${part.type}}`;
  });
  return { sql: text.join(''), params };
}

/** With the values as literals, for people who run it again. */
export function toText({ parts }: Sql): string {
  const text = parts.map((part) => (typeof part === 'string' ? part.replace(/\s+/g, ' ') : literal(part.value)));
  return text.join('').trim();
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  return typeof value === 'number' ? String(value) : sqlText(String(value));
}
