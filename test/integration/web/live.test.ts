/// <reference lib="dom" />
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { HopEvaluator } from '../../../ingest/store/hops/hop-evaluator.js';
import { keys, apiOn, type ApiFixture } from '../api/api-fixture.js';
import { emptyStore, tokens, use, type SeededStore } from '../api/seeded-store.js';
import { startChromium } from '../../tools/chromium.mjs';

const MINUTE = 60_000;

interface Sums {
  requests: number;
}
interface Picture {
  nodes: (Sums & { id: string; lane: string })[];
  layers: (Sums & { layer: string })[];
  gone_nodes?: string[];
}
interface Message {
  id: string;
  event: string;
  data: Picture;
}

/** A reader of server-sent events that shares no code with the pages. */
class Reader {
  readonly messages: Message[] = [];
  readonly #abort = new AbortController();
  ended = false;
  #text = '';

  async open(url: string, headers: Record<string, string> = {}): Promise<Response> {
    const answer = await fetch(url, { headers, signal: this.#abort.signal });
    if (answer.ok) void this.#read(answer);
    return answer;
  }

  async #read(answer: Response): Promise<void> {
    const decoder = new TextDecoder();
    try {
      const reader = answer.body?.getReader();
      while (reader !== undefined) {
        const { done, value } = await reader.read();
        if (done) break;
        this.#take(decoder.decode(value, { stream: true }));
      }
    } catch {
      // Closed by us.
    }
    this.ended = true;
  }

  #take(text: string): void {
    this.#text += text;
    const blocks = this.#text.split('\n\n');
    this.#text = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
      if (field('id') !== '') {
        this.messages.push({ id: field('id'), event: field('event'), data: JSON.parse(field('data')) as Picture });
      }
    }
  }

  async until(test: (messages: readonly Message[]) => boolean): Promise<void> {
    const limit = Date.now() + 30_000;
    while (!test(this.messages)) {
      if (Date.now() > limit) throw new Error(`waited in vain; ${this.messages.length} messages`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  close(): void {
    this.#abort.abort();
  }
}

const callsIn = (message: Message | undefined): number | undefined =>
  message?.data.layers.find((layer) => layer.layer === 'leaf_network')?.requests;

describe('the live map', () => {
  let seeded: SeededStore;
  let api: ApiFixture;
  let base: string;
  let evaluator: HopEvaluator;
  let inserted = 0;

  async function insert(count: number, service: string): Promise<void> {
    const events = Array.from({ length: count }, (_, i) => ({
      event: use(inserted + i, api.clock.nowMs() - MINUTE + i, { target: { service, method: 'GET', route: '/x' } }),
      partition: 0,
      offset: BigInt(inserted + i),
    }));
    inserted += count;
    await seeded.store.writer.insertEvents(events, `live ${inserted}`);
    await evaluator.pass();
  }

  beforeAll(async () => {
    seeded = await emptyStore();
    api = await apiOn(seeded.store, { webRoot: resolve('dist/api/web') });
    evaluator = new HopEvaluator(seeded.store, api.clock);
    base = await api.app.listen({ host: '127.0.0.1', port: 0 });
  }, 240_000);
  afterAll(async () => {
    await api.app.close();
    await seeded.close();
  }, 240_000);
  beforeEach(async () => {
    // What another test wrote has left every window.
    api.clock.ms += 120 * MINUTE;
    await insert(5, 'orders');
  });

  const stream = (): string => `${base}/v1/stream?leaf=tokens&window_s=900&exact=true`;

  it('sends the picture first, then what changes; the sums are those of the store', async () => {
    const reader = new Reader();
    await reader.open(stream());
    await reader.until((messages) => messages.length > 0);
    expect(reader.messages[0]?.event).toBe('picture');
    expect(callsIn(reader.messages[0])).toBe(5);
    await insert(7, 'payments');
    await reader.until((messages) => callsIn(messages.at(-1)) === 12);
    const ticks = reader.messages.slice(1);
    expect(ticks.every((message) => message.event === 'tick')).toBe(true);
    const grown = ticks.find((message) => callsIn(message) === 12);
    expect(grown?.data.nodes.map((node) => node.id)).toEqual(
      expect.arrayContaining(['service:payments', `leaf:${tokens[0]}`]),
    );
    expect(grown?.data.nodes.map((node) => node.id)).not.toContain('service:orders');
    // What leaves the window leaves the sums.
    api.clock.ms += 20 * MINUTE;
    await reader.until((messages) => (messages.at(-1)?.data.layers.length ?? 1) === 0);
    reader.close();
  });

  it('goes on after a break where the reader stopped, and starts anew with a number of before', async () => {
    const first = new Reader();
    await first.open(stream());
    await first.until((messages) => messages.length >= 2);
    first.close();
    const lastId = first.messages.at(-1)?.id ?? '';
    const second = new Reader();
    await second.open(stream(), { 'last-event-id': lastId });
    await insert(3, 'orders');
    await second.until((messages) => callsIn(messages.at(-1)) === 8);
    expect(second.messages.every((message) => message.event === 'tick')).toBe(true);
    const numbers = second.messages.map((message) => Number(message.id.split('.')[1]));
    expect(numbers[0]).toBe(Number(lastId.split('.')[1]) + 1);
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i));
    second.close();
    const third = new Reader();
    await third.open(stream(), { 'last-event-id': 'of-another-process.7' });
    await third.until((messages) => messages.length > 0);
    expect(third.messages[0]?.event).toBe('picture');
    third.close();
  });

  describe('in Chromium', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await startChromium();
    });
    afterAll(() => browser.close());

    const boxesOf = (page: Page): Promise<Record<string, string>> =>
      page.evaluate(() =>
        Object.fromEntries(
          [...document.querySelectorAll('[data-box]')].map((box) => {
            const { left, top } = box.getBoundingClientRect();
            return [box.getAttribute('data-box') ?? '', `${Math.round(left)},${Math.round(top)}`];
          }),
        ),
      );

    it('changes numbers and adds boxes, and moves nothing; a pause stops it and says how old it is', async () => {
      // The page asks for its own window; the store is seen at the time of the test's clock.
      const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
      page.setDefaultTimeout(20_000);
      await page.goto(`${base}/?window=15m&compare=none`);
      await page.locator('.live').getByText('live').waitFor();
      await page.locator('[data-total="5"]').waitFor();
      const before = await boxesOf(page);
      await page.locator('[data-box="service:orders"]').focus();
      await insert(6, 'aardvark');
      await page.locator('[data-total="11"]').waitFor();
      await page.locator('[data-box="service:aardvark"]').waitFor();
      const after = await boxesOf(page);
      for (const [id, at] of Object.entries(before)) expect([id, after[id]]).toEqual([id, at]);
      expect(await page.evaluate(() => document.activeElement?.getAttribute('data-box'))).toBe('service:orders');
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByText(/Paused: this picture is \d+ s old/).waitFor();
      await insert(4, 'orders');
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      expect(await page.locator('.shown [data-total]').getAttribute('data-total')).toBe('11');
      await page.getByRole('button', { name: 'Resume' }).click();
      await page.locator('[data-total="15"]').waitFor();
      await page.context().close();
    });
  });

  it('asks for a role as other routes do, bounds its viewers, and ends when the API stops', async () => {
    const refused = await new Reader().open(stream(), { authorization: `Bearer ${keys.ingest}` });
    expect(refused.status).toBe(403);
    expect((await new Reader().open(`${stream()}&window_s=1`)).status).toBe(400);
    const readers = Array.from({ length: 64 }, () => new Reader());
    for (const reader of readers) expect((await reader.open(stream())).status).toBe(200);
    const last = await new Reader().open(stream());
    expect([last.status, last.headers.get('retry-after')]).toEqual([429, '10']);
    await api.app.close();
    for (const reader of readers) await reader.until(() => reader.ended);
  });
});
