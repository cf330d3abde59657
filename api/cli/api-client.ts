import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { AppError, errorCodes, type ErrorCode } from '../../ingest/core/errors.js';
import { printable } from '../alerts/wording.js';
import { apiAddress, type AddressOptions } from './api-address.js';
import type { Terminal } from './terminal.js';

export interface ApiOptions extends AddressOptions {
  readonly apiKeyFile?: string;
}

interface Content {
  readonly type: string;
  readonly text: string;
}

const TIMEOUT_MS = 30_000;

/** Talks to a running API, so that a command works while another process holds the embedded log and store. */
export interface ApiClient {
  readonly url: string;
  get<T>(path: string, answer: z.ZodType<T>): Promise<T>;
  /** @throws AppError with the code of the API's problem; TQ_API_UNREACHABLE when nothing useful answers. */
  send<T>(method: 'POST' | 'DELETE', path: string, body: unknown, answer: z.ZodType<T>): Promise<T>;
  /** Raw records, one a line. */
  pushLines<T>(path: string, lines: readonly string[], answer: z.ZodType<T>): Promise<T>;
}

/** The address is that of {@link apiAddress}; the key is in a file or TOURNIQUET_API_KEY. */
export function createApiClient(options: ApiOptions, env: Terminal['env']): ApiClient {
  const url = apiAddress(options, env);
  const key = options.apiKeyFile === undefined ? env['TOURNIQUET_API_KEY'] : readKeyFile(options.apiKeyFile);
  const headers = key === undefined || key === '' ? {} : { authorization: `Bearer ${key}` };
  const call = async <T>(method: string, path: string, content: Content | null, answer: z.ZodType<T>): Promise<T> => {
    const response = await request(url, path, {
      method,
      headers: { ...headers, ...(content === null ? {} : { 'content-type': content.type }) },
      ...(content === null ? {} : { body: content.text }),
    });
    return read(url, response, answer);
  };
  const json = (body: unknown): Content | null =>
    body === undefined ? null : { type: 'application/json', text: JSON.stringify(body) };
  return {
    url,
    get: (path, answer) => call('GET', path, null, answer),
    send: (method, path, body, answer) => call(method, path, json(body), answer),
    pushLines: (path, lines, answer) =>
      call('POST', path, { type: 'application/x-ndjson', text: lines.join('\n') }, answer),
  };
}

/** @throws AppError TQ_FILE_UNREADABLE */
export function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new AppError('TQ_FILE_UNREADABLE', `The API key file ${file} cannot be read.`, {
      mend: 'Check the path and its permissions.',
      cause,
    });
  }
}

async function request(url: string, path: string, init: RequestInit): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(`${url}${path}`, {
      ...init,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, text: await response.text() };
  } catch (cause) {
    throw new AppError('TQ_API_UNREACHABLE', `The API at ${url} does not answer.`, {
      retryable: true,
      mend: 'Start it (`tourniquet up`), or name its address with --url, TOURNIQUET_URL or --config.',
      cause,
    });
  }
}

function read<T>(url: string, { status, text }: { status: number; text: string }, answer: z.ZodType<T>): T {
  let body: unknown;
  try {
    body = text === '' ? null : JSON.parse(text);
  } catch {
    body = null;
  }
  if (status >= 200 && status < 300) {
    const parsed = answer.safeParse(body);
    if (parsed.success) return parsed.data;
    throw new AppError('TQ_API_UNREACHABLE', `What answers at ${url} is not this version of Tourniquet's API.`, {
      mend: 'Check --url, and that both are of one version.',
    });
  }
  const { code, detail } = (body ?? {}) as { code?: unknown; detail?: unknown };
  const known = typeof code === 'string' && code in errorCodes ? (code as ErrorCode) : 'TQ_API_UNREACHABLE';
  const said = typeof detail === 'string' ? printable(detail) : `The API at ${url} answered ${status}.`;
  throw new AppError(known, said, status === 401 || status === 403 ? { mend: KEY_MEND } : {});
}

const KEY_MEND = 'Give a key with the role as --api-key-file or TOURNIQUET_API_KEY.';
