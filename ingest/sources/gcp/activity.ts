import type { Fingerprinter } from '../../event/fingerprint.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { isObject, type JsonObject, readList, readObject, readText, readValue } from '../shared/json-reader.js';
import { readActivity } from '../workspace/source.js';

/** Services under which Google Workspace shares its audit logs with Cloud Logging, and its own names of them. */
const applications: ReadonlyMap<string, string> = new Map([
  ['login.googleapis.com', 'login'],
  ['admin.googleapis.com', 'admin'],
  ['oauth2.googleapis.com', 'token'],
]);

const valueNames = [
  ['value', 'value'],
  ['boolValue', 'boolValue'],
  ['intValue', 'intValue'],
  ['multiStrValue', 'multiValue'],
  ['multiIntValue', 'multiIntValue'],
] as const;

/** A parameter of an `ActivityProto` as the Reports API has it. */
function parameterOf(parameter: unknown): JsonObject {
  if (!isObject(parameter)) return {};
  const entries: (readonly [string, unknown])[] = [['name', readText(parameter, 'name')]];
  for (const [name, ours] of valueNames) {
    const value = readValue(parameter, name);
    if (value !== undefined) entries.push([ours, value]);
  }
  return Object.fromEntries(entries);
}

/**
 * The events of a Workspace audit record in Cloud Logging, as the Reports API would have told them; undefined for every
 * other record. Its `metadata` is an `ActivityProto`.
 */
export function workspaceEvents(
  payload: JsonObject,
  method: string,
  timeMs: number,
  fp: Fingerprinter,
): readonly AuditRecord[] | undefined {
  const told = applications.get(readText(payload, 'serviceName') ?? '');
  const events = readList(readObject(payload, 'metadata') ?? {}, 'event');
  if (told === undefined || events === undefined) return undefined;
  const named = events.slice(0, 64).filter((event): event is JsonObject => isObject(event) && readText(event, 'eventName') !== undefined);
  if (named.length === 0) return undefined;
  const info = readObject(payload, 'authenticationInfo') ?? {};
  const activity = {
    id: { applicationName: /\.Saml[A-Za-z]{1,32}$/.test(method) ? 'saml' : told },
    actor: { email: readText(info, 'principalEmail') },
    ipAddress: readText(readObject(payload, 'requestMetadata') ?? {}, 'callerIp'),
    events: named.map((event) => ({
      type: readText(event, 'eventType'),
      name: readText(event, 'eventName'),
      parameters: (readList(event, 'parameter') ?? []).slice(0, 128).map(parameterOf),
    })),
  };
  return readActivity(activity, activity.events, timeMs, fp);
} // prettier-ignore
