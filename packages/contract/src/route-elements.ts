import { z } from 'zod';

/**
 * The graph of a dynamic route. Input in the names of older releases is understood and rewritten: `rate_limit`,
 * `condition`, `interval`, an `else` output, an `end` without outputs.
 */

const output = z.object({ elementId: z.string().min(1) });
const id = z.string().min(1).max(255);
const outcomes = z.object({ success: output.optional(), fallback: output.optional() });

export const routeElement = z.discriminatedUnion('type', [
  z.object({ id, type: z.literal('start'), outputs: z.object({ next: output }) }),
  z.object({
    id,
    type: z.literal('conditional'),
    properties: z.object({ conditions: z.unknown().optional() }),
    outputs: z.object({ true: output, false: output }),
  }),
  z.object({ id, type: z.literal('percentage'), outputs: z.record(z.string(), output) }),
  z.object({
    id,
    type: z.literal('rate'),
    /** `key` names the value that is counted apart, e.g. `metadata.user_id`; `window` is seconds, a cost limit dollars. */
    properties: z.object({
      key: z.string().min(1),
      limit: z.number().min(0),
      limitType: z.enum(['count', 'cost']),
      window: z.number().positive(),
    }),
    outputs: outcomes,
  }),
  z.object({
    id,
    type: z.literal('model'),
    /** `timeout` is milliseconds, 0 none. */
    properties: z.object({
      provider: z.string().min(1),
      model: z.string().min(1),
      timeout: z.number().min(0),
      retries: z.int().min(0),
    }),
    outputs: outcomes,
  }),
  z.object({ id, type: z.literal('end'), outputs: z.object({}) }),
]);
export type RouteElement = z.output<typeof routeElement>;

const MAX_ELEMENTS = 200;
const MAX_PERCENTAGES = 5;

/** A valid graph, in today's names. */
export const routeElementsInput = z
  .preprocess((raw) => (Array.isArray(raw) ? raw.map(modernise) : raw), z.array(routeElement).min(1).max(MAX_ELEMENTS))
  .superRefine((elements, context) => {
    for (const { path, message } of graphProblems(elements)) context.addIssue({ code: 'custom', path, message });
  });

interface Problem {
  path: (string | number)[];
  message: string;
}

function graphProblems(elements: RouteElement[]): Problem[] {
  const problems: Problem[] = [];
  const byId = new Map<string, RouteElement>();
  elements.forEach((element, index) => {
    if (byId.has(element.id)) problems.push({ path: [index, 'id'], message: 'Another element has this id' });
    byId.set(element.id, element);
  });
  const starts = elements.filter((element) => element.type === 'start').length;
  if (starts !== 1) problems.push({ path: [], message: `Expected exactly one start element, found ${starts}` });
  elements.forEach((element, index) => {
    for (const [name, target] of outputsOf(element)) {
      const found = byId.get(target);
      const path = [index, 'outputs', name, 'elementId'];
      if (found === undefined) problems.push({ path, message: 'There is no element with this id' });
      else if (found.type === 'start') problems.push({ path, message: 'Nothing may lead back to the start' });
    }
    if (element.type === 'percentage') problems.push(...percentageProblems(element.outputs, index));
    if (element.type === 'conditional') {
      const message = conditionProblem(element.properties.conditions);
      if (message !== null) problems.push({ path: [index, 'properties', 'conditions'], message });
    }
  });
  return problems.length > 0 ? problems : cycleProblems(elements, byId);
}

function outputsOf(element: RouteElement): [string, string][] {
  return Object.entries(element.outputs).flatMap(([name, target]) =>
    target === undefined ? [] : [[name, target.elementId] as [string, string]],
  );
}

function percentageProblems(outputs: Record<string, unknown>, index: number): Problem[] {
  const names = Object.keys(outputs);
  const path = [index, 'outputs'];
  if (names.length === 0 || names.length > MAX_PERCENTAGES) {
    return [{ path, message: `Expected 1 to ${MAX_PERCENTAGES} outputs` }];
  }
  const wrong = names.find((name) => !/^\d+(\.\d+)?%$/.test(name));
  if (wrong !== undefined) return [{ path: [...path, wrong], message: 'Expected a percentage like 10%' }];
  const sum = names.reduce((total, name) => total + Number.parseFloat(name), 0);
  return Math.abs(sum - 100) < 1e-6 ? [] : [{ path, message: `The percentages must add up to 100, not ${sum}` }];
}

/** A call must end: following outputs, whichever, never comes back. */
function cycleProblems(elements: RouteElement[], byId: Map<string, RouteElement>): Problem[] {
  const done = new Set<string>();
  const open = new Set<string>();
  const visit = (element: RouteElement | undefined): string | null => {
    if (element === undefined || done.has(element.id)) return null;
    if (open.has(element.id)) return element.id;
    open.add(element.id);
    for (const [, target] of outputsOf(element)) {
      const cycle = visit(byId.get(target));
      if (cycle !== null) return cycle;
    }
    open.delete(element.id);
    done.add(element.id);
    return null;
  };
  for (const element of elements) {
    const cycle = visit(element);
    if (cycle !== null) {
      const index = elements.findIndex((one) => one.id === cycle);
      return [{ path: [index, 'outputs'], message: 'The outputs lead back to this element' }];
    }
  }
  return [];
}

const LOGICAL = new Set(['$and', '$or']);
const COMPARING = new Set(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$exists', '$not']);
const LISTING = new Set(['$in', '$nin']);

/** What is wrong with a Mongo-style condition over fields like `metadata.plan`; null when nothing is. */
function conditionProblem(condition: unknown): string | null {
  if (condition === undefined || condition === null) return null;
  if (!isObject(condition)) return 'Expected an object';
  for (const [name, value] of Object.entries(condition)) {
    if (LOGICAL.has(name)) {
      if (!Array.isArray(value) || value.length === 0) return `${name} needs a list of conditions`;
      for (const one of value) {
        const problem = one === null ? 'Expected an object' : conditionProblem(one);
        if (problem !== null) return problem;
      }
    } else if (name === '$not') {
      const problem = conditionProblem(value);
      if (problem !== null) return problem;
    } else if (name.startsWith('$')) {
      return `${name} is not a known operator`;
    } else if (isObject(value)) {
      const problem = comparisonProblem(value);
      if (problem !== null) return problem;
    }
  }
  return null;
}

function comparisonProblem(comparison: Record<string, unknown>): string | null {
  for (const [operator, value] of Object.entries(comparison)) {
    if (LISTING.has(operator) && !Array.isArray(value)) return `${operator} needs a list`;
    if (!LISTING.has(operator) && !COMPARING.has(operator)) return `${operator} is not a known operator`;
    if (operator === '$not') {
      const problem = isObject(value) ? comparisonProblem(value) : '$not needs a comparison';
      if (problem !== null) return problem;
    }
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Rewrites the names of older releases. Anything else is left for the schema to judge. */
function modernise(raw: unknown): unknown {
  if (!isObject(raw)) return raw;
  const element = { ...raw };
  if (element.type === 'rate_limit') element.type = 'rate';
  if (element.type === 'end' && element.outputs === undefined) element.outputs = {};
  if (element.type === 'percentage' && isObject(element.outputs)) element.outputs = withoutElse(element.outputs);
  if (isObject(element.properties)) {
    const { condition, interval, ...properties } = element.properties;
    if (element.type === 'conditional' && condition !== undefined) properties.conditions ??= condition;
    if (element.type === 'rate' && interval !== undefined) properties.window ??= interval;
    element.properties = properties;
  }
  return element;
}

function withoutElse({ else: rest, ...outputs }: Record<string, unknown>): Record<string, unknown> {
  if (rest === undefined) return outputs;
  const sum = Object.keys(outputs).reduce((total, name) => total + (Number.parseFloat(name) || 0), 0);
  return sum < 100 ? { ...outputs, [`${Number((100 - sum).toFixed(6))}%`]: rest } : outputs;
}
