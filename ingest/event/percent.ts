const percentRun = /(?:%[0-9A-Fa-f]{2})+/g;

/** Decodes what is percent-encoded (RFC 3986 §2.1) and leaves what is malformed as it stands. Never throws. */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(percentRun, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}
