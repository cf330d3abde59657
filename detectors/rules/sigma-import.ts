import { stringify } from 'yaml';
import { readYaml, type FileFault } from '../../ingest/core/read-yaml.js';
import type { Result } from '../../ingest/core/result.js';
import { err, ok } from '../../ingest/core/result.js';
import { fields } from './fields.js';
import { readRules } from './read-rules.js';
import { readCondition, type SigmaNode } from './sigma-condition.js';

type Map_ = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Map_ => typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';
const listOf = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).map(textOf).filter((one) => one !== '');

const TEXT_MAX = 262_144;

/** Sigma's names of fields, of several products, by ours. */
const fieldNames: ReadonlyMap<string, string> = new Map([
  ...['src_ip', 'source.ip', 'sourceIPAddress', 'ipAddress', 'IpAddress', 'c-ip', 'client_ip', 'actor_ip', 'client.ipAddress', 'callerIpAddress', 'sourceIPs'].map((name) => [name, 'client_address'] as const),
  ...['user', 'User', 'username', 'userName', 'user.name', 'userIdentity.userName', 'TargetUserName', 'actor', 'actor.alternateId', 'userPrincipalName', 'cs-username'].map((name) => [name, 'principal_name'] as const),
  ...['userIdentity.arn', 'actor.id'].map((name) => [name, 'principal_id'] as const),
  ...['userIdentity.accessKeyId', 'hashed_token'].map((name) => [name, 'key_id'] as const),
  ...['eventName', 'cs-method', 'verb', 'method', 'http.request.method'].map((name) => [name, 'target_method'] as const),
  ...['eventSource', 'service.name'].map((name) => [name, 'target_service'] as const),
  ...['eventType', 'event.type'].map((name) => [name, 'record_type'] as const),
  ...['userAgent', 'user_agent', 'c-useragent', 'cs-user-agent', 'client.userAgent.rawUserAgent'].map((name) => [name, 'user_agent'] as const),
  ...['c-uri', 'cs-uri-stem', 'requestURI', 'url.path'].map((name) => [name, 'target_path'] as const),
  ...['sc-status', 'status_code', 'http.response.status_code', 'responseStatus.code'].map((name) => [name, 'target_status'] as const),
  ...['errorMessage', 'error_message'].map((name) => [name, 'reason_detail'] as const),
  ['cs-host', 'target_address'], ['outcome.result', 'outcome'],
].map(([theirs = '', ours = '']) => [theirs.toLowerCase(), ours])); // prettier-ignore

/** Names that a product has for something else than everybody. */
const namesOfProducts: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  github: new Map([['action', 'record_type']]),
};

/** Sigma's products and services by our sources; null where the rule is for any. */
const products: ReadonlyMap<string, string | null> = new Map([
  ['cloudtrail', 'cloudtrail'], ['aws', 'cloudtrail'], ['github', 'github'], ['okta', 'okta'], ['kubernetes', 'kubernetes'],
  ['azure', 'entra'], ['m365', 'entra'], ['gcp', 'gcp'], ['google_workspace', 'workspace'], ['nginx', 'nginx'], ['apache', 'apache'],
  ['keycloak', 'keycloak'], ['vault', 'vault'], ['auth0', 'auth0'], ['tourniquet', null], ['webserver', null], ['proxy', null],
]); // prettier-ignore

const levels: Readonly<Record<string, string>> = {
  informational: 'info',
  low: 'low',
  medium: 'medium',
  high: 'high',
  critical: 'critical',
};
const kinds = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
];

class Faults {
  readonly list: FileFault[] = [];

  add(path: string, message: string, mend: string): void {
    this.list.push({ path, message, mend });
  }
}

/**
 * Sigma correlations with the rules that they refer to, as our rules; a Sigma rule alone counts its events. What does not
 * fit is told, all of it, and nothing is left out in silence.
 *
 * @returns YAML of one document a rule.
 */
export function importSigma(text: string): Result<string, readonly FileFault[]> {
  const read = readYaml(text, TEXT_MAX);
  if (!read.ok) return read;
  const documents = read.value.map(({ value }) => value).filter(isMap);
  const faults = new Faults();
  const bases = documents.filter((one) => isMap(one['detection']));
  const correlations = documents.filter((one) => isMap(one['correlation']));
  if (bases.length === 0) faults.add('', 'no rule with a detection', 'Give the correlation and its rules in one file.');
  const made =
    correlations.length > 0
      ? correlations.map((one, i) => ofCorrelation(one, `correlation ${i + 1}`, bases, faults))
      : bases.map((one, i) => alone(one, `rule ${i + 1}`, faults));
  if (faults.list.length > 0) return err(faults.list);
  const yaml = made.map((rule) => stringify(rule, { lineWidth: 120 })).join('---\n');
  const checked = readRules(yaml);
  return checked.ok ? ok(yaml) : checked;
}

function ofCorrelation(document: Map_, at: string, bases: readonly Map_[], faults: Faults): Map_ {
  const correlation = document['correlation'] as Map_;
  const type = textOf(correlation['type']);
  if (!kinds.includes(type)) faults.add(`${at}.type`, `${type} is not imported`, `Known are ${kinds.join(', ')}.`);
  const known = ['type', 'rules', 'group-by', 'timespan', 'condition', 'generate'];
  for (const key of Object.keys(correlation).filter((one) => !known.includes(one))) {
    faults.add(
      `${at}.${key}`,
      'not imported',
      'Write it by hand (docs/rules.md); `aliases` asks for one field with one name.',
    );
  }
  const events: Record<string, unknown> = {};
  const names = listOf(correlation['rules']).map((reference) => {
    const base = bases.find((one) => [one['name'], one['id'], one['title']].includes(reference));
    if (base === undefined) {
      faults.add(`${at}.rules`, `the rule ${reference} is not in the file`, 'Put it there as another document.');
      return eventName(reference);
    }
    const own = eventName(textOf(base['name']) || textOf(base['title']) || reference);
    events[own] = matcherOf(base, own, faults);
    return own;
  });
  const condition = correlation['condition'];
  if (condition !== undefined && !isMap(condition)) {
    faults.add(
      `${at}.condition`,
      'an expression over rules is not imported',
      'Name the rules in order, or write it by hand.',
    );
  }
  return {
    ...headOf(document, at, faults),
    events,
    correlation: {
      type,
      events: names,
      group_by: listOf(correlation['group-by']).map((one) => fieldOf(one, `${at}.group-by`, faults)),
      timespan: textOf(correlation['timespan']),
      ...(isMap(condition) && { condition: conditionOf(condition, `${at}.condition`, faults) }),
    },
  };
}

function conditionOf(condition: Map_, at: string, faults: Faults): Map_ {
  const { field, ...rest } = condition;
  if (field === undefined) return rest;
  const names = listOf(field).map((one) => fieldOf(one, at, faults));
  return { field: names.length === 1 ? names[0] : names, ...rest };
}

/** Each event of a lone rule counts; one finding for an address and ten minutes. */
function alone(document: Map_, at: string, faults: Faults): Map_ {
  return {
    ...headOf(document, at, faults),
    events: { found: matcherOf(document, at, faults) },
    correlation: { type: 'event_count', group_by: ['client_address'], timespan: '10m', condition: { gte: 1 } },
  };
}

function headOf(document: Map_, at: string, faults: Faults): Map_ {
  const title = textOf(document['title']) || textOf(document['name']);
  if (title === '') faults.add(`${at}.title`, 'no title', 'Give it one.');
  const techniques = listOf(document['tags']).flatMap((tag) => {
    const [, id] = /^attack\.(t\d{4}(?:\.\d{3})?)$/i.exec(tag) ?? [];
    return id === undefined ? [] : [id.toUpperCase()];
  });
  const author = textOf(document['author']);
  return {
    id: eventName(textOf(document['name']) || title)
      .replaceAll('_', '-')
      .slice(0, 64),
    title: title.slice(0, 120),
    description: textOf(document['description']) || title,
    ...(author !== '' && { author: author.slice(0, 200) }),
    references: listOf(document['references']).slice(0, 16),
    severity: levels[textOf(document['level'])] ?? 'medium',
    techniques,
    false_positives: listOf(document['falsepositives']).slice(0, 16),
  };
}

const eventName = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
    .slice(0, 32) || 'events';

/** @param product of the log source; null where the rule is for any. Sigma's backends know no case, and its rules are written in several. */
function fieldOf(name: string, at: string, faults: Faults, product: string | null = null): string {
  const theirs = name.toLowerCase();
  const ofProduct = product === null ? undefined : namesOfProducts[product]?.get(theirs);
  const own = ofProduct ?? fieldNames.get(theirs) ?? (fields.has(name) ? name : undefined);
  if (own === undefined)
    faults.add(at, `the field ${name} has no counterpart`, 'Rename it to a field of docs/rules.md.');
  return own ?? name;
}

function matcherOf(document: Map_, at: string, faults: Faults): unknown {
  const detection = document['detection'] as Map_;
  const source = sourceOf(document['logsource'], at, faults);
  const selections = new Map(
    Object.entries(detection)
      .filter(([name]) => name !== 'condition' && name !== 'timeframe')
      .map(([name, value]) => [name, selectionOf(value, `${at}.${name}`, faults, source)]),
  );
  const conditions = listOf(detection['condition']);
  if (conditions.length !== 1)
    faults.add(`${at}.condition`, 'not one condition', 'Give each condition a rule of its own.');
  try {
    const node = readCondition(conditions[0] ?? '', [...selections.keys()]);
    const matcher = ofNode(node, selections);
    return source === null ? matcher : { source_product: source, all: [matcher] };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'not understood';
    faults.add(`${at}.condition`, message, 'Aggregations after | are for correlations.');
    return {};
  }
}

function ofNode(node: SigmaNode, selections: ReadonlyMap<string, unknown>): unknown {
  if (node.kind === 'name') return selections.get(node.name);
  if (node.kind === 'not') return { not: ofNode(node.of, selections) };
  const parts = node.parts.map((part) => ofNode(part, selections));
  return node.kind === 'and' ? { all: parts } : { any: parts };
}

function sourceOf(logsource: unknown, at: string, faults: Faults): string | null {
  if (!isMap(logsource)) return null;
  const named = [logsource['service'], logsource['product'], logsource['category']]
    .map(textOf)
    .filter((one) => one !== '');
  const known = named.find((one) => products.has(one));
  if (known !== undefined) return products.get(known) ?? null;
  if (named.length > 0)
    faults.add(`${at}.logsource`, `${named.join(' ')} is not a source of Tourniquet`, 'See `tourniquet sources list`.');
  return null;
}

function selectionOf(value: unknown, at: string, faults: Faults, product: string | null): unknown {
  if (Array.isArray(value)) return value.map((one, i) => selectionOf(one, `${at}.${i}`, faults, product));
  if (!isMap(value)) {
    faults.add(at, 'key words without a field are not imported', 'Say in which field they stand.');
    return {};
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, wanted]) => {
      const [name = '', ...marks] = key.split('|');
      const own = fieldOf(name, at, faults, product);
      return [[own, ...marks].join('|'), inOurWords(own, wanted)];
    }),
  );
}

function inOurWords(field: string, wanted: unknown): unknown {
  if (field === 'target_status') return asNumbers(wanted);
  // SUCCESS and FAILURE of Okta.
  return field === 'outcome' ? lowerCased(wanted) : wanted;
}

function lowerCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerCased);
  return typeof value === 'string' ? value.toLowerCase() : value;
}

const asNumbers = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(asNumbers);
  return typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value;
};
