import { mkdir, unlink, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Session } from 'chdb';
import { quoteString, settingsClause } from '../../ingest/store/connection.js';
import { fileInsertSettings } from '../../ingest/store/embedded-connection.js';
import { LoopbackServer, sentIn } from './loopback-server.js';

export interface ClickHouseUser {
  readonly username: string;
  readonly password: string;
}

interface Request {
  readonly statement: string;
  /** Behind the statement of an INSERT. */
  readonly data: Buffer;
  /** Of the URL, those of a multipart form among them. */
  readonly fields: ReadonlyMap<string, string>;
}

interface Answer {
  readonly status: number;
  readonly code?: number;
  readonly body: string | Uint8Array;
  readonly readRows?: number;
}

/** What the interface itself reads from the URL; all else are settings of the statement. */
const ofTheInterface = new Set([
  'query', 'database', 'query_id', 'session_id', 'role', 'default_format', 'wait_end_of_query', 'buffer_size', 'compress',
  'decompress', 'enable_http_compression', 'send_progress_in_http_headers', 'http_headers_progress_interval_ms',
  'cancel_http_readonly_queries_on_client_close', 'user', 'password',
]); // prettier-ignore

/** ClickHouse's own statuses for what went wrong. */
const statuses = new Map([[60, 404], [81, 404], [36, 400], [62, 400], [115, 404], [497, 403], [516, 403], [164, 500]]); // prettier-ignore

const insertWithData = /^\s*(INSERT\s+INTO\s+\S+\s*(?:\([^)]*\))?)\s*(SETTINGS\s.*)?\s*FORMAT\s+(\w+)\s*$/is;

/**
 * ClickHouse's HTTP interface in front of the real engine: statements, parameters and settings of the URL or of a multipart
 * form, data of inserts in the body, users, databases, formats, gzip, exception codes. Sessions, roles and progress are left out.
 */
export class ClickHouseHttp extends LoopbackServer {
  /** Paths with what stands behind them. */
  readonly addresses: string[] = [];
  readonly statements: string[] = [];
  readonly settings: ReadonlyMap<string, string>[] = [];
  readonly authorizations: (string | undefined)[] = [];
  /** Answers to give instead of running the statement, first in first out. */
  readonly refusals: Answer[] = [];
  readonly #directory: string;
  readonly #users: readonly ClickHouseUser[];
  /** While it is open the engine is: without any it ends, and begins anew with the next one. */
  #open: Session | null = null;
  #count = 0;

  /** @param directory of the engine; data on its way into it goes into a folder beside. */
  constructor(directory: string, users: readonly ClickHouseUser[]) {
    super();
    this.#directory = directory;
    this.#users = users;
  }

  override start(): Promise<string> {
    this.#open = new Session(this.#directory);
    return super.start();
  }

  override async stop(): Promise<void> {
    await super.stop();
    this.#open?.close();
  }

  /** What is kept of statements, for those that run long. */
  forget(): void {
    for (const list of [this.addresses, this.statements, this.settings, this.authorizations]) list.length = 0;
  }

  protected answer(request: IncomingMessage, response: ServerResponse): void {
    this.#handle(request, response)
      .catch((error: unknown): Answer => failureOf(error))
      .then(({ status, code, body, readRows = 0 }) => {
        const zipped = /\bgzip\b/.test(String(request.headers['accept-encoding'])) && body.length > 0 && status === 200;
        response.writeHead(status, {
          'x-clickhouse-summary': JSON.stringify({ read_rows: String(readRows) }),
          ...(code !== undefined && { 'x-clickhouse-exception-code': String(code) }),
          ...(zipped && { 'content-encoding': 'gzip' }),
        });
        response.end(zipped ? gzipSync(body, { level: 1 }) : body);
      })
      .catch(() => response.destroy());
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const body = await sentIn(request);
    const url = new URL(request.url ?? '/', this.origin);
    if (url.pathname === '/ping') return { status: 200, body: 'Ok.\n' };
    const asked = await requestOf(url, request.headers['content-type'] ?? '', body);
    this.addresses.push(request.url ?? '');
    this.statements.push(asked.statement);
    this.settings.push(asked.fields);
    this.authorizations.push(request.headers.authorization);
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return refusal;
    if (!this.#knows(request.headers.authorization)) {
      return {
        status: 403,
        code: 516,
        body: 'Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)',
      };
    }
    const insert = insertWithData.exec(asked.statement);
    if (insert === null) return this.#run(asked, asked.statement, response);
    const [, into = '', settings = '', format = ''] = insert;
    const path = await this.#keep(asked.data);
    try {
      const columns = /\(([^)]*)\)\s*$/.exec(into)?.[1] ?? '*';
      const asSent = settingsClause(fileInsertSettings);
      const all = settings === '' ? asSent : asSent.replace(/^SETTINGS/, `${settings.trim()},`);
      return await this.#run(asked, `${into} ${all} SELECT ${columns} FROM file('${path}', '${format}')`, response);
    } finally {
      await unlink(path);
    }
  }

  #knows(authorization: string | undefined): boolean {
    return this.#users.some(
      ({ username, password }) =>
        authorization === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
    );
  }

  async #keep(data: Buffer): Promise<string> {
    const folder = join(this.#directory, '..', 'sent');
    await mkdir(folder, { recursive: true });
    const path = join(folder, String((this.#count += 1)));
    await writeFile(path, data);
    return path;
  }

  /** In a session of its own, as each request without a `session_id` has. */
  async #run({ fields }: Request, statement: string, response: ServerResponse): Promise<Answer> {
    const session = new Session(this.#directory);
    const mark = `http-${String((this.#count += 1))}`;
    const stop = (): void => {
      if (!response.writableEnded) void this.#kill(mark);
    };
    try {
      const database = fields.get('database');
      if (database !== undefined) await session.queryAsync(`USE ${database}`);
      const settings = [...fields].filter(([name]) => !ofTheInterface.has(name) && name !== 'readonly');
      const readonly = fields.get('readonly');
      // After `readonly` no other can be set.
      const all = [
        ...settings,
        ['log_comment', mark] as const,
        ...(readonly === undefined ? [] : [['readonly', readonly] as const]),
      ];
      await session.queryAsync(`SET ${all.map(([name, value]) => `${name} = ${quoteString(value)}`).join(', ')}`);
      response.once('close', stop);
      const result = await session.queryAsync(statement, { format: fields.get('default_format') ?? 'TabSeparated' });
      return { status: 200, body: Buffer.from(result.bytes()), readRows: result.rowsRead };
    } finally {
      response.off('close', stop);
      session.close();
    }
  }

  /** Of a client that has gone. */
  async #kill(mark: string): Promise<void> {
    const session = new Session(this.#directory);
    try {
      await session.queryAsync(`KILL QUERY WHERE Settings['log_comment'] = '${mark}' ASYNC`);
    } finally {
      session.close();
    }
  }
}

async function requestOf(url: URL, contentType: string, body: Buffer): Promise<Request> {
  const fields = new Map(url.searchParams);
  let data = body;
  if (contentType.startsWith('multipart/form-data')) {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
    for (const [name, value] of form) fields.set(name, typeof value === 'string' ? value : await value.text());
    data = Buffer.alloc(0);
  }
  const inFields = fields.get('query');
  // The statement begins in the URL and goes on in the body; alone in the body, an INSERT has its data behind its own line.
  if (inFields !== undefined) {
    const whole = insertWithData.test(inFields)
      ? inFields
      : `${inFields}${data.length > 0 ? `\n${data.toString('utf8')}` : ''}`;
    return { statement: whole, data, fields };
  }
  return { statement: data.toString('utf8'), data: Buffer.alloc(0), fields };
}

function failureOf(error: unknown): Answer {
  const body = error instanceof Error ? error.message : String(error);
  const code = Number(/Code: (\d{1,4})\. DB::/.exec(body)?.[1] ?? 1002);
  return { status: statuses.get(code) ?? 500, code, body };
}
