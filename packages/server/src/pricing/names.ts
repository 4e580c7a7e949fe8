/** The many spellings of one model. Says what may be taken off a name, never that two names mean about the same. */

export interface NameForm {
  readonly name: string;
  /** Nothing was taken off but what marks a snapshot of the same model: a date, a revision, `latest`. */
  readonly snapshot: boolean;
}

/** What may follow a name without making it another model: dates, revisions, and routing variants. */
const SNAPSHOT =
  /(?:-latest|@(?:latest|default)|[-@]\d{8}|-\d{4}-\d{2}-\d{2}|:\d+k?|-v1|(?<=-\d{8})-v\d+|:(?:beta|exacto|floor|nitro|online|thinking))$/;

/** What may follow only where the price list says that a name is the start of names: stages and short dates. */
const STAGE = /-(?:preview|exp|experimental|beta|\d{3,4}|\d{2}-\d{2}|\d{2}-\d{4})$/;

const WRAPPERS = [
  /^arn:[^/]*\//, // arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-…
  /^(?:.*\/)?publishers\/[^/]+\/models\//, // projects/p/locations/l/publishers/google/models/gemini-…
  /^models\//,
];

/** A name as long as this is no model; it also bounds the work for hostile ones. */
export const MAX_NAME_LENGTH = 256;

/**
 * Names to look a model up by, closest first, in lower case. `prefixes` are the provider's own, e.g. Bedrock's regions;
 * one of them is taken off.
 */
export function nameForms(model: string, prefixes: readonly string[]): NameForm[] {
  const spelled = model.trim().toLowerCase();
  const plain = ownName(WRAPPERS.reduce((name, wrapper) => name.replace(wrapper, ''), spelled));
  const prefix = prefixes.find((text) => plain.startsWith(text)) ?? '';
  const roots = new Set([spelled, plain, plain.slice(prefix.length)]);
  return [...roots].filter((root) => root !== '').flatMap(shortened);
}

/** A fine-tuned model is priced by what it was made from: `ft:gpt-4o-2024-08-06:org::id`. */
function ownName(name: string): string {
  return name.replace(/^(ft:[^:]+):.*$/, '$1');
}

function shortened(root: string): NameForm[] {
  const forms: NameForm[] = [{ name: root, snapshot: true }];
  for (let name = root, snapshot = true; ; ) {
    const suffix = SNAPSHOT.exec(name) ?? STAGE.exec(name);
    if (suffix === null || suffix.index === 0) return forms;
    snapshot &&= SNAPSHOT.test(name);
    name = name.slice(0, suffix.index);
    forms.push({ name, snapshot });
  }
}
