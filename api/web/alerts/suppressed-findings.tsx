import type { Finding, Page } from '../lib/api-types.js';
import { count, moment, parse } from '../lib/format.js';
import { useJson } from '../lib/load.js';
import { alertsVersion } from '../lib/open-alerts.js';
import { SeverityBadge } from '../shell/badge.js';
import { Failure } from '../shell/failure.js';

const SHOWN_MAX = 50;

/** What detectors found and a suppression kept silent, by suppression, with its reason and end; nothing where there is none. */
export function SuppressedFindings({ ask }: { ask: Readonly<Record<string, string>> }) {
  const params = new URLSearchParams({ ...ask, suppressed: 'true', limit: String(SHOWN_MAX) }).toString();
  const { value, error } = useJson<Page<Finding>>(`/v1/findings?${params}`, alertsVersion.value).value;
  const silent = new Map<string, Finding[]>();
  for (const finding of value?.items ?? []) {
    const by = finding.suppressed?.by ?? '';
    silent.set(by, [...(silent.get(by) ?? []), finding]);
  }
  if (error !== null) return <Failure error={error} />;
  if (silent.size === 0) return null;
  const more = value?.next_cursor == null ? '' : '+';
  return (
    <details class="suppressed">
      <summary>
        {count(value?.items.length ?? 0)}
        {more} suppressed {value?.items.length === 1 ? 'finding' : 'findings'}: raised nothing
      </summary>
      {[...silent].map(([by, findings]) => (
        <section key={by} aria-label={`Suppressed by ${by}`}>
          <p>
            suppressed because “{findings[0]?.suppressed?.reason}”, {endOf(findings[0])}{' '}
            <span class="mono dim">{by}</span>
          </p>
          <ul>
            {findings.map((finding) => (
              <li key={finding.finding_uid}>
                <SeverityBadge severity={finding.severity} /> {moment(parse(finding.time))} {finding.summary}
              </li>
            ))}
          </ul>
        </section>
      ))}
    </details>
  );
}

/** With its year: it may be long. */
const endOf = (finding: Finding | undefined): string =>
  finding?.suppressed?.until == null
    ? 'for as long as the configuration says so'
    : `until ${finding.suppressed.until.slice(0, 16).replace('T', ' ')} UTC`;
