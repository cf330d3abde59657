import { stripContainerPrefix } from '../shared/container-prefix.js';
import { tryJson } from '../../core/try-json.js';
import { readSyslogHeader } from '../shared/syslog-header.js';
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
  const behind = readSyslogHeader(stripContainerPrefix(raw));
  const text = behind.text.trim();
  const open = text.charAt(0);
  const json = (open === '{' || open === '[') && text.length <= JSON_MAX ? tryJson(text) : undefined;
  return { ...behind, text, json };
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
