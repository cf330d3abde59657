import type { Result } from '../../core/result.js';
import { sourceKinds, type TokenEvent } from '../../event/token-event.js';
import { refuseOptions } from '../shared/no-options.js';
import { readSyslogHeader } from '../shared/syslog-header.js';
import { refuse } from '../shared/refuse.js';
import type { ParseContext, ParseError, Source, SourceFactory } from '../source.js';
import { candidatesOf } from './recognise.js';

const product = 'auto';

/**
 * Recognises each record by its marks and hands it to that source with its default options. Pure: what came before
 * decides nothing, so a stream may mix products, and a replay gives the same events.
 */
export function autoFactory(factories: readonly SourceFactory[]): SourceFactory {
  const names = factories.map((factory) => factory.product).join(', ');
  return {
    product,
    kinds: sourceKinds,
    variants: [],
    create(options): Source {
      refuseOptions(product, options);
      const sources = new Map(factories.map((factory) => [factory.product, factory.create({})]));
      const parse = (raw: string, context: ParseContext): Result<readonly TokenEvent[], ParseError> => {
        const candidates = candidatesOf(raw, factories);
        const [first] = candidates;
        const source = first === undefined ? undefined : sources.get(first.product);
        if (first === undefined || source === undefined) {
          return refuse(product, '', 'No source recognises the record.', `Name its source: ${names}.`);
        }
        if (candidates.length > 1) {
          const list = candidates.map((candidate) => `${candidate.product} (${candidate.reason})`).join(', ');
          return refuse(product, '', `The record could be of ${list}.`, 'Name the source instead of auto.');
        }
        // Not every source takes a syslog header off.
        const parsed = source.parse(readSyslogHeader(raw).text, context);
        if (parsed.ok) return parsed;
        const { field, message, mend, position } = parsed.error;
        const words = `Taken for ${first.product} (${first.reason}): ${message}`;
        return refuse(product, field, words, mend, position);
      };
      return { product, kind: 'proxy', framing: 'line', parse, explain: (raw) => candidatesOf(raw, factories) };
    },
  };
}
