import type { AuditPlace } from '../shared/audit-event.js';
import { type JsonObject, readNumber, readObject, readText } from '../shared/json-reader.js';

export function placeOf(properties: JsonObject): AuditPlace {
  const place = readObject(properties, 'location') ?? {};
  const point = readObject(place, 'geoCoordinates') ?? {};
  return {
    country: readText(place, 'countryOrRegion'),
    city: readText(place, 'city'),
    latitude: readNumber(point, 'latitude'),
    longitude: readNumber(point, 'longitude'),
    asn: readNumber(properties, 'autonomousSystemNumber'),
  };
}
