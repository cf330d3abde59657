// Makes the pictures of the README from a running demo: npm run demo, then npm run screenshots [-- ADDRESS].
import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { startChromium } from './chromium.mjs';

const base = process.argv[2] ?? 'http://127.0.0.1:8420';
const target = fileURLToPath(new URL('../../docs/images', import.meta.url));
const bytesMax = 400_000;

/** The alert of the token that the demo has stolen: used from an address that no other token uses. */
async function stolenToken() {
  const answer = await fetch(`${base}/v1/alerts`);
  const { items } = await answer.json();
  const found = items.find((alert) => alert.client_addresses.includes('203.0.113.66'));
  if (found === undefined) throw new Error(`the demo at ${base} has no alert about its stolen token`);
  return found.token_uid;
}

/** One page in light and dark; readers see the one that they have chosen. */
async function shoot(page, path, ready, name) {
  await page.goto(`${base}${path}`);
  await page.locator(ready).first().waitFor({ timeout: 120_000 });
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    // The edges are drawn one frame after the boxes.
    await page.waitForTimeout(1_500);
    const file = join(target, colorScheme === 'light' ? `${name}.png` : `${name}-dark.png`);
    await page.screenshot({ path: file });
    const { size } = statSync(file);
    if (size > bytesMax) throw new Error(`${file} has ${size} bytes, more than ${bytesMax}`);
    process.stdout.write(`${file}: ${Math.round(size / 1000)} kB\n`);
  }
}

mkdirSync(target, { recursive: true });
const uid = await stolenToken();
const browser = await startChromium();
const page = await browser.newPage({ viewport: { width: 1160, height: 860 } });
page.setDefaultTimeout(120_000);
await shoot(page, '/', '.side .alert-list li', 'map');
await page.setViewportSize({ width: 1160, height: 1010 });
await shoot(page, `/tokens/${uid}`, '.chart canvas', 'token');
await browser.close();
