import {
  asText,
  isObject,
  type JsonObject,
  readList,
  readObject,
  readTexts,
  readValue,
} from '../shared/json-reader.js';

export type Parameters = ReadonlyMap<string, readonly string[]>;

const valueNames = ['value', 'intValue', 'boolValue'] as const;
const listNames = ['multiValue', 'multiIntValue'] as const;
const parametersMax = 128;
const textsMax = 64;

/**
 * Parameters of an event, a list of `{name, value | intValue | boolValue | multiValue | multiIntValue | messageValue |
 * multiMessageValue}` or a map, by name. Those of a message stand under `name.name`, of several messages together.
 */
export function parametersOf(event: JsonObject): Parameters {
  const found = new Map<string, readonly string[]>();
  const list = readList(event, 'parameters');
  if (list === undefined) {
    const map = readValue(event, 'parameters');
    if (isObject(map))
      for (const name of Object.keys(map).slice(0, parametersMax)) found.set(name, readTexts(map, name) ?? []);
    return found;
  }
  for (const parameter of list.slice(0, parametersMax)) {
    const name = nameOf(parameter);
    if (name === undefined || !isObject(parameter)) continue;
    const texts = textsOf(parameter);
    if (texts !== undefined) found.set(name, texts);
    const one = readObject(parameter, 'messageValue');
    const messages = one === undefined ? (readList(parameter, 'multiMessageValue') ?? []) : [one];
    for (const message of messages.slice(0, textsMax)) addMessage(found, name, message);
  }
  return found;
}

function nameOf(parameter: unknown): string | undefined {
  const name = isObject(parameter) ? readValue(parameter, 'name') : undefined;
  return typeof name === 'string' ? name : undefined;
}

function textsOf(parameter: JsonObject): readonly string[] | undefined {
  for (const kind of listNames) {
    const texts = readTexts(parameter, kind);
    if (texts !== undefined) return texts.slice(0, textsMax);
  }
  for (const kind of valueNames) {
    const text = asText(readValue(parameter, kind));
    if (text !== undefined) return [text];
  }
  return undefined;
}

function addMessage(found: Map<string, readonly string[]>, name: string, message: unknown): void {
  if (!isObject(message)) return;
  for (const parameter of (readList(message, 'parameter') ?? []).slice(0, parametersMax)) {
    const inner = nameOf(parameter);
    const texts = isObject(parameter) ? textsOf(parameter) : undefined;
    if (inner === undefined || texts === undefined) continue;
    const path = `${name}.${inner}`;
    const before = found.get(path) ?? [];
    if (before.length < textsMax) found.set(path, [...before, ...texts].slice(0, textsMax));
  }
}
