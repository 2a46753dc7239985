/**
 * Public DFU stacks, judged by both kits: `npm run stacks -- <folder> [--stack tinyusb,sboot-f072] [--roms] [--cases 300] [--seed 1] [--write]`. The folder has the images, as they were built
 * outside of this repository, and `stacks.json`, a list of { name, repository, commit, built, chip, elf, accepted: [{ ids, why }] }: `ids` are requirements of `conform` that the stack breaks.
 * `--roms` judges the stand-in ROMs, too. What was seen is kept in `<folder>/results.json`; `--write` writes the tables of docs/conformance.md. Exit code 1: something fails that is not accepted.
 */
import { parseArgs } from 'node:util';
import { DFU_ROMS } from '../../src/usb.ts';
import { conform, failures, property, type ConformFound, type Judged, type PropertyFound } from '../planted/kits.ts';
import { acceptedIds, imageOf, stacksOf } from './list.ts';
import { countsOf, kept, thisRun, writePage, type Row } from './page.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    stack: { type: 'string' },
    roms: { type: 'boolean', default: false },
    cases: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
});
const [folder] = positionals;
const [cases, seed] = [Number(values.cases), Number(values.seed)];
function stop(text: string): never {
  console.error(text);
  process.exit(2);
}
if (folder === undefined) stop('usage: npm run stacks -- <folder> [--stack tinyusb] [--roms] [--cases 300] [--seed 1] [--write]');
if (!(Number.isInteger(cases) && cases > 0)) stop(`--cases: ${values.cases} is not a number of cases`);
if (!Number.isInteger(seed)) stop(`--seed: ${values.seed} is not a number`);

/** Both kits: the dialect that `conform` measures is what the property kit judges by. */
async function judge(judged: Judged, accept: readonly string[]): Promise<{ c: ConformFound; p: PropertyFound }> {
  const c = await conform(judged, accept);
  const p = await property(judged, { cases, seed, judge: { dialect: c.dialect, accept } });
  return { c, p };
}
const run = thisRun();
let clean = true;
function told(name: string, c: ConformFound, p: PropertyFound, accept: readonly string[]): Omit<Row, 'of'> {
  const counts = countsOf(c.results);
  const problems = [
    ...failures(c).map((r) => `${r.id}: ${r.observed}`),
    ...[c.none, c.fell, p.message, p.fell].filter((text) => text !== null),
    ...accept.filter((id) => c.results.some((r) => r.id === id && r.verdict === 'pass')).map((id) => `${id} is accepted, and it holds`),
  ];
  clean &&= problems.length === 0;
  console.log(
    `${name}: ${counts.join(' / ')}, ${c.cpu.toFixed(1)} s; ${p.cases} cases, ${p.cpu.toFixed(1)} s (open ${p.openCpu.toFixed(1)} s)`,
  );
  for (const text of problems) console.log(`  ${text}`);
  const holds = p.message === null && p.fell === null;
  return { counts, held: holds ? p.cases : Math.max(0, p.cases - 1), cases: p.planned, conformCpu: c.cpu, propertyCpu: p.cpu, run };
}

const rows: Row[] = [];
for (const stack of stacksOf(folder)) {
  const named = values.stack?.split(',').some((part) => stack.name.startsWith(part)) ?? true;
  if (!named) continue;
  const accept = acceptedIds(stack);
  const { c, p } = await judge({ chip: stack.chip, images: [imageOf(folder, stack)] }, accept);
  rows.push({ of: { stack }, ...told(stack.name, c, p, accept) });
  kept(folder, rows);
}
// what is only a quirk away from one of them is the image of it
for (const rom of values.roms ? DFU_ROMS.filter(({ quirks }) => quirks.length === 0) : []) {
  const { c, p } = await judge({ chip: rom.chip, images: [], scenario: { board: { boot0: 1 } } }, []);
  rows.push({ of: { rom: rom.name }, ...told(`ROM of ${rom.name}`, c, p, []) });
  kept(folder, rows);
}
const names = new Set(stacksOf(folder).map(({ name }) => name));
if (values.write) writePage(kept(folder, rows).filter(({ of }) => 'rom' in of || names.has(of.stack.name)));
process.exitCode = clean ? 0 : 1;
