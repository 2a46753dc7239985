/** A published schema as a page: one row for each key. */

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

export function reference(title: string, schema: string): string {
  const root = JSON.parse(schema) as Node;
  const rows = rowsOf(root, '', root.definitions ?? {}, new Set());
  return `# ${title}\n\n\`${root.title}\`. ${root.description ?? ''} This page is made from the published schema.\n\n| key | form | |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*');

function rowsOf(node: Node, path: string, definitions: Readonly<Record<string, Node>>, inside: ReadonlySet<string>): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, value]) => {
    const name = path === '' ? key : `${path}.${key}`;
    const row = `| \`${name}\` | ${cell(formOf(value))} | ${cell(value.description ?? '')} |`;
    return [row, ...below(value, name, definitions, inside)];
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
  if (node.enum !== undefined) return node.enum.map((value) => JSON.stringify(value)).join(', ');
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.$ref !== undefined) return node.$ref.split('/').at(-1)!;
  const forms = [...(node.anyOf ?? []), ...(node.oneOf ?? [])].map(formOf);
  if (forms.length > 0) return [...new Set(forms)].join(' or ');
  return [node.type ?? 'anything'].flat().join(' or ');
}
