import { boundText } from '../../ingest/core/text.js';
import type { AlertPayload } from './payload.js';

const round = (n: number): string => {
  if (Number.isInteger(n)) return String(n);
  return Math.abs(n) >= 100 ? String(Math.round(n)) : n.toPrecision(2);
};

/** Text of hostile origin for a reader: control and format characters could rewrite what stands around them. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}/gu, '\u{fffd}');
}

/** At most `max` UTF-16 units; what is cut says so. */
export function shortened(text: string, max: number): string {
  const shown = boundText(text, max);
  return shown.length >= text.length || max < 2 ? shown : `${boundText(text, max - 1)}…`;
}

/** UCUM's `1` marks a share, which people read in per cent; `/10s` is "in 10 s". */
const scaled = (n: number, unit: string): string => round(unit === '1' ? n * 100 : n);
const unitText = (unit: string): string => (unit === '1' ? '%' : unit.replace(/\/(\d+)s$/, ' in $1 s'));

/** A number with its unit. */
export const amount = (n: number, unit: string): string => `${scaled(n, unit)} ${unitText(unit)}`;

/** An expectation with its spread and unit. */
export const range = (n: number, spread: number, unit: string): string =>
  `${scaled(n, unit)} ± ${scaled(spread, unit)} ${unitText(unit)}`;

type Facts = AlertPayload['data'];

/** The name for people with the unique one behind it. */
const named = (name: string, uid: string): string => {
  if (name === '' || name === uid) return uid === '' ? 'unknown' : uid;
  return uid === '' ? name : `${name} (${uid})`;
};

const listed = (values: readonly string[], max: number): string => {
  if (values.length === 0) return 'unknown';
  const shown = values.slice(0, max).join(', ');
  return values.length > max ? `${shown} and ${values.length - max} more` : shown;
};

function seen({ reading }: Facts): string {
  const what = reading.unit === '1' ? ` ${reading.measure.replaceAll('_', ' ')}` : '';
  return `${amount(reading.observed, reading.unit)}${what}`;
}

function expected({ reading }: Facts): string {
  if (reading.sample_count === 0) return amount(reading.expected, reading.unit);
  const samples = `${reading.sample_count} ${reading.sample_count === 1 ? 'sample' : 'samples'}`;
  return `${range(reading.expected, reading.spread, reading.unit)} (${samples})`;
}

const verbs: Readonly<Record<string, string>> = {
  'alert.opened': 'Opened',
  'alert.escalated': 'Worse than before',
  'alert.acknowledged': 'Acknowledged',
  'alert.resolved': 'Resolved',
  'alert.suppressed': 'Suppressed',
  'alert.reopened': 'Reopened',
  'alert.test': 'Test, no incident',
};

const DRILL = '[DRILL] ';

/** `[TEST]` and `[DRILL]` where no incident stands behind the message. */
const mark = ({ type, data }: AlertPayload): string => (type === 'alert.test' ? '[TEST] ' : data.drill ? DRILL : '');

/** Severity and whose token, shortest form. People know the owner; many tokens have no name but a random id. */
export function subject(payload: AlertPayload): string {
  const { severity, which } = payload.data;
  const who = which.principal_name || which.token_name || which.principal_uid || which.token_uid || which.entity_uid;
  return printable(`${mark(payload)}${severity.toUpperCase()} ${who}`);
}

/** Severity, whose token and what happened, on one line. */
export function headline(payload: AlertPayload): string {
  const { title } = payload.data;
  return `${subject(payload)}: ${printable(title.startsWith(DRILL) ? title.slice(DRILL.length) : title)}`;
}

/** What changed, by whom and why: `Acknowledged by anna: rotating it`. */
export function changeLine({ type, data }: AlertPayload): string {
  const by = data.change.actor === 'tourniquet' ? '' : ` by ${data.change.actor}: ${data.change.reason}`;
  return printable(`${verbs[type] ?? type}${by}`);
}

/** What was found how often, strongest first, and what it adds up to. */
function foundBy({ signals, detectors, finding_count: count, risk }: Facts): string {
  if (signals.length === 0) return `${listed(detectors, 5)}: ${count} ${count === 1 ? 'finding' : 'findings'}`;
  const kinds = signals.map((one) => `${one.detector} ${one.measure.replaceAll('_', ' ')} ×${one.count}`);
  return `${listed(kinds, 6)}; risk ${Math.round(risk)}`;
}

/** Of whom the alert is, where it is neither a token nor a principal. */
function entityRow({ entity_kind, entity_uid }: Facts['which']): readonly (readonly [string, string])[] {
  if (entity_kind === 'token' || entity_kind === 'principal') return [];
  return [[entityLabel(entity_kind), entity_uid]];
}

/** `Client address` */
const entityLabel = (kind: string): string => `${kind.charAt(0).toUpperCase()}${kind.slice(1).replaceAll('_', ' ')}`;

/** The answers to a responder's first questions, in the order in which they are asked: label and text. */
export function answers({ data }: AlertPayload): readonly (readonly [label: string, text: string])[] {
  const { which, reading } = data;
  const rows: readonly (readonly [string, string])[] = [
    ...entityRow(which),
    ['Token', named(which.token_name, which.token_uid)],
    ['Principal', named(which.principal_name, which.principal_uid)],
    ['Seen', seen(data)],
    ['Expected', expected(data)],
    ['Since', data.since],
    ['Last seen', data.last_seen],
    ['From', listed(data.from, 5)],
    ['Touching', listed(data.touching, 5)],
    ['Found by', foundBy(data)],
    ['Technique', data.techniques.length === 0 ? `none (${reading.measure})` : listed(data.techniques, 5)],
  ]; // prettier-ignore
  return rows.map(([label, text]) => [label, printable(text)]);
}
