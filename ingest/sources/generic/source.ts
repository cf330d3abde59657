import { z } from 'zod';
import { AppError } from '../../core/errors.js';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { isTimeMs } from '../../event/time.js';
import { sourceKinds, type TokenEvent } from '../../event/token-event.js';
import type { ParseContext, ParseError, Source, SourceFactory } from '../source.js';
import { accessSettings, buildAccessEvent, type AccessSettings } from '../shared/access-event.js';
import { callerOption, namespaceOption, placeOptions } from '../shared/access-source.js';
import { readOptions } from '../shared/audit-source.js';
import { collectRecords, placeOfRecord } from '../shared/collect-each.js';
import { parseJson } from '../shared/json-reader.js';
import { splitDocument } from '../shared/json-split.js';
import { refuse } from '../shared/refuse.js';
import type { CompiledMapping, RecordView } from './compile.js';
import { followPointer } from './pointer.js';
import { faultLines } from '../../core/read-yaml.js';
import { readMapping } from './read-mapping.js';
import { recordOf } from './record.js';

const product = 'generic';

const optionsSchema = z.strictObject({
  ...placeOptions,
  direction: placeOptions.direction.optional(),
  namespace: namespaceOption,
  caller: callerOption,
  mapping: z
    .union([z.string().min(1), z.record(z.string(), z.unknown())], 'Name a mapping file, or write the mapping here.')
    .describe('The mapping: YAML text or the object itself.'),
});

type Parsed = Result<readonly TokenEvent[], ParseError>;

/** The record that the lines of a text, or the JSON lists of a document, hold. */
function viewsOf(raw: string, compiled: CompiledMapping): Result<readonly RecordView[], ParseError> {
  const { mapping, lists, patterns } = compiled;
  if (mapping.format === 'text') {
    const line = raw.replace(/[\r\n]+$/, '');
    if (line.trim() === '') return ok([]);
    for (const pattern of patterns) {
      const groups = pattern.match(line);
      if (groups !== undefined) {
        const record = Object.fromEntries(groups);
        return ok([{ record, outer: record, texts: new Map() }]);
      }
    }
    if (mapping.unmatched === 'skip') return ok([]);
    const longest = Math.max(...patterns.map((pattern) => pattern.inputMax));
    if (line.length > longest) {
      const message = `The line is longer than the ${longest} characters that its patterns may read.`;
      return refuse(product, '', message, 'Shorten the line, or write a smaller pattern.', longest);
    }
    return refuse(product, '', 'No pattern matches the whole line.', 'Mend `patterns`, or set `unmatched: skip`.');
  }
  if (raw.trim() === '') return ok([]);
  const parsed = parseJson(raw, product);
  if (!parsed.ok) return parsed;
  const texts = new Map<string, unknown>();
  const outer = parsed.value;
  if (Array.isArray(outer))
    return ok((outer as readonly unknown[]).map((record) => ({ record, outer: record, texts })));
  for (const tokens of lists) {
    const list = followPointer(outer, tokens, texts);
    if (Array.isArray(list)) return ok((list as readonly unknown[]).map((record) => ({ record, outer, texts })));
  }
  return ok([{ record: outer, outer, texts }]);
}

function parseWith(compiled: CompiledMapping, settings: AccessSettings, raw: string, context: ParseContext): Parsed {
  const views = viewsOf(raw, compiled);
  if (!views.ok) return views;
  return collectRecords(product, views.value, (view, ordinal): Parsed => {
    if (typeof view.record !== 'object' || view.record === null) {
      return refuse(product, '', 'The record is no JSON object.', 'Check `records` of the mapping.');
    }
    if (!compiled.isWanted(view)) return ok([]);
    const record = recordOf(compiled, view);
    if (!isTimeMs(record.timeMs)) {
      return refuse(
        product,
        'time',
        'The record has no time that names a moment.',
        'Mend `fields.time` of the mapping.',
      );
    }
    return ok([buildAccessEvent(record, placeOfRecord(context, ordinal), settings)]);
  });
}

/** `generic`: any product whose records a declarative mapping describes (docs/mapping.md). */
export const genericFactory: SourceFactory = {
  product,
  kinds: sourceKinds,
  variants: [],
  /** @throws AppError TQ_CONFIG_INVALID with every fault of the mapping, its place and its mend. */
  create(given): Source {
    const { mapping: text, ...place } = readOptions(product, optionsSchema, given);
    const read = readMapping(text);
    if (!read.ok) {
      throw new AppError(
        'TQ_CONFIG_INVALID',
        `The mapping has ${read.error.length} fault(s):\n${faultLines(read.error)}`,
        { mend: 'docs/mapping.md tells every key.' },
      );
    }
    const compiled = read.value;
    const { mapping, lists, usesOuter } = compiled;
    const settings = accessSettings(mapping.product, mapping.kind, {
      ...place,
      direction: place.direction ?? (mapping.kind === 'proxy' ? 'edge' : undefined),
    });
    const parse = (raw: string, context: ParseContext): Parsed => parseWith(compiled, settings, raw, context);
    if (mapping.format === 'text') return { product, kind: mapping.kind, framing: 'line', parse };
    // What stands around a list is gone once the document is taken apart.
    const names = usesOuter ? [] : lists.filter((tokens) => tokens.length === 1).map(([name = '']) => name);
    const split = (document: string): Result<readonly string[], ParseError> => ok(splitDocument(document, names));
    return { product, kind: mapping.kind, framing: 'document', parse, split };
  },
};
