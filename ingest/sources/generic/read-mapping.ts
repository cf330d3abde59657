import { LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import type { Result } from '../../core/result.js';
import { err } from '../../core/result.js';
import { compileMapping, type CompiledMapping } from './compile.js';
import { mappingFields, mappingSchema } from './mapping.js';

/** One fault of a mapping: where it stands, what is wrong, how to mend it. */
export interface MappingFault {
  /** Dotted path in the mapping. */
  readonly path: string;
  /** From 1; absent where the mapping did not come as a text. */
  readonly line?: number;
  readonly message: string;
  readonly mend: string;
}

const TEXT_MAX = 262_144;
const mend = 'See docs/mapping.md for the keys and what they take.';

/**
 * Reads and compiles a mapping; all faults are returned at once.
 *
 * @param given the YAML text, or what YAML would give.
 */
export function readMapping(given: unknown): Result<CompiledMapping, readonly MappingFault[]> {
  if (typeof given !== 'string') return compileValue(given, () => undefined);
  if (given.length > TEXT_MAX) {
    const message = `the mapping is longer than ${TEXT_MAX} characters`;
    return err([{ path: '', message, mend: 'Give one mapping a source.' }]);
  }
  const lines = new LineCounter();
  let document: Document;
  let value: unknown;
  try {
    document = parseDocument(given, { uniqueKeys: true, lineCounter: lines });
    const faults = document.errors.map((fault) => ({
      path: '',
      line: fault.linePos?.[0].line ?? 1,
      message: `not YAML: ${fault.code}`,
      mend: 'Correct the syntax at that line.',
    }));
    if (faults.length > 0) return err(faults);
    value = document.toJS({ maxAliasCount: 50 });
  } catch {
    // Nesting without end, and aliases that multiply.
    return err([{ path: '', message: 'not readable as YAML', mend: 'Write it without deep nesting and aliases.' }]);
  }
  return compileValue(value, (path) => lineOf(document, lines, path));
}

type LineOf = (path: readonly PropertyKey[]) => number | undefined;

/** The line of the node, or of the nearest one around it. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) continue;
    return lines.linePos(Number(node.range[0])).line;
  }
  return undefined;
}

function compileValue(value: unknown, lineAt: LineOf): Result<CompiledMapping, readonly MappingFault[]> {
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

/** The faults as lines of a message. */
export const faultLines = (faults: readonly MappingFault[]): string =>
  faults
    .map(({ path, line, message, mend: help }) => {
      const at = line === undefined ? '' : ` (line ${line})`;
      return `  ${path === '' ? '(top)' : path}${at}: ${message}. ${help}`;
    })
    .join('\n');
