import type { ApiError } from '../lib/http.js';
import { askForKey } from './key-dialog.js';

/** What went wrong and what to do about it. */
export function Failure({ error }: { error: ApiError | null }) {
  if (error === null) return null;
  const locked = error.status === 401 || error.status === 403;
  return (
    <div class="failure" role="alert">
      <p>
        {error.message} {error.code === '' ? null : <span class="mono dim">{error.code}</span>}
      </p>
      {locked ? (
        <button type="button" class="button" onClick={askForKey}>
          Enter an API key
        </button>
      ) : null}
    </div>
  );
}
