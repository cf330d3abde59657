import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { csvOf, download } from '../lib/csv.js';

export interface Column<T> {
  readonly title: string;
  /** What it is sorted by, and what the CSV holds. */
  readonly value: (row: T) => string | number;
  readonly show?: (row: T) => ComponentChildren;
  readonly csv?: (row: T) => string | number;
  readonly number?: boolean;
  /** Keeps its text on one line. */
  readonly short?: boolean;
}

interface TableProps<T> {
  readonly caption: string;
  /** Name of the CSV file. */
  readonly file: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** Title of the column that leads at first, largest first; without it the rows stay as they come. */
  readonly sortedBy?: string;
}

/** A table that sorts by its headings and can be taken away as CSV. */
export function SortableTable<T>({ caption, file, columns, rows, keyOf, sortedBy }: TableProps<T>) {
  const order = useSignal<{ title: string; down: boolean } | null>(
    sortedBy === undefined ? null : { title: sortedBy, down: true },
  );
  const by = columns.find((column) => column.title === order.value?.title);
  const down = order.value?.down === true;
  const sorted =
    by === undefined ? rows : [...rows].sort((a, b) => (down ? -1 : 1) * compareValues(by.value(a), by.value(b)));
  const sort = (title: string): void => {
    order.value = { title, down: order.peek()?.title === title ? !down : true };
  };
  const save = (): void => {
    const body = sorted.map((row) => columns.map((column) => (column.csv ?? column.value)(row)));
    download(file, csvOf([columns.map((column) => column.title), ...body]));
  };
  return (
    <div class="table-frame" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption>
          {caption} <span class="dim">{rows.length}</span>
          <button type="button" class="plain" onClick={save}>
            Save as CSV
          </button>
        </caption>
        <thead>
          <tr>
            {columns.map((column) => {
              const sortedHere = order.value?.title === column.title;
              return (
                <th
                  key={column.title}
                  scope="col"
                  class={column.number === true ? 'number' : ''}
                  aria-sort={sortedHere ? (down ? 'descending' : 'ascending') : 'none'}
                >
                  <button type="button" class="sort" onClick={() => sort(column.title)}>
                    {column.title}
                    <span aria-hidden="true">{sortedHere ? (down ? ' ↓' : ' ↑') : ''}</span>
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) => (
                <td
                  key={column.title}
                  class={column.number === true ? 'number' : column.short === true ? 'nowrap' : ''}
                >
                  {column.show === undefined ? column.value(row) : column.show(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function compareValues(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}
