import { readContent } from '../../../ingest/pipeline/file-content.js';
import type { SourceFile } from './threaded-replay.js';

/** How much of each other file is looked at. */
const HEAD_BYTES = 4 * 1024 * 1024;

/** The address before `/realms/NAME` in the `iss` of Keycloak's tokens, plain or in JSON inside of JSON. */
const issuerForm = /https?:\/\/[^\s"'\\/]{1,253}(?:\/[^\s"'\\/]{1,64}){0,4}?(?=\/realms\/[^\s"'\\/]{1,128}["'\\\s,])/g;

/** What a replay took for granted, for people. */
export interface BaseFound {
  readonly files: readonly SourceFile[];
  readonly notice?: string;
}

/**
 * Keycloak's own log does not tell the public address that is in the tokens. Whoever replays it beside the log of a proxy, and configures no
 * source, would get two tokens, two owners and two sessions for each of both. So the address is read from the claims that the proxies
 * logged, where they agree on one.
 */
export async function withIssuerBase(
  files: readonly SourceFile[],
  isConfigured: (file: SourceFile) => boolean,
): Promise<BaseFound> {
  const wanting = files.filter((file) => file.source.product === 'keycloak' && !isConfigured(file));
  if (wanting.length === 0 || wanting.length === files.length) return { files };
  const bases = new Set<string>();
  for (const { path, source } of files) {
    if (source.product !== 'keycloak') for (const base of await basesIn(path)) bases.add(base);
  }
  const [base] = bases;
  if (base === undefined || bases.size > 1) return { files };
  return {
    files: files.map((file) =>
      wanting.includes(file) ? { ...file, source: { ...file.source, options: { base } } } : file,
    ),
    notice: `keycloak: base ${base}, as the tokens in the other files say; configure the source to set another one.`,
  };
}

async function basesIn(path: string): Promise<readonly string[]> {
  let text = '';
  try {
    for await (const piece of readContent(path)) {
      text += piece.toString('latin1');
      if (text.length >= HEAD_BYTES) break;
    }
  } catch {
    // A file that cannot be read is told of by the replay itself.
    return [];
  }
  return [...new Set(text.slice(0, HEAD_BYTES).match(issuerForm) ?? [])].slice(0, 8);
}
