import type { Dirent } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { dirname, join, parse, resolve, sep } from 'node:path';

const hasWildcard = (text: string): boolean => /[*?]/.test(text);

/** The pattern of one path part; `*` and `?` never cross a folder, and hidden files need a leading dot. */
function partPattern(part: string): RegExp {
  const body = part
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`^${part.startsWith('.') ? '' : '(?!\\.)'}${body}$`);
}

/** Existing files' paths for a path or pattern (`*`, `?`, and `**` for folders at any depth), sorted. A plain path is returned whether it exists or not. */
export async function expandPath(pattern: string): Promise<string[]> {
  const absolute = resolve(pattern);
  if (!hasWildcard(absolute)) return [absolute];
  const { root } = parse(absolute);
  let found = [root];
  let isMatched = false;
  for (const part of absolute.slice(root.length).split(sep)) {
    if (!hasWildcard(part)) {
      const next = found.map((folder) => join(folder, part));
      // What a wildcard brought may lack this part, and is no match then.
      found = isMatched ? await existing(next) : next;
      continue;
    }
    isMatched = true;
    if (part === '**') {
      found = (await Promise.all(found.map((folder) => foldersUnder(folder)))).flat();
      continue;
    }
    const matcher = partPattern(part);
    const next: string[] = [];
    for (const folder of found) {
      for (const name of await namesIn(folder)) if (matcher.test(name)) next.push(join(folder, name));
    }
    found = next;
  }
  return found.sort();
}

async function existing(paths: readonly string[]): Promise<string[]> {
  const isThere = await Promise.all(paths.map((path) => access(path).then(() => true, () => false))); // prettier-ignore
  return paths.filter((_, index) => isThere[index]);
}

/** The folder and all below it, as `**` means; hidden ones and links to folders are left out. */
async function foldersUnder(folder: string): Promise<string[]> {
  const found = [folder];
  for (const parent of found) {
    for (const entry of await entriesIn(parent))
      if (entry.isDirectory() && !entry.name.startsWith('.')) found.push(join(parent, entry.name));
  }
  return found;
}

async function entriesIn(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    // Not there (yet) or not a folder: it matches nothing, and the next look tries again.
    return [];
  }
}

/** Files beside these that are named after one of them, as rotation names them: `access.log.1`, `access.log-20260102`. */
export async function namedAfter(paths: ReadonlySet<string>): Promise<string[]> {
  const bases = new Map<string, string[]>();
  for (const path of paths) {
    const { dir, base } = parse(path);
    const known = bases.get(dir);
    if (known === undefined) bases.set(dir, [base]);
    else known.push(base);
  }
  const found: string[] = [];
  for (const [dir, own] of bases) {
    for (const name of await namesIn(dir)) {
      const path = join(dir, name);
      if (!paths.has(path) && own.some((base) => name.startsWith(base))) found.push(path);
    }
  }
  return found;
}

/** The folder whose changes tell of new or rotated files of a pattern. */
export function watchFolder(pattern: string): string {
  let folder = dirname(resolve(pattern));
  while (hasWildcard(folder)) folder = dirname(folder);
  return folder;
}
