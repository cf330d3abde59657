import { digValue, isObject, type JsonObject, readText, readValue } from '../shared/json-reader.js';

/** Records of the KMIP engine, whose clients show a certificate in place of a token, come in pairs too. */
export const isKmip = (type: string): boolean => type.startsWith('kmip-');

const itemsMax = 64;

function items(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly unknown[]).slice(0, itemsMax).filter(isObject) : [];
}

/** OASIS KMIP 1.4 §6.9: an item of the answer whose result status is not Success (0). */
export function kmipRefused(response: JsonObject): boolean {
  return items(digValue(response, 'data', 'kmip_response', 'value')).some((part) =>
    items(readValue(part, 'value')).some(
      (member) =>
        readText(member, 'tag') === 'ResultStatus' && !/^(?:0x)?0{1,8}$/.test(readText(member, 'value') ?? '0'),
    ),
  );
}
