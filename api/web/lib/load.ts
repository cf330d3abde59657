import { useSignal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, apiKey, getJson } from './http.js';

export interface Loaded<T> {
  /** What is shown; the last answer stays until the next one is there. */
  readonly value: T | null;
  readonly error: ApiError | null;
  readonly loading: boolean;
}

export const asApiError = (error: unknown): ApiError =>
  error instanceof ApiError ? error : new ApiError(0, '', error instanceof Error ? error.message : 'unexpected');

/**
 * Reads a path of the API, and again when the path, the key or `again` changes.
 * @param path null for nothing.
 */
export function useJson<T>(path: string | null, again = 0): Signal<Loaded<T>> {
  const state = useSignal<Loaded<T>>({ value: null, error: null, loading: path !== null });
  const key = apiKey.value;
  useEffect(() => {
    if (path === null) {
      state.value = { value: null, error: null, loading: false };
      return undefined;
    }
    const abort = new AbortController();
    state.value = { ...state.peek(), loading: true };
    getJson<T>(path, abort.signal).then(
      (value) => {
        state.value = { value, error: null, loading: false };
      },
      (error: unknown) => {
        if (!abort.signal.aborted) state.value = { value: null, error: asApiError(error), loading: false };
      },
    );
    return () => {
      abort.abort();
    };
  }, [path, again, key, state]);
  return state;
}
