import { computed, signal } from '@preact/signals';
import { announce } from '../shell/announce.js';
import type { Alert, Page, Severity } from './api-types.js';
import { apiKey, getJson } from './http.js';

const EVERY_MS = 10_000;
const LIMIT = 100;

const open = signal<readonly Alert[]>([]);

/** How many alerts are open, for the heading of every page; `100+` beyond a page of them. */
export const openCount = computed(() => (open.value.length >= LIMIT ? `${LIMIT}+` : String(open.value.length)));

const severities: readonly Severity[] = ['info', 'low', 'medium', 'high', 'critical'];

/** The gravest first; alike ones stay as they come. */
export const byGravity = (a: Pick<Alert, 'severity'>, b: Pick<Alert, 'severity'>): number =>
  severities.indexOf(b.severity) - severities.indexOf(a.severity);

/** The gravest open alert that names a token, by token, of the newest page of open alerts. */
export const openByToken = computed(() => {
  const found = new Map<string, Severity>();
  for (const { severity, token_uids: uids } of [...open.value].sort(byGravity)) {
    for (const uid of uids) if (!found.has(uid)) found.set(uid, severity);
  }
  return found;
});

/** Raised when an open alert is new or has grown, so that pages that show alerts read them again. */
export const alertsVersion = signal(0);

let known: ReadonlyMap<string, string> | null = null;

const grave = (alert: Alert): boolean => alert.severity === 'high' || alert.severity === 'critical';

function take(items: readonly Alert[]): void {
  const next = new Map(items.map((alert) => [alert.alert_uid, `${alert.updated_at} ${alert.state}`]));
  const before = known;
  known = next;
  if (before === null) {
    open.value = items;
    return;
  }
  const changed = next.size !== before.size || [...next].some(([uid, mark]) => before.get(uid) !== mark);
  if (!changed) return;
  open.value = items;
  alertsVersion.value += 1;
  const fresh = items.find((alert) => grave(alert) && !before.has(alert.alert_uid));
  if (fresh !== undefined)
    announce(
      `New alert, ${fresh.severity}: ${fresh.principal_name || fresh.token_name || fresh.entity_uid}. ${fresh.title}`,
    );
}

/** Watches for open alerts as long as the page is seen. */
export function watchAlerts(): void {
  const read = (): void => {
    if (document.visibilityState === 'hidden') return;
    getJson<Page<Alert>>(`/v1/alerts?state=open&limit=${LIMIT}`).then(
      ({ items }) => take(items),
      () => undefined,
    );
  };
  apiKey.subscribe(read);
  window.setInterval(read, EVERY_MS);
  document.addEventListener('visibilitychange', read);
}
