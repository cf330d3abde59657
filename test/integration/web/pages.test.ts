/// <reference lib="dom" />
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { createSampleTraffic } from '../../../api/demo/sample-traffic.js';
import { startCli } from '../../support/run-cli.js';
import { startChromium } from '../../tools/chromium.mjs';

const DAYS = 3;
const TOKENS = 24;
const HOUR = 3_600_000;
const RESPONDER = 'key-of-the-responder';
const ANALYST = 'key-of-the-analyst';

declare global {
  interface Window {
    violations: string[];
    axe: { run(options: object): Promise<axe.AxeResults> };
  }
}

/** What the demo serves, in a real browser: the pages as people get them, policy and all. */
describe('the pages in Chromium', () => {
  let directory: string;
  let demo: ChildProcess;
  let base: string;
  let endMs: number;
  let browser: Browser;
  const errors: string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tourniquet pages '));
    const config = join(directory, 'config.yaml');
    const keys = [
      ['alice', 'responder', RESPONDER],
      ['ann', 'analyst', ANALYST],
    ] as const;
    const entries = keys.map(
      ([name, role, key]) =>
        `    - { name: ${name}, role: ${role}, sha256: ${createHash('sha256').update(key).digest('hex')} }\n`,
    );
    const known =
      '{ name: known, detector: rate, severity_max: critical, until: "2099-01-01T00:00:00Z", reason: moving <b>house</b> }';
    await writeFile(config, `api:\n  keys:\n${entries.join('')}alerts: { suppressions: [${known}] }\n`);
    const data = join(directory, 'data');
    demo = startCli(['demo', '--config', config, '--data', data, '--days', String(DAYS), '--tokens', String(TOKENS)]);
    endMs = Math.floor(Date.now() / HOUR) * HOUR;
    base = await new Promise<string>((resolve, reject) => {
      let text = '';
      const read = (chunk: string): void => {
        text += chunk;
        const address = /API runs at (http:\S+);/.exec(text)?.[1];
        if (address !== undefined) resolve(address);
      };
      demo.stdout?.setEncoding('utf8').on('data', read);
      demo.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      demo.once('exit', () => reject(new Error(`the demo ended: ${text}`)));
    });
    browser = await startChromium();
  }, 240_000);

  afterAll(async () => {
    await browser.close();
    demo.removeAllListeners('exit');
    const ended = new Promise((resolve) => demo.once('exit', resolve));
    demo.kill('SIGINT');
    await ended;
    await rm(directory, { recursive: true, force: true });
  }, 60_000);

  afterEach(() => {
    expect(errors.splice(0)).toEqual([]);
  });

  async function open(path: string, width = 1280): Promise<Page> {
    const context = await browser.newContext({ viewport: { width, height: 800 } });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.addInitScript(() => {
      window.violations = [];
      document.addEventListener('securitypolicyviolation', (event) => {
        window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
      });
    });
    await page.goto(`${base}${path}`);
    await page.locator('#main').waitFor();
    return page;
  }

  async function close(page: Page): Promise<void> {
    expect(await page.evaluate(() => window.violations)).toEqual([]);
    await page.context().close();
  }

  const stolen = async (): Promise<{ token_uid: string; alert_uid: string; principal_name: string }> => {
    const answer = await fetch(`${base}/v1/alerts`);
    const { items } = (await answer.json()) as { items: Awaited<ReturnType<typeof stolen>>[] };
    const traffic = createSampleTraffic(endMs, DAYS, TOKENS);
    const found = items.find((item) => item.principal_name === traffic.attacks[0]?.holder);
    if (found === undefined) throw new Error('the stolen token has no alert');
    return found;
  };

  const settled: Readonly<Record<string, string>> = {
    '/': '.box',
    '/?view=table': 'td',
    '/?leaf=routes&compare=none': '.box',
    '/tokens': 'td',
    '/alerts': '.alert-row',
    '/sql': '#statement',
    TOKEN: '.lane-name',
    ALERT: '.why td',
  };

  it.each(Object.keys(settled))(
    '%s: axe finds nothing in light and dark, and nothing breaks the policy',
    async (name) => {
      const { token_uid, alert_uid } = await stolen();
      const path = name === 'TOKEN' ? `/tokens/${token_uid}` : name === 'ALERT' ? `/alerts/${alert_uid}` : name;
      const page = await open(path);
      await page
        .locator(settled[name] ?? '')
        .first()
        .waitFor();
      if (name === 'TOKEN') await page.locator('.chart canvas').waitFor();
      await page.evaluate(axe.source);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        // Only colours differ in the dark.
        const { violations } = await page.evaluate(
          (colours) =>
            window.axe.run({
              resultTypes: ['violations'],
              ...(colours && { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } }),
            }),
          colorScheme === 'dark',
        );
        const found = violations.map(({ id, nodes }) => [
          id,
          nodes.map((node) => `${node.html} ${node.failureSummary ?? ''}`),
        ]);
        expect([colorScheme, ...found]).toEqual([colorScheme]);
      }
      await close(page);
    },
  );

  it('is readable at 800 pixels: nothing is wider than the window', async () => {
    const { token_uid, alert_uid } = await stolen();
    for (const path of ['/', '/tokens', `/tokens/${token_uid}`, `/alerts/${alert_uid}`]) {
      const page = await open(path, 800);
      await page.locator('.box, td, .lane-name').first().waitFor();
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect([path, wide]).toEqual([path, 0]);
      await close(page);
    }
  });

  it('finds the stolen token by clicking from map to token to alert', async () => {
    const { principal_name: name, token_uid } = await stolen();
    const page = await open('/');
    const box = page.getByRole('button', { name: new RegExp(`token ${name}.*alert (medium|high|critical)`) });
    await box.click();
    await page.getByRole('link', { name: 'Open token' }).click();
    await page.waitForURL(`${base}/tokens/${token_uid}`);
    const from = page.locator('.five .line-of').nth(1);
    await from.getByText('203.0.113.66').waitFor();
    expect(await from.innerText()).toMatch(/new 203\.0\.113\.66/);
    expect(await from.innerText()).toMatch(/usual: 10\.20\./);
    const by = page.locator('.five .line-of').nth(2);
    expect(await by.innerText()).toMatch(/new python-requests/);
    expect(await by.innerText()).toMatch(/process not observed: no process sensor/);
    await page.locator('#token-alerts ~ .alert-list a').first().click();
    await page.locator('.why td').first().waitFor();
    const detail = await page.locator('.alert-detail').innerText();
    expect(detail).toContain(name);
    expect(detail).toContain('203.0.113.66');
    expect(detail).toMatch(/2 networks workload and outside\s+1 networks/);
    await page.getByRole('link', { name: 'Show on the map' }).click();
    await page.getByText(`only token ${name}`).waitFor();
    await close(page);
  });

  it('shows what was found and kept silent, why and until when: of the token, of the alert, of all', async () => {
    const { token_uid, alert_uid } = await stolen();
    for (const path of [`/tokens/${token_uid}`, `/alerts/${alert_uid}`, '/alerts']) {
      const page = await open(path);
      await page.locator('.suppressed summary').click();
      const text = await page.locator('.suppressed').innerText();
      expect(text).toMatch(/^\d+\+? suppressed findings?: raised nothing/);
      expect(text).toContain('suppressed because “moving <b>house</b>”, until 2099-01-01 00:00 UTC');
      expect(await page.locator('.suppressed li').count()).toBeGreaterThan(0);
      await close(page);
    }
  });

  it('counts the token’s requests as the map does, and its failures by reason as over time', async () => {
    const traffic = createSampleTraffic(endMs, DAYS, TOKENS);
    const { items } = (await (await fetch(`${base}/v1/tokens?limit=200`)).json()) as {
      items: { token_uid: string; principal_id: string; uses: number }[];
    };
    const probing = items.find((token) => token.principal_id === traffic.attacks[1]?.holder && token.uses > 0);
    const page = await open(`/tokens/${probing?.token_uid ?? ''}`);
    await page.getByText('The same as a table').click();
    const cells = await page
      .locator('.activity tbody tr')
      .evaluateAll((rows) =>
        rows.map((row) => [...row.querySelectorAll('td')].map((cell) => Number(cell.textContent.replaceAll(',', '')))),
      );
    const sum = (column: number): number => cells.reduce((total, row) => total + (row[column] ?? 0), 0);
    const own = traffic.requests.filter(({ holder }) => holder.name === traffic.attacks[1]?.holder);
    // Requests, those that detectors count (here each callee tells of its own), and those that failed.
    expect([sum(1), sum(2)]).toEqual([own.length, own.length]);
    expect(sum(3)).toBeGreaterThan(0);
    const said = await page.locator('.activity p', { hasText: /failed: / }).innerText();
    expect(said).toMatch(new RegExp(`^${sum(3).toLocaleString('en-US')} failed: `));
    const reasons = [...said.matchAll(/ ([\d,]+)×/g)].map(([, n]) => Number(n?.replaceAll(',', '')));
    expect(reasons.reduce((total, n) => total + n, 0)).toBe(sum(3));
    await close(page);
  });

  it('shows sums that are those of the traffic, on the map and in its table', async () => {
    const traffic = createSampleTraffic(endMs, DAYS, TOKENS);
    const [from, to] = [endMs - 20 * HOUR, endMs - 2 * HOUR];
    const inside = traffic.requests.filter((request) => request.timeMs >= from && request.timeMs < to);
    // NGINX at the edge logs its own line for what comes through it, in whole seconds.
    const atEdge = inside.filter((request) => request.holder.caller === 'edge');
    const wanted = inside.length + atEdge.length;
    const query = new URLSearchParams({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
    const page = await open(`/?${query.toString()}`);
    const total = page.locator('.shown [data-total]');
    expect(await total.getAttribute('data-total')).toBe(String(wanted));
    await page.keyboard.press('t');
    await page.getByRole('button', { name: 'Save as CSV' }).waitFor();
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as CSV' }).click(),
    ]);
    const rows = readFileSync(await saved.path(), 'utf8')
      .trim()
      .split('\r\n')
      .slice(1);
    const sums = new Map<string, number>();
    for (const row of rows) {
      const cells = row.split(',');
      sums.set(cells[0] ?? '', (sums.get(cells[0] ?? '') ?? 0) + Number(cells[3]));
    }
    expect([...sums.values()]).toEqual([wanted, wanted, wanted]);
    await close(page);
  });

  it('shows calls over time below the map, and a brush over them is the next window', async () => {
    const page = await open('/?window=24h');
    await page.locator('.box').first().waitFor();
    await page.locator('.strip-mark').first().waitFor({ state: 'attached' });
    await page.locator('.strip-bar').first().waitFor();
    const drawn = await page.locator('.strip-bar').count();
    expect(drawn).toBeGreaterThan((DAYS - 1) * 24);
    expect(await page.locator('.strip-mark').count()).toBeGreaterThan(0);
    const chosen = () => {
      const params = new URL(page.url()).searchParams;
      return [params.get('from'), params.get('to')].map((text) => Date.parse(text ?? ''));
    };
    // By hand: from the middle of the strip to three quarters of it.
    await page.locator('.strip svg').scrollIntoViewIfNeeded();
    const frame = await page.locator('.strip svg').boundingBox();
    if (frame === null) throw new Error('the strip is not there');
    await page.mouse.move(frame.x + frame.width * 0.5, frame.y + 20);
    await page.mouse.down();
    await page.mouse.move(frame.x + frame.width * 0.75, frame.y + 20, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=/);
    const [from = 0, to = 0] = chosen();
    expect([from % HOUR, to % HOUR]).toEqual([0, 0]);
    expect((to - from) / HOUR).toBeGreaterThanOrEqual(42);
    expect((to - from) / HOUR).toBeLessThanOrEqual(44);
    await page.locator('.box').first().waitFor();
    // By keys: the window ends an hour earlier.
    await page.getByRole('slider', { name: 'Window ends' }).press('ArrowLeft');
    await page.waitForFunction(
      (before) => new URLSearchParams(location.search).get('to') !== before,
      new Date(to).toISOString(),
    );
    expect(chosen()).toEqual([from, to - HOUR]);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Window ends');
    // The map of the window has the sum of its buckets.
    const query = new URLSearchParams({ from: new Date(from).toISOString(), to: new Date(to - HOUR).toISOString() });
    const timeline = (await (await fetch(`${base}/v1/map/timeline?${query.toString()}`)).json()) as {
      buckets: { requests: number }[];
    };
    const sum = timeline.buckets.reduce((all, { requests }) => all + requests, 0);
    await page.locator(`.shown [data-total="${sum}"]`).waitFor();
    await close(page);
  });

  it('boxes what belongs together, and a group is read as one', async () => {
    const page = await open('/');
    await page.locator('.lane-leaf .group').first().waitFor();
    const titles = await page.locator('.lane-leaf .group h3').allInnerTexts();
    expect(new Set(titles).size).toBe(titles.length);
    for (const title of titles) expect(title).toMatch(/^of (users|clients|service accounts)$/);
    for (const group of await page.locator('.group').all())
      expect(await group.locator('.box').count()).toBeGreaterThan(1);
    // The arrow leads out of a group into the next.
    const boxes = page.locator('.lane-leaf [data-box]');
    await boxes.first().focus();
    for (let n = 1; n < (await boxes.count()); n += 1) await page.keyboard.press('ArrowDown');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-box'))).toBe(
      await boxes.last().getAttribute('data-box'),
    );
    await close(page);
  });

  it('opens what it shows as SQL, which an analyst may run', async () => {
    const { token_uid, alert_uid } = await stolen();
    for (const path of ['/?window=24h', `/tokens/${token_uid}`, `/alerts/${alert_uid}`]) {
      const page = await open(path);
      if (path.startsWith('/alerts')) await page.getByText(/^Evidence:/).click();
      await page.getByRole('link', { name: 'Open as SQL' }).click();
      await page.locator('#statement').waitFor();
      await page.getByRole('button', { name: 'Run' }).click();
      // Whoever may only look is refused, and told how to go on.
      await page.getByRole('alert').getByRole('button', { name: 'Enter an API key' }).click();
      await page.getByLabel('Key', { exact: true }).fill(ANALYST);
      await page.getByRole('button', { name: 'Use it' }).click();
      await page.locator('#statement').press('Control+Enter');
      await page.locator('td').first().waitFor();
      expect(await page.getByRole('status').allInnerTexts()).toContainEqual(expect.stringMatching(/^\d+ rows; /));
      errors.splice(0, 1);
      await close(page);
    }
  });

  it('counts what it does not draw: boxes beyond a lane stand in one box, and open', async () => {
    const page = await open('/?boxes=8');
    const lane = page.locator('.lane-leaf');
    await lane.locator('.rest').waitFor();
    expect(await lane.locator('.box').count()).toBe(9);
    expect(await lane.locator('h2').innerText()).toBe(`Tokens 8 of ${TOKENS + 1}`);
    await lane.locator('.rest').click();
    await page.waitForFunction((all) => document.querySelectorAll('.lane-leaf .box').length === all, TOKENS + 1);
    await close(page);
  });

  it('is used by keyboard: lanes, edges, search, table, details', async () => {
    const page = await open('/');
    await page.locator('.box').first().waitFor();
    const focused = () =>
      page.evaluate(() => document.activeElement?.getAttribute('data-box') ?? document.activeElement?.tagName ?? '');
    // One tab stop a lane.
    expect(await page.locator('.lane-service .box[tabindex="0"]').count()).toBe(1);
    await page.locator('.lane-service .box[tabindex="0"]').focus();
    const first = await focused();
    await page.keyboard.press('ArrowDown');
    const second = await focused();
    expect(second).toMatch(/^service:/);
    expect(second).not.toBe(first);
    expect(await page.locator(`[data-box="${second}"]`).getAttribute('tabindex')).toBe('0');
    await page.keyboard.press('ArrowRight');
    expect(await focused()).toMatch(/^leaf:/);
    await page.keyboard.press('ArrowLeft');
    expect(await focused()).toMatch(/^service:/);
    await page.keyboard.press('Enter');
    await page.locator('.side .facts').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.side .legend').waitFor();
    await page.keyboard.press('t');
    await page.locator('table').first().waitFor();
    await page.keyboard.press('t');
    await page.locator('.stage').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('user1@');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Tokens that match' }).waitFor();
    await page.getByRole('cell', { name: 'user1@example.com' }).waitFor();
    await close(page);
  });

  it('lets a responder decide, and keeps the key in this tab only', async () => {
    const { alert_uid } = await stolen();
    const page = await open(`/alerts/${alert_uid}`);
    await page.locator('.decide-hint button').click();
    await page.getByLabel('Key', { exact: true }).fill(RESPONDER);
    await page.getByRole('button', { name: 'Use it' }).click();
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByText('Say why').waitFor();
    await page.getByLabel('Reason').fill('mine <b>now</b>');
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.locator('.history').getByText('alice: mine <b>now</b>').waitFor();
    expect(await page.locator('.detail-head .state').innerText()).toContain('acknowledged');
    const kept = await page.evaluate(() => [window.localStorage.length, document.cookie, window.location.href]);
    expect(kept).toEqual([0, '', `${base}/alerts/${alert_uid}`]);
    const other = await open(`/alerts/${alert_uid}`);
    await other.locator('.decide-hint').waitFor();
    await close(other);
    await close(page);
  });
});
