import { asText, isObject, type JsonObject, readList, readTexts, readValue } from '../shared/json-reader.js';

const valueNames = ['value', 'intValue', 'boolValue'] as const;
const listNames = ['multiValue', 'multiIntValue'] as const;

/** Parameters of an event, a list of `{name, value | multiValue | intValue | boolValue}` or a map, by name. */
export function parametersOf(event: JsonObject): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const list = readList(event, 'parameters');
  if (list === undefined) {
    const map = readValue(event, 'parameters');
    if (isObject(map)) for (const name of Object.keys(map).slice(0, 128)) found.set(name, readTexts(map, name) ?? []);
    return found;
  }
  for (const parameter of list.slice(0, 128)) {
    if (!isObject(parameter)) continue;
    const name = readValue(parameter, 'name');
    if (typeof name !== 'string') continue;
    for (const kind of valueNames) {
      const text = asText(readValue(parameter, kind));
      if (text !== undefined) found.set(name, [text]);
    }
    for (const kind of listNames) {
      const texts = readTexts(parameter, kind);
      if (texts !== undefined) found.set(name, texts.slice(0, 64));
    }
  }
  return found;
}
