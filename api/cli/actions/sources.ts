import type { z } from 'zod';
import { sourceFactories } from '../../../ingest/sources/registry.js';
import { inputKinds } from '../../config/input-schema.js';
import { sourcesAnswer } from '../../schemas/sources.js';
import { type ApiOptions, createApiClient } from '../api-client.js';
import type { Terminal } from '../terminal.js';
import { tableLines } from './sql.js';

export interface StatsOptions extends ApiOptions {
  readonly from?: string;
  readonly to?: string;
  readonly json: boolean;
}

/** Every source that can be configured. */
export function sourcesList({ json }: { readonly json: boolean }, terminal: Terminal): void {
  const rows = sourceFactories.map(({ product, kinds, variants }) => ({
    product,
    kinds,
    formats: variants,
    inputs: inputKinds,
    documentation: `ingest/sources/${product}/README.md`,
  }));
  if (json) {
    for (const row of rows) terminal.out(JSON.stringify(row));
    return;
  }
  const cells = rows.map((row) => [
    row.product,
    row.kinds.join(' '),
    row.formats.join(' '),
    row.inputs.join(' '),
    row.documentation,
  ]);
  for (const line of tableLines(['product', 'kinds', 'formats', 'inputs', 'documentation'], cells)) terminal.out(line);
}

type Answer = z.output<typeof sourcesAnswer>;
type Coverage = Answer['sources'][number];

const percent = (part: number, whole: number): string =>
  whole === 0 ? '-' : `${((100 * part) / whole).toFixed(part === whole ? 0 : 1)}%`;

/** Why requests name no token, the most frequent first. */
function reasonsOf(source: Coverage): string {
  const reasons: readonly (readonly [string, number])[] = [
    ['none was sent', source.none_sent],
    ['refused before it was read', source.refused_unread],
    ['only the principal is told', source.principal_only],
    ['the record does not tell', source.not_told],
  ];
  return reasons
    .filter(([, events]) => events > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([words, events]) => `${words} ${percent(events, source.requests)}`)
    .join(', ');
}

const seconds = (ms: number | null): string => (ms === null ? '-' : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)}s`);

/** What was read in the window, as tables for people. */
export async function sourcesStats(options: StatsOptions, terminal: Terminal): Promise<void> {
  const api = createApiClient(options, terminal.env);
  const asked = new URLSearchParams();
  if (options.from !== undefined) asked.set('from', options.from);
  if (options.to !== undefined) asked.set('to', options.to);
  const answer = await api.get(`/v1/sources?${asked.toString()}`, sourcesAnswer);
  if (options.json) {
    terminal.out(JSON.stringify(answer, null, 2));
    return;
  }
  terminal.err(`read from ${answer.window.from} to ${answer.window.to}`);
  if (answer.inputs.length > 0) {
    const inputs = answer.inputs.map((row) => [row.input, row.state, row.last_work_at ?? '-', row.reason ?? '']);
    for (const line of tableLines(['input', 'state', 'last work', 'reason'], inputs)) terminal.out(line);
    terminal.out('');
  }
  if (answer.sources.length === 0) {
    terminal.err('Nothing was read in this window.');
    return;
  }
  const names = ['source', 'events', 'other', 'requests', 'with token', 'why not', 'lag p05', 'p50', 'p95'];
  const rows = answer.sources.map((source) => [
    `${source.product} ${source.instance}`,
    source.events,
    percent(source.other_events, source.events),
    source.requests,
    percent(source.identified, source.requests),
    reasonsOf(source),
    seconds(source.lag_p05_ms),
    seconds(source.lag_p50_ms),
    seconds(source.lag_p95_ms),
  ]);
  for (const line of tableLines(names, rows)) terminal.out(line);
  terminal.out('');
  const types = answer.record_types.map((row) => [row.product, row.action, row.record_type, row.events]);
  for (const line of tableLines(['product', 'action', 'record type', 'events'], types)) terminal.out(line);
}
