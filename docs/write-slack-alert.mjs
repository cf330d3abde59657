/**
 * Writes the alert as Slack shows it into README.md and docs/alerts.md, from a real payload: NGINX lines go through
 * parser, detectors, grouping and the Slack destination. `npm run build && node docs/write-slack-alert.mjs`; with
 * `--print` it only prints the text (a test holds it against the documents).
 */
import { readFile, writeFile } from 'node:fs/promises';
import { groupFindings } from '../dist/api/alerts/grouping.js';
import { slackMessage } from '../dist/api/alerts/notifiers/slack-blocks.js';
import { alertPayload } from '../dist/api/alerts/payload.js';
import { defaultPolicy } from '../dist/api/alerts/policy.js';
import { createDetectors } from '../dist/detectors/registry.js';
import { PartitionRuntime } from '../dist/detectors/worker/partition-runtime.js';
import { createFingerprinter } from '../dist/ingest/event/fingerprint.js';
import { parseRecords } from '../dist/ingest/pipeline/record-parser.js';
import { sourceFactories } from '../dist/ingest/sources/registry.js';

const startMs = Date.UTC(2026, 10, 24, 1, 0, 0);
const MINUTE_MS = 60_000;

/** A key makes six requests a minute for two hours; then somebody reads with it, 40 times a second. */
function lines() {
  const at = (ms, address, agent) =>
    JSON.stringify({
      time_iso8601: new Date(ms).toISOString(),
      remote_addr: address,
      request_method: 'GET',
      request_uri: `/invoices/${10_000 + (ms % 977)}`,
      host: 'billing.example.com',
      status: '200',
      http_user_agent: agent,
      jwt_claim_iss: 'https://id.example.com/realms/shop',
      jwt_claim_jti: '5f0c6a52-3f0e-4a3e-9a6e-0d8f0b6f3a11',
      jwt_claim_sub: 'invoice-export',
      jwt_claim_azp: 'invoice-export',
    });
  const usual = Array.from({ length: 720 }, (_, n) => at(startMs + n * 10_000, '10.20.0.14', 'invoice-export/2.4'));
  const theft = Array.from({ length: 1200 }, (_, n) => at(startMs + 120 * MINUTE_MS + n * 25, '203.0.113.77', 'curl/8.5.0'));
  return [...usual, ...theft];
}

function message() {
  const fingerprinter = createFingerprinter([{ id: 'sample', key: Buffer.alloc(32, 1) }]);
  const source = sourceFactories.find((factory) => factory.product === 'nginx').create({ service: 'billing' });
  const records = lines().map((text, offset) => ({ text, offset }));
  const clock = { nowMs: () => startMs + 130 * MINUTE_MS };
  const { events } = parseRecords({ source, instance: 'edge' }, records, 'sample', { fingerprinter, clock });
  const runtime = new PartitionRuntime({ detectors: createDetectors(), allowedLatenessMs: 1000, entitiesMax: 100 });
  events.forEach((event, n) => runtime.offer(event, { offset: BigInt(n), ordinal: 0 }));
  runtime.flush();
  const { changed } = groupFindings(runtime.takeFindings(), [], defaultPolicy, new Date(clock.nowMs()).toISOString());
  return slackMessage(alertPayload(changed[0], 'opened', 'https://tourniquet.example.com'));
}

const WIDTH = 96;
const unescaped = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/** Breaks at blanks; what has none is cut. */
function wrapped(text, width) {
  const out = [];
  for (const line of text.split('\n')) {
    let rest = line;
    while (rest.length > width) {
      const blank = rest.lastIndexOf(' ', width);
      const end = blank > width / 2 ? blank : width;
      out.push(rest.slice(0, end));
      rest = rest.slice(end).trimStart();
    }
    out.push(rest);
  }
  return out;
}

function shown(block) {
  if (block.type === 'header') return ['', ...wrapped(unescaped(block.text.text), WIDTH), ''];
  if (block.type === 'context') return ['', ...wrapped(unescaped(block.elements.map((e) => e.text).join('  ')), WIDTH)];
  if (block.type === 'actions') return ['', block.elements.map((e) => `[ ${e.text.text} ]`).join('  ')];
  if (block.fields === undefined) return ['', ...wrapped(unescaped(block.text.text).replace(/^```\n|\n```$/g, ''), WIDTH)];
  const columns = block.fields.map((field) => wrapped(unescaped(field.text), WIDTH / 2 - 2));
  const rows = [];
  for (let n = 0; n < columns.length; n += 2) {
    const [left, right = []] = [columns[n], columns[n + 1]];
    rows.push('');
    for (let line = 0; line < Math.max(left.length, right.length); line += 1) {
      rows.push(`${(left[line] ?? '').padEnd(WIDTH / 2)}${right[line] ?? ''}`.trimEnd());
    }
  }
  return rows;
}

const text = message()
  .blocks.flatMap(shown)
  .map((line) => `│ ${line}`.trimEnd())
  .join('\n');

if (process.argv.includes('--print')) process.stdout.write(`${text}\n`);
else {
  for (const name of ['../README.md', 'alerts.md']) {
    const file = new URL(name, import.meta.url);
    const page = await readFile(file, 'utf8');
    const marked = /(<!-- slack-alert -->\n```text\n)[\s\S]*?(```)/;
    if (!marked.test(page)) throw new Error(`${name} has no place for the alert`);
    await writeFile(file, page.replace(marked, (_, before, after) => `${before}${text}\n${after}`));
  }
}
