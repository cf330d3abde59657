import type { Alert, Severity } from '../lib/api-types.js';

const signs: Readonly<Record<Severity, string>> = { info: '●', low: '▲', medium: '▲', high: '▲', critical: '▲▲' };

export const SeverityBadge = ({ severity }: { severity: Severity }) => (
  <span class={`badge tone-alert-${severity}`}>
    <span aria-hidden="true">{signs[severity]}</span> {severity}
  </span>
);

const stateSigns: Readonly<Record<Alert['state'], string>> = {
  open: '○',
  acknowledged: '◐',
  resolved: '●',
  suppressed: '⊘',
};

export const StateWord = ({ state }: { state: Alert['state'] }) => (
  <span class={`state state-${state}`}>
    <span aria-hidden="true">{stateSigns[state]}</span> {state}
  </span>
);
