/** Pages that are made: a published schema with one row for each key, the words of a report, the stand-in ROMs. */
import { OPTION_TEXT, TOPICS, type Topic } from '../../src/bench/glossary.ts';
import { explained } from '../../src/cli/explain.ts';
import { ROM_OPTION_IDS, ROM_OPTION_VALUES } from '../../src/rom/options.ts';
import { DFU_DIALECTS } from '../../src/rom/profile.ts';
import { ROM_PROFILES } from '../../src/rom/profiles.ts';

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

/** Every word of a report, as `bootbench explain` has it. */
export function wordsPage(): string {
  const entries = explained();
  const parts = TOPICS.map((topic) => {
    const own = entries.filter((e) => e.topic === topic);
    return `## ${HEADINGS[topic]}\n\n${own.map(({ id, title, text }) => `### ${id}\n\n${prose(title)}\n\n${text.map(prose).join('\n\n')}\n`).join('\n')}`;
  });
  return `# Words\n\nEvery word of a report, as \`bootbench explain <word>\` has it. This page is made from the program.\n\n${parts.join('\n')}`;
}
const HEADINGS: Readonly<Record<Topic, string>> = {
  check: 'Checks',
  outcome: 'Outcomes',
  'ROM option': 'ROM options',
  'cause of reset': 'Causes of reset',
  fault: 'Fault bits',
  confidence: 'Confidence of a fact',
  symptom: 'Symptoms',
};
/** A line of the program as a paragraph: what Markdown would take for a sign is none. Lines of their own stay so. */
const prose = (text: string): string =>
  text
    .replaceAll('<', '&lt;')
    .replaceAll('*', '\\*')
    .replaceAll(/_(?=\w)/g, '\\_')
    .split('\n')
    .join('  \n');

/** The stand-in ROMs: what they are, what nobody outside of ST knows, and one row for each. */
export function romPage(): string {
  const rows = ROM_PROFILES.map((p) => {
    const dfu = p.dfu === null ? 'none' : DFU_DIALECTS[p.dfu.dialect];
    const device = dfu === 'none' ? dfu : `bcdDevice ${hex(dfu.bcdDevice, 4)}, blocks of ${dfu.transferSize} bytes`;
    return `| \`${p.id}\` | ${p.versions.value.join(', ')} | ${hex(p.base, 8)} | ${device} | ${cell(p.leftOut.join('; '))} |`;
  });
  const options = ROM_OPTION_IDS.map((id) => {
    const values = ROM_PROFILES.flatMap((p) => p.options[id] ?? []);
    const sure = [...new Set(values.map((v) => v.confidence))].join(', ');
    return `| \`${id}\` | ${OPTION_TEXT[id]} | ${ROM_OPTION_VALUES[id].join(', ')} | ${sure} |`;
  });
  return [
    '# The stand-in ROM\n',
    ROM_INTRODUCTION,
    '## What ST does not publish\n',
    "A value is an option of the stand-in: `--rom-option primask=clears`. `bootbench explain primask` has each ROM's default with its source.\n",
    `| option | | values, the usual default first | how sure the defaults are |\n| --- | --- | --- | --- |\n${options.join('\n')}\n`,
    '## The ROMs\n',
    `| ROM | versions | vector table | DFU device | what ST's ROM has and this one lacks |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`,
  ].join('\n');
}
const hex = (n: number, digits: number): string => `0x${n.toString(16).toUpperCase().padStart(digits, '0')}`;
const ROM_INTRODUCTION = `ST's ROM bootloader is ST's property and is not in bootbench. What runs in system memory is a program of bootbench's own, built from \`rom/\`: it does what ST's
documents (AN2606, AN3155, AN3156, AN2662, the reference manuals) and published logs say that the ROM does, on the emulated registers, instruction by instruction. Every report
says so. This page is made from the program.

What that can tell, and what it cannot:

- **It can tell** whether the state that your firmware hands over is one that ST's documents allow, and what follows from it on the chip: a masked interrupt, a missing clock, a
  stack in the wrong place, a table at the wrong address.
- **It cannot tell** what ST's program does where no document, log or measurement says it. Each such place is an option with a default, its source and a confidence word. A run that
  fails is repeated with the other values; a verdict that hangs on one says which ("if the real ROM has primask "keeps" (assumed)").
- **It cannot tell** about mistakes of a ROM version that nobody has described, and its start-up takes less time than ST's unless a crystal is waited for.

To leave the doubt behind, run the ROM of your own chip: \`bootbench run firmware.elf --rom dump.bin\`, system memory from its first byte on, read out of your own part by a debugger. Or
ask the board: \`bootbench board run\` ([boards.md](boards.md)). \`rom/README.md\` in the repository has the choices that are no options.
`;
