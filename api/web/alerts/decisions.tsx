import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Alert } from '../lib/api-types.js';
import { nowMs } from '../lib/clock.js';
import { iso } from '../lib/format.js';
import { ApiError, postJson } from '../lib/http.js';
import { asApiError } from '../lib/load.js';
import { callerName, mayDecide } from '../lib/whoami.js';
import { Failure } from '../shell/failure.js';
import { askForKey } from '../shell/key-dialog.js';

type Verb = 'acknowledge' | 'resolve' | 'suppress' | 'reopen';

const words: Readonly<Record<Verb, string>> = {
  acknowledge: 'Acknowledge',
  resolve: 'Resolve',
  suppress: 'Suppress',
  reopen: 'Reopen',
};

const verbsOf: Readonly<Record<Alert['state'], readonly Verb[]>> = {
  open: ['acknowledge', 'resolve', 'suppress'],
  acknowledged: ['resolve', 'suppress', 'reopen'],
  suppressed: ['resolve', 'reopen'],
  resolved: [],
};

const HOUR_MS = 3_600_000;
const lengths = [
  [HOUR_MS, '1 hour'],
  [24 * HOUR_MS, '1 day'],
  [7 * 24 * HOUR_MS, '7 days'],
  [30 * 24 * HOUR_MS, '30 days'],
] as const;

/** What a person may decide, with the reason that the history keeps. */
export function Decisions({ alert, onDecided }: { alert: Alert; onDecided: (alert: Alert) => void }) {
  const reason = useRef<HTMLInputElement>(null);
  const forMs = useSignal<number>(24 * HOUR_MS);
  const error = useSignal<ApiError | null>(null);
  const busy = useSignal(false);
  const verbs = verbsOf[alert.state];
  if (verbs.length === 0) return null;
  if (!mayDecide.value) {
    return (
      <p class="decide-hint">
        To acknowledge, resolve or suppress, use a key with the role <strong>responder</strong>.{' '}
        <button type="button" class="link" onClick={askForKey}>
          Enter an API key
        </button>
      </p>
    );
  }
  const decide = async (verb: Verb): Promise<void> => {
    const text = reason.current?.value.trim() ?? '';
    if (text === '') {
      error.value = new ApiError(0, '', 'Say why: the history keeps it.');
      reason.current?.focus();
      return;
    }
    busy.value = true;
    try {
      const body = verb === 'suppress' ? { reason: text, until: iso(nowMs() + forMs.peek()) } : { reason: text };
      onDecided(await postJson<Alert>(`/v1/alerts/${alert.alert_uid}/${verb}`, body));
      error.value = null;
      if (reason.current !== null) reason.current.value = '';
    } catch (failure) {
      error.value = asApiError(failure);
    } finally {
      busy.value = false;
    }
  };
  return (
    <form class="decide" onSubmit={(event) => event.preventDefault()} aria-label="Decide">
      <label class="field">
        <span>Reason</span>
        <input ref={reason} maxLength={1024} placeholder={`kept in the history, signed ${callerName.value}`} />
      </label>
      <Failure error={error.value} />
      <p class="actions">
        {verbs.map((verb) => (
          <button key={verb} type="button" class="button" disabled={busy.value} onClick={() => void decide(verb)}>
            {words[verb]}
          </button>
        ))}
        {verbs.includes('suppress') ? (
          <label class="choice">
            <span>suppress for</span>
            <select value={String(forMs.value)} onChange={(event) => (forMs.value = Number(event.currentTarget.value))}>
              {lengths.map(([ms, title]) => (
                <option key={ms} value={String(ms)}>
                  {title}
                </option>
              ))}
            </select>
          </label>
        ) : null}
      </p>
    </form>
  );
}
