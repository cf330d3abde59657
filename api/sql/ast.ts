import { AppError } from '../../ingest/core/errors.js';

/** A node of ClickHouse's syntax tree, as `EXPLAIN AST` prints it. */
export interface AstNode {
  readonly kind: string;
  /** What stands after the kind: a name, a literal; '' where there is nothing. */
  readonly text: string;
  readonly children: readonly AstNode[];
}

const controlCharacter = /\p{Cc}/u;
const lineForm = /^( *)([A-Za-z][A-Za-z:]*)(?: (.*))?$/;
const childrenForm = /^(.*?) ?\(children (\d+)\)$/;
/** Aliases are quoted by nobody in this text, so what could pass for another part of the line is not taken. */
const aliasForm = /^(.*?) ?\(alias ([^()]*)\)$/;

function unreadable(): AppError {
  return new AppError('TQ_SQL_REFUSED', 'The statement has a name that cannot be told apart from its syntax.', {
    mend: 'Use names without brackets and control characters.',
  });
}

interface Line {
  readonly depth: number;
  readonly kind: string;
  readonly text: string;
  readonly count: number;
}

function readLine(line: string): Line {
  const match = lineForm.exec(line);
  if (match === null || controlCharacter.test(line)) throw unreadable();
  const [, indent = '', kind = '', rest = ''] = match;
  // A literal has no children, and its text, which ends in a quote or a number, may hold anything.
  if (kind === 'Literal') return { depth: indent.length, kind, text: rest, count: 0 };
  const counted = childrenForm.exec(rest);
  const described = counted?.[1] ?? rest;
  const aliased = aliasForm.exec(described);
  const text = aliased?.[1] ?? described;
  if (/\((alias|children) /.test(text)) throw unreadable();
  return { depth: indent.length, kind, text, count: Number(counted?.[2] ?? 0) };
}

/**
 * Reads the lines of `EXPLAIN AST` back into a tree. The engine writes names into it as they are, so the reader is
 * strict: each line must have the form of a node, stand at its parent's depth plus one, and every node must have exactly
 * as many children as it says. A name that imitates further nodes breaks one of these.
 *
 * @throws AppError TQ_SQL_REFUSED
 */
export function readAst(lines: readonly string[]): AstNode {
  const parsed = lines.map(readLine);
  let next = 0;
  const read = (depth: number): AstNode => {
    const line = parsed[next++];
    if (line?.depth !== depth) throw unreadable();
    const children = Array.from({ length: line.count }, () => read(depth + 1));
    return { kind: line.kind, text: line.text, children };
  };
  const root = read(0);
  if (next !== parsed.length) throw unreadable();
  return root;
}
