/** The JSON Schema words that zod writes for our schemas; any other word is refused at compile time. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly id?: string;
  readonly description?: string;
  readonly type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean';
  readonly const?: string | number | boolean;
  readonly enum?: readonly (string | number)[];
  readonly format?: string;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
}

const supported = new Set([
  '$schema', '$ref', '$defs', 'id', '$id', 'description', 'type', 'const', 'enum', 'format', 'pattern', 'maxLength',
  'minimum', 'maximum', 'maxItems', 'items', 'oneOf', 'properties', 'required', 'additionalProperties',
]); // prettier-ignore

/** Null when the value follows the schema, else `<JSON pointer>: <fault>`, which never quotes the value. */
export type Check = (value: unknown) => string | null;

/**
 * Makes closures out of a schema once, so that checking an event costs a fraction of walking the zod schema for each.
 * A property test holds the two to the same verdicts.
 */
export function compileSchema(root: JsonSchema): Check {
  return compile(root, root);
}

function compile(schema: JsonSchema, root: JsonSchema): Check {
  const unknown = Object.keys(schema).find((word) => !supported.has(word));
  if (unknown !== undefined) throw new Error(`The schema compiler does not know the word '${unknown}'.`);
  if (schema.$ref !== undefined) return compile(resolve(schema.$ref, root), root);
  if (schema.oneOf !== undefined) return oneOf(schema.oneOf.map((branch) => compile(branch, root)));
  if (schema.const !== undefined) return constant(schema.const);
  if (schema.enum !== undefined) return oneValueOf(schema.enum);
  const { type } = schema;
  if (type === undefined) throw new Error('The schema compiler needs a type.');
  switch (type) {
    case 'object':
      return objectOf(schema, root);
    case 'array':
      return arrayOf(schema, root);
    case 'string':
      return text(schema);
    case 'number':
    case 'integer':
      return numeric(schema);
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? null : ': must be true or false');
  }
}

function resolve(ref: string, root: JsonSchema): JsonSchema {
  const found = root.$defs?.[ref.replace('#/$defs/', '')];
  if (found === undefined) throw new Error(`The schema has no definition '${ref}'.`);
  return found;
}

interface PropertyCheck {
  readonly check: Check;
  readonly mandatory: boolean;
}

function objectOf(schema: JsonSchema, root: JsonSchema): Check {
  const required = schema.required ?? [];
  const properties = new Map<string, PropertyCheck>();
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    properties.set(key, { check: compile(property, root), mandatory: required.includes(key) });
  }
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return ': must be an object';
    let mandatorySeen = 0;
    for (const key in value) {
      const property = properties.get(key);
      // The key comes from outside, so it is not quoted either.
      if (property === undefined) return ': has a field that the schema does not know';
      const item = (value as Record<string, unknown>)[key];
      if (item === undefined && !property.mandatory) continue;
      const fault = property.check(item);
      if (fault !== null) return `/${key}${fault}`;
      if (property.mandatory) mandatorySeen += 1;
    }
    if (mandatorySeen === required.length) return null;
    return `/${required.find((key) => !Object.hasOwn(value, key)) ?? ''}: is missing`;
  };
}

function arrayOf(schema: JsonSchema, root: JsonSchema): Check {
  const max = schema.maxItems ?? Number.MAX_SAFE_INTEGER;
  if (schema.items === undefined) throw new Error('The schema compiler needs the items of an array.');
  const check = compile(schema.items, root);
  return (value) => {
    if (!Array.isArray(value)) return ': must be an array';
    if (value.length > max) return `: has more than ${max} items`;
    for (let index = 0; index < value.length; index += 1) {
      const fault = check(value[index]);
      if (fault !== null) return `/${index}${fault}`;
    }
    return null;
  };
}

function text(schema: JsonSchema): Check {
  const max = schema.maxLength ?? Number.MAX_SAFE_INTEGER;
  if (schema.pattern === undefined) {
    return (value) => {
      if (typeof value !== 'string') return ': must be a text';
      return value.length > max ? `: is longer than ${max}` : null;
    };
  }
  const pattern = new RegExp(schema.pattern);
  const what = schema.format ?? schema.pattern;
  // Times and names repeat from event to event, and the last good one needs no second look.
  let lastGood: string | undefined;
  return (value) => {
    if (value === lastGood && lastGood !== undefined) return null;
    if (typeof value !== 'string') return ': must be a text';
    if (value.length > max) return `: is longer than ${max}`;
    if (!pattern.test(value)) return `: must follow ${what}`;
    lastGood = value;
    return null;
  };
}

function numeric(schema: JsonSchema): Check {
  const minimum = schema.minimum ?? Number.NEGATIVE_INFINITY;
  const maximum = schema.maximum ?? Number.POSITIVE_INFINITY;
  const whole = schema.type === 'integer';
  return (value) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) return ': must be a number';
    if (whole && !Number.isSafeInteger(value)) return ': must be a whole number';
    return value < minimum || value > maximum ? `: must be within ${minimum} and ${maximum}` : null;
  };
}

function constant(wanted: string | number | boolean): Check {
  return (value) => (value === wanted ? null : `: must be ${wanted}`);
}

function oneValueOf(values: readonly (string | number)[]): Check {
  const known = new Set<unknown>(values);
  return (value) => (known.has(value) ? null : ': is not one of the allowed values');
}

function oneOf(checks: readonly Check[]): Check {
  return (value) => (checks.some((check) => check(value) === null) ? null : ': follows none of the allowed forms');
}
