// Every source alone: lines per CPU-second of text, and JSON as a share of what JSON.parse alone does with the same
// records in the same run. The records are those of the fixtures that parse, each made many by changing its ids: half of
// them come back every 500 records, as tokens and users do, the other half never, as request ids do.
import { readFileSync, existsSync } from 'node:fs';
import { sourceFactories } from '#built/ingest/sources/registry.js';
import { newFingerprinter } from './parts.mjs';
import { round, stopwatch } from './measure.mjs';

const TEXT_TARGET = 60_000;
const JSON_TARGET = 0.4;
const REPEAT = 500;
/** Records read before the clock starts, so that the compiler is done: a collector runs for days. */
const WARM_UP = 20_000;

/** Fixtures of the sources that have no table of cases. */
const files = {
  vault: ['test/fixtures/vault/audit.log', 'issuer'],
  keycloak: ['test/fixtures/keycloak/server.log', 'issuer'],
  cloudtrail: ['test/fixtures/cloudtrail/records.json', 'cloud'],
};

function rowsOf({ product, create }) {
  const table = `test/fixtures/${product}/cases.json`;
  if (existsSync(table)) {
    return JSON.parse(readFileSync(table, 'utf8'))
      .filter((row) => row.expect !== undefined)
      .map((row) => ({ options: row.options ?? {}, raw: typeof row.raw === 'string' ? row.raw : JSON.stringify(row.raw) }));
  }
  const text = readFileSync(files[product][0], 'utf8');
  const parts = create({}).split?.(text);
  return (parts?.ok ? parts.value : text.trimEnd().split('\n')).map((raw) => ({ options: {}, raw }));
}

/** Times and the epoch stay as they are; so do sizes and statuses, which are short. */
const kept = /\d{4}-\d\d-\d\d[T ][\d:.,]+|\d\d\/[A-Z][a-z]{2}\/\d{4}[\d:.]+|\b1[67]\d{8}(?:\d{3})?\b/;
const ids = new RegExp(`(${kept.source})|\\d{5,}|[0-9a-f]{8,}`, 'g');

function varied(raw, n) {
  let at = 0;
  return raw.replace(ids, (text, time) => {
    if (time !== undefined) return text;
    at += 1;
    let seed = (at % 2 === 0 ? n : n % REPEAT) * 2654435761 + at * 40503;
    return text.replace(/\d/g, () => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return String(1 + (Math.floor(seed / 65536) % 9));
    });
  });
}

const context = (fingerprinter, offset) => ({
  instance: 'bench',
  observedMs: 1_780_000_000_000,
  position: { container: 'bench', offset },
  fingerprinter,
});

function parseAll(records, fingerprinter) {
  let events = 0;
  for (let i = 0; i < records.length; i++) {
    const { source, raw } = records[i];
    const parsed = source.parse(raw, context(fingerprinter, i));
    if (parsed.ok) events += parsed.value.length;
  }
  return events;
}

function measured(product, form, rows, factory, count) {
  const sources = new Map();
  const sourceOf = (options) => {
    const key = JSON.stringify(options);
    if (!sources.has(key)) sources.set(key, factory.create(options));
    return sources.get(key);
  };
  const fingerprinter = newFingerprinter();
  const usable = rows.filter(({ options, raw }) => {
    const parsed = sourceOf(options).parse(raw, context(fingerprinter, 0));
    return parsed.ok && parsed.value.length > 0;
  });
  if (usable.length === 0) return null;
  const records = Array.from({ length: count + WARM_UP }, (_, n) => {
    const { options, raw } = usable[n % usable.length];
    return { source: sourceOf(options), raw: varied(raw, n) };
  });
  const warm = records.splice(0, WARM_UP);
  parseAll(warm, fingerprinter);
  const stop = stopwatch();
  const events = parseAll(records, fingerprinter);
  const parse = stop(count);
  const bytes = Math.round(records.reduce((sum, { raw }) => sum + raw.length, 0) / count);
  const out = { product, form, bytes, events, per_cpu_second: parse.per_cpu_second };
  if (form === 'text') return { ...out, met: parse.per_cpu_second >= TEXT_TARGET };
  for (const { raw } of warm) JSON.parse(raw);
  const stopJson = stopwatch();
  let seen = 0;
  for (const { raw } of records) seen += JSON.parse(raw) === null ? 0 : 1;
  const json = stopJson(seen);
  const share = round(parse.per_cpu_second / json.per_cpu_second, 3);
  return { ...out, json_parse_per_cpu_second: json.per_cpu_second, share, met: share >= JSON_TARGET };
}

/** @returns one row for each source and form that its fixtures have. */
export function parsers(job) {
  const results = [];
  for (const factory of sourceFactories.filter(({ product }) => product !== 'auto')) {
    if (job.only !== undefined && factory.product !== job.only) continue;
    const rows = rowsOf(factory);
    const isJson = ({ raw }) => {
      try {
        return typeof JSON.parse(raw) === 'object';
      } catch {
        return false;
      }
    };
    results.push(measured(factory.product, 'text', rows.filter((row) => !isJson(row)), factory, job.count));
    results.push(measured(factory.product, 'json', rows.filter(isJson), factory, job.count));
  }
  return results.filter((row) => row !== null);
}

export function parsersTable(rows) {
  const lines = ['| source | form | bytes a record | records per CPU-s | JSON.parse alone | share | target |', '| - | - | -: | -: | -: | -: | - |'];
  const number = (value) => (value === undefined ? '–' : value.toLocaleString('en-US'));
  for (const row of rows) {
    const share = row.share === undefined ? '–' : `${(row.share * 100).toFixed(0)} %`;
    const target = `${row.form === 'text' ? '≥ 60,000' : '≥ 40 %'}: ${row.met ? 'met' : 'NOT met'}`;
    lines.push(
      `| ${row.product} | ${row.form} | ${number(row.bytes)} | ${number(row.per_cpu_second)} | ${number(row.json_parse_per_cpu_second)} | ${share} | ${target} |`,
    );
  }
  return lines.join('\n');
}
