import { digText, type JsonObject, readObject, readText } from '../shared/json-reader.js';
import { readMoment } from '../shared/moment.js';

/** An event as the Event API lists it or an action of version 2 posts it: two spellings of one thing. */
export interface ZitadelEvent {
  readonly type: string | undefined;
  readonly timeMs: number | undefined;
  readonly timeField: string;
  readonly aggregateType: string | undefined;
  readonly aggregateId: string | undefined;
  readonly resourceOwner: string | undefined;
  readonly sequence: string | undefined;
  readonly editorId: string | undefined;
  readonly editorName: string | undefined;
  readonly payload: JsonObject;
}

export const isPosted = (record: JsonObject): boolean =>
  readText(record, 'aggregateID') !== undefined && readText(record, 'event_type') !== undefined;

/** `type` is an object with a localised name in the Event API, and a plain text in older answers. */
export const isListed = (record: JsonObject): boolean =>
  readObject(record, 'aggregate') !== undefined && typeOf(record) !== undefined;

const typeOf = (object: JsonObject): string | undefined => digText(object, 'type', 'type') ?? readText(object, 'type');

export function readEvent(record: JsonObject): ZitadelEvent {
  if (isPosted(record)) {
    return {
      type: readText(record, 'event_type'),
      timeMs: readMoment(record, 'created_at'),
      timeField: '/created_at',
      aggregateType: readText(record, 'aggregateType'),
      aggregateId: readText(record, 'aggregateID'),
      resourceOwner: readText(record, 'resourceOwner'),
      sequence: readText(record, 'sequence'),
      editorId: readText(record, 'userID'),
      editorName: undefined,
      payload: readObject(record, 'event_payload') ?? {},
    };
  }
  const aggregate = readObject(record, 'aggregate') ?? {};
  const editor = readObject(record, 'editor') ?? {};
  return {
    type: typeOf(record),
    timeMs: readMoment(record, 'creationDate'),
    timeField: '/creationDate',
    aggregateType: typeOf(aggregate),
    aggregateId: readText(aggregate, 'id'),
    resourceOwner: readText(aggregate, 'resourceOwner'),
    sequence: readText(record, 'sequence'),
    editorId: readText(editor, 'userId'),
    editorName: readText(editor, 'displayName'),
    payload: readObject(record, 'payload') ?? {},
  };
}
