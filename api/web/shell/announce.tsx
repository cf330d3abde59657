import { signal } from '@preact/signals';
import { nowMs } from '../lib/clock.js';

/** Words for people who do not see the screen: only what cannot wait, at most one in ten seconds. */
const GAP_MS = 10_000;
const text = signal('');
let lastMs = 0;

export function announce(words: string): void {
  if (nowMs() - lastMs < GAP_MS) return;
  lastMs = nowMs();
  text.value = words;
}

export const Announcer = () => (
  <div class="sr-only" aria-live="assertive">
    {text.value}
  </div>
);
