import { readFileSync } from 'node:fs';
import { AppError } from '../../ingest/core/errors.js';
import { loadConfig } from '../config/load-config.js';
import type { Config } from '../config/schema.js';
import type { Terminal } from './terminal.js';

/**
 * Reads the configuration for a command. Without a path the defaults and the environment serve.
 *
 * @throws AppError TQ_CONFIG_INVALID with every fault in its message.
 */
export function readConfig(path: string | undefined, env: Terminal['env']): Config {
  let text = '';
  if (path !== undefined) {
    try {
      text = readFileSync(path, 'utf8');
    } catch (cause) {
      throw new AppError('TQ_FILE_UNREADABLE', `The configuration ${path} cannot be read.`, {
        mend: 'Give a readable file with --config.',
        cause,
      });
    }
  }
  const loaded = loadConfig(text, env);
  if (loaded.ok) return loaded.value;
  const lines = loaded.error.map(
    (f) => `  ${f.path === '' ? '(top)' : f.path}: ${f.message.replace(/\.$/, '')}. ${f.mend}`,
  );
  throw new AppError(
    'TQ_CONFIG_INVALID',
    `The configuration has ${String(lines.length)} fault(s):\n${lines.join('\n')}`,
  );
}
