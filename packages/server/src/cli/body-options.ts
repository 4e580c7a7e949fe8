import type { Endpoint } from '@headgate/contract';
import type { Command } from 'commander';
import { z } from 'zod';
import { ConfigError } from '../config.ts';

type Fields = Record<string, unknown>;

export function addBodyOptions(command: Command): void {
  command
    .optionsGroup('Settings:')
    .option('--file <path>', 'JSON object with the settings; - reads standard input')
    .option(
      '--set <key=value>',
      'one setting, as JSON or text; dots reach into objects, @path reads a file; may be given several times',
      (text: string, before: string[] = []) => [...before, text],
    );
}

/**
 * The body that `--file` and `--set` make; a single setting wins over the file.
 * @throws ConfigError naming the option or the field.
 */
export async function bodyInput(endpoint: Endpoint, options: { file?: string; set?: string[] }): Promise<Fields> {
  const body: Fields = options.file === undefined ? {} : await readObject(options.file);
  const schema = bodySchema(endpoint);
  for (const text of options.set ?? []) {
    const at = text.indexOf('=');
    if (at < 1) throw new ConfigError(`--set: expected key=value, got "${text}"`);
    const path = text.slice(0, at).split('.');
    assign(body, path, await readValue(text.slice(at + 1), fieldSchema(schema, path)));
  }
  return body;
}

/** The fields that a body must have. */
export function requiredFields(endpoint: Endpoint): string[] {
  return bodySchema(endpoint).required ?? [];
}

interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  anyOf?: Schema[];
  required?: string[];
}

function bodySchema(endpoint: Endpoint): Schema {
  if (endpoint.body === null) return {};
  return z.toJSONSchema(endpoint.body, { io: 'input', unrepresentable: 'any' }) as Schema;
}

function fieldSchema(schema: Schema, path: readonly string[]): Schema {
  return path.reduce<Schema>((outer, name) => {
    const branches = [outer, ...(outer.anyOf ?? [])];
    return branches.find((branch) => branch.properties?.[name])?.properties?.[name] ?? {};
  }, schema);
}

/** A field that is a text takes its value as it stands: a name may be `123`. */
async function readValue(given: string, schema: Schema): Promise<unknown> {
  const text = given.startsWith('@') ? (await readText(given.slice(1), '--set')).replace(/\r?\n$/, '') : given;
  const types = [schema, ...(schema.anyOf ?? [])].flatMap(({ type = [] }) => type);
  const isText = types.includes('string') && types.every((type) => type === 'string' || type === 'null');
  if (isText) return text === 'null' && types.includes('null') ? null : text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function assign(body: Fields, path: readonly string[], value: unknown): void {
  let target = body;
  for (const name of path.slice(0, -1)) {
    const inner = Object.hasOwn(target, name) ? target[name] : undefined;
    const next: Fields = typeof inner === 'object' && inner !== null ? (inner as Fields) : {};
    target[name] = next;
    target = next;
  }
  target[path.at(-1) ?? ''] = value;
}

async function readObject(path: string): Promise<Fields> {
  const text = await readText(path, '--file');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ConfigError(`--file: ${path} is not valid JSON`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new ConfigError(`--file: ${path} must hold a JSON object`);
}

async function readText(path: string, option: string): Promise<string> {
  try {
    return await (path === '-' ? Bun.stdin : Bun.file(path)).text();
  } catch (error) {
    throw new ConfigError(
      `${option}: ${path} cannot be read (${(error as { code?: string }).code ?? 'unknown error'})`,
    );
  }
}
