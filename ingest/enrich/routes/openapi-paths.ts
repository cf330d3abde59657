import { parseDocument } from 'yaml';
import type { Result } from '../../core/result.js';
import { err, ok } from '../../core/result.js';

const TEXT_MAX = 32 << 20;
const PATHS_MAX = 5000;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const own = (object: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/**
 * The path templates of an OpenAPI 3 or Swagger 2 document (YAML or JSON): each as it stands, and below the base path of each
 * server, since a proxy may stand on either side of it.
 *
 * @returns a sentence that says why it is none.
 */
export function openApiPaths(text: string): Result<readonly string[], string> {
  if (text.length > TEXT_MAX) return err(`it is longer than ${TEXT_MAX} characters`);
  const document = read(text);
  if (!isObject(document)) return err('it is neither YAML nor JSON of an object');
  const version = own(document, 'openapi') ?? own(document, 'swagger');
  if (version === undefined) return err('it names no version under openapi or swagger');
  const paths = own(document, 'paths');
  if (!isObject(paths)) return err('it has no paths');
  const templates = Object.keys(paths).filter((key) => key.startsWith('/'));
  if (templates.length === 0) return err('its paths hold no template');
  if (templates.length > PATHS_MAX) return err(`it has more than ${PATHS_MAX} paths`);
  const bases = basePaths(document);
  return ok([...new Set(templates.flatMap((template) => [template, ...bases.map((base) => base + template)]))]);
}

function read(text: string): unknown {
  try {
    // JSON is YAML too, but its own parser is far faster on large documents.
    if (/^\s*\{/.test(text)) return JSON.parse(text) as unknown;
  } catch {
    // YAML's flow style also begins so.
  }
  try {
    const document = parseDocument(text, { uniqueKeys: false });
    return document.errors.length > 0 ? undefined : (document.toJS({ maxAliasCount: 1000 }) as unknown);
  } catch {
    return undefined;
  }
}

/** Paths of `servers[].url` (with the defaults of their variables) and of `basePath`, without a slash at the end. */
function basePaths(document: Record<string, unknown>): readonly string[] {
  const found = new Set<string>();
  const base = own(document, 'basePath');
  if (typeof base === 'string') found.add(base);
  const servers = own(document, 'servers');
  for (const server of Array.isArray(servers) ? servers.slice(0, 16) : []) {
    if (!isObject(server)) continue;
    const url = own(server, 'url');
    const variables = own(server, 'variables');
    if (typeof url !== 'string') continue;
    const filled = url.replace(/\{([^{}]{1,128})\}/g, (whole, name: string) => {
      const variable = isObject(variables) ? own(variables, name) : undefined;
      const value = isObject(variable) ? own(variable, 'default') : undefined;
      return typeof value === 'string' ? value : whole;
    });
    found.add(filled.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '').replace(/[?#].*$/, ''));
  }
  return [...found].map((path) => path.replace(/\/+$/, '')).filter((path) => path.startsWith('/'));
}
