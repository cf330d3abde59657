import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const guide = readFileSync(fileURLToPath(new URL('../../docs/forensics.md', import.meta.url)), 'utf8');

/** The SQL of docs/forensics.md by the number of its question, as it stands there. */
export const forensicQuestions: ReadonlyMap<number, string> = new Map(
  [...guide.matchAll(/^### (\d+)\. [^\n]*\n[\s\S]*?```sql\n([\s\S]*?)```/gm)].map(([, n = '', sql = '']) => [Number(n), sql]),
); // prettier-ignore

/** @param n number of the question. */
export const forensicSql = (n: number, token: string): string =>
  (forensicQuestions.get(n) ?? '').replaceAll('tok_…', token);
