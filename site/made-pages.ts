/** Pages of the site that are made from the program: `made-pages.ts <folder>`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPTION_TEXT, TOPICS, type Topic } from '../src/bench/verdict/glossary.ts';
import { explained } from '../src/cli/explain.ts';
import { ROM_OPTION_IDS, ROM_OPTION_VALUES } from '../src/rom/options.ts';
import { DFU_DIALECTS } from '../src/rom/profile.ts';
import { ROM_PROFILES } from '../src/rom/profiles.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*');

/** Every word of a report, as `bootbench explain` has it. */
function wordsPage(): string {
  const entries = explained();
  const parts = TOPICS.map((topic) => {
    const own = entries.filter((e) => e.topic === topic);
    return `## ${HEADINGS[topic]}\n\n${own.map(({ id, title, text }) => `### ${id}\n\n${prose(title)}\n\n${text.map(prose).join('\n\n')}\n`).join('\n')}`;
  });
  return `# Words\n\nEvery word of a report, as \`bootbench explain <word>\` has it. This page is made from the program.\n\n${parts.join('\n')}`;
}
const HEADINGS: Readonly<Record<Topic, string>> = {
  check: 'Checks',
  cause: 'Causes that no check names',
  outcome: 'Outcomes',
  'ROM option': 'ROM options',
  'cause of reset': 'Causes of reset',
  fault: 'Fault bits',
  confidence: 'Confidence of a fact',
  symptom: 'Symptoms',
  'DFU state': 'States of DFU',
  'DFU error': 'bStatus of DFU',
  DFU: 'Requests and fields of DFU',
  'DFU dialect': 'Dialects of DFU devices',
  'requirement of conform': 'Requirements of conform',
  'line of a report': 'Lines of a report',
  'word of a report': 'Words of a report',
  'verdict of a check': 'Verdicts of a check',
  'step behind DFU': 'Steps of a host behind DFU',
  'result of a step': 'Results of a step',
  'key of expect': 'What a scenario expects',
  goal: 'Goals',
  'register of the core': 'Registers of the core',
};
/** A line of the program as a paragraph: what Markdown would take for a sign is none. Lines of their own stay so. */
const prose = (text: string): string =>
  text
    .replaceAll('<', '&lt;')
    .replaceAll('*', '\\*')
    .replaceAll(/_(?=\w)/g, '\\_')
    .split('\n')
    .join('  \n');

/** The stand-in ROMs: what nobody outside of ST knows, and one row for each. */
function romPage(): string {
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
    '# What ST does not publish\n',
    'Made from the program. What the stand-in is stands in [The stand-in ROM](rom.md).\n',
    '## Options\n',
    "A value is an option of the stand-in: `--rom-option primask=clears`. `bootbench explain primask` has each ROM's default with its source.\n",
    `| option | | values, the usual default first | how sure the defaults are |\n| --- | --- | --- | --- |\n${options.join('\n')}\n`,
    '## The ROMs\n',
    `| ROM | versions | vector table | DFU device | what ST's ROM has and this one lacks |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`,
  ].join('\n');
}
const hex = (n: number, digits: number): string => `0x${n.toString(16).toUpperCase().padStart(digits, '0')}`;

const folder = process.argv[2]!;
writeFileSync(join(folder, 'words.md'), wordsPage());
writeFileSync(join(folder, 'roms.md'), romPage());
