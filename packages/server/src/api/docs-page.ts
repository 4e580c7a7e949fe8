/** The API reference that `GET /docs` shows, made from the OpenAPI document. One page without scripts or other files. */

/** What the page reads of a JSON schema. */
interface Schema {
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  additionalProperties?: Schema | boolean;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  $ref?: string;
}

type Content = Record<string, { schema?: Schema }>;
interface Parameter {
  name: string;
  in: string;
  required: boolean;
  schema?: Schema;
  content?: Content;
}
interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  'x-permission': string;
  parameters: Parameter[];
  requestBody?: { content: Content };
  responses: { 200: { content: Content } };
}
interface Document {
  info: { title: string; version: string };
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
}

/** Headers of the page: nothing on it may load anything. */
export const DOCS_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

/** Renders a document as `openApiDocument` makes it. */
export function docsPage(openApi: Record<string, unknown>): string {
  const document = openApi as unknown as Document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const groups = document.tags.map(({ name }) => ({
    name,
    entries: operations.filter(({ operation }) => operation.tags.includes(name)),
  }));
  const { title, version } = document.info;
  const base = document.servers[0]?.url ?? '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<nav aria-label="Operations">
${groups.map(({ name, entries }) => `<h2>${html(name)}</h2>\n<ul>${entries.map(navItem).join('')}</ul>`).join('\n')}
</nav>
<main>
<h1>${html(title)} <small>${html(version)}</small></h1>
${introduction(base)}
${groups.map(({ name, entries }) => `<section>\n<h2>${html(name)}</h2>\n${entries.map((entry) => article(entry, base)).join('\n')}\n</section>`).join('\n')}
</main>
</body>
</html>
`;
}

function introduction(base: string): string {
  return `<p>All paths are below <code>${html(base)}</code>. Send an access token as
<code>Authorization: Bearer TOKEN</code>; each operation names the permission that the token needs.
Answers are wrapped in <code>{"success", "errors", "messages", "result"}</code>; lists add <code>result_info</code> with
<code>page</code>, <code>per_page</code>, <code>count</code>, <code>total_count</code> and <code>total_pages</code>. Errors have a
<code>code</code>, a <code>message</code> and, where a value is at fault, the <code>path</code> to it. A resource that is answered with
an <code>ETag</code> can be changed under <code>If-Match</code>. The machine-readable form of this page is
<a href="/openapi.json">/openapi.json</a>.</p>`;
}

interface Entry {
  path: string;
  method: string;
  operation: Operation;
}

function navItem({ operation }: Entry): string {
  return `<li><a href="#${html(operation.operationId)}">${html(operation.operationId)}</a></li>`;
}

function article({ path, method, operation }: Entry, base: string): string {
  const { operationId, summary, parameters, requestBody, responses } = operation;
  const permission = operation['x-permission'];
  const of = (place: string) => parameters.filter((parameter) => parameter.in === place);
  return `<article id="${html(operationId)}">
<h3><a href="#${html(operationId)}">${html(operationId)}</a></h3>
<p class="call"><b>${html(method)}</b> <code>${html(base)}${html(path).replaceAll('/', '<wbr>/')}</code></p>
<p>${html(summary).replaceAll(/`([^`]*)`/g, '<code>$1</code>')}. Permission: <code>${html(permission === 'any' ? 'any token' : permission)}</code></p>
${fold('Path', parameterTable(of('path')))}${fold('Query', parameterTable(of('query')))}${fold('Body', body(requestBody?.content, 'given'))}${fold('Answer', body(responses[200].content, 'answered'))}
</article>`;
}

function fold(title: string, content: string): string {
  return content === '' ? '' : `<details><summary>${title}</summary>${content}</details>\n`;
}

function parameterTable(parameters: Parameter[]): string {
  const fields = parameters.map(({ name, required, schema, content }) => ({
    name,
    required,
    schema: schema ?? schemaOf(content) ?? {},
  }));
  return fields.length === 0 ? '' : `<dl>${fields.map((one) => field(one, 'given')).join('')}</dl>`;
}

function schemaOf(content: Content | undefined): Schema | undefined {
  return content?.['application/json']?.schema;
}

/** Which fields a body must have is worth saying; an answer has all its fields. */
type Role = 'given' | 'answered';

function body(content: Content | undefined, role: Role): string {
  if (content === undefined) return '';
  const schema = schemaOf(content);
  if (schema === undefined) return '<p>The stored bytes, under their own content type.</p>';
  // The envelope is the same everywhere, and described at the top.
  const inner = schema.properties?.result ?? schema;
  return `<p class="type">${html(typeName(inner))}</p>${children(inner, role)}`;
}

interface Field {
  name: string;
  required: boolean;
  schema: Schema;
}

function field({ name, required, schema }: Field, role: Role): string {
  const notes = [typeName(schema), required && role === 'given' ? 'required' : '', ...limits(schema)].filter(
    (note) => note !== '',
  );
  return `<dt><code>${html(name)}</code> <span class="type">${html(notes.join(', '))}</span></dt><dd>${children(schema, role)}</dd>`;
}

/** What is inside a schema: fields of an object, of the items of a list, of each branch. */
function children(schema: Schema, role: Role): string {
  const fields = Object.entries(schema.properties ?? {}).map(([name, inner]) =>
    field({ name, schema: inner, required: schema.required?.includes(name) ?? false }, role),
  );
  const own = fields.length === 0 ? '' : `<dl>${fields.join('')}</dl>`;
  const values = typeof schema.additionalProperties === 'object' ? children(schema.additionalProperties, role) : '';
  const items = schema.items === undefined ? '' : children(schema.items, role);
  const inner = branches(schema)
    .map((branch) => children(branch, role))
    .filter((text) => text !== '');
  return own + values + items + inner.join(inner.length > 1 ? '<p class="type">or</p>' : '');
}

function branches({ anyOf = [], oneOf = [], allOf = [] }: Schema): Schema[] {
  return [...anyOf, ...oneOf, ...allOf];
}

function typeName(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.items !== undefined) return `list of ${typeName(schema.items)}`;
  const alternatives = [...new Set(branches(schema).flatMap((branch) => typeName(branch).split(' | ')))];
  if (alternatives.length > 0) return alternatives.join(' | ');
  if (schema.type === undefined) return schema.$ref?.split('/').at(-1) ?? 'any value';
  const name = [schema.type].flat().join(' | ');
  return schema.format === undefined ? name : `${name} (${schema.format})`;
}

/** JavaScript's largest safe integers stand for "no bound". */
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/** Bounds of a value, of the branches of one that may be null, and what it is when left out. */
function limits(schema: Schema): string[] {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, description } = schema;
  return [
    range(minimum, maximum, ''),
    range(minLength, maxLength, ' characters'),
    range(minItems, maxItems, ' items'),
    ...branches(schema).flatMap(limits),
    schema.default === undefined ? '' : `default ${JSON.stringify(schema.default)}`,
    description ?? '',
  ];
}

function range(min: number | undefined, max: number | undefined, unit: string): string {
  const least = min !== undefined && min > -UNBOUNDED ? min : null;
  const most = max !== undefined && max < UNBOUNDED ? max : null;
  if (least !== null && most !== null) return `${least} to ${most}${unit}`;
  if (least !== null) return `from ${least}${unit}`;
  return most === null ? '' : `up to ${most}${unit}`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function html(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#ddd, #444); --soft: light-dark(#666, #aaa); --link: light-dark(#0b57d0, #8ab4f8) }
* { box-sizing: border-box }
body { margin: 0; font: 15px/1.55 system-ui, sans-serif; background: light-dark(#fff, #18191b); color: light-dark(#1b1b1b, #e6e6e6) }
nav { padding: 1rem 1.25rem; border-bottom: 1px solid var(--line); font-size: 13px }
nav h2 { margin: .9rem 0 .2rem; font-size: 13px }
nav ul { margin: 0; padding: 0; list-style: none }
main { padding: 1rem 1.25rem 4rem; max-width: 60rem }
a { color: var(--link); text-decoration: none }
a:hover { text-decoration: underline }
small, .type { color: var(--soft); font-size: 13px; font-weight: normal }
article { padding: .5rem 0 1rem; border-top: 1px solid var(--line) }
h3 { margin: .5rem 0 0 }
p { margin: .35rem 0 }
.call { overflow-wrap: anywhere }
code { font: 13px ui-monospace, monospace }
summary { cursor: pointer; font-weight: 600 }
details { margin: .25rem 0 }
dl { margin: .25rem 0 .25rem .4rem; padding-left: .9rem; border-left: 2px solid var(--line) }
dd { margin: 0 }
@media (min-width: 60rem) {
  body { display: grid; grid-template-columns: 17rem 1fr }
  nav { position: sticky; top: 0; height: 100vh; overflow: auto; border: 0; border-right: 1px solid var(--line) }
}
@media print { nav { display: none } }
`;
