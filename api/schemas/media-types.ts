interface Response {
  content?: Record<string, { schema?: unknown }>;
}

/**
 * The description with the media types that are sent: problems as `application/problem+json`, text as `text/plain`.
 * The generator knows schemas only, and calls every answer `application/json`.
 */
export function withMediaTypes<T extends object>(document: T): T {
  for (const item of valuesOf('paths' in document ? document.paths : undefined)) {
    for (const operation of valuesOf(item)) {
      const responses = typeof operation === 'object' && operation !== null && 'responses' in operation;
      for (const response of responses ? valuesOf(operation.responses) : []) rename(response as Response);
    }
  }
  return document;
}

const valuesOf = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value) : [];

function rename(response: Response): void {
  const { 'application/json': json, ...others } = response.content ?? {};
  const type = json === undefined ? undefined : typeOf(json.schema);
  if (json !== undefined && type !== undefined) response.content = { ...others, [type]: json };
}

function typeOf(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  if (JSON.stringify(schema).includes('#/components/schemas/Problem"')) return 'application/problem+json';
  return 'type' in schema && schema.type === 'string' ? 'text/plain' : undefined;
}
