import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real HTTP server on a free port of loopback; whoever extends it says what it answers. */
export abstract class LoopbackServer {
  /** `http://…` without a path; after {@link start}. */
  origin = '';
  readonly #server = createServer((request, response) => this.answer(request, response));

  /** @returns the address to call. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.origin = `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
    return this.origin;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  protected abstract answer(request: IncomingMessage, response: ServerResponse): void;
}

/** All that was sent; of a request that breaks off there is no answer to wait for. */
export function sentIn(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks)));
  });
}
