import { saneTime } from '../shared/facts.js';
import { type JsonObject, readText } from '../shared/json-reader.js';
import { readMoment } from '../shared/moment.js';

/** Exports of the portal: `5/31/2025 10:11:12 AM +00:00`, always UTC where no offset stands. */
const portalForm =
  /^(\d{1,2})\/(\d{1,2})\/(\d{4}),? (\d{1,2}):(\d{2}):(\d{2})(?: (AM|PM))?(?: ([+-])(\d{2}):(\d{2}))?$/;

function portalTime(text: string): number | undefined {
  const parts = portalForm.exec(text);
  if (parts === null) return undefined;
  const [month, day] = [Number(parts[1]), Number(parts[2])];
  const hour = parts[7] === undefined ? Number(parts[4]) : (Number(parts[4]) % 12) + (parts[7] === 'PM' ? 12 : 0);
  const ms = Date.UTC(Number(parts[3]), month - 1, day, hour, Number(parts[5]), Number(parts[6]));
  const date = new Date(ms);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23) return undefined;
  const offset = (parts[8] === '-' ? -1 : 1) * (Number(parts[9] ?? 0) * 60 + Number(parts[10] ?? 0));
  return saneTime(ms - offset * 60_000);
}

/** The first of the names that holds a time. */
export function entraTime(objects: readonly JsonObject[], names: readonly string[]): number | undefined {
  for (const object of objects) {
    for (const name of names) {
      const ms = readMoment(object, name) ?? portalTime((readText(object, name) ?? '').slice(0, 64));
      if (ms !== undefined) return ms;
    }
  }
  return undefined;
}
