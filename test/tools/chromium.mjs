// Where a Chromium is that the tests and the screenshots may use.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

export const chromiumHint = [
  'the tests of the pages need Chromium, and none is here. Do one of these:',
  '  - Debian or Ubuntu: apt-get install chromium;',
  '  - elsewhere: npx playwright-core install chromium;',
  '  - name one: CHROMIUM_PATH=/path/to/chromium npm test',
].join('\n');

/** The path of the program, or null. */
export function findChromium() {
  const given = process.env.CHROMIUM_PATH ?? '';
  const candidates = [given, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', ownOf()];
  return candidates.find((path) => path !== '' && existsSync(path)) ?? null;
}

function ownOf() {
  try {
    return chromium.executablePath();
  } catch {
    return '';
  }
}

/** Starts it without a window. Throws, with the command that gets one, where there is none. */
export async function startChromium() {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error(chromiumHint);
  // Its sandbox needs a user of its own; as root there is none, and the pages are ours.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args });
}
