/** docs/chips.md: which lines are modelled, and for which goals of a run. */
import { plannedGoal } from '../../src/bench/input/goal.ts';
import { findChip, LINES, partsOf } from '../../src/chips/index.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { resolveRomOptions } from '../../src/rom/options.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';

const FAMILY = /^STM32([A-Z][A-Z0-9])/;
/** Evidence that somebody has read or seen; the other options rest on inference or on nothing. */
const SEEN: readonly string[] = ['documented', 'measured', 'reported'];

interface Row {
  readonly lines: string[];
  readonly cells: readonly string[];
}

export function supportPage(): string {
  const families = new Map<string, Map<string, Row>>();
  for (const { name } of LINES) {
    const family = FAMILY.exec(name)![1]!;
    const rows = families.get(family) ?? new Map<string, Row>();
    families.set(family, rows);
    const roms = [...byRom(partsOf(name)).values()];
    for (const chips of roms) {
      const cells = cellsOf(chips);
      const key = cells.join('|');
      const row = rows.get(key) ?? { lines: [], cells };
      rows.set(key, row);
      row.lines.push(`${name.slice('STM32'.length)}${roms.length === 1 ? '' : ` (${sizes(chips)})`}`);
    }
  }
  const sections = [...families].sort(([a], [b]) => (a < b ? -1 : 1)).map(([family, rows]) => section(family, [...rows.values()]));
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

/** The parts of a line by their ROM: flash sizes of one line may have different ones. */
function byRom(parts: readonly string[]): Map<string, ChipDescription[]> {
  const found = new Map<string, ChipDescription[]>();
  for (const chip of parts.map((part) => findChip(part)!)) found.set(chip.rom!.id, [...(found.get(chip.rom!.id) ?? []), chip]);
  return found;
}
const flashOf = ({ memories }: ChipDescription): number =>
  memories.filter((m) => m.kind === 'flash' && m.zone === 'user' && m.name.startsWith('flash')).reduce((n, m) => n + m.size, 0) / 1024;
const sizes = (chips: readonly ChipDescription[]): string => `${[...new Set(chips.map(flashOf))].sort((a, b) => a - b).join(', ')} KB`;

const section = (family: string, rows: readonly Row[]): string =>
  `## STM32${family}\n\n| lines | cores | ROM versions | goals | options with evidence |\n| --- | --- | --- | --- | --- |\n${rows
    .map(({ lines, cells }) => `| ${[lines.sort().join(', '), ...cells].join(' | ')} |\n`)
    .join('')}`;

function cellsOf(chips: readonly ChipDescription[]): string[] {
  const chip = chips[0]!;
  const profile = romProfileOf(chip)!;
  const options = chips.map((c) => resolveRomOptions(romProfileOf(c)!.options));
  const seen = options.map((list) => list.filter(({ confidence }) => SEEN.includes(confidence)).length);
  const [least, most] = [Math.min(...seen), Math.max(...seen)];
  return [
    chip.cores.map(({ type }) => CORES[type] ?? type).join(' + '),
    profile.versions.value.join(', '),
    inOrder(chips.flatMap(goalsOf)).join(', '),
    `${least === most ? least : `${least} to ${most}`} of ${options[0]!.length}`,
  ];
}
const CORES: Readonly<Record<string, string>> = {
  'cortex-m0': 'M0',
  'cortex-m0plus': 'M0+',
  'cortex-m3': 'M3',
  'cortex-m4f': 'M4',
  'cortex-m33f': 'M33',
  'cortex-m7f': 'M7',
  'cortex-m7f-sp': 'M7, single precision',
};

const KINDS = ['usb', 'usart', 'i2c', 'spi', 'can', 'fdcan'];
const kindOf = (goal: string): number => KINDS.indexOf(goal.replace(/\d+$/, ''));
const inOrder = (goals: readonly string[]): string[] => {
  const [first, ...others] = new Set(goals);
  return [first!, ...others.sort((a, b) => kindOf(a) - kindOf(b) || (a < b ? -1 : 1))];
};

/** The goals that a run on this chip may have, the default first. */
function goalsOf(chip: ChipDescription): string[] {
  const profile = romProfileOf(chip)!;
  const names = [...(profile.dfu === null ? [] : ['usb']), ...profile.interfaces.value.map(({ name }) => name.toLowerCase())];
  const answered = [...new Set(names)].filter((name) => isGoal(chip, name));
  const first: string = plannedGoal(chip, undefined, '').name;
  return [first, ...answered.filter((name) => name !== first)];
}
function isGoal(chip: ChipDescription, name: string): boolean {
  try {
    plannedGoal(chip, name, '');
    return true;
  } catch {
    return false;
  }
}

const INTRODUCTION = `# Which chips, and what is judged on them

This page is made from the program. \`bootbench chips <part>\` prints, for one part, every number with its source, the models, what they lack, and what the stand-in ROM lacks.
Other packages and flash sizes of these lines work too: give the part number.

- **goals**: what a run can be for (\`--goal\`). The first is the default; a small package may lack the pins of some. \`usb\` asks whether the host gets the DFU device and can read, erase, write and leave; the others ask whether the ROM answers on that interface. \`app\`, the application itself, is a goal on every chip.
- **options with evidence**: what the ROM of this chip does where ST leaves it open, and how much of that is documented, measured or reported. The rest is inferred or assumed: a verdict that depends on it says so.
- A peripheral that is not modelled is a set of registers with their reset values; a report names those that the firmware used.
- TrustZone is off on H5 and U5. On WB only the Cortex-M4 is modelled.
`;
