import type { DemoData } from '../../support/demo-data.js';
import { forensicQuestions, forensicSql } from '../../support/forensic-questions.js';
import { ask, sqlRunnerOn, type Row } from '../api/sql-fixture.js';

const dayMs = 86_400_000;

/** The questions of docs/forensics.md as they stand there, against what the traffic's maker knows it did. */
export function answersOfTheGuide(demo: () => DemoData): void {
  describe('docs/forensics.md', () => {
    const rowsOf = async (sql: string): Promise<readonly Row[]> => {
      const { outcome, message, rows } = await ask(sqlRunnerOn(demo().store), sql);
      expect([outcome, message]).toEqual(['ok', '']);
      return rows;
    };
    const tokenOf = async (principal: string, filter = '1'): Promise<string> => {
      const rows = await rowsOf(
        `SELECT token_uid FROM tokens WHERE principal_id = '${principal}' AND ${filter} ORDER BY first_seen DESC LIMIT 1`,
      );
      return String(rows[0]?.['token_uid']);
    };
    /** A question, for the token of a principal where it asks for one. */
    const answer = async (n: number, token = ''): Promise<readonly Row[]> => rowsOf(forensicSql(n, token));
    const stolen = () => demo().traffic.attacks[0]?.holder ?? '';
    const thiefs = () => demo().traffic.requests.filter((r) => r.address === '203.0.113.66');

    it('asks eleven', () => {
      expect([...forensicQuestions.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    });

    it('runs the SQL that each finding carries, and reads what the finding says', async () => {
      const findings = await rowsOf('SELECT detector, observed, sql FROM findings');
      expect(findings.length).toBeGreaterThanOrEqual(3);
      for (const { detector, observed, sql } of findings) {
        const [reading] = await rowsOf(String(sql));
        expect([detector, Number(reading?.['observed'])]).toEqual([detector, expect.closeTo(Number(observed), 3)]);
      }
    });

    it('1: where a key was used, and by whom first', async () => {
      const own = demo().traffic.requests.filter((r) => r.holder.name === stolen());
      const [first, second, ...rest] = await answer(1, await tokenOf(stolen(), 'uses > 0'));
      const home = own.filter((r) => r.address !== '203.0.113.66');
      expect(first).toMatchObject({
        client_address: home[0]?.address,
        principal: stolen(),
        first: new Date(home[0]?.timeMs ?? 0).toISOString(),
        uses: home.length,
      });
      expect(second).toMatchObject({
        client_address: '203.0.113.66',
        user_agent: 'python-requests/2.32.3',
        first: new Date(thiefs()[0]?.timeMs ?? 0).toISOString(),
        uses: 1500,
        failures: 0,
      });
      expect(rest).toEqual([]);
    });

    it('2: what the thief reached', async () => {
      const rows = await answer(2, await tokenOf(stolen(), 'uses > 0'));
      const bytes = thiefs().reduce((sum, r) => sum + r.bytes, 0);
      expect(rows).toMatchObject([
        {
          target_service: 'users',
          target_method: 'GET',
          target_route: '/v1/users/{id}',
          uses: 1500,
          objects: 1500,
          bytes,
        },
      ]);
    });

    it('3: what else came from that address', async () => {
      expect(await answer(3)).toMatchObject([{ principal_id: stolen(), events: 1500, accepted_events: 1500 }]);
    });

    it('4: tokens in several hands', async () => {
      expect(await answer(4)).toMatchObject([
        { principal_id: 'shared-client', callers: ['orders', 'reports', 'search'] },
      ]);
    });

    it('5: known tokens from new addresses', async () => {
      const rows = await answer(5);
      const [burst, probing] = demo().traffic.attacks;
      expect(rows.map((row) => [row['principal_id'], row['client_address'], row['accepted_events']])).toEqual([
        [burst?.holder, '203.0.113.66', 1500],
        [probing?.holder, '203.0.113.99', 0],
      ]);
    });

    it('6: tokens in URLs', async () => {
      const rows = await answer(6);
      expect(rows).toMatchObject([
        {
          exposure: 'token_in_url',
          source_product: 'nginx',
          target_path: '/v1/export',
          client_addresses: ['198.51.100.77'],
          times: 1,
        },
      ]);
      expect(JSON.stringify(rows)).not.toContain('x7Y8');
    });

    it('7: tokens that are valid and unused', async () => {
      expect((await answer(7)).map((row) => row['principal_id'])).toEqual(['forgotten@example.com']);
    });

    it('8: the refresh family', async () => {
      const rows = await answer(8, await tokenOf('renewing@example.com'));
      expect(rows.map((row) => row['generations_back'])).toEqual([0, 1, 2]);
      expect(new Set(rows.map((row) => row['token_uid'])).size).toBe(3);
      expect(new Set(rows.map((row) => row['principal_id']))).toEqual(new Set(['renewing@example.com']));
    });

    it('9: refused, then let in', async () => {
      expect(await answer(9)).toMatchObject([
        {
          principal_id: 'guessed-client',
          client_address: '203.0.113.7',
          refused_before: 12,
          target_service: 'payments',
        },
      ]);
    });

    it('10: new edges of known callers', async () => {
      const { traffic, endMs } = demo();
      const edges = new Map<string, number>();
      const incidents = ['orders', 'reports', 'search'].map((caller) => ({
        caller,
        service: 'payments',
        timeMs: endMs - 90 * 60_000,
      }));
      const calls = traffic.requests.map((r) => ({ caller: r.holder.caller, service: r.service, timeMs: r.timeMs }));
      for (const { caller, service, timeMs } of [...calls, ...incidents]) {
        const edge = `${caller} ${service}`;
        edges.set(edge, Math.min(edges.get(edge) ?? Infinity, timeMs));
      }
      const known = new Set(calls.filter((c) => c.timeMs < Date.now() - 2 * dayMs).map((c) => c.caller));
      const fresh = [...edges].filter(
        ([edge, first]) => first >= Date.now() - dayMs && known.has(edge.split(' ')[0] ?? ''),
      );
      expect(fresh.length).toBeGreaterThan(0);
      const rows = await answer(10);
      expect(rows.map((row) => `${String(row['caller_service'])} ${String(row['target_service'])}`).sort()).toEqual(
        fresh.map(([edge]) => edge).sort(),
      );
    });

    it('11: all services of the demo know the tokens that they serve', async () => {
      expect(await answer(11)).toEqual([]);
    });
  });
}
