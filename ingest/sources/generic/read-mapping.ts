import type { z } from 'zod';
import { readYaml, type FileFault } from '../../core/read-yaml.js';
import type { Result } from '../../core/result.js';
import { err } from '../../core/result.js';
import { compileMapping, type CompiledMapping } from './compile.js';
import { mappingFields, mappingSchema } from './mapping.js';

const TEXT_MAX = 262_144;
const mend = 'See docs/mapping.md for the keys and what they take.';

/**
 * Reads and compiles a mapping; all faults are returned at once.
 *
 * @param given the YAML text, or what YAML would give.
 */
export function readMapping(given: unknown): Result<CompiledMapping, readonly FileFault[]> {
  if (typeof given !== 'string') return compileValue(given, () => undefined);
  const read = readYaml(given, TEXT_MAX);
  if (!read.ok) return read;
  const [document, ...more] = read.value;
  if (more.length > 0) {
    return err([{ path: '', message: 'more than one YAML document', mend: 'Give one mapping a source.' }]);
  }
  return compileValue(document?.value, (path) => document?.lineAt(path));
}

type LineOf = (path: readonly PropertyKey[]) => number | undefined;

function compileValue(value: unknown, lineAt: LineOf): Result<CompiledMapping, readonly FileFault[]> {
  const parsed = mappingSchema.safeParse(value ?? {});
  const place = (path: readonly PropertyKey[]): { path: string; line?: number } => {
    const line = lineAt(path);
    return { path: path.map(String).join('.'), ...(line !== undefined && { line }) };
  };
  if (!parsed.success) return err(parsed.error.issues.map((issue) => ({ ...place(issue.path), ...wordsOf(issue) })));
  const compiled = compileMapping(parsed.data);
  if (compiled.ok) return compiled;
  return err(compiled.error.map(({ path, ...words }) => ({ ...place(path), ...words })));
}

function wordsOf(issue: z.core.$ZodIssue): { message: string; mend: string } {
  if (issue.code !== 'unrecognized_keys') return { message: issue.message, mend };
  const message = `unknown key ${issue.keys.join(', ')}`;
  return { message, mend: issue.path[0] === 'fields' ? `Use one of: ${mappingFields.join(', ')}.` : mend };
}
