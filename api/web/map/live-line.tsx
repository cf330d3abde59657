import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { nowMs } from '../lib/clock.js';
import { span } from '../lib/format.js';
import { liveState, trueAtMs } from './picture.js';

const AGE_EVERY_MS = 1_000;

/** How old the picture is, and the button that stops the ticks. */
export function LiveLine({ paused, onPause }: { paused: boolean; onPause: (paused: boolean) => void }) {
  const now = useSignal(nowMs());
  useEffect(() => {
    const timer = window.setInterval(() => (now.value = nowMs()), AGE_EVERY_MS);
    return () => window.clearInterval(timer);
  }, [now]);
  const age = span(Math.max(0, now.value - trueAtMs.value));
  const state = paused ? 'paused' : liveState.value;
  if (state === 'still') return null;
  return (
    <span class="live">
      {state === 'live' ? (
        <>
          <span class="on" aria-hidden="true">
            ●
          </span>
          live, {age} ago
        </>
      ) : (
        <span class="paused">
          {state === 'paused' ? `Paused: this picture is ${age} old` : `No answer: this picture is ${age} old`}
        </span>
      )}
      <button type="button" class="button" aria-pressed={paused} onClick={() => onPause(!paused)}>
        {paused ? 'Resume' : 'Pause'}
      </button>
    </span>
  );
}
