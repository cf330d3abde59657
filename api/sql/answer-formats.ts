import type { StatementAnswer } from './runner.js';

export const answerFormats = ['json', 'csv', 'ndjson'] as const;
export type AnswerFormat = (typeof answerFormats)[number];

export const mediaTypes: Readonly<Record<AnswerFormat, string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
};

const writers: Readonly<Record<AnswerFormat, (answer: StatementAnswer) => AsyncGenerator<string>>> = {
  json: writeJson,
  csv: writeCsv,
  ndjson: writeNdjson,
};

/** The answer as text, batch by batch, so that rows are never all in memory twice. */
export function writeAnswer(answer: StatementAnswer, format: AnswerFormat): AsyncGenerator<string> {
  return writers[format](answer);
}

async function* writeJson(answer: StatementAnswer): AsyncGenerator<string> {
  let rows = 0;
  yield `{"statement_uid":${JSON.stringify(answer.uid)},"columns":${JSON.stringify(answer.columns)},"rows":[`;
  for await (const batch of answer.batches) {
    yield `${rows === 0 ? '' : ','}\n${batch.map((row) => JSON.stringify(row)).join(',\n')}`;
    rows += batch.length;
  }
  const ended = { row_count: rows, rows_read: answer.rowsRead(), duration_ms: answer.durationMs() };
  yield `],${JSON.stringify(ended).slice(1)}\n`;
}

async function* writeNdjson(answer: StatementAnswer): AsyncGenerator<string> {
  const keys = uniqueNames(answer.columns.map(({ name }) => name)).map((name) => JSON.stringify(name));
  const line = (row: readonly unknown[]): string =>
    `{${row.map((value, index) => `${keys[index] ?? '""'}:${JSON.stringify(value)}`).join(',')}}\n`;
  for await (const batch of answer.batches) yield batch.map(line).join('');
}

/** RFC 4180: CRLF, quotes doubled. Arrays, maps and tuples are JSON text, NULL is an empty field. */
async function* writeCsv(answer: StatementAnswer): AsyncGenerator<string> {
  const line = (fields: readonly string[]): string => `${fields.join(',')}\r\n`;
  yield line(answer.columns.map(({ name }) => quoted(name)));
  for await (const batch of answer.batches) yield batch.map((row) => line(row.map(field))).join('');
}

function field(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return quoted(typeof value === 'string' ? value : JSON.stringify(value));
}

const quoted = (text: string): string =>
  /[",\r\n]/.test(text) || text === '' ? `"${text.replaceAll('"', '""')}"` : text;

/** Two columns of one name would hide each other in an object. */
function uniqueNames(names: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before === 0 ? name : `${name}_${(before + 1).toString()}`;
  });
}
