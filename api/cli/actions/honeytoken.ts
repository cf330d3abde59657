import type { Readable } from 'node:stream';
import { systemClock } from '../../../ingest/core/clock.js';
import { AppError } from '../../../ingest/core/errors.js';
import type { Fingerprinter } from '../../../ingest/event/fingerprint.js';
import { RawSecret } from '../../../ingest/event/raw-secret.js';
import { describeCredential } from '../../../ingest/event/token-facts.js';
import { printable } from '../../alerts/wording.js';
import { makeDecoy, type MadeDecoy } from '../../honeytokens/decoy-formats.js';
import {
  honeytokenFormats, honeytokensAnswer, honeytokenSchema, type HoneytokenFormat,
} from '../../schemas/honeytokens.js'; // prettier-ignore
import { createApiClient, type ApiOptions } from '../api-client.js';
import type { CommonOptions } from '../cli-context.js';
import { readConfig } from '../config-file.js';
import { existingFingerprinter } from '../fingerprint-keys.js';
import type { Terminal } from '../terminal.js';

export interface CreateOptions extends ApiOptions, CommonOptions {
  readonly format: string;
  readonly name: string;
  readonly planted: string;
  readonly note: string;
  readonly issuer: string;
  readonly subject: string;
  readonly stdin: boolean;
  readonly json: boolean;
}

const SECRET_CHARS_MAX = 16 * 1024;

/** The names under which every source knows the credential: the same function that the collectors use. */
export function decoyIdentity(
  presented: RawSecret,
  fingerprinter: Fingerprinter,
): { token_uid: string; secret_fp?: string; fp_key_id: string } {
  const { token } = describeCredential(presented, fingerprinter);
  return {
    token_uid: token.token_uid,
    ...(token.secret_fp === undefined ? {} : { secret_fp: token.secret_fp }),
    fp_key_id: token.fp_key_id,
  };
}

/** Registers first and prints afterwards: a decoy that nobody watches never comes into the world. */
export async function honeytokenCreate(options: CreateOptions, terminal: Terminal, input: Readable): Promise<void> {
  const read = readConfig(options.config, terminal.env);
  const fingerprinter = existingFingerprinter(options.data === undefined ? read : { ...read, data_dir: options.data });
  const api = createApiClient(options, terminal.env);
  const format = formatOf(options);
  const decoy =
    format === 'existing' ? await fromInput(input) : makeDecoy(format, { ...options, nowMs: systemClock.nowMs() });
  const { name, planted, note } = options;
  const body = { ...decoyIdentity(decoy.presented, fingerprinter), format, name, planted, note };
  const registered = await api.send('POST', '/v1/honeytokens', body, honeytokenSchema);
  if (options.json) {
    terminal.out(JSON.stringify({ ...registered, ...(format === 'existing' ? {} : { secret: decoy.lines }) }));
    return;
  }
  for (const line of decoy.lines) terminal.out(line);
  terminal.err(`Registered as ${registered.token_uid}; watched within five seconds.`);
  if (format !== 'existing') terminal.err('This is shown once. Plant it where nobody but an intruder looks.');
}

function formatOf({ format, stdin }: CreateOptions): HoneytokenFormat {
  if (stdin) return 'existing';
  const known = honeytokenFormats.find((one) => one === format && one !== 'existing');
  if (known !== undefined) return known;
  throw new AppError('TQ_REQUEST_INVALID', 'The format of the decoy is not known.', {
    mend: 'Use aws, github, slack, stripe, jwt or generic; or --stdin for one that exists.',
  });
}

async function fromInput(input: Readable): Promise<MadeDecoy> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > SECRET_CHARS_MAX) break;
  }
  const secret = text.trim();
  if (secret === '' || secret.length > SECRET_CHARS_MAX || /\s/.test(secret)) {
    throw new AppError('TQ_REQUEST_INVALID', 'Standard input does not hold one credential.', {
      mend: 'Give the credential alone, on one line; of an AWS pair the access key id.',
    });
  }
  return { lines: [], presented: new RawSecret(secret) };
}

export async function honeytokenList(
  options: ApiOptions & { all: boolean; json: boolean },
  terminal: Terminal,
): Promise<void> {
  const api = createApiClient(options, terminal.env);
  const { items } = await api.get('/v1/honeytokens', honeytokensAnswer);
  const wanted = items.filter((item) => options.all || item.removed_at === null);
  for (const item of wanted) {
    const state = item.removed_at === null ? 'watched' : `removed ${item.removed_at}`;
    const line = [item.token_uid, item.format, state, item.created_at, item.name, item.planted, item.note].join('  ');
    terminal.out(options.json ? JSON.stringify(item) : printable(line.trimEnd()));
  }
  if (!options.json && wanted.length === 0) terminal.err('No decoys.');
}

export async function honeytokenRemove(uid: string, options: ApiOptions, terminal: Terminal): Promise<void> {
  const api = createApiClient(options, terminal.env);
  const path = `/v1/honeytokens/${encodeURIComponent(uid)}`;
  const { token_uid } = await api.send('DELETE', path, undefined, honeytokenSchema);
  terminal.out(`${token_uid}  removed`);
}
