import { AppError } from '../../ingest/core/errors.js';
import { sourceFactories } from '../../ingest/sources/registry.js';
import type { SourceBinding } from '../../ingest/pipeline/record-parser.js';
import type { Source } from '../../ingest/sources/source.js';
import { declaredRoutes } from '../config/declared-routes.js';
import type { SourceConfig } from '../config/schema.js';

/**
 * Finds a source by the name that people type, `nginx` or `nginx:json`.
 *
 * @throws AppError TQ_CONFIG_INVALID that lists what there is.
 */
export function sourceByName(name: string, options: Readonly<Record<string, unknown>>): Source {
  const [product = '', variant] = name.split(':', 2);
  const factory = sourceFactories.find((f) => f.product === product);
  if (factory === undefined) {
    throw new AppError('TQ_CONFIG_INVALID', `There is no source "${product}".`, {
      mend: `Use one of: ${sourceFactories.map((f) => f.product).join(', ')}.`,
    });
  }
  if (variant !== undefined && !factory.variants.includes(variant)) {
    throw new AppError('TQ_CONFIG_INVALID', `The source ${product} has no variant "${variant}".`, {
      mend: `Use one of: ${factory.variants.join(', ')}.`,
    });
  }
  return factory.create(variant === undefined ? options : { ...options, format: variant });
}

/** What of a source's configuration says how its records are read. */
export type SourceSettings = Pick<SourceConfig, 'name' | 'product' | 'options'> &
  Partial<Pick<SourceConfig, 'instance' | 'routes' | 'clock_offset'>>;

/** A configured source as its records are read. */
export function bindingOf(source: SourceSettings): SourceBinding {
  const { routes } = declaredRoutes(source.routes);
  return {
    source: sourceByName(source.product, source.options),
    instance: source.instance ?? source.name,
    ...(routes !== undefined && { routes }),
    ...(source.clock_offset !== undefined && { clockOffsetMs: source.clock_offset }),
  };
}
