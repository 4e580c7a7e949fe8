import { isObject, type JsonObject } from './json.ts';

/** Deeper than this, optional properties are left out and lists stay empty: recursive schemas come to an end. */
const MAX_DEPTH = 8;
/** Values made for one schema; what comes after is null. Bounds a schema that refers to itself in many places. */
const MAX_VALUES = 1_000;

/**
 * A value that fits a JSON schema, the same for the same schema. Understands what tools and structured output use:
 * types, properties, items, enum, const, default, local `$ref`, `anyOf`, `oneOf`, `allOf` and the simple bounds; patterns
 * and formats are not looked at.
 */
export function sample(schema: unknown): unknown {
  return make(schema, { root: schema, depth: 0, budget: { left: MAX_VALUES } });
}

interface Place {
  root: unknown;
  depth: number;
  budget: { left: number };
}

function make(schema: unknown, place: Place): unknown {
  place.budget.left -= 1;
  if (place.budget.left < 0) return null;
  if (!isObject(schema)) return 'sandbox';
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return schema.enum[0];
  if (schema.default !== undefined) return schema.default;
  const deeper = { ...place, depth: place.depth + 1 };
  if (typeof schema.$ref === 'string') return make(resolve(schema.$ref, place.root), deeper);
  for (const choices of [schema.anyOf, schema.oneOf, schema.allOf]) {
    if (Array.isArray(choices) && choices.length > 0) return make(choices[0], deeper);
  }
  switch (typeName(schema)) {
    case 'object':
      return objectOf(schema, deeper);
    case 'array':
      return listOf(schema, deeper);
    case 'integer':
    case 'number':
      return numberOf(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return textOf(schema);
  }
}

function typeName(schema: JsonObject): unknown {
  if (Array.isArray(schema.type)) return schema.type[0];
  return schema.type ?? (isObject(schema.properties) ? 'object' : undefined);
}

function objectOf(schema: JsonObject, place: Place): JsonObject {
  const required = Array.isArray(schema.required) ? schema.required : [];
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : [];
  const kept = properties.filter(([name]) => place.depth <= MAX_DEPTH || required.includes(name));
  return Object.fromEntries(kept.map(([name, property]) => [name, make(property, place)]));
}

function listOf(schema: JsonObject, place: Place): unknown[] {
  const least = typeof schema.minItems === 'number' ? Math.min(schema.minItems, 100) : 1;
  return place.depth > MAX_DEPTH ? [] : Array.from({ length: least }, () => make(schema.items, place));
}

function numberOf(schema: JsonObject): number {
  if (typeof schema.minimum === 'number') return schema.minimum;
  if (typeof schema.exclusiveMinimum === 'number') return schema.exclusiveMinimum + 1;
  return typeof schema.maximum === 'number' ? Math.min(1, schema.maximum) : 1;
}

function textOf(schema: JsonObject): string {
  const least = typeof schema.minLength === 'number' ? Math.min(schema.minLength, 1_000) : 0;
  const text = 'sandbox'.padEnd(least, '-');
  return typeof schema.maxLength === 'number' ? text.slice(0, Math.max(0, schema.maxLength)) : text;
}

function resolve(reference: string, root: unknown): unknown {
  let found: unknown = root;
  for (const key of reference.split('/').slice(1)) {
    found = isObject(found) ? found[key.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  }
  return found;
}
