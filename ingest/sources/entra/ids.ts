import { type JsonObject, readText } from '../shared/json-reader.js';

const nil = '00000000-0000-0000-0000-000000000000';

/** An object id; the nil GUID stands for accounts that Entra does not know or does not tell. */
export function readObjectId(object: JsonObject, name: string): string | undefined {
  const id = readText(object, name);
  return id === nil ? undefined : id;
}
