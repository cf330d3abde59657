import type { Alert, Facet, Severity, Token, Usual } from '../lib/api-types.js';
import { percent } from '../lib/format.js';

const severities = ['info', 'low', 'medium', 'high', 'critical'] as const satisfies readonly Severity[];

export const gravestOf = (alerts: readonly Alert[]): Severity | null =>
  alerts.reduce<Severity | null>(
    (worst, { severity }) =>
      worst === null || severities.indexOf(severity) > severities.indexOf(worst) ? severity : worst,
    null,
  );

export const tokenTitle = (token: Token): string =>
  token.name || token.principal_name || token.principal_id || 'token without a name';

type Value = Facet['values'][number];

export const valuesOf = (usual: Usual | null, dimension: Facet['dimension']): readonly Value[] =>
  usual?.facets.find((facet) => facet.dimension === dimension)?.values ?? [];

export interface FacetReading {
  /** In the window, never before it. */
  readonly fresh: readonly Value[];
  /** In the window and before. */
  readonly known: readonly Value[];
  /** `10.20.0.0/16 (98 %)`, the most used of the time before; empty where nothing is known. */
  readonly usual: string;
  readonly anyBefore: boolean;
}

/** What is new of a dimension comes first: it is what the reader looks for. */
export function readFacet(usual: Usual | null, dimension: Facet['dimension'], shown = 2): FacetReading {
  const values = valuesOf(usual, dimension);
  const before = values.filter((value) => value.before > 0).sort((a, b) => b.before - a.before);
  const total = before.reduce((sum, value) => sum + value.before, 0);
  const named = before.slice(0, shown).map((value) => `${value.value} (${percent(value.before / total)})`);
  const more = before.length > shown ? ` and ${before.length - shown} more` : '';
  return {
    fresh: values.filter((value) => value.now > 0 && value.before === 0),
    known: values.filter((value) => value.now > 0 && value.before > 0),
    usual: named.join(', ') + more,
    anyBefore: before.length > 0,
  };
}

const list = (values: readonly Value[], max: number): string =>
  values
    .slice(0, max)
    .map((value) => `${value.value} ×${value.now}`)
    .join(', ');

function facetText(usual: Usual | null, dimension: Facet['dimension']): string {
  const { fresh, known, usual: before } = readFacet(usual, dimension);
  const parts = [
    fresh.length === 0 ? '' : `new: ${list(fresh, 5)}`,
    known.length === 0 ? '' : `also: ${list(known, 3)}`,
    before === '' ? 'usual: nothing known' : `usual: ${before}`,
  ];
  return parts.filter((part) => part !== '').join('; ');
}

/** Plain text for a ticket or a chat. */
export function incidentText(token: Token, usual: Usual | null, open: readonly Alert[], address: string): string {
  const lines = [
    `WHICH    ${tokenTitle(token)} (${token.token_uid}), ${token.kinds.join(', ') || 'kind not observed'}, issuer ${token.issuers.join(', ') || 'not observed'}`,
    `FROM     ${facetText(usual, 'client_address')}`,
    `BY       ${facetText(usual, 'user_agent')}`,
    `TOUCHES  ${facetText(usual, 'target_route')}`,
    `SINCE    ${open[0]?.first_seen ?? usual?.window.from ?? token.first_seen}, last use ${token.last_use ?? 'not observed'}`,
    ...open.map((alert) => `ALERT    [${alert.severity}] ${alert.title}`),
    address,
  ];
  return lines.join('\n');
}
