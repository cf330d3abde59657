import { AppError } from '../../ingest/core/errors.js';
import { allowedTableFunctions, isAllowedFunction, takesFunctionName } from './allowed-functions.js';
import type { AstNode } from './ast.js';

export interface SqlSurface {
  /** Database that holds the views and nothing else. */
  readonly database: string;
  readonly views: ReadonlySet<string>;
  /** Every function that the engine has, lower case: an identifier of that name can be taken for it. */
  readonly engineFunctions: ReadonlySet<string>;
}

/** Kinds of nodes that may stand in a statement; what is not here is refused, known or not. */
const kinds = new Set([
  'SelectWithUnionQuery',
  'SelectIntersectExceptQuery',
  'SelectQuery',
  'ExpressionList',
  'Subquery',
  'WithElement',
  'TablesInSelectQuery',
  'TablesInSelectQueryElement',
  'TableExpression',
  'TableIdentifier',
  'TableJoin',
  'ArrayJoin',
  'Function',
  'Identifier',
  'Literal',
  'Asterisk',
  'QualifiedAsterisk',
  'ColumnsRegexpMatcher',
  'ColumnsListMatcher',
  'QualifiedColumnsRegexpMatcher',
  'QualifiedColumnsListMatcher',
  'ColumnsTransformerList',
  'ColumnsExceptTransformer',
  'ColumnsReplaceTransformer',
  'ColumnsReplaceTransformer::Replacement',
  'OrderByElement',
  'WindowDefinition',
  'WindowListElement',
  'InterpolateElement',
]);

/** Words for what people try most, where the name of the node alone would not help. */
const words: Readonly<Record<string, string>> = {
  Set: 'a SETTINGS clause',
  ColumnsApplyTransformer: 'APPLY, since its function does not show in the syntax tree,',
  SampleRatio: 'SAMPLE, which views do not have,',
  QueryParameter: 'a query parameter',
};

const explainKinds = new Set(['', 'AST', 'SYNTAX', 'QUERY TREE', 'PIPELINE', 'ESTIMATE']);
const plainTable = /^[A-Za-z_][A-Za-z0-9_]*$/;
const membership = /^(global)?(not)?(null)?in(ignoreset)?$/i;

/** Functions that read a type from text, and where it stands; negative counts from the end. */
const typeArguments: ReadonlyMap<string, number> = new Map([
  ['cast', 1],
  ['accuratecast', 1],
  ['accuratecastornull', 1],
  ['accuratecastordefault', 1],
  ['jsonextract', -1],
  ['jsonextractcaseinsensitive', -1],
  ['jsonextractkeysandvalues', -1],
  ['jsonextractkeysandvaluescaseinsensitive', -1],
  ['dynamicelement', 1],
  ['variantelement', 1],
  ['values', 0],
]);

function refuse(what: string, mend: string): never {
  throw new AppError('TQ_SQL_REFUSED', what, { mend });
}

const mendViews = 'See docs/forensics.md for the views.';
const mendStatement = 'Send one SELECT (WITH, UNION, subqueries and EXPLAIN of one are fine).';

/**
 * Decides from ClickHouse's own syntax tree whether a statement only reads the analysts' views. Everything is refused
 * that is not known to be harmless: kinds of nodes, functions, table functions and tables each have a list of what may be.
 *
 * @returns the words that stand before the SELECT (`EXPLAIN SYNTAX`), or '' for a SELECT itself.
 * @throws AppError TQ_SQL_REFUSED, which says what and the mend.
 */
export function checkStatement(root: AstNode, surface: SqlSurface): string {
  if (root.kind !== 'Explain') {
    if (root.kind !== 'SelectWithUnionQuery') refuse(`A ${nameOf(root)} is not a SELECT.`, mendStatement);
    checkNode(root, surface);
    return '';
  }
  const explained = root.children[0];
  const kind = root.text.replace(/^EXPLAIN ?/, '');
  if (!explainKinds.has(kind) || root.children.length !== 1 || explained?.kind !== 'SelectWithUnionQuery') {
    refuse(`EXPLAIN ${kind} with settings or of anything but a SELECT is not offered.`, mendStatement);
  }
  checkNode(explained, surface);
  return root.text;
}

function nameOf(node: AstNode): string {
  return words[node.kind] ?? `${node.kind} ${node.text.trim()}`.trim();
}

function checkNode(node: AstNode, surface: SqlSurface): void {
  if (!kinds.has(node.kind)) refuse(`The statement has ${nameOf(node)}, which is not offered.`, mendStatement);
  checkPlace(node);
  if (node.kind === 'TableIdentifier') checkTable(node.text, surface);
  if (node.kind === 'TableExpression') checkTableExpression(node);
  if (node.kind === 'Function') checkFunction(node, surface);
  for (const child of node.children) {
    if (node.kind === 'TableExpression' && child.kind === 'Function') {
      for (const below of child.children) checkNode(below, surface);
    } else {
      checkNode(child, surface);
    }
  }
}

/** FORMAT and INTO OUTFILE hang on the query beside its list of SELECTs; a bare query as an argument is `view(…)`. */
function checkPlace(node: AstNode): void {
  if (
    node.kind === 'SelectWithUnionQuery' &&
    (node.children.length !== 1 || node.children[0]?.kind !== 'ExpressionList')
  ) {
    refuse('FORMAT, INTO OUTFILE and COMPRESSION are not part of a statement here.', 'Choose the format by Accept.');
  }
  if (node.kind !== 'Function') return;
  for (const list of node.children) {
    if (list.children.some((child) => child.kind.startsWith('Select'))) {
      refuse('A query stands where an argument should.', 'Put it in brackets of its own.');
    }
  }
}

function checkTable(name: string, { database, views }: SqlSurface): void {
  // A name without a database is a CTE or one of the views: the session's database holds nothing else.
  if (plainTable.test(name)) return;
  const prefix = `${database}.`;
  if (name.startsWith(prefix) && views.has(name.slice(prefix.length))) return;
  refuse(`The table ${name} is not offered.`, mendViews);
}

function checkTableExpression(node: AstNode): void {
  const called = node.children.find((child) => child.kind === 'Function');
  if (called === undefined) return;
  if (!allowedTableFunctions.has(called.text)) {
    refuse(`The table function ${called.text} is not offered.`, mendViews);
  }
  checkPlace(called);
  checkTypeArgument(called, argumentsOf(called));
}

const argumentsOf = (node: AstNode): readonly AstNode[] =>
  node.children[0]?.kind === 'ExpressionList' ? node.children[0].children : [];

function checkFunction(node: AstNode, surface: SqlSurface): void {
  const name = node.text;
  if (!isAllowedFunction(name)) {
    refuse(`The function ${name} is not offered.`, 'See docs/forensics.md for what is.');
  }
  const given = argumentsOf(node);
  if (membership.test(name)) {
    const set = given[1];
    // `x IN name` reads the table of that name.
    if (set?.kind === 'Identifier') checkTable(set.text, surface);
  }
  const first = given[0];
  if (takesFunctionName(name) && first?.kind === 'Identifier') {
    const meant = first.text.toLowerCase();
    if (surface.engineFunctions.has(meant) && !isAllowedFunction(first.text)) {
      refuse(`The function ${first.text} is not offered.`, 'Give another name to a column of that name.');
    }
  }
  checkTypeArgument(node, given);
}

/** A state of an aggregate function put together from text is read by native code that trusts it. */
function checkTypeArgument(node: AstNode, given: readonly AstNode[]): void {
  const place = typeArguments.get(node.text.toLowerCase());
  if (place === undefined) return;
  const type = given.at(place);
  if (type?.kind !== 'Literal' || !type.text.startsWith("'") || /AggregateFunction/i.test(type.text)) {
    refuse(
      `The type that ${node.text} makes must be written out, and no state of an aggregate function.`,
      mendStatement,
    );
  }
}

const treeTable = /^TABLE id: .*?\btable_name: (\S+?)(, |$)(.*)$/;
const treeTableFunction = /^TABLE_FUNCTION id: .*?\btable_function_name: (\w+)/;
const treeFunction = /^FUNCTION id: \d+(?:, alias: [^,]*)?, function_name: (\w+), function_type: /;
/** What the analysis itself puts in. */
const ownFunctions = new Set([
  '_CAST',
  '__scalarSubqueryResult',
  '__getScalar',
  '__actionName',
  'identity',
  'indexHint',
  'nothing',
  'groupingForRollup',
  'groupingForCube',
  'groupingForGroupingSets',
  'groupingOrdinary',
]);

/**
 * The second lock: what the names of the syntax tree were resolved to (`EXPLAIN QUERY TREE`). By then the first lock has
 * passed, so a refusal here means that the engine reads a statement otherwise than its syntax tree says.
 *
 * @throws AppError TQ_SQL_REFUSED
 */
export function checkResolved(lines: readonly string[], { database, views }: SqlSurface): void {
  for (const line of lines.map((text) => text.trim())) {
    const table = treeTable.exec(line);
    if (table !== null) {
      const name = table[1] ?? '';
      const own = name.startsWith(`${database}.`) && views.has(name.slice(database.length + 1));
      // `SELECT 1` reads the table of one row; a recursive CTE reads what it has so far.
      const harmless = name === 'system.one' || name.startsWith('_temporary_and_external_tables.');
      if (!own && !harmless) refuse(`The table ${name} is not offered.`, mendViews);
      continue;
    }
    if (line.startsWith('TABLE id:')) refuse('A table of the statement cannot be named.', mendViews);
    const tableFunction = treeTableFunction.exec(line)?.[1];
    if (tableFunction !== undefined && !allowedTableFunctions.has(tableFunction)) {
      refuse(`The table function ${tableFunction} is not offered.`, mendViews);
    }
    const called = treeFunction.exec(line)?.[1];
    if (called !== undefined && !ownFunctions.has(called) && !isAllowedFunction(called)) {
      refuse(`The function ${called} is not offered.`, 'See docs/forensics.md for what is.');
    }
  }
}
