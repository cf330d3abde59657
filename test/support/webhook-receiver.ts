import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LoopbackServer, sentIn } from './loopback-server.js';

export interface ReceivedCall {
  readonly id: string;
  readonly timestampS: number;
  readonly verified: boolean;
  readonly body: unknown;
  readonly status: number;
}

export type Answer = { status: number; headers?: Record<string, string> } | 'hang' | 'reset';

/** A receiver as the Standard Webhooks specification asks for: checks id, timestamp and signature of each call. */
export class WebhookReceiver extends LoopbackServer {
  readonly calls: ReceivedCall[] = [];
  readonly secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  /** Answers of the next calls; afterwards 204. */
  readonly answers: Answer[] = [];
  readonly #waiting: { count: number; resolve: () => void }[] = [];

  protected answer(request: IncomingMessage, response: ServerResponse): void {
    void sentIn(request).then((sent) => {
      const answer = this.answers.shift() ?? { status: 204 };
      this.#record(request, sent.toString(), typeof answer === 'string' ? 0 : answer.status);
      if (answer === 'reset') request.socket.destroy();
      else if (answer !== 'hang') response.writeHead(answer.status, answer.headers).end('an answer nobody reads');
    });
  }

  override async start(): Promise<string> {
    return `${await super.start()}/hook`;
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
