import { LineCounter, parseAllDocuments, type Document } from 'yaml';
import type { Result } from './result.js';
import { err, ok } from './result.js';

/** One fault of a file that people write: where it stands, what is wrong, how to mend it. */
export interface FileFault {
  /** Dotted path. */
  readonly path: string;
  /** From 1; absent where the value did not come as a text. */
  readonly line?: number;
  readonly message: string;
  readonly mend: string;
}

export interface YamlDocument {
  readonly value: unknown;
  /** The line of the node, or of the nearest one around it. */
  lineAt(path: readonly PropertyKey[]): number | undefined;
}

const ALIASES_MAX = 50;
/** More faults of syntax than this follow from one another. */
const FAULTS_MAX = 20;

/**
 * All documents of a YAML text of hostile origin: no key twice, no aliases that multiply, no nesting without end.
 *
 * @param lengthMax UTF-16 units.
 */
export function readYaml(text: string, lengthMax: number): Result<readonly YamlDocument[], readonly FileFault[]> {
  if (text.length > lengthMax) {
    return err([{ path: '', message: `longer than ${lengthMax} characters`, mend: 'Part it into several files.' }]);
  }
  const lines = new LineCounter();
  try {
    const documents = [...parseAllDocuments(text, { uniqueKeys: true, lineCounter: lines })] as Document[];
    const faults = documents.flatMap(({ errors }) =>
      errors.map((fault) => ({
        path: '',
        line: fault.linePos?.[0].line ?? 1,
        message: `not YAML: ${fault.code}`,
        mend: 'Correct the syntax at that line.',
      })),
    );
    if (faults.length > 0) return err(faults.slice(0, FAULTS_MAX));
    return ok(
      documents.map((document) => ({
        value: document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown,
        lineAt: (path) => lineOf(document, lines, path),
      })),
    );
  } catch {
    return err([{ path: '', message: 'not readable as YAML', mend: 'Write it without deep nesting and aliases.' }]);
  }
}

function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) continue;
    return lines.linePos(Number(node.range[0])).line;
  }
  return undefined;
}

/** The faults as lines of a message. */
export const faultLines = (faults: readonly FileFault[]): string =>
  faults
    .map(({ path, line, message, mend }) => {
      const at = line === undefined ? '' : ` (line ${line})`;
      return `  ${path === '' ? '(top)' : path}${at}: ${message}. ${mend}`;
    })
    .join('\n');
