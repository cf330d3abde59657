import { userInfo } from 'node:os';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { AppError } from '../../../ingest/core/errors.js';
import { answerFormats, mediaTypes, writeAnswer, type AnswerFormat } from '../../sql/answer-formats.js';
import { printable } from '../../alerts/wording.js';
import type { Surroundings } from '../open-parts.js';
import { ensureDataDir, openStore } from '../open-parts.js';
import { readSecretFile } from '../secret-file.js';
import { createSqlRunner } from '../serving.js';
import type { Terminal } from '../terminal.js';

const STATEMENT_CHARS_MAX = 50_000;
const CELL_CHARS_MAX = 120;

const answerSchema = z.object({
  columns: z.array(z.object({ name: z.string() })),
  rows: z.array(z.array(z.unknown())),
  row_count: z.number(),
  rows_read: z.number(),
  duration_ms: z.number(),
});
const problemSchema = z.object({ detail: z.string(), position: z.number().optional() });

/** @throws AppError TQ_REQUEST_INVALID */
export async function readStatement(given: string | undefined, input: Readable): Promise<string> {
  let text = given ?? '';
  if (given === undefined) {
    for await (const chunk of input) {
      text += String(chunk);
      if (text.length > STATEMENT_CHARS_MAX) break;
    }
  }
  if (text.trim() === '' || text.length > STATEMENT_CHARS_MAX) {
    throw new AppError('TQ_REQUEST_INVALID', `A statement has 1 to ${STATEMENT_CHARS_MAX} characters.`, {
      mend: 'Give one SELECT, as an argument or on standard input.',
    });
  }
  return text;
}

/** `table` is JSON made readable; the others are as the API writes them. */
function answerFormat(format: string): AnswerFormat {
  const known = format === 'table' ? 'json' : answerFormats.find((name) => name === format);
  if (known === undefined) {
    throw new AppError('TQ_REQUEST_INVALID', `There is no format ${format}.`, {
      mend: `Use table, ${answerFormats.join(', ')}.`,
    });
  }
  return known;
}

/** Opens the store itself; the embedded one belongs to one process at a time. */
export async function askStore(s: Surroundings, format: string, sql: string, terminal: Terminal): Promise<void> {
  const kind = answerFormat(format);
  ensureDataDir(s.config);
  const store = await openStore(s);
  const leave = new AbortController();
  process.once('SIGINT', () => leave.abort(new Error('interrupted')));
  const runner = createSqlRunner(s, store);
  let answer;
  try {
    answer = await runner.run({ sql, actor: `cli:${userInfo().username}`, signal: leave.signal });
  } catch (error) {
    throw withPlace(error, sql);
  }
  await show(writeAnswer(answer, kind), format, terminal);
}

/** Asks an instance that runs. */
export async function askApi(
  options: { readonly api: string; readonly keyFile?: string; readonly format: string },
  sql: string,
  terminal: Terminal,
): Promise<void> {
  const kind = answerFormat(options.format);
  const key = options.keyFile === undefined ? undefined : readSecretFile(options.keyFile).trim();
  let response: Response;
  try {
    response = await fetch(new URL('/v1/sql', options.api), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: mediaTypes[kind],
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({ sql }),
    });
  } catch (cause) {
    throw new AppError('TQ_UNAVAILABLE', `${options.api} cannot be reached.`, {
      retryable: true,
      mend: 'Check the address and that `tourniquet up` or `tourniquet api` runs there.',
      cause,
    });
  }
  if (!response.ok || response.body === null) {
    const problem = problemSchema.safeParse(await response.json().catch(() => undefined));
    const detail = problem.success ? problem.data.detail : `The answer was ${response.status}.`;
    const position = problem.success ? problem.data.position : undefined;
    throw new AppError('TQ_REQUEST_INVALID', `${detail}${placeText(sql, position)}`);
  }
  await show(decoded(response.body), options.format, terminal);
}

async function* decoded(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of body) yield decoder.decode(chunk, { stream: true });
}

async function show(text: AsyncIterable<string>, format: string, terminal: Terminal): Promise<void> {
  let all = '';
  for await (const piece of text) {
    if (format === 'table') {
      all += piece;
      continue;
    }
    // Whole lines go out as they come.
    const lines = `${all}${piece}`.split('\n');
    all = lines.pop() ?? '';
    if (lines.length > 0) terminal.out(lines.map((line) => line.replace(/\r$/, '')).join('\n'));
  }
  if (format !== 'table') {
    if (all !== '') terminal.out(all);
    return;
  }
  const answer = answerSchema.parse(JSON.parse(all));
  for (const line of tableLines(
    answer.columns.map(({ name }) => name),
    answer.rows,
  ))
    terminal.out(line);
  const { row_count: rows, rows_read: read, duration_ms: ms } = answer;
  terminal.err(`${rows} rows; ${read} read in ${(ms / 1000).toFixed(2)} s`);
}

/** Columns side by side, for people: values from outside cannot move the cursor, long ones are cut. */
export function tableLines(names: readonly string[], rows: readonly (readonly unknown[])[]): readonly string[] {
  const cell = (value: unknown): string => {
    const text = value === null ? 'NULL' : typeof value === 'string' ? value : JSON.stringify(value);
    const shown = printable(text);
    return shown.length > CELL_CHARS_MAX ? `${shown.slice(0, CELL_CHARS_MAX - 1)}…` : shown;
  };
  const cells = [names.map((name) => cell(name)), ...rows.map((row) => row.map(cell))];
  const widths = names.map((_, column) => cells.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), 0));
  return cells.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function withPlace(error: unknown, sql: string): unknown {
  if (!(error instanceof AppError) || error.position === undefined) return error;
  const { code, message, mend, position } = error;
  return new AppError(code, `${message}${placeText(sql, position)}`, mend === undefined ? {} : { mend });
}

/** ` (line 2, column 7)`; nothing where the place is not known. */
function placeText(sql: string, position: number | undefined): string {
  if (position === undefined) return '';
  const before = sql.slice(0, position - 1).split('\n');
  return ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}
