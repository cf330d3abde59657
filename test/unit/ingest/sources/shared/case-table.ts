import { readFileSync } from 'node:fs';
import { createFingerprinter } from '../../../../../ingest/event/fingerprint.js';
import type { ParseContext } from '../../../../../ingest/sources/source.js';

/** One row of a fixture table: a raw record and what must come of it. */
export interface SourceCase {
  readonly name: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly raw: string;
  /** Dotted path of the event → value; null: absent; true: any value. */
  readonly expect?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly field: string };
  /** The record holds no auth event. */
  readonly none?: boolean;
}

export function readCases(product: string): readonly SourceCase[] {
  const url = new URL(`../../../../fixtures/${product}/cases.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as SourceCase[];
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
