/** The part of a page that a published schema makes: one row for each key, behind what a person wrote. */

interface Node {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly $ref?: string;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly definitions?: Readonly<Record<string, Node>>;
  readonly title?: string;
}

const HEADING = '\n## Every key\n';

/** The page with its reference made anew. */
export function reference(page: string, schema: string): string {
  const root = JSON.parse(schema) as Node;
  const rows = rowsOf(root, '', root.definitions ?? {}, new Set());
  const byHand = page.slice(0, page.indexOf(HEADING));
  return `${byHand}${HEADING}\n\`${root.title}\`. ${root.description ?? ''} This table is made from the published schema.\n\n| key | form | |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

/** Signs of Markdown have their own meaning outside of code spans only. */
const cell = (text: string): string =>
  text
    .replaceAll('|', '\\|')
    .split(/(`[^`]*`)/)
    .map((part, i) => (i % 2 === 1 ? part : part.replaceAll('<', '&lt;').replaceAll('*', '\\*')))
    .join('');
/** A number, or its bounds: one row. */
const isBounded = ({ properties }: Node): boolean => properties !== undefined && Object.keys(properties).join() === 'min,max';

function rowsOf(node: Node, path: string, definitions: Readonly<Record<string, Node>>, inside: ReadonlySet<string>): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, value]) => {
    const name = path === '' ? key : `${path}.${key}`;
    const row = `| \`${name}\` | ${cell(formOf(value))} | ${cell(value.description ?? '')} |`;
    return [row, ...(isBounded(value) ? [] : below(value, name, definitions, inside))];
  });
}

/** The rows of what a key holds: an object, a list of them, or one of several forms. */
function below(node: Node, name: string, definitions: Readonly<Record<string, Node>>, inside: ReadonlySet<string>): string[] {
  const ref = node.$ref?.split('/').at(-1);
  const target = ref === undefined ? undefined : definitions[ref];
  if (ref !== undefined && target !== undefined) return inside.has(ref) ? [] : below(target, name, definitions, new Set([...inside, ref]));
  const own = rowsOf(node, name, definitions, inside);
  const items = node.items === undefined ? [] : below(node.items, `${name}[]`, definitions, inside);
  const others = typeof node.additionalProperties === 'object' ? below(node.additionalProperties, `${name}.*`, definitions, inside) : [];
  const forms = [...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap((form) => below(form, name, definitions, inside));
  return [...new Set([...own, ...items, ...others, ...forms])];
}

function formOf(node: Node): string {
  if (isBounded(node)) return 'integer, or `{ "min": 1, "max": 3 }`';
  if (node.enum !== undefined) return node.enum.map((value) => JSON.stringify(value)).join(', ');
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.$ref !== undefined) return node.$ref.split('/').at(-1)!;
  const forms = [...(node.anyOf ?? []), ...(node.oneOf ?? [])].map(formOf);
  if (forms.length > 0) return [...new Set(forms)].join(' or ');
  return [node.type ?? 'anything'].flat().join(' or ');
}
