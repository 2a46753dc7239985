/**
 * What `conform` and the property kit find of the bugs that are planted in fixtures/planted: `npm run planted -- [--firmware strict-f072] [--bug ID,…] [--kit conform|property|both]
 * [--cases 300] [--all]`. The right images come first, and nothing may be wrong with them. Each bug is tried on one part of each protocol that it is for, by turns; `--all` takes both.
 */
import { parseArgs } from 'node:util';
import { BUGS, type PlantedBug } from './bugs.ts';
import { bugNumbers, FIRMWARE, PARTS, plantedImage, type FirmwareName } from './firmware.ts';
import { namesIt } from './judge.ts';
import { conform, failures, judgeOf, planted, property, type ConformFound, type PropertyFound } from './kits.ts';

const KITS = ['conform', 'property', 'both'];
const { values } = parseArgs({
  options: {
    firmware: { type: 'string' },
    bug: { type: 'string' },
    kit: { type: 'string', default: 'both' },
    cases: { type: 'string', default: '300' },
    all: { type: 'boolean', default: false },
  },
});
const cases = Number(values.cases);
const named = values.bug?.split(',').map((id) => id.toUpperCase().replaceAll('-', '_'));
const wrong = [
  !KITS.includes(values.kit) && `--kit: ${values.kit} is none of ${KITS.join(', ')}`,
  !(Number.isInteger(cases) && cases > 0) && `--cases: ${values.cases} is not a number of cases`,
  values.firmware !== undefined &&
    !FIRMWARE.some((f) => f === values.firmware) &&
    `--firmware: ${values.firmware} is none of ${FIRMWARE.join(', ')}`,
  ...(named ?? []).map((id) => id !== 'NONE' && !BUGS.some((b) => b.id === id) && `--bug: there is no ${id}`),
].find((text) => text !== false);
if (wrong !== undefined) {
  console.error(wrong);
  process.exit(2);
}

interface Tried {
  readonly conform: ConformFound | null;
  readonly property: PropertyFound | null;
}
async function propertyOf(firmware: FirmwareName, bug: string | null): Promise<PropertyFound> {
  return property(planted(firmware, plantedImage(firmware, bug)), { cases, judge: await judgeOf(firmware) });
}
async function tried(firmware: FirmwareName, bug: string | null): Promise<Tried> {
  return {
    conform: values.kit === 'property' ? null : await conform(planted(firmware, plantedImage(firmware, bug))),
    property: values.kit === 'conform' ? null : await propertyOf(firmware, bug),
  };
}
const shortened = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
const told = (text: string | null): string[] => (text === null ? [] : [text]);
const line = (text: string | null | undefined): string => shortened((text ?? '').split('\n')[0]!, 150);

let clean = true;
for (const firmware of FIRMWARE) {
  if ((values.firmware !== undefined && firmware !== values.firmware) || (named && !named.includes('NONE'))) continue;
  const { conform: c, property: p } = await tried(firmware, null);
  const failed = c ? [...failures(c).map((r) => `${r.id}: ${r.observed}`), ...told(c.none), ...told(c.fell)] : [];
  clean &&= failed.length === 0 && (p?.message ?? p?.fell ?? null) === null;
  console.log(`${firmware}, right`);
  if (c)
    console.log(
      `  conform ${c.cpu.toFixed(1)} s: ${failed.length === 0 ? `${c.results.length} requirements, nothing fails` : failed.join('; ')}`,
    );
  if (p)
    console.log(
      `  property ${p.cpu.toFixed(1)} s (open ${p.openCpu.toFixed(1)} s), ${p.cases} cases: ${p.message ?? p.fell ?? 'all hold'}`,
    );
}

/** On which images a bug is tried. */
function images(bug: PlantedBug): FirmwareName[] {
  const own = FIRMWARE.filter((f) => bug.firmware.some((p) => f.startsWith(p)) && (bug.parts ?? PARTS).some((p) => f.endsWith(p)));
  if (values.firmware !== undefined) return own.filter((f) => f === values.firmware);
  const turn = PARTS[bugNumbers().get(bug.id)! % PARTS.length]!;
  return values.all || bug.parts ? own : own.filter((f) => f.endsWith(turn));
}
const sum = { tried: 0, conform: 0, right: 0, property: 0, conformCpu: 0, propertyCpu: 0 };
const bugs = new Map<string, { conform: boolean; right: boolean; property: boolean }>();
for (const bug of BUGS) {
  if (named && !named.includes(bug.id)) continue;
  for (const firmware of images(bug)) {
    const { conform: c, property: p } = await tried(firmware, bug.id);
    const failed = c ? failures(c, (await judgeOf(firmware)).baseline.requirements) : [];
    const found = failed.length > 0 || (c?.none ?? null) !== null;
    const right = namesIt(bug, [...failed.map((r) => r.paragraph), c?.none ?? '']);
    const violated = (p?.message ?? null) !== null;
    sum.tried++;
    if (found) sum.conform++;
    if (right) sum.right++;
    if (violated) sum.property++;
    sum.conformCpu += c?.cpu ?? 0;
    sum.propertyCpu += p?.cpu ?? 0;
    const before = bugs.get(bug.id) ?? { conform: true, right: true, property: true };
    bugs.set(bug.id, { conform: before.conform && found, right: before.right && right, property: before.property && violated });
    console.log(`${bug.id} (${firmware}): ${bug.what}\n  breaks ${bug.paragraphs.join(', ')}`);
    if (c) {
      const said = [...failed.map((r) => `${r.id} [${r.paragraph}] ${line(r.observed)}`), ...told(c.none), ...told(c.fell)];
      console.log(`  conform ${c.cpu.toFixed(1)} s: ${found ? `found, ${right ? 'right' : 'WRONG'} paragraph` : 'MISSED'}`);
      for (const text of said.slice(0, 6)) console.log(`    ${text}`);
      if (said.length > 6) console.log(`    and ${said.length - 6} more`);
    }
    if (p) console.log(`  property ${p.cpu.toFixed(1)} s, ${p.cases} cases: ${violated ? line(p.message) : `MISSED ${p.fell ?? ''}`}`);
  }
}
const count = (key: 'conform' | 'right' | 'property'): number => [...bugs.values()].filter((b) => b[key]).length;
console.log(`${bugs.size} bugs in ${sum.tried} images`);
if (values.kit !== 'property')
  console.log(
    `conform: ${count('conform')} bugs found in every image, ${count('right')} with a right paragraph (${sum.conform} and ${sum.right} images), ${sum.conformCpu.toFixed(0)} s`,
  );
if (values.kit !== 'conform')
  console.log(`property: ${count('property')} bugs found in every image (${sum.property} images), ${sum.propertyCpu.toFixed(0)} s`);
process.exitCode = clean ? 0 : 1;
