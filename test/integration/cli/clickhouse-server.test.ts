import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { toSampleFiles } from '../../../api/demo/log-lines.js';
import { createSampleTraffic } from '../../../api/demo/sample-traffic.js';
import { runCli, startUp } from '../../support/run-cli.js';
import { type ClickHouseProcess, startClickHouse } from '../../tools/clickhouse.mjs';

const HOUR_MS = 3_600_000;
const KEY = 'key-of-the-analyst';
const users = { default: 'pass of the product', people: 'pass of people' };

type Answer = readonly [status: number, body: unknown];

/** The same logs through the same commands: once with the engine in the process, once behind ClickHouse's HTTP interface. */
describe('with ClickHouse in another process', () => {
  let folder: string;
  let clickHouse: ClickHouseProcess;
  const endMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const ways = ['embedded', 'server'] as const;
  const configOf = (way: (typeof ways)[number]): string => join(folder, `${way}.yaml`);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tourniquet server '));
    clickHouse = await startClickHouse(join(folder, 'clickhouse', 'engine'), users);
    const { url } = clickHouse;
    for (const [name, password] of Object.entries(users)) writeFileSync(join(folder, name), password);
    const store = {
      kind: 'clickhouse', url, username: 'default', password_file: join(folder, 'default'),
      analyst: { username: 'people', password_file: join(folder, 'people') },
    }; // prettier-ignore
    const api = { port: 0, keys: [{ name: 'ann', role: 'analyst', sha256: createHash('sha256').update(KEY).digest('hex') }] }; // prettier-ignore
    for (const way of ways) {
      const own = { data_dir: join(folder, way), ...(way === 'server' && { store }), api, receivers: { port: 0 } };
      writeFileSync(configOf(way), stringify(own));
    }
  });

  afterAll(async () => {
    await clickHouse.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const command = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCli(args);
    if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}${stdout}`);
    return stdout;
  };

  it('finds, answers and backtests the same as with the engine in the process', async () => {
    mkdirSync(join(folder, 'logs'));
    const inputs = toSampleFiles(createSampleTraffic(endMs, 2, 12)).map(({ name, lines, product }) => {
      const path = join(folder, 'logs', name);
      writeFileSync(path, `${lines.join('\n')}\n`);
      return `${product}:${path}`;
    });
    expect(await command('migrate', '--config', configOf('server'))).toMatch(/0001\s+applied/);
    const alerts = await byWay(async (way) => {
      const lines = (await command('replay', ...inputs, '--json', '--config', configOf(way))).trim().split('\n');
      // The same names for tokens.
      if (way === 'embedded') cpSync(join(folder, way, 'keys'), join(folder, 'server', 'keys'), { recursive: true });
      return lines.map((line) => withoutTheirOwn(JSON.parse(line)));
    });
    expect(alerts.embedded.length).toBeGreaterThan(2);
    expect(alerts.server).toEqual(alerts.embedded);

    expect(await command('doctor', '--config', configOf('server'))).toMatch(/ok\s+store/);
    const answers = await byWay((way) => asked(configOf(way)));
    expect(answers.server).toEqual(answers.embedded);

    const tests = await byWay(async (way) => {
      const said = await command('backtest', '--json', '--since', '3d', '--config', configOf(way));
      const { from, to, ...rest } = withoutTheirOwn(JSON.parse(said)) as { from: string; to: string; events: number };
      expect(from < to).toBe(true);
      return rest;
    });
    expect(tests.embedded.events).toBeGreaterThan(1000);
    expect(tests.server).toEqual(tests.embedded);
  }, 240_000);

  async function byWay<T>(of: (way: (typeof ways)[number]) => Promise<T>): Promise<Record<(typeof ways)[number], T>> {
    return { embedded: await of('embedded'), server: await of('server') };
  }

  /** What `up` answers to people and to the pages. */
  async function asked(config: string): Promise<readonly Answer[]> {
    const { child, address } = await startUp(config);
    try {
      const get = async (path: string, sql?: string): Promise<Answer> => {
        const init = sql === undefined ? {} : { method: 'POST', body: JSON.stringify({ sql }) };
        const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
        const response = await fetch(`${address}${path}`, { ...init, headers });
        return [response.status, withoutTheirOwn(await response.json(), address)];
      };
      const day = `from=${new Date(endMs - 24 * HOUR_MS).toISOString()}&to=${new Date(endMs).toISOString()}`;
      const tokens = await get('/v1/tokens?limit=50');
      const { items } = tokens[1] as { items: readonly { token_uid: string }[] };
      expect(items.length).toBeGreaterThan(5);
      const first = items[0]!.token_uid;
      const ok = [
        tokens,
        await get(`/v1/map?${day}`),
        await get(`/v1/tokens/${first}`),
        await get(`/v1/tokens/${first}/timeline?${day}`),
        await get('/v1/alerts?limit=50'),
        await get('/v1/findings?limit=50'),
        await get('/v1/sql', 'SELECT token_uid, count() AS n FROM events GROUP BY token_uid ORDER BY n DESC, token_uid LIMIT 5'),
      ]; // prettier-ignore
      expect(ok.map(([status]) => status)).toEqual(ok.map(() => 200));
      const refused = [
        await get('/v1/sql', 'SELECT nothing FROM events'),
        await get('/v1/sql', 'DROP TABLE token_events'),
        await get('/v1/tokens/tok_AAAAAAAAAAAAAAAAAAAAAA'),
      ];
      expect(refused.map(([status]) => status)).toEqual([400, 403, 404]);
      return [...ok, ...refused];
    } finally {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      await ended;
    }
  }
});

/** A history also begins with whichever finding came first. */
const ofTheRun = new Set(['opened_at', 'updated_at', 'version', 'history', 'seconds', 'events_per_second', 'links']);
/** Of answers also what the clock makes of a risk, and what a statement cost. */
const ofTheAnswer = new Set([...ofTheRun, 'risk', 'duration_ms', 'rows_read', 'statement_uid']);

/** Without addresses of this run, times of its clock, and the order in which findings came. */
function withoutTheirOwn(value: unknown, address = ''): unknown {
  if (typeof value === 'string') return address === '' ? value : value.replaceAll(address, 'http://here');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => withoutTheirOwn(one, address));
  if ('finding_uids' in value && Array.isArray(value.finding_uids)) value.finding_uids.sort();
  const own = address === '' ? ofTheRun : ofTheAnswer;
  const kept = Object.entries(value).filter(([name]) => !own.has(name));
  return Object.fromEntries(kept.map(([name, one]) => [name, withoutTheirOwn(one, address)]));
}
