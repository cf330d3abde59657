import { readdir } from 'node:fs/promises';
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

/** Existing files' paths for a path or pattern, sorted. A plain path is returned whether it exists or not. */
export async function expandPath(pattern: string): Promise<string[]> {
  const absolute = resolve(pattern);
  if (!hasWildcard(absolute)) return [absolute];
  const { root } = parse(absolute);
  let found = [root];
  for (const part of absolute.slice(root.length).split(sep)) {
    if (!hasWildcard(part)) {
      found = found.map((folder) => join(folder, part));
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

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    // Not there (yet) or not a folder: it matches nothing, and the next look tries again.
    return [];
  }
}

/** The folder whose changes tell of new or rotated files of a pattern. */
export function watchFolder(pattern: string): string {
  let folder = dirname(resolve(pattern));
  while (hasWildcard(folder)) folder = dirname(folder);
  return folder;
}
