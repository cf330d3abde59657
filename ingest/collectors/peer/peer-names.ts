import type { PeerCertificate } from 'node:tls';

const NAME = /(URI|DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/y;

/**
 * The subject alternative names of a certificate, without their types. Node.js puts names that could be mistaken for
 * two into quotes (CVE-2021-44532), so the list is read as it is written, and one that cannot be read gives no name.
 */
export function peerNames(certificate: Pick<PeerCertificate, 'subjectaltname'> | undefined): readonly string[] {
  const text = certificate?.subjectaltname ?? '';
  const names: string[] = [];
  const pattern = new RegExp(NAME);
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text);
    if (found === null) return [];
    const name = found[2] ?? '';
    // A quoted name held something odd; nobody's name is meant to.
    if (!name.startsWith('"')) names.push(name);
  }
  return names;
}

/** Whether one of the names is allowed: word by word, or by the beginning that stands before a final `*`. */
export function isAllowedPeer(names: readonly string[], allowed: readonly string[]): boolean {
  return allowed.some((wanted) =>
    wanted.endsWith('*')
      ? names.some((name) => name.startsWith(wanted.slice(0, -1)))
      : names.some((name) => name === wanted),
  );
}
