import { iso } from './format.js';

/** Statements over the forensic views that ask what a page shows. */
export interface HopFilter {
  readonly fromMs: number;
  readonly toMs: number;
  readonly leaf: 'tokens' | 'routes';
  readonly service: string;
  readonly tokenUid: string;
  readonly principalUid: string;
}

const MINUTE_MS = 60_000;

/** ClickHouse's text literal. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const timed = (ms: number): string => `toDateTime64('${iso(ms).slice(0, 23).replace('T', ' ')}', 3, 'UTC')`;

/** What the map draws: hops by caller, service, token or route, and address. */
export function mapSql({ fromMs, toMs, leaf, service, tokenUid, principalUid }: HopFilter): string {
  const third = leaf === 'tokens' ? 'token_uid' : "concat(target_method, ' ', target_route) AS route";
  const filters = [
    ...(service === '' ? [] : [`(caller_service = ${quoted(service)} OR target_service = ${quoted(service)})`]),
    ...(tokenUid === '' ? [] : [`token_uid = ${quoted(tokenUid)}`]),
    ...(principalUid === '' ? [] : [`principal_uid = ${quoted(principalUid)}`]),
  ];
  return [
    `SELECT caller_service, target_service, ${third}, client_address, count() AS calls,`,
    "    countIf(outcome = 'failure') AS failed, min(time) AS first, max(time) AS last",
    'FROM hops',
    `WHERE time >= ${timed(fromMs)} AND time < ${timed(toMs)}`,
    `    AND minute BETWEEN ${Math.floor(fromMs / MINUTE_MS)} AND ${Math.floor(toMs / MINUTE_MS)}`,
    ...filters.map((filter) => `    AND ${filter}`),
    `GROUP BY caller_service, target_service, ${leaf === 'tokens' ? 'token_uid' : 'route'}, client_address`,
    'ORDER BY calls DESC',
    'LIMIT 1000',
  ].join('\n');
}

/** The condition on hops of an AS, a range as the map cuts them (IPv4 /24, IPv6 /48), or one name. */
function addressesOf(network: string): string {
  const asn = /^AS(\d{1,10})$/.exec(network)?.[1];
  if (asn !== undefined) return `client_asn = ${asn}`;
  if (network.endsWith('.0/24'))
    return `client_asn = 0 AND startsWith(client_address, ${quoted(network.slice(0, -4))})`;
  if (network.endsWith('/48'))
    return `client_asn = 0 AND isIPv6String(client_address) AND cutIPv6(IPv6StringToNumOrDefault(toString(client_address)), 10, 0) = ${quoted(network.slice(0, -3))}`;
  return `client_asn = 0 AND client_address = ${quoted(network)}`;
}

/** The addresses of one box of the map's lane of networks. @param network its name: the operator's, `AS64500`, or a range. */
export function networkSql(network: string, isNamed: boolean, fromMs: number, toMs: number): string {
  const filter = isNamed
    ? `client_network_name = ${quoted(network)}`
    : `client_network_name = '' AND ${addressesOf(network)}`;
  return [
    'SELECT client_address, count() AS calls, uniqExact(token_uid) AS tokens,',
    "    countIf(outcome = 'failure') AS failed, min(time) AS first, max(time) AS last",
    'FROM hops',
    `WHERE time >= ${timed(fromMs)} AND time < ${timed(toMs)}`,
    `    AND minute BETWEEN ${Math.floor(fromMs / MINUTE_MS)} AND ${Math.floor(toMs / MINUTE_MS)}`,
    `    AND ${filter}`,
    'GROUP BY client_address',
    'ORDER BY calls DESC',
    'LIMIT 1000',
  ].join('\n');
}

/** Where a token was used, by whom first: question 1 of docs/forensics.md for one span of time. */
export const tokenSql = (tokenUid: string, fromMs: number, toMs: number): string =>
  [
    'SELECT client_address, caller_service, user_agent,',
    "    argMin(if(principal_name = '', principal_id, principal_name), time) AS principal,",
    "    min(time) AS first, max(time) AS last, count() AS uses, countIf(outcome = 'failure') AS failures",
    'FROM events',
    `WHERE time >= ${timed(fromMs)} AND time < ${timed(toMs)}`,
    `    AND token_uid = ${quoted(tokenUid)} AND action = 'use' AND direction != 'outbound'`,
    'GROUP BY client_address, caller_service, user_agent',
    'ORDER BY first',
  ].join('\n');

/** The SQL page with a statement in it. */
export const sqlLink = (statement: string): string => `/sql?${new URLSearchParams({ q: statement }).toString()}`;
