import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../../ingest/core/errors.js';
import type { FileFault } from '../../../ingest/core/read-yaml.js';
import { readRules } from '../../rules/read-rules.js';
import type { Rule } from '../../rules/rule-schema.js';

/** Rules of one file, or what is wrong with it. */
export interface RuleFile {
  readonly path: string;
  readonly rules: readonly Rule[];
  readonly faults: readonly FileFault[];
}

const packDirectory = fileURLToPath(new URL('../../rules/pack', import.meta.url));
const FILES_MAX = 1000;
const BYTES_MAX = 1 << 18;

/** @throws AppError TQ_FILE_UNREADABLE that names the file. */
export function readRuleFile(path: string): RuleFile {
  let text: string;
  try {
    if (statSync(path).size > BYTES_MAX) {
      const fault = { path: '', message: `larger than ${BYTES_MAX} bytes`, mend: 'Part it into several files.' };
      return { path, rules: [], faults: [fault] };
    }
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('TQ_FILE_UNREADABLE', `The rules ${basename(path)} cannot be read.`, {
      mend: 'Name a readable file; docs/rules.md tells what stands in it.',
      cause,
    });
  }
  const read = readRules(text);
  return read.ok ? { path, rules: read.value, faults: [] } : { path, rules: [], faults: read.error };
}

/**
 * The files of a directory that end in .yaml or .yml, in order of their names.
 *
 * @throws AppError TQ_FILE_UNREADABLE
 */
export function ruleFilesOf(path: string): readonly string[] {
  let names: string[];
  try {
    names = statSync(path).isDirectory() ? readdirSync(path) : [''];
  } catch (cause) {
    throw new AppError('TQ_FILE_UNREADABLE', `The rules ${basename(path)} cannot be read.`, {
      mend: 'Name a readable file or directory (rules.directory).',
      cause,
    });
  }
  if (names[0] === '' && names.length === 1) return [path];
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .slice(0, FILES_MAX)
    .map((name) => join(path, name));
}

/** The rules that the product ships, as files. */
export const packFiles = (): readonly RuleFile[] => ruleFilesOf(packDirectory).map(readRuleFile);
