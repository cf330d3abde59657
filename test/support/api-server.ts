import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { LoopbackServer, sentIn } from './loopback-server.js';

export interface ApiRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
  /** The body as it came. */
  readonly text: string;
}

export interface ApiReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What a maker documents of its API, as code: throws where a request breaks it. */
export type ApiContract = (request: ApiRequest, origin: string) => ApiReply;

/** A real HTTP server on loopback that holds every request against a contract and keeps what breaks it. */
export class ApiServer extends LoopbackServer {
  readonly requests: ApiRequest[] = [];
  readonly breaches: string[] = [];
  /** Answers that go out before the contract is asked, one a request; undefined lets the contract answer. */
  readonly instead: (ApiReply | undefined)[] = [];
  readonly #contract: ApiContract;

  constructor(contract: ApiContract) {
    super();
    this.#contract = contract;
  }

  protected answer(incoming: IncomingMessage, response: ServerResponse): void {
    void sentIn(incoming).then((sent) => {
      const text = sent.toString();
      const request: ApiRequest = {
        method: incoming.method ?? '',
        url: new URL(incoming.url ?? '', this.origin),
        headers: incoming.headers,
        form: new URLSearchParams(text),
        text,
      };
      this.requests.push(request);
      let reply = this.instead.shift();
      try {
        reply ??= this.#contract(request, this.origin);
      } catch (error) {
        this.breaches.push(`${request.method} ${incoming.url ?? ''}: ${String(error)}`);
        reply = { status: 400, body: { error: 'contract' } };
      }
      const { status = 200, headers = {}, body } = reply;
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body ?? {}));
    });
  }
}

/** Fails with the words when the condition does not hold. */
export function need(condition: boolean, words: string): void {
  if (!condition) throw new Error(words);
}

/** Fails unless the query has exactly these names. */
export function needOnly({ url }: ApiRequest, names: readonly string[]): void {
  const had = [...new Set(url.searchParams.keys())].sort();
  need(JSON.stringify(had) === JSON.stringify([...names].sort()), `parameters ${had.join(' ')}`);
}
