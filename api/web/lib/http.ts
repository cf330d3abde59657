import { signal } from '@preact/signals';
import type { Problem } from './api-types.js';

const KEY = 'tourniquet.api-key';

/** Kept for this tab only; closing it forgets the key. */
export const apiKey = signal<string>(window.sessionStorage.getItem(KEY) ?? '');

export function setApiKey(key: string): void {
  if (key === '') window.sessionStorage.removeItem(KEY);
  else window.sessionStorage.setItem(KEY, key);
  apiKey.value = key;
}

/** The API said no, or was not there. `status` 0: no answer at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

export function headers(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return apiKey.peek() === '' ? { ...more } : { ...more, authorization: `Bearer ${apiKey.peek()}` };
}

export async function refusal(answer: Response): Promise<ApiError> {
  try {
    const problem = (await answer.json()) as Partial<Problem>;
    return new ApiError(answer.status, problem.code ?? '', problem.detail ?? problem.title ?? answer.statusText);
  } catch {
    return new ApiError(answer.status, '', answer.statusText);
  }
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new ApiError(0, '', 'Tourniquet does not answer.');
  }
  if (!answer.ok) throw await refusal(answer);
  return (await answer.json()) as T;
}

export const getJson = <T>(path: string, abort?: AbortSignal): Promise<T> =>
  ask<T>(path, { headers: headers(), ...(abort === undefined ? {} : { signal: abort }) });

export const postJson = <T>(path: string, body: unknown): Promise<T> =>
  ask<T>(path, {
    method: 'POST',
    headers: headers({ 'content-type': 'application/json' }),
    body: JSON.stringify(body),
  });
