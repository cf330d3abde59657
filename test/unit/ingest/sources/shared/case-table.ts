import { existsSync, readFileSync } from 'node:fs';
import { createFingerprinter } from '../../../../../ingest/event/fingerprint.js';
import { validateEvent } from '../../../../../ingest/event/event-codec.js';
import { sourceFactories } from '../../../../../ingest/sources/registry.js';
import type { ParseContext, SourceFactory } from '../../../../../ingest/sources/source.js';

/** One row of a fixture table: a raw record and what must come of it. */
export interface SourceCase {
  readonly name: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** A JSON record stands as what it is; everything else as a string. */
  readonly raw: unknown;
  /** Dotted path of the event → value; null: absent; true: any value. */
  readonly expect?: Readonly<Record<string, unknown>>;
  /** The same of a second event of the record; without it there is none. */
  readonly also?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly field: string };
  /** The record holds no auth event. */
  readonly none?: boolean;
}

const fileOf = (product: string): URL => new URL(`../../../../fixtures/${product}/cases.json`, import.meta.url);

/** The rows of a product, each raw record as the text that arrives. */
export function readCases(product: string): readonly (SourceCase & { readonly raw: string })[] {
  const rows = JSON.parse(readFileSync(fileOf(product), 'utf8')) as SourceCase[];
  return rows.map((row) => ({ ...row, raw: typeof row.raw === 'string' ? row.raw : JSON.stringify(row.raw) }));
}

/** The sources whose records stand in a case table. */
export const tabledFactories: readonly SourceFactory[] = sourceFactories.filter((f) => existsSync(fileOf(f.product)));

/** Runs one row of a table. */
export function expectCase(factory: SourceFactory, row: SourceCase & { readonly raw: string }): void {
  const { product } = factory;
  const result = factory.create(row.options ?? {}).parse(row.raw, testContext);
  if (row.error !== undefined) {
    expect(result).toMatchObject({ ok: false, error: { product, field: row.error.field } });
    return;
  }
  if (!result.ok) throw new Error(`${result.error.field}: ${result.error.message}`);
  if (row.none === true) {
    expect(result.value).toEqual([]);
    return;
  }
  const wanted = row.also === undefined ? [row.expect] : [row.expect, row.also];
  expect(result.value).toHaveLength(wanted.length);
  expect(new Set(result.value.map(({ event_uid }) => event_uid)).size).toBe(wanted.length);
  wanted.forEach((facts, i) => {
    expectFacts(result.value[i], facts ?? {});
  });
}

function expectFacts(event: unknown, facts: Readonly<Record<string, unknown>>): void {
  expect(validateEvent(event)).toMatchObject({ ok: true });
  const expected = Object.entries(facts);
  expect(expected.length).toBeGreaterThan(0);
  const seen = expected.map(([path, want]) => {
    const value = valueAt(event, path);
    return [path, want === null && value === undefined ? null : want === true && value !== undefined ? true : value];
  });
  expect(Object.fromEntries(seen)).toEqual(facts);
}

export const testContext: ParseContext = {
  instance: 'edge-1',
  observedMs: Date.UTC(2024, 0, 2, 4),
  position: { container: 'file-1', offset: 0 },
  fingerprinter: createFingerprinter([{ id: 'k1', key: Buffer.alloc(32, 7) }]),
};

export function valueAt(object: unknown, path: string): unknown {
  let value: unknown = object;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
