import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { startLab, type Lab } from '../../lab/start-lab.js';
import {
  flood,
  guesser,
  guessing,
  lastLook,
  lookAlikes,
  ordinary,
  refreshAll,
  signIn,
  theft,
  thief,
  useAfterLogout,
  type Cast,
} from '../../lab/scenes.js';
import { LabApi, type TokenItem } from '../../lab/lab-api.js';
import { countBy } from '../../lab/truth.js';
import { viewStolenToken } from '../../lab/stolen-token.js';
import { startChromium } from '../../tools/chromium.mjs';

/** Keycloak, Envoy, NGINX and Kafka are real, and so is what they write; the truth is what the driver sent. */
describe('the lab', () => {
  let lab: Lab;
  let cast: Cast;
  let api: LabApi;

  beforeAll(async () => {
    lab = await startLab();
    api = new LabApi(lab);
    const { driver } = lab;
    cast = await signIn(driver);
    await ordinary(driver, cast);
    await refreshAll(driver, cast);
    await ordinary(driver, cast, 1);
    await lookAlikes(driver, cast);
    await guessing(driver);
    await theft(driver, cast.alice);
    await Promise.all([useAfterLogout(driver, cast.bob), lastLook(driver, cast.erin), flood(driver, cast.crawler)]);
  }, 720_000);

  afterAll(() => (lab as Lab | undefined)?.stop(), 60_000);

  it('has each issued token once, with exactly its uses', async () => {
    const expected = [...lab.truth.tokens]
      .filter(({ kind }) => kind === 'access_token')
      .map(({ jti }): [string, number] => [jti, lab.truth.uses()[jti] ?? 0])
      .sort();
    const seen = (tokens: readonly TokenItem[]): [string, number][] =>
      tokens
        .filter(({ kinds }) => kinds.includes('access_token'))
        .map(({ aliases, uses }): [string, number] => [jtiOf(aliases), uses])
        .sort();
    await api.until(async () => JSON.stringify(seen(await api.tokens())) === JSON.stringify(expected));
    expect(seen(await api.tokens())).toEqual(expected);
    expect(expected.reduce((sum, [, uses]) => sum + uses, 0)).toBeGreaterThan(300);
  }, 150_000);

  it('knows no other credential of the realm than sessions that were begun', async () => {
    const others = (await api.tokens()).filter(({ kinds }) => !kinds.includes('access_token'));
    expect(others.map(({ kinds }) => kinds)).toEqual(others.map(() => ['session']));
    const sids = new Set(lab.truth.tokens.map(({ sid }) => sid));
    const named = others.map(({ aliases }) => aliases.find(({ kind }) => kind === 'sid')?.value);
    expect(named.filter((sid) => !sids.has(sid))).toEqual([]);
    expect(new Set(named).size).toBe(named.length);
  });

  it('links refreshes to what they refreshed, and tokens to their session', async () => {
    const tokens = await api.tokens();
    const of = (jti: string | undefined): TokenItem => tokens.find(({ aliases }) => jtiOf(aliases) === jti)!;
    const access = lab.truth.tokens.filter(({ kind }) => kind === 'access_token');
    const named = (jti: string, alias: string): string[] =>
      of(jti).aliases.filter(({ kind }) => kind === alias).map(({ value }) => value);
    for (const { jti, sid, companion } of access) {
      // A machine's token says of no session, though Keycloak keeps one for it.
      if (sid !== undefined) expect(named(jti, 'sid')).toEqual([sid]);
      expect(named(jti, 'refresh_jti')).toEqual(companion === undefined ? [] : [companion]);
    }
    const refreshed = access.filter(({ parent }) => parent !== undefined);
    expect(refreshed).toHaveLength(3);
    for (const { jti, parent } of refreshed) {
      const before = access.find(({ companion }) => companion === parent);
      const { children } = await api.token(of(before?.jti).token_uid);
      expect(children.map(({ token_uid }) => token_uid)).toContain(of(jti).token_uid);
    }
  }); // prettier-ignore

  it('counts what the log of Keycloak and its Admin API, which is asked, both tell once', async () => {
    interface Told { readonly type: string; readonly error?: string; readonly details?: Readonly<Record<string, string>> }
    const told = JSON.parse(await lab.keycloak.adminGet('/events?max=1000')) as Told[];
    const types = new Set(told.map(({ type }) => type));
    expect([...types].sort()).toEqual(['CLIENT_LOGIN', 'CODE_TO_TOKEN', 'LOGIN', 'LOGIN_ERROR', 'LOGOUT', 'REFRESH_TOKEN']);
    // What makes a token or ends a session is named by it; the rest the API leaves to the log.
    const named = told.filter(({ type, error, details }) => error === undefined && (details?.['token_id'] !== undefined || type === 'LOGOUT'));
    expect(named.length).toBeGreaterThan(10);
    const logged = (): number =>
      readFileSync(lab.keycloak.log, 'utf8').split('\n').filter((line) => line.includes('"loggerName":"org.keycloak.events"')).length;
    const stored = async (): Promise<number[]> => {
      const [row] = await api.sql("SELECT count() AS events, uniqExact(event_uid) AS uids FROM events WHERE source_product = 'keycloak'");
      return [Number(row?.['events']), Number(row?.['uids'])];
    };
    // The poller's own login is logged each minute, so both sides are read again until they agree.
    const seen = async () => ({ stored: await stored(), read: await api.ingested('keycloak') });
    const due = () => ({ stored: [logged(), logged()], read: logged() + named.length });
    await api.until(async () => JSON.stringify(await seen()) === JSON.stringify(due()), 90_000);
    expect(await seen()).toEqual(due());
  }, 120_000); // prettier-ignore

  it('counts each call between two services once, by whom and to whom and with which token, and no other', async () => {
    // The edge logs in two formats, the gateway knows no token, both sidecars log what is between two services.
    const sent = countBy(lab.truth.calls, ({ caller, callee, jti }) => `${caller} > ${callee} ${jti ?? 'without a token'}`);
    const jtis = new Map((await api.tokens()).map(({ token_uid, aliases }) => [token_uid, jtiOf(aliases)]));
    const named = (uid: unknown): string => (uid === '' ? 'without a token' : (jtis.get(String(uid)) ?? `unknown ${String(uid)}`));
    const counted = async (): Promise<Record<string, number>> => {
      const rows = await api.sql(
        'SELECT caller_service, target_service, token_uid, count() AS calls FROM hops GROUP BY ALL LIMIT 10000',
      );
      return sorted(
        rows.map(({ caller_service, target_service, token_uid, calls }): [string, number] => [
          `${String(caller_service)} > ${String(target_service)} ${named(token_uid)}`,
          Number(calls),
        ]),
      );
    };
    await api.until(async () => JSON.stringify(await counted()) === JSON.stringify(sent), 120_000);
    expect(await counted()).toEqual(sent);

    const edges = countBy(lab.truth.calls, ({ caller, callee }) => `${caller} > ${callee}`);
    // Roll-ups follow the hops by a pass.
    const rolledUp = async (): Promise<Record<string, number>> => {
      const rows = await api.sql(
        "SELECT concat(caller_service, ' > ', target_service) AS edge, toUInt32(sum(requests)) AS calls FROM edges GROUP BY edge",
      );
      return sorted(rows.map(({ edge, calls }): [string, number] => [String(edge), Number(calls)]));
    };
    await api.until(async () => JSON.stringify(await rolledUp()) === JSON.stringify(edges));
    expect(await rolledUp()).toEqual(edges);
    const { edges: drawn, counted_until: until } = await api.map('leaf=tokens');
    const onMap = drawn
      .filter(({ layer }) => layer === 'caller_service')
      .map(({ source, target, requests }): [string, number] => [`${nameIn(source)} > ${nameIn(target)}`, requests]);
    expect(sorted(onMap)).toEqual(edges);
    expect(Date.parse(until)).toBeGreaterThan(Math.max(...lab.truth.calls.map(({ atMs }) => atMs)));

    // A token's usage counts the same hops: those that know it, and apart from them those of edge and gateway before.
    const carried = lab.truth.calls.filter(({ jti }) => jti !== undefined);
    const isFront = (callee: string): boolean => callee === 'edge' || callee === 'gateway';
    const usage = await api.sql(
      'SELECT token_uid, sum(requests) AS own, sum(lent_requests) AS lent FROM token_usage GROUP BY token_uid HAVING own + lent > 0',
    );
    expect(sorted(usage.map(({ token_uid, own, lent }): [string, string] => [named(token_uid), `${String(own)} ${String(lent)}`]))).toEqual(
      sorted(Object.keys(countBy(carried, ({ jti }) => jti ?? '')).map((jti): [string, string] => {
        const own = carried.filter((call) => call.jti === jti);
        const lent = own.filter(({ callee }) => isFront(callee)).length;
        return [jti, `${own.length - lent} ${lent}`];
      })),
    );
  }, 400_000); // prettier-ignore

  it('raises the alerts that are due while the attack runs, with the thief as evidence, and no other', async () => {
    const attacked = ['theft', 'flood', 'use-after-logout'].map((name) =>
      lab.truth.deeds.find((deed) => deed.name === name)!,
    );
    await api.until(async () => (await api.alerts()).length > attacked.length);
    await delay(2000);
    const all = await api.alerts();
    // A password has no token; whose it is, Keycloak says.
    const guessed = all.filter(({ token_uid }) => token_uid === '');
    expect(guessed).toMatchObject([
      { entity_kind: 'principal', principal_name: 'carol', detectors: ['failures'], client_addresses: [guesser.from] },
    ]);
    const alerts = all.filter(({ token_uid }) => token_uid !== '');
    const uids = new Map((await api.tokens()).map((token) => [token.token_uid, jtiOf(token.aliases)]));
    expect(alerts.map(({ token_uid }) => uids.get(token_uid)).sort()).toEqual(attacked.map(({ jti }) => jti).sort());
    for (const { jti, fromMs, toMs, from } of attacked) {
      const alert = alerts.find(({ token_uid }) => uids.get(token_uid) === jti)!;
      const at = Date.parse(alert.first_seen);
      expect([at >= fromMs, at <= toMs]).toEqual([true, true]);
      // The flooded service hands the token on, so its own calls (from 127.0.0.1) may be the evidence as well.
      expect([from, '127.0.0.1']).toEqual(expect.arrayContaining([...alert.client_addresses]));
      expect(alert.client_addresses.length).toBeGreaterThan(0);
    }
    // The session had ended for longer than requests may be under way; erin's last look at her page was within that time.
    const afterLogout = alerts.find((alert) => uids.get(alert.token_uid) === cast.bob.jti)!;
    expect(afterLogout).toMatchObject({
      principal_name: 'bob',
      detectors: expect.arrayContaining(['session']) as unknown,
    });
    expect(afterLogout.client_addresses).toContain(thief.from);
    const { token_uid, client_addresses } = alerts.find((alert) => uids.get(alert.token_uid) === cast.alice.jti)!;
    expect(client_addresses).toEqual([thief.from]);
    const { seen_with } = await api.token(token_uid);
    const values = (dimension: string): string[] =>
      seen_with.find((seen) => seen.dimension === dimension)?.values.map(({ value }) => value) ?? [];
    expect(values('client_address')).toContain(thief.from);
    expect(values('user_agent')).toContain(thief.userAgent);
  }, 150_000);

  it('shows the stolen token at each end: PagerDuty, map, Grafana, forensic SQL', async () => {
    const { fromMs } = lab.truth.deeds.find(({ name }) => name === 'theft')!;
    const stolen = await viewStolenToken(lab, api, cast.alice.jti, fromMs);
    const { alert, page, tokenUid } = stolen;
    expect([page.faults, page.status]).toEqual([[], 202]);
    expect(page.body).toMatchObject({
      event_action: 'trigger',
      dedup_key: alert.alert_uid,
      payload: { group: 'alice', custom_details: { From: thief.from, Touching: 'inventory' } },
    });
    expect(page.text).toContain(tokenUid);
    for (const part of cast.alice.accessToken.split('.')) expect(page.text).not.toContain(part);

    const thiefs = lab.truth.requests.filter(({ from, jti }) => from === thief.from && jti === cast.alice.jti);
    const drawn = stolen.networks.reduce((sum, { requests }) => sum + requests, 0);
    // Also the way through edge and gateway, which knew no token.
    expect(drawn).toBe(lab.truth.calls.filter(({ jti }) => jti === cast.alice.jti).length);
    expect(stolen.uses).toContainEqual(
      expect.objectContaining({ client_address: thief.from, user_agent: thief.userAgent, principal: 'alice', uses: thiefs.length }),
    );
    const panel = (title: string) => stolen.panels.find((answer) => answer.title === title)?.rows ?? [];
    expect(panel('From').map(({ value }) => value)).toContain(thief.from);
    expect(panel('Which')).toHaveLength(1);
    expect(stolen.panels.filter(({ board, rows }) => board.includes('token') && rows.length > 0).length).toBeGreaterThan(8);
  }, 400_000); // prettier-ignore

  it('lets a person find it by clicking from map to token to alert', async () => {
    const browser = await startChromium();
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      page.setDefaultTimeout(20_000);
      await page.goto(lab.addresses.api);
      await page.getByRole('button', { name: /token alice.*alert (low|medium|high|critical)/ }).click();
      await page.getByRole('link', { name: 'Open token' }).click();
      await page.waitForURL(`**/tokens/${await api.tokenUidOf(cast.alice.jti)}`);
      // As a value of the incident; where the theft began a window earlier, it also stands among what was before.
      await page.locator('.five .line-of').nth(1).locator('.value').filter({ hasText: thief.from }).waitFor();
      await page.locator('#token-alerts ~ .alert-list a').first().click();
      await page.locator('.why td').first().waitFor();
      const detail = await page.locator('.alert-detail').innerText();
      expect(detail).toContain('alice');
      expect(detail).toContain(thief.from);
    } finally {
      await browser.close();
    }
  }, 60_000);
});

/** What stands behind the lane in a box's id. */
const nameIn = (id: string): string => id.slice(id.indexOf(':') + 1);
const sorted = <T>(entries: readonly [string, T][]): Record<string, T> =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

const jtiOf = (aliases: TokenItem['aliases']): string => aliases.find(({ kind }) => kind === 'jti')?.value ?? '';
