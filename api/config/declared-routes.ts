import { readFileSync } from 'node:fs';
import { describeError } from '../../ingest/core/errors.js';
import { DeclaredRoutes } from '../../ingest/enrich/routes/declared-routes.js';
import { openApiPaths } from '../../ingest/enrich/routes/openapi-paths.js';
import type { SourceConfig } from './schema.js';

interface Fault {
  /** Below `routes` of the source. */
  readonly path: string;
  readonly message: string;
  readonly mend: string;
}

/** The path templates that a source declares, patterns before those of OpenAPI documents, and what is wrong with them. */
export function declaredRoutes(routes: SourceConfig['routes']): {
  readonly routes: DeclaredRoutes | undefined;
  readonly faults: readonly Fault[];
} {
  if (routes === undefined) return { routes: undefined, faults: [] };
  const faults: Fault[] = [];
  const fromFiles = routes.openapi.flatMap((file, i) => {
    const mend = 'Name an OpenAPI 3 or Swagger 2 document, YAML or JSON.';
    const refuse = (why: string): never[] => {
      faults.push({ path: `openapi.${i}`, message: `${file}: ${why}`, mend });
      return [];
    };
    try {
      const paths = openApiPaths(readFileSync(file, 'utf8'));
      return paths.ok ? paths.value : refuse(paths.error);
    } catch (error) {
      return refuse(describeError(error));
    }
  });
  const declared = new DeclaredRoutes([...routes.patterns, ...fromFiles]);
  for (const { template, message, mend } of declared.faults) {
    const index = routes.patterns.indexOf(template);
    faults.push({ path: index < 0 ? 'openapi' : `patterns.${index}`, message: `${template}: ${message}`, mend });
  }
  return { routes: declared, faults };
}
