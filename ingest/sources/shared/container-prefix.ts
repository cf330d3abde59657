/** How deep container runtimes may wrap a line in each other's envelopes. */
const MAX_LAYERS = 4;

/** `2024-01-02T03:04:05.678Z stdout F ` of containerd and CRI-O: three words without a regular expression's backtracking. */
function afterCri(line: string): string | undefined {
  const first = line.indexOf(' ');
  if (first < 19 || first > 40 || line.charCodeAt(10) !== 0x54) return undefined;
  const rest = line.slice(first + 1, first + 10);
  if (rest.startsWith('stdout F ') || rest.startsWith('stderr F ')) return line.slice(first + 10);
  return undefined;
}

const statusKeys = ['status', 'response_code', 'status_code', 'request', 'method'];

/** Whether `"log"` or `"message"` stands in a line; looked for without its first quote, of which a JSON line is full. */
function namesText(line: string): boolean {
  for (let at = line.indexOf('log"'); at >= 0; at = line.indexOf('log"', at + 1))
    if (line.charCodeAt(at - 1) === 0x22) return true;
  return line.includes('"message"');
}

/** The `log` of docker's json-file driver, or `message`/`log` of a shipper's envelope around a text line. */
function insideEnvelope(line: string): string | undefined {
  if (line.charCodeAt(0) !== 0x7b || !namesText(line)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  // A record that has a status of its own is the access record, and its `message` only one of its fields.
  if (statusKeys.some((key) => Object.hasOwn(value, key))) return undefined;
  const inner: unknown = Object.hasOwn(value, 'log')
    ? (value as { log: unknown }).log
    : Object.hasOwn(value, 'message')
      ? (value as { message: unknown }).message
      : undefined;
  return typeof inner === 'string' ? inner : undefined;
}

/**
 * Takes the envelopes of container runtimes off a log line: CRI (`time stdout F `), docker's and shippers' JSON
 * (`{"log": …}`, `{"message": …}`). Their times are when the line was written, not when the request was made, so they
 * are dropped. A line without an envelope is returned as it is, without its line end.
 */
export function stripContainerPrefix(raw: string): string {
  let line = raw;
  for (let layer = 0; layer < MAX_LAYERS; layer++) {
    const inner = afterCri(line) ?? insideEnvelope(line);
    if (inner === undefined) break;
    line = inner;
  }
  let end = line.length;
  while (end > 0 && (line.charCodeAt(end - 1) === 0x0a || line.charCodeAt(end - 1) === 0x0d)) end--;
  return end === line.length ? line : line.slice(0, end);
}
