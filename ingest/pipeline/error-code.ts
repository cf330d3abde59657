/** The `code` of a Node.js error (ENOENT, ERR_BUFFER_TOO_LARGE …), or '' where there is none. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
