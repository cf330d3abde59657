import { ApiError, headers, refusal } from './http.js';

/** Server-sent events over fetch, because EventSource cannot send a key. */
export interface ServerEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

export interface EventsInput {
  readonly path: string;
  readonly onEvent: (event: ServerEvent) => void;
  readonly onState: (state: 'open' | 'away', error: ApiError | null) => void;
}

const RETRY_MS = 2_000;
const RETRY_MAX_MS = 30_000;

/** Splits the stream into events; holds what is not whole yet. */
export function eventReader(onEvent: (event: ServerEvent) => void): (text: string) => void {
  let held = '';
  return (text) => {
    held += text;
    for (let end = held.indexOf('\n\n'); end >= 0; end = held.indexOf('\n\n')) {
      const event = parseEvent(held.slice(0, end));
      held = held.slice(end + 2);
      if (event !== null) onEvent(event);
    }
  };
}

function parseEvent(block: string): ServerEvent | null {
  const fields = { id: '', event: 'message', data: '' };
  for (const line of block.split('\n')) {
    const match = /^(id|event|data): ?(.*)$/.exec(line);
    if (match === null) continue;
    const [, name, value] = match;
    if (name === 'id' || name === 'event' || name === 'data') fields[name] = value ?? '';
  }
  return fields.data === '' ? null : fields;
}

/** Reads until told to stop; comes back with the number of the last event after a break. @returns what stops it. */
export function readEvents(input: EventsInput): () => void {
  const abort = new AbortController();
  const stopped = (): boolean => abort.signal.aborted;
  let lastId = '';
  let failures = 0;
  const take = (event: ServerEvent): void => {
    if (event.id !== '') lastId = event.id;
    failures = 0;
    input.onEvent(event);
  };
  const once = async (): Promise<void> => {
    const more = lastId === '' ? {} : { 'last-event-id': lastId };
    const answer = await fetch(input.path, { headers: headers(more), signal: abort.signal });
    if (!answer.ok || answer.body === null) throw await refusal(answer);
    input.onState('open', null);
    const read = eventReader(take);
    const decoder = new TextDecoder();
    const reader = answer.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      read(decoder.decode(value, { stream: true }));
    }
  };
  const run = async (): Promise<void> => {
    while (!stopped()) {
      let error: ApiError | null = null;
      try {
        await once();
      } catch (cause) {
        error = cause instanceof ApiError ? cause : null;
      }
      if (stopped()) return;
      input.onState('away', error);
      // A refusal will not change by asking again; a new key starts a new reading.
      if (error !== null && (error.status === 400 || error.status === 401 || error.status === 403)) return;
      failures += 1;
      await new Promise((resolve) => setTimeout(resolve, Math.min(RETRY_MAX_MS, RETRY_MS * failures)));
    }
  };
  void run();
  return () => {
    abort.abort();
  };
}
