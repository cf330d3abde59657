import { dashboardFiles } from '../../dashboards/dashboard-files.js';

export interface Board {
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: unknown }[];
  };
}

export interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly rawSql: string; readonly queryType: string }[];
  readonly fieldConfig?: {
    readonly overrides: readonly { readonly matcher: { readonly id: string; readonly options: string } }[];
  };
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const stepS = 3600;

/** The dashboards as Grafana reads them. */
export const boards = [...dashboardFiles().values()].map((text) => JSON.parse(text) as Board);

/** Those that ask something; rows and texts do not. */
export const askingPanels = (board: Board): readonly Panel[] =>
  board.panels.filter((panel) => panel.targets !== undefined);

/** The data source's macros as its README defines them, and Grafana's `:sqlstring`. What is not known stays and fails. */
export function expandMacros(sql: string, { fromMs, toMs }: Span, token: string): string {
  const seconds = (ms: number): string => `toDateTime(${Math.floor(ms / 1000)})`;
  const millis = (ms: number): string => `fromUnixTimestamp64Milli(${ms})`;
  return sql
    .replace(/\$__timeFilter_ms\(([^()]+)\)/g, (_, c: string) => `${c} >= ${millis(fromMs)} AND ${c} <= ${millis(toMs)}`)
    .replace(/\$__timeFilter\(([^()]+)\)/g, (_, c: string) => `${c} >= ${seconds(fromMs)} AND ${c} <= ${seconds(toMs)}`)
    .replace(/\$__timeInterval\(([^()]+)\)/g, (_, c: string) => `toStartOfInterval(toDateTime(${c}), INTERVAL ${stepS} second)`)
    .replaceAll('$__fromTime_ms', millis(fromMs))
    .replaceAll('$__toTime_ms', millis(toMs))
    .replaceAll('$__fromTime', seconds(fromMs))
    .replaceAll('$__toTime', seconds(toMs))
    .replaceAll('$__interval_s', String(stepS))
    .replaceAll('${token:sqlstring}', `'${token.replaceAll("'", "''")}'`);
} // prettier-ignore
