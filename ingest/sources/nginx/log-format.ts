import { z } from 'zod';
import { ok } from '../../core/result.js';
import type { AccessMeaning, KeyDictionary } from '../shared/access-fields.js';
import { newAccessRecord, setField } from '../shared/access-record.js';
import type { LineRecord } from '../shared/access-source.js';
import { unescapeText } from '../shared/log-escape.js';
import { refuse } from '../shared/refuse.js';

const product = 'nginx';

/** A variable and the text that stands between it and the next one, or the end. */
interface Field {
  readonly name: string;
  readonly after: string;
}

/** The operator's own `log_format`, taken apart. */
export interface LogFormat {
  readonly before: string;
  readonly fields: readonly Field[];
}

const variable = /\$(?:\{(\w{1,128})\}|(\w{1,128}))/g;
const times = new Set(['time_local', 'time_iso8601', 'msec']);

/** @returns what is wrong with it, as a text. */
export function compileLogFormat(text: string): LogFormat | string {
  const found = [...text.matchAll(variable)];
  const [first] = found;
  if (first === undefined) return 'it names no variable. Write the text of log_format, as $remote_addr [$time_local] …';
  const fields = found.map((match, index) => {
    const next = found[index + 1]?.index ?? text.length;
    return { name: match[1] ?? match[2] ?? '', after: text.slice(match.index + match[0].length, next) };
  });
  const glued = fields.findIndex(({ after }, index) => after === '' && index < fields.length - 1);
  if (glued >= 0)
    return `nothing stands between $${fields[glued]?.name ?? ''} and $${fields[glued + 1]?.name ?? ''}. Put a space or a quote there.`;
  if (!fields.some(({ name }) => times.has(name)))
    return 'it has none of $time_local, $time_iso8601 and $msec. Log one of them.';
  return { before: text.slice(0, first.index), fields };
}

export const logFormatOption = z
  .string()
  .max(8192)
  .transform((text, context) => {
    const format = compileLogFormat(text.trim());
    if (typeof format !== 'string') return format;
    context.addIssue({ code: 'custom', message: format });
    return z.NEVER;
  })
  .optional()
  .describe('The text of your `log_format`, where it is neither `combined` nor JSON.');

/**
 * Where a value ends: at the first place of the text behind it, since NGINX escapes quotes in values. A user name is
 * what the client says, and may hold that text itself: it goes on to the last one before the next quote.
 */
function endOf(line: string, at: number, { name, after }: Field): number {
  if (after === '') return line.length;
  const end = line.indexOf(after, at);
  if (name !== 'remote_user' || end < 0) return end;
  const quote = line.indexOf('"', end + after.length);
  return quote < 0 ? end : Math.max(end, line.lastIndexOf(after, quote - 1));
}

interface Found {
  readonly rank: number;
  readonly value: string;
}

/** Reads a line of the operator's own format; variables that mean nothing here are passed over. */
export function readLogFormat(line: string, format: LogFormat, dictionary: KeyDictionary): LineRecord {
  const mend = 'Give `log_format` the text that the server has, in one piece.';
  if (!line.startsWith(format.before))
    return refuse(product, '', 'The line does not begin as `log_format` says.', mend);
  const found = new Map<AccessMeaning, Found>();
  let at = format.before.length;
  for (const field of format.fields) {
    const end = endOf(line, at, field);
    if (end < 0) return refuse(product, field.name, `The end of $${field.name} was not found in the line.`, mend);
    const known = dictionary.meaningOf(field.name);
    const value = unescapeText(line.slice(at, end));
    const before = known === undefined ? undefined : found.get(known.meaning);
    if (known !== undefined && (before === undefined || known.rank < before.rank || before.value === '-'))
      found.set(known.meaning, { rank: known.rank, value });
    at = end + field.after.length;
  }
  const record = newAccessRecord('log_format');
  for (const [meaning, { value }] of found) setField(record, meaning, value);
  return ok(record);
}
