import { isObject, type JsonObject, asText, digValue, readList, readObject, readText } from '../shared/json-reader.js';

/** Values of OTLP's AnyValue that are one word. */
const anyValues = ['stringValue', 'intValue', 'doubleValue', 'boolValue'] as const;

function textOf(value: unknown): string | undefined {
  if (!isObject(value)) return asText(value);
  for (const kind of anyValues) {
    const text = readText(value, kind);
    if (text !== undefined) return text;
  }
  return undefined;
}

/**
 * Attributes of an event: OTLP JSON (`[{key, value: {stringValue}}]`), Ory Network (`[{key, value}]`) or a plain map.
 * Hydra writes OAuth2Subject twice, hashed and plain: the last one counts, as OpenTelemetry has it.
 */
export function readAttributes(event: JsonObject): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const put = (key: string, value: unknown): void => {
    const text = textOf(value);
    if (text !== undefined) found.set(key, text);
  };
  const map = readObject(event, 'attributes');
  for (const key of Object.keys(map ?? {}).slice(0, 64)) put(key, digValue(event, 'attributes', key));
  for (const entry of (readList(event, 'attributes') ?? []).slice(0, 64)) {
    const key = isObject(entry) ? readText(entry, 'key') : undefined;
    if (isObject(entry) && key !== undefined) put(key, entry['value']);
  }
  return found;
}
