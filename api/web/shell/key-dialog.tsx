import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { apiKey, setApiKey } from '../lib/http.js';

const open = signal(false);

export const askForKey = (): void => {
  open.value = true;
};

/** Takes an API key for this tab. It is sent with each request and kept nowhere else. */
export function KeyDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const shown = open.value;
  useEffect(() => {
    if (shown && dialog.current?.open === false) dialog.current.showModal();
    if (!shown && dialog.current?.open === true) dialog.current.close();
  }, [shown]);
  const close = (): void => {
    open.value = false;
  };
  const use = (key: string): void => {
    setApiKey(key);
    if (input.current !== null) input.current.value = '';
    close();
  };
  return (
    <dialog ref={dialog} aria-labelledby="key-title" onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          use(input.current?.value.trim() ?? '');
        }}
      >
        <h2 id="key-title">API key</h2>
        <p>
          Its role decides what these pages may do: viewers look, responders decide. It is forgotten when this tab
          closes.
        </p>
        <label class="field">
          <span>Key</span>
          <input ref={input} type="password" autocomplete="off" spellcheck={false} maxLength={512} />
        </label>
        <p class="actions">
          <button type="submit" class="button primary">
            Use it
          </button>
          {apiKey.value === '' ? null : (
            <button type="button" class="button" onClick={() => use('')}>
              Forget the key in use
            </button>
          )}
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
        </p>
      </form>
    </dialog>
  );
}
