import { computed, signal } from '@preact/signals';
import { apiKey, getJson } from './http.js';

interface WhoAmI {
  readonly name: string;
  readonly may: readonly string[];
}

const known = signal<WhoAmI | null>(null);

/** Whether the key in use may decide on alerts; the API checks it again with each decision. */
export const mayDecide = computed(() => known.value?.may.includes('responder') === true);
export const callerName = computed(() => known.value?.name ?? '');

/** Asks again whenever the key changes. */
export function watchCaller(): void {
  apiKey.subscribe(() => {
    getJson<WhoAmI>('/v1/whoami').then(
      (answer) => {
        known.value = answer;
      },
      () => {
        known.value = null;
      },
    );
  });
}
