/** Writes docs/token-event.schema.json from the built schema: `npm run build && node docs/write-event-schema.mjs`. */
import { writeFile } from 'node:fs/promises';
import { tokenEventSchemaText } from '../dist/ingest/event/event-codec.js';

await writeFile(new URL('token-event.schema.json', import.meta.url), tokenEventSchemaText());
