import { stripContainerPrefix } from '../shared/container-prefix.js';
import type { RecordSample } from '../recognition.js';
import type { SourceFactory } from '../source.js';

export interface Candidate {
  readonly product: string;
  readonly confidence: number;
  readonly reason: string;
}

/** Candidates closer than this are not told apart: a combined line is NGINX's and Apache's alike. */
const margin = 0.2;

const JSON_MAX = 1_048_576;

function sampleOf(raw: string): RecordSample {
  const text = stripContainerPrefix(raw).trim();
  const open = text.charAt(0);
  if ((open !== '{' && open !== '[') || text.length > JSON_MAX) return { text, json: undefined };
  try {
    return { text, json: JSON.parse(text) as unknown };
  } catch {
    return { text, json: undefined };
  }
}

/** Whose record it could be, the likeliest first; only those that stand too close to the first to be told apart. */
export function candidatesOf(raw: string, factories: readonly SourceFactory[]): readonly Candidate[] {
  const sample = sampleOf(raw);
  const found: Candidate[] = [];
  for (const factory of factories) {
    const recognition = factory.recognise?.(sample);
    if (recognition !== undefined) found.push({ product: factory.product, ...recognition });
  }
  found.sort((a, b) => b.confidence - a.confidence);
  const best = found[0]?.confidence ?? 0;
  return found.filter((candidate) => candidate.confidence > best - margin);
}
