import { Agent, request } from 'node:http';

export interface Send {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A loopback address of the sender, such as 127.0.0.7. */
  readonly from?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const agents = new Map<string, Agent>();

/** Connections are kept per sender, as real clients keep theirs. */
function agentOf(from: string): Agent {
  const known = agents.get(from) ?? new Agent({ keepAlive: true, maxSockets: 16, timeout: 180_000 });
  agents.set(from, known);
  return known;
}

export function closeConnections(): void {
  for (const agent of agents.values()) agent.destroy();
  agents.clear();
}

/** One HTTP exchange from a chosen loopback address; redirects are not followed. */
export function send({ method = 'GET', url, headers = {}, body, from = '127.0.0.1' }: Send): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const outgoing = request(
      url,
      { method, headers: { ...headers, ...length }, localAddress: from, agent: agentOf(from), timeout: 180_000 },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.once('error', reject);
        incoming.once('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error(`${method} ${url}: no answer within 180 s`)));
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

export const form = (fields: Readonly<Record<string, string>>): string => new URLSearchParams(fields).toString();
export const formHeaders = { 'content-type': 'application/x-www-form-urlencoded' };
