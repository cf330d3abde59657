import { z } from 'zod';
import type { DemoData } from '../../support/demo-data.js';
import { askingPanels, boards, expandMacros, type Span } from '../../support/grafana-panels.js';

const anyRow = z.record(z.string(), z.unknown());
const described = z.object({ name: z.string(), type: z.string() });
/** Every panel of the dashboards on the real engine, as Grafana would ask. */
export function dashboardPanels(demo: () => DemoData): void {
  describe.each(boards)('$title', (board) => {
    const run = async (sql: string) =>
      demo().store.querier.run({ name: 'panel', sql, params: anyRow, row: anyRow }, {});
    /** The stolen machine token of the demo: it has all there is to see. */
    const stolen = (): Promise<string> => tokenOf(demo().traffic.attacks[0]?.holder);
    const tokenOf = async (principal = ''): Promise<string> => {
      const [row] = await run(`SELECT token_uid FROM tokens_v1 WHERE principal_id = '${principal}' AND uses > 0`);
      return String(row?.['token_uid']);
    };
    const span = (): Span => ({ fromMs: demo().endMs - 24 * 3_600_000, toMs: demo().endMs });
    const panels = askingPanels(board);

    it('asks for more than a page of panels', () => {
      expect(panels.length).toBeGreaterThanOrEqual(10);
    });

    it.each(panels.map((panel) => [panel.title, panel] as const))('%s', async (_, panel) => {
      const target = panel.targets?.[0];
      // The thief is never refused; the one who probes is.
      const token = await (panel.title === 'Failures by reason'
        ? tokenOf(demo().traffic.attacks[1]?.holder)
        : stolen());
      const sql = expandMacros(target?.rawSql ?? '', span(), token);
      expect(sql).not.toMatch(/\$\{?_*[a-z]/);
      const columns = await demo().store.querier.run(
        { name: 'panel', sql: `DESCRIBE (${sql})`, params: anyRow, row: described },
        {},
      );
      if (panel.type === 'timeseries') {
        expect(columns[0]).toMatchObject({ name: 'time', type: expect.stringContaining('DateTime') as unknown });
        expect(columns.slice(1).some(({ type }) => /Int|Float/.test(type))).toBe(true);
      }
      const named = (panel.fieldConfig?.overrides ?? []).filter(({ matcher }) => matcher.id === 'byName');
      const names = columns.map(({ name }) => name);
      expect(named.map(({ matcher }) => matcher.options).filter((name) => !names.includes(name))).toEqual([]);
      expect((await run(sql)).length).toBeGreaterThan(0);
    });

    it('tells each failed request once: by reason as many as over time', async () => {
      const sum = async (title: string, column: string): Promise<number> => {
        const panel = panels.find((one) => one.title === title);
        const token = await tokenOf(demo().traffic.attacks[1]?.holder);
        const rows = await run(expandMacros(panel?.targets?.[0]?.rawSql ?? '', span(), token));
        return rows.reduce((total, row) => total + Number(row[column]), 0);
      };
      const isOverview = board.title.endsWith('overview');
      const overTime = await sum(isOverview ? 'Calls and failures' : 'Usage against what is usual', 'failed');
      const [refused] = await run(
        expandMacros(
          `SELECT count() AS n FROM events_v1 WHERE $__timeFilter_ms(time) AND action != 'use' AND outcome = 'failure'`,
          span(),
          '',
        ),
      );
      const byIssuers = isOverview ? Number(refused?.['n']) : 0;
      expect(await sum('Failures by reason', 'failures')).toBe(overTime + byIssuers);
      expect(overTime).toBeGreaterThan(0);
    });

    it('has variables that answer, and text in the address bar stays text', async () => {
      for (const { type, query } of board.templating.list) {
        if (type !== 'query') continue;
        expect(await run(String(query))).not.toEqual([]);
      }
      const calls = board.panels.find((panel) => panel.title === 'Calls');
      if (calls === undefined) return;
      expect(await run(expandMacros(calls.targets?.[0]?.rawSql ?? '', span(), "' OR 1=1 --"))).toEqual([]);
    });
  });
}
