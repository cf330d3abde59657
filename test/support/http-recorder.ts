import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface RecordedRequest {
  readonly path: string;
  readonly headers: string;
  readonly body: Buffer;
}

/** A server on loopback that keeps all that it is sent, unpacked, and answers 200 with an empty body. */
export class HttpRecorder {
  readonly requests: RecordedRequest[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const sent = Buffer.concat(chunks);
        const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
        this.requests.push({ path: request.url ?? '', headers: JSON.stringify(request.rawHeaders), body });
        response.writeHead(200).end();
      });
    });
  }

  /** @returns the base URL. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Everything that came to a path, as one text. */
  textAt(path: string): string {
    return this.requests
      .filter((r) => r.path === path)
      .map((r) => `${r.headers}\n${r.body.toString('latin1')}`)
      .join('\n');
  }
}
