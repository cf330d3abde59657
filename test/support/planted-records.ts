import { leaves, withValue } from '../unit/ingest/sources/issuer-samples.js';
import { readCases, type SourceCase } from '../unit/ingest/sources/shared/case-table.js';

export interface PlantedRecord {
  /** Which part of the record was replaced. */
  readonly where: string;
  readonly raw: string;
}

function jsonOf(raw: string): unknown {
  if (!/^\s*[{[]/.test(raw)) return undefined;
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    return undefined;
  }
}

/** The record once for each of its parts, with that part replaced: members of JSON, words of a text line. */
export function plantEverywhere(raw: string, text: string): readonly PlantedRecord[] {
  const json = jsonOf(raw);
  if (json !== undefined) {
    return leaves(json).map((path) => ({
      where: `/${path.join('/')}`,
      raw: JSON.stringify(withValue(json, path, text)),
    }));
  }
  return [...raw.matchAll(/[^\s"|{}]+/g)].map((match) => ({
    where: `column ${match.index}`,
    // A space would cut a word of the line in two.
    raw: raw.slice(0, match.index) + text.replaceAll(' ', '%20') + raw.slice(match.index + match[0].length),
  }));
}

/** The rows of a product's table that give an event. */
export function goodCases(product: string): readonly (SourceCase & { readonly raw: string })[] {
  return readCases(product).filter((row) => row.expect !== undefined);
}
