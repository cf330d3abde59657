import type { Alert } from '../alerts/alert.js';

const round = (n: number): string => (Number.isInteger(n) ? String(n) : n.toPrecision(3));

/** Text of hostile origin for a terminal: control characters could rewrite what stands above. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}/gu, '\u{fffd}');
}

/** A number with its unit; UCUM's `1` marks a share, which people read in per cent. */
const amount = (n: number, unit: string): string => (unit === '1' ? `${round(n * 100)} %` : `${round(n)} ${unit}`);

/** An alert as a person reads it: what, which token and principal, observed against expected, since when, evidence. */
export function alertText(alert: Alert): string {
  const r = alert.reading;
  const lines = [
    `ALERT ${alert.severity.toUpperCase()}  ${alert.title}`,
    `  token      ${alert.token_name === '' ? alert.token_uid : `${alert.token_name} (${alert.token_uid})`}`,
    `  principal  ${alert.principal_name === '' ? alert.principal_uid || 'unknown' : alert.principal_name}`,
    `  observed   ${amount(r.observed, r.unit)}${r.unit === '1' ? ` ${r.measure.replaceAll('_', ' ')}` : ''} against ${amount(r.expected, r.unit)} ± ${amount(r.spread, r.unit)} expected (${String(r.sample_count)} samples)`,
    `  window     ${r.window_start} to ${r.window_end}`,
    `  since      ${alert.first_seen}`,
    `  from       ${alert.client_addresses.join(', ') || 'unknown'}`,
    `  touching   ${alert.target_services.join(', ') || 'unknown'}`,
    `  evidence   ${alert.evidence.slice(0, 3).join(', ')}${alert.evidence.length > 3 ? ` and ${String(alert.evidence.length - 3)} more` : ''}`,
  ];
  return lines.map(printable).join('\n');
}
