import type { z } from 'zod';
import type { Config } from './schema.js';
import { configSchema } from './schema.js';

type Issue = z.core.$ZodIssue;
type Node = Record<string | number, unknown>;

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/**
 * The configuration without the keys that the schema refused, so that the rest can be checked too; undefined where
 * nothing whole is left. Items of lists keep their places, since faults are told by them.
 */
export function withoutRefused(given: unknown, issues: readonly Issue[]): Config | undefined {
  const copy: unknown = structuredClone(given);
  let left = issues;
  // A key that goes may be one that its parent needs; then the parent goes, and so on to the section.
  for (let round = 0; left.length > 0; round += 1) {
    if (round > 8 || !isNode(copy)) return undefined;
    for (const issue of left) cut(copy, issue);
    const parsed = configSchema.safeParse(copy);
    if (parsed.success) return parsed.data;
    left = parsed.error.issues;
  }
  return undefined;
}

function cut(root: Node, issue: Issue): void {
  if (issue.code === 'unrecognized_keys') {
    const parent = at(root, issue.path);
    if (isNode(parent)) for (const key of issue.keys) Reflect.deleteProperty(parent, key);
    return;
  }
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  // What is not there cannot be cut: the thing that lacks it is.
  while (path.length > 1 && at(root, path) === undefined) path.pop();
  const last = path.at(-1);
  const parent = at(root, path.slice(0, -1));
  if (last === undefined || !isNode(parent)) return;
  // Sources need a name and a product; the others of a list may go, from the end of their key.
  if (path[0] === 'sources' && path.length === 3 && last === 'name') parent[last] = `source-${String(path[1])}`;
  else if (Array.isArray(parent)) parent.splice(0, parent.length);
  else Reflect.deleteProperty(parent, last);
}

function at(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((node, key) => (isNode(node) ? node[key as string] : undefined), root);
}
