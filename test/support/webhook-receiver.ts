import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedCall {
  readonly id: string;
  readonly timestampS: number;
  readonly verified: boolean;
  readonly body: unknown;
  readonly status: number;
}

export type Answer = { status: number; headers?: Record<string, string> } | 'hang' | 'reset';

/** A receiver as the Standard Webhooks specification asks for: checks id, timestamp and signature of each call. */
export class WebhookReceiver {
  readonly calls: ReceivedCall[] = [];
  readonly secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  /** Answers of the next calls; afterwards 204. */
  readonly answers: Answer[] = [];
  readonly #server: Server;
  readonly #waiting: { count: number; resolve: () => void }[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      void read(request).then((text) => {
        const answer = this.answers.shift() ?? { status: 204 };
        this.#record(request, text, typeof answer === 'string' ? 0 : answer.status);
        if (answer === 'reset') request.socket.destroy();
        else if (answer !== 'hang') response.writeHead(answer.status, answer.headers).end('an answer nobody reads');
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Resolves when `count` calls have come in all. */
  received(count: number): Promise<void> {
    if (this.calls.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  #record(request: IncomingMessage, text: string, status: number): void {
    const id = String(request.headers['webhook-id']);
    const timestamp = String(request.headers['webhook-timestamp']);
    const key = Buffer.from(this.secret.slice('whsec_'.length), 'base64');
    const expected = Buffer.from(
      `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64')}`,
    );
    const verified = String(request.headers['webhook-signature'])
      .split(' ')
      .map((signature) => Buffer.from(signature))
      .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
    this.calls.push({ id, timestampS: Number(timestamp), verified, body: JSON.parse(text) as unknown, status });
    for (const waiter of this.#waiting) if (this.calls.length >= waiter.count) waiter.resolve();
  }
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
