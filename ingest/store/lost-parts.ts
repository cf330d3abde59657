import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const LOGS = 'deduplication_logs';
const LOG_NAME = /^deduplication_log_(\d+)\.txt$/;
/** Partition, first and last block, level, mutation: how MergeTree names the folder of a part. */
const PART_NAME = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/;
/** As the engine writes them: 1 notes the token of a part, 2 forgets it. */
const ADD = '1';
const DROP = '2';

interface PartSpan {
  readonly partition: string;
  readonly first: number;
  readonly last: number;
}

interface NotedToken {
  readonly part: string;
  readonly blockId: string;
}

/**
 * Forgets the deduplication tokens of parts that are not there. MergeTree notes a part's token before it moves the part
 * into its place; a kill just between the two would make the repetition of the block a duplicate of nothing. Call it
 * while no engine has the directory open: afterwards block numbers are given again.
 * @param directory of the embedded engine; it need not exist yet.
 * @returns how many tokens were forgotten.
 */
export async function forgetLostParts(directory: string): Promise<number> {
  const tables = await tablesWithTokens(join(directory, 'store'));
  const counts = await Promise.all(tables.map(forgetInTable));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The engine keeps a table in `store/<first three letters of its UUID>/<UUID>`. */
async function tablesWithTokens(store: string): Promise<string[]> {
  const groups = await namesIn(store);
  const tables = await Promise.all(
    groups.map(async (group) => (await namesIn(join(store, group))).map((table) => join(store, group, table))),
  );
  return tables.flat();
}

async function forgetInTable(table: string): Promise<number> {
  const logs = (await namesIn(join(table, LOGS)))
    .map((name) => ({ name, number: Number(LOG_NAME.exec(name)?.[1]) }))
    .filter(({ number }) => Number.isSafeInteger(number))
    .sort((a, b) => a.number - b.number);
  const newest = logs.at(-1);
  if (newest === undefined) return 0;
  const paths = logs.map(({ name }) => join(table, LOGS, name));
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
  const noted = notedTokens(texts.flatMap((text) => text.split('\n').slice(0, -1)));
  const parts = (await namesIn(table)).map(spanOf).filter((span) => span !== null);
  const lost = noted.filter(({ part }) => !isThere(part, parts));
  if (lost.length === 0) return 0;
  const records = lost.map(({ part, blockId }) => `${DROP}\t${part}\t${blockId}\n`);
  // A line that a kill cut short must not swallow the next one.
  const torn = texts.at(-1)?.endsWith('\n') === false ? '\n' : '';
  await appendFile(join(table, LOGS, newest.name), torn + records.join(''));
  return lost.length;
}

function notedTokens(lines: readonly string[]): readonly NotedToken[] {
  const noted = new Map<string, NotedToken>();
  for (const line of lines) {
    const [operation, part, blockId] = line.split('\t');
    if (part === undefined || blockId === undefined) continue;
    if (operation === ADD) noted.set(blockId, { part, blockId });
    else noted.delete(blockId);
  }
  return [...noted.values()];
}

function spanOf(name: string): PartSpan | null {
  const found = PART_NAME.exec(name);
  // Folders in the making (`tmp_insert_…`) and those being removed (`delete_tmp_…`) are no parts.
  if (found === null || /^(?:tmp|delete)_/.test(name)) return null;
  return { partition: found[1] ?? '', first: Number(found[2]), last: Number(found[3]) };
}

/** A part that was merged lives on in one that spans its blocks. A name that cannot be read is left alone. */
function isThere(part: string, parts: readonly PartSpan[]): boolean {
  const span = spanOf(part);
  if (span === null) return true;
  return parts.some(
    ({ partition, first, last }) => partition === span.partition && first <= span.first && last >= span.last,
  );
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
