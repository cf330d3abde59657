import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Statement } from '../lib/api-types.js';
import { count } from '../lib/format.js';
import { postJson, type ApiError } from '../lib/http.js';
import { asApiError } from '../lib/load.js';
import { go, query, withQuery } from '../lib/router.js';
import { Failure } from '../shell/failure.js';
import { SortableTable, type Column } from '../shell/sortable-table.js';

const ROWS_SHOWN = 1000;
const START = `SELECT caller_service, target_service, sum(requests) AS calls, sum(failures) AS failed
FROM edges
WHERE hour >= now() - INTERVAL 1 DAY
GROUP BY caller_service, target_service
ORDER BY calls DESC
LIMIT 100`;

interface Row {
  readonly number: number;
  readonly cells: readonly unknown[];
}

/** One SELECT over the forensic views. The statement stands in the address, so that a link carries it; nothing runs by itself. */
export function SqlPage() {
  const asked = query.value.get('q') ?? START;
  const text = useRef<HTMLTextAreaElement>(null);
  const answer = useSignal<Statement | null>(null);
  const error = useSignal<ApiError | null>(null);
  const running = useSignal(false);
  useEffect(() => {
    if (text.current !== null) text.current.value = asked;
    answer.value = null;
    error.value = null;
  }, [asked, answer, error]);
  const run = (): void => {
    const sql = text.current?.value ?? '';
    if (running.peek() || sql.trim() === '') return;
    running.value = true;
    error.value = null;
    postJson<Statement>('/v1/sql', { sql })
      .then(
        (found) => {
          answer.value = found;
        },
        (cause: unknown) => {
          answer.value = null;
          error.value = asApiError(cause);
        },
      )
      .finally(() => {
        running.value = false;
      });
  };
  return (
    <main id="main" class="sql-page">
      <h1>SQL</h1>
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <label for="statement">
          One SELECT over <code>events</code>, <code>hops</code>, <code>edges</code>, <code>tokens</code>,{' '}
          <code>principals</code>, <code>findings</code>, <code>alerts</code> and others. It is read only, limited, and
          recorded.
        </label>
        <textarea
          id="statement"
          ref={text}
          class="mono"
          rows={12}
          spellcheck={false}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
            event.preventDefault();
            run();
          }}
        />
        <p class="actions">
          <button type="submit" class="button primary" disabled={running.value}>
            {running.value ? 'Running…' : 'Run'}
          </button>
          <button
            type="button"
            class="button"
            onClick={() => go(withQuery({ q: text.current?.value ?? null }), 'replace')}
          >
            Keep in the address
          </button>
          <span class="dim">
            <kbd>Ctrl</kbd> <kbd>Enter</kbd> runs it
          </span>
        </p>
      </form>
      <Failure error={error.value} />
      <div role="status">{answer.value === null ? null : <p class="dim">{wordsOf(answer.value)}</p>}</div>
      {answer.value === null || answer.value.columns.length === 0 ? null : (
        <SortableTable
          caption="Rows"
          file="tourniquet-rows.csv"
          columns={columnsOf(answer.value)}
          rows={answer.value.rows.slice(0, ROWS_SHOWN).map((cells, number) => ({ number, cells }))}
          keyOf={(row) => String(row.number)}
        />
      )}
    </main>
  );
}

function wordsOf({ row_count: rows, rows_read: read, duration_ms: ms, statement_uid: uid }: Statement): string {
  const shown = rows > ROWS_SHOWN ? `, of which ${count(ROWS_SHOWN)} are shown` : '';
  return `${count(rows)} rows${shown}; ${count(read)} read in ${count(ms)} ms; recorded as ${uid}.`;
}

/** Columns may have the same name, so a heading says its number where it does. */
function columnsOf({ columns }: Statement): readonly Column<Row>[] {
  const names = columns.map(({ name }) => name);
  return columns.map(({ name, type }, index) => ({
    title: names.indexOf(name) === index ? name : `${name} (${index + 1})`,
    value: (row) => cell(row.cells[index]),
    number: /^(Nullable\()?(U?Int|Float|Decimal)/.test(type),
  }));
}

const cell = (value: unknown): string | number =>
  typeof value === 'number' || typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
