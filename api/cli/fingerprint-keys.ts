import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../../ingest/core/errors.js';
import type { Fingerprinter } from '../../ingest/event/fingerprint.js';
import { createFingerprinter } from '../../ingest/event/fingerprint.js';
import { generateKeyFileLine, parseKeyFile } from '../../ingest/event/key-file.js';
import type { Config } from '../config/schema.js';

/**
 * The fingerprinter of this installation. The embedded shape makes its key at the first start; a production shape
 * names its key file, since all collectors must share one.
 *
 * @throws AppError TQ_KEY_INVALID
 */
export function openFingerprinter(config: Config): Fingerprinter {
  const named = config.fingerprint.key_file;
  if (named === undefined && config.log.kind === 'kafka') {
    throw new AppError(
      'TQ_KEY_INVALID',
      'fingerprint.key_file is not set, and with Kafka every collector needs the same key.',
      {
        mend: 'Make one with `tourniquet keygen > fingerprint.keys`, give it to every collector and name it in the configuration.',
      },
    );
  }
  const path = named ?? join(config.data_dir, 'keys', 'fingerprint.keys');
  if (named === undefined && !existsSync(path)) createKeyFile(path);
  return readFingerprinter(path);
}

/**
 * The fingerprinter of an installation that runs elsewhere: its key is read, never made, since one of its own would name
 * every token anew.
 *
 * @throws AppError TQ_KEY_INVALID
 */
export function existingFingerprinter(config: Config): Fingerprinter {
  return readFingerprinter(config.fingerprint.key_file ?? join(config.data_dir, 'keys', 'fingerprint.keys'));
}

function readFingerprinter(path: string): Fingerprinter {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('TQ_KEY_INVALID', `The fingerprint key file ${path} cannot be read.`, {
      mend: 'Check the path and its permissions; --config and --data name those of the running instance.',
      cause,
    });
  }
  return createFingerprinter(parseKeyFile(text));
}

function createKeyFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, generateKeyFileLine(randomBytes), { mode: 0o600, flag: 'wx' });
    chmodSync(path, 0o600);
  } catch (cause) {
    throw new AppError('TQ_DATA_DIR_UNUSABLE', `A fingerprint key cannot be written to ${path}.`, {
      mend: 'Make the data directory writable, or name another with data_dir.',
      cause,
    });
  }
}

/** A fingerprinter for commands that only show events: its key lives as long as the process. */
export function ephemeralFingerprinter(): Fingerprinter {
  return createFingerprinter([{ id: 'ephemeral', key: randomBytes(32) }]);
}
