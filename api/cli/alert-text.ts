import type { Alert } from '../alerts/alert.js';
import { amount, printable, range } from '../alerts/wording.js';

/** An alert as a person reads it: what, which token and principal, observed against expected, since when, evidence. */
export function alertText(alert: Omit<Alert, 'version'>): string {
  const r = alert.reading;
  const lines = [
    `ALERT ${alert.severity.toUpperCase()}  ${alert.title}`,
    ...(alert.entity_kind === 'token' || alert.entity_kind === 'principal'
      ? []
      : [`  ${alert.entity_kind.replaceAll('_', ' ').padEnd(10)} ${alert.entity_uid}`]),
    `  token      ${alert.token_name === '' ? alert.token_uid || 'none' : `${alert.token_name} (${alert.token_uid})`}`,
    `  principal  ${alert.principal_name === '' ? alert.principal_uid || 'unknown' : alert.principal_name}`,
    `  observed   ${amount(r.observed, r.unit)}${r.unit === '1' ? ` ${r.measure.replaceAll('_', ' ')}` : ''} against ${range(r.expected, r.spread, r.unit)} expected (${String(r.sample_count)} samples)`,
    `  window     ${r.window_start} to ${r.window_end}`,
    `  since      ${alert.first_seen}`,
    `  from       ${alert.client_addresses.join(', ') || 'unknown'}`,
    `  touching   ${alert.target_services.join(', ') || 'unknown'}`,
    `  evidence   ${alert.evidence.slice(0, 3).join(', ')}${alert.evidence.length > 3 ? ` and ${String(alert.evidence.length - 3)} more` : ''}`,
    ...signalLines(alert),
  ];
  return lines.map(printable).join('\n');
}

/** Where several signals stand behind the alert, each of them. */
function signalLines({ signals, risk }: Pick<Alert, 'signals' | 'risk'>): readonly string[] {
  if (signals.length < 2) return [];
  return [
    `  signals    ${String(signals.length)}, risk ${String(Math.round(risk))}`,
    ...signals.map(
      (one) =>
        `    ${one.severity.padEnd(8)} ${one.detector} ${one.measure.replaceAll('_', ' ')} ×${String(one.count)}: ${one.summary}`,
    ),
  ];
}
