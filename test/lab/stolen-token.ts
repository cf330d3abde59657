import type { ContractCall } from '../support/contract-receiver.js';
import { forensicSql } from '../support/forensic-questions.js';
import { askingPanels, boards, expandMacros } from '../support/grafana-panels.js';
import type { AlertItem, LabApi, MapEdge, SqlRow } from './lab-api.js';
import { thief } from './scenes.js';
import type { Lab } from './start-lab.js';

export interface PanelAnswer {
  readonly board: string;
  readonly title: string;
  readonly rows: readonly SqlRow[];
}

/** The stolen token as each end of Tourniquet tells of it. */
export interface StolenToken {
  readonly tokenUid: string;
  readonly alert: AlertItem;
  /** What PagerDuty was sent. */
  readonly page: ContractCall;
  /** From the token to the networks that it came from. */
  readonly networks: readonly MapEdge[];
  readonly panels: readonly PanelAnswer[];
  /** "Where was this key used, and by whom first?" of docs/forensics.md. */
  readonly uses: readonly SqlRow[];
}

/** Waits for the alert on a token and for its page, then asks the map, Grafana's panels and a forensic question for it. */
export async function viewStolenToken(lab: Lab, api: LabApi, jti: string, fromMs: number): Promise<StolenToken> {
  const tokenUid = await api.tokenUidOf(jti);
  const pageOf = (alert: AlertItem): ContractCall | undefined =>
    lab.pager.calls.findLast((call) => (call.body as { dedup_key?: string } | null)?.dedup_key === alert.alert_uid);
  // A token that is stolen after another of the same user joins the alert that is open.
  const find = async (): Promise<AlertItem | undefined> =>
    (await api.alerts()).find((alert) => alert.token_uids.includes(tokenUid) && Date.parse(alert.last_seen) >= fromMs);
  await api.until(async () => {
    const alert = await find();
    return alert !== undefined && pageOf(alert) !== undefined;
  });
  const alert = await find();
  if (alert === undefined) throw new Error(`no alert names the token ${tokenUid}`);
  const page = pageOf(alert);
  if (page === undefined) throw new Error(`PagerDuty heard nothing of the alert ${alert.alert_uid}`);
  // The alert comes from the stream; the store may be some seconds behind it.
  const usesOf = (): Promise<readonly SqlRow[]> => api.sql(forensicSql(1, tokenUid));
  await api.until(async () => (await usesOf()).some(({ client_address: from }) => from === thief.from));
  const map = await api.map(`leaf=tokens&token_uid=${tokenUid}`);
  const span = { fromMs: fromMs - 3_600_000, toMs: Date.now() + 60_000 };
  const panels: PanelAnswer[] = [];
  for (const board of boards) {
    for (const { title, targets } of askingPanels(board)) {
      const rows = await api.sql(expandMacros(targets?.[0]?.rawSql ?? '', span, tokenUid));
      panels.push({ board: board.title, title, rows });
    }
  }
  const uses = await usesOf();
  return { tokenUid, alert, page, networks: map.edges.filter(({ layer }) => layer === 'leaf_network'), panels, uses };
}
