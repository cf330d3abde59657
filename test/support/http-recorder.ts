import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { LoopbackServer, sentIn } from './loopback-server.js';

export interface RecordedRequest {
  readonly path: string;
  readonly headers: string;
  readonly body: Buffer;
}

/** A server on loopback that keeps all that it is sent, unpacked, and answers 200 with an empty body. */
export class HttpRecorder extends LoopbackServer {
  readonly requests: RecordedRequest[] = [];

  protected answer(request: IncomingMessage, response: ServerResponse): void {
    void sentIn(request).then((sent) => {
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      this.requests.push({ path: request.url ?? '', headers: JSON.stringify(request.rawHeaders), body });
      response.writeHead(200).end();
    });
  }

  /** Everything that came to a path, as one text. */
  textAt(path: string): string {
    return this.requests
      .filter((r) => r.path === path)
      .map((r) => `${r.headers}\n${r.body.toString('latin1')}`)
      .join('\n');
  }
}
