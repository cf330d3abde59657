import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

const SAID_MS = 2_000;

/** Puts text on the clipboard and says so; where the browser gives no clipboard (plain http), says that. */
export function CopyButton({ text, children }: { text: () => string; children: ComponentChildren }) {
  const said = useSignal('');
  const say = (words: string): void => {
    said.value = words;
    window.setTimeout(() => (said.value = ''), SAID_MS);
  };
  const copy = (): void => {
    const clipboard = (navigator as { clipboard?: Clipboard }).clipboard;
    if (clipboard === undefined) {
      say('needs https or localhost');
      return;
    }
    clipboard.writeText(text()).then(
      () => say('copied'),
      () => say('the browser refused'),
    );
  };
  return (
    <button type="button" class="button" onClick={copy}>
      {said.value === '' ? children : <span role="status">{said.value}</span>}
    </button>
  );
}
