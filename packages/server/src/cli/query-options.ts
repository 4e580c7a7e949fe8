import type { Endpoint } from '@headgate/contract';
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { ConfigError } from '../config.ts';
import { optionName } from './connection.ts';

interface Property {
  type?: string;
  enum?: string[];
  default?: unknown;
}

/** Changes the statistics of a list only, which no command prints. */
const NOT_OFFERED = 'meta_info';

/** Offers the query parameters of an endpoint as options. The server checks the values. */
export function addQueryOptions(command: Command, endpoint: Endpoint): void {
  const properties = Object.entries(queryProperties(endpoint));
  if (properties.length > 0) command.optionsGroup('Which and how:');
  for (const [name, property] of properties) {
    if (name === 'filters') {
      const about = 'field, operator (eq, neq, contains, lt, gt), values with commas; may be given several times';
      command.option('--filter <condition>', about, (text: string, before: string[] = []) => [...before, text]);
    } else if (name !== NOT_OFFERED) command.addOption(parameterOption(name, property));
  }
}

function parameterOption(name: string, { type, enum: choices, default: fallback }: Property): Option {
  const about = [
    ...(choices === undefined ? [] : [choices.join(', ')]),
    ...(fallback === undefined ? [] : [`default: ${String(fallback)}`]),
  ];
  return new Option(`${optionName(name)} <${choices === undefined ? (type ?? 'text') : 'choice'}>`, about.join('; '));
}

/** The parameters among parsed options, by their name on the wire. */
export function queryInput(endpoint: Endpoint, options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const name of Object.keys(queryProperties(endpoint))) {
    if (name !== 'filters') input[name] = options[new Option(optionName(name)).attributeName()];
    else if (Array.isArray(options.filter)) input.filters = options.filter.map((text) => readFilter(String(text)));
  }
  return input;
}

function queryProperties(endpoint: Endpoint): Record<string, Property> {
  const schema = z.toJSONSchema(endpoint.query, { io: 'output', unrepresentable: 'any' });
  return (schema.properties ?? {}) as Record<string, Property>;
}

/** `provider eq openai,anthropic` as the API has it; `null` stands for no value. */
export function readFilter(text: string): { key: string; operator: string; value: (string | null)[] } {
  const [, key = '', operator = '', values = ''] = /^\s*(\S+)\s+(\S+)\s+(\S.*?)\s*$/.exec(text) ?? [];
  if (key === '') throw new ConfigError(`--filter: expected "field operator value", got "${text}"`);
  return { key, operator, value: values.split(',').map((value) => (value === 'null' ? null : value)) };
}
