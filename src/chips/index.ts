/** The catalogue of chips, and how a name that a user types finds its row. */
import type { ChipDescription } from '../emu/chip.ts';
import { withExtras } from './extras.ts';
import { withPackageCode } from './h7-packages.ts';
import { withOthers } from './lazy.ts';
import { codesOf, OTHER_LINES, packageRow, partOf, resized, type PartSize } from './parts.ts';
import { C011, C031, C071, c0Chip, type C0Line } from './stm32c0.ts';
import { F301, F302, F303, F318, F328, F334, F358, F398, f3Chip, type F3Line } from './stm32f3.ts';
import { f4Chip, type F4Line } from './stm32f4.ts';
import { F105, F107, f105Chip } from './stm32f105.ts';
import { F103, f103Chip } from './stm32f1.ts';
import { F205, F207, F215, F217 } from './stm32f2.ts';
import { F405, F407, F415, F417 } from './stm32f405.ts';
import { F401, F401_C, F411, F412, F413, F423 } from './stm32f411.ts';
import { F427, F429, F437, F439, F446, F469, F479 } from './stm32f429.ts';
import { F722, F746, F756, F767, F769, F777, F779, f7Chip, type F7Line } from './stm32f7.ts';
import { L051, L052, L053, L062, L063, L071, L072, L073, L081, L082, L083, l0Chip, type L0Line } from './stm32l0.ts';
import { L100, L151, L152, L162, l1Chip, type L1Line } from './stm32l1.ts';
import { l4ClassChip, type L4ClassLine } from './l4-class.ts';
import { f042Chip } from './stm32f042.ts';
import { f030Chip, f031Chip, f051Chip, f070Chip, f091Chip } from './stm32f0x.ts';
import { STM32F072RB } from './stm32f072.ts';
import { G030, G031, G041, G050, G051, G061, G070, G071, G081, G0B0, G0B1, G0C1, g0Chip, type G0Line } from './stm32g0.ts';
import { G431, G441, G474, G491, G4A1 } from './stm32g4.ts';
import { STM32H533RE } from './stm32h533.ts';
import { h503Chip } from './stm32h503.ts';
import { H562, H563, H573, h563Chip, type H5Line } from './stm32h563.ts';
import { h723Chip } from './stm32h723.ts';
import { h743Chip } from './stm32h743.ts';
import { STM32H745XI, STM32H745ZI } from './stm32h745.ts';
import { STM32L476RG } from './stm32l476.ts';
import { L412, L422, L431, L432, L433, L442, L443, L451, L452, L462, L4R5, L4R7, L4R9, L4S5, L4S7, L4S9 } from './stm32l4x3.ts';
import { STM32L496ZG } from './stm32l496.ts';
import { U575, U585, u5Chip, type U5Line } from './stm32u5.ts';
import { withUartPins } from './uart-pins.ts';
import { WB35, WB55 } from './stm32wb.ts';

/** A line: `STM32F407`. */
export interface Line {
  readonly name: string;
  /** Pins and flash code of the part that the bare name stands for. */
  readonly bare: string;
  readonly make: (part: PartSize) => ChipDescription;
  /** Flash codes that are modelled; left out = all. */
  readonly flash?: string;
}

const like =
  (chip: ChipDescription): Line['make'] =>
  (part) =>
    part.name === chip.name ? chip : resized(chip, part);
/** Lines that differ in crypto (extras.ts), in package or in a block that no boot path touches. */
const twins = (names: readonly string[], line: Omit<Line, 'name'>): readonly Line[] => names.map((name) => ({ ...line, name }));
const f4 = (line: F4Line, bare: string): Line => ({ name: line.name, bare, make: (part) => f4Chip(line, part) });

const f7 = (line: F7Line, bare: string): Line => ({ name: line.name, bare, make: (part) => f7Chip(line, part) });

const g0 = (line: G0Line, bare: string): Line => ({ name: line.name, bare, make: (part) => g0Chip(line, part) });

const c0 = (line: C0Line, bare: string): Line => ({ name: line.name, bare, make: (part) => c0Chip(line, part) });

const l4 = (line: L4ClassLine, bare: string): Line => ({ name: line.name, bare, make: (part) => l4ClassChip(line, part) });

const l0 = (line: L0Line, bare: string): Line => ({ name: line.name, bare, make: (part) => l0Chip(line, part) });

const l1 = (line: L1Line, bare: string): Line => ({ name: line.name, bare, make: (part) => l1Chip(line, part) });

const f3 = (line: F3Line, bare: string): Line => ({ name: line.name, bare, make: (part) => f3Chip(line, part) });
const u5 = (line: U5Line, bare: string): Line => ({ name: line.name, bare, make: (part) => u5Chip(line, part) });

const h5 = (line: H5Line, bare: string): Line => ({ name: line.name, bare, make: (part) => h563Chip(line, part) });

/** All lines that are modelled. The first part of each is what `bootbench chips` lists. */
export const LINES: readonly Line[] = [
  { name: 'STM32H533', bare: 'RE', make: like(STM32H533RE) },
  { name: 'STM32H523', bare: 'RE', make: like(STM32H533RE) },
  { name: 'STM32H503', bare: 'RB', make: h503Chip },
  h5(H563, 'ZI'),
  h5(H562, 'ZI'),
  h5(H573, 'ZI'),
  u5(U575, 'ZI'),
  u5(U585, 'AI'),
  { name: 'STM32L476', bare: 'RG', make: like(STM32L476RG) },
  { name: 'STM32L496', bare: 'ZG', make: like(STM32L496ZG) },
  { name: 'STM32F072', bare: 'RB', make: like(STM32F072RB) },
  { name: 'STM32F042', bare: 'K6', make: f042Chip },
  { name: 'STM32F070', bare: 'RB', make: f070Chip },
  { name: 'STM32F030', bare: 'R8', make: f030Chip },
  { name: 'STM32F091', bare: 'RC', make: f091Chip },
  { name: 'STM32F031', bare: 'K6', make: f031Chip },
  { name: 'STM32F038', bare: 'K6', make: f031Chip },
  { name: 'STM32F051', bare: 'R8', make: f051Chip },
  { name: 'STM32F058', bare: 'R8', make: f051Chip },
  f3(F303, 'CC'),
  f3(F302, 'CC'),
  f3(F301, 'R8'),
  f3(F318, 'C8'),
  f3(F328, 'C8'),
  f3(F334, 'R8'),
  f3(F358, 'VC'),
  f3(F398, 'VE'),
  // Banks of 512 KB do not lie one behind the other: parts with 1 MB are not modelled.
  ...twins(['STM32H743', 'STM32H753', 'STM32H742'], { bare: 'ZI', flash: 'I', make: h743Chip }),
  ...twins(['STM32H750'], { bare: 'VB', make: h743Chip }),
  ...twins(['STM32H723', 'STM32H725', 'STM32H733', 'STM32H735'], { bare: 'ZG', make: h723Chip }),
  ...twins(['STM32H730'], { bare: 'ZB', make: h723Chip }),
  ...twins(['STM32H747', 'STM32H755', 'STM32H757'], { bare: 'XI', flash: 'I', make: like(STM32H745XI) }),
  ...twins(['STM32L475', 'STM32L486'], { bare: 'RG', make: like(STM32L476RG) }),
  ...twins(['STM32L4A6'], { bare: 'ZG', make: like(STM32L496ZG) }),
  { name: 'STM32H745', bare: 'XI', make: (part) => (part.name === 'STM32H745ZI' ? STM32H745ZI : like(STM32H745XI)(part)) },
  // XL-density parts have a ROM of their own and two banks: not modelled.
  { name: 'STM32F103', bare: 'C8', flash: '468BCDE', make: (part) => f103Chip(F103, part) },
  { name: 'STM32F105', bare: 'RC', make: (part) => f105Chip(F105, part) },
  { name: 'STM32F107', bare: 'VC', make: (part) => f105Chip(F107, part) },
  f4(F205, 'RG'),
  f4(F207, 'ZG'),
  f4(F215, 'RG'),
  f4(F217, 'ZG'),
  f4(F405, 'RG'),
  f4(F407, 'VG'),
  f4(F415, 'RG'),
  f4(F417, 'VG'),
  { name: F401.name, bare: 'RE', make: (part) => f4Chip(part.flashKilobytes > 256 ? F401 : F401_C, part) },
  f4(F411, 'RE'),
  f4(F412, 'ZG'),
  f4(F413, 'ZH'),
  f4(F423, 'ZH'),
  f4(F427, 'VI'),
  f4(F429, 'ZI'),
  f4(F437, 'VI'),
  f4(F439, 'ZI'),
  f4(F446, 'RE'),
  f4(F469, 'NI'),
  f4(F479, 'NI'),
  f7(F722, 'RE'),
  ...twins(['STM32F723', 'STM32F732', 'STM32F733'], { ...f7(F722, 'ZE'), flash: 'E' }),
  f7(F746, 'ZG'),
  ...twins(['STM32F745'], f7(F746, 'ZG')),
  f7(F756, 'ZG'),
  f7(F767, 'ZI'),
  ...twins(['STM32F765'], f7(F767, 'ZI')),
  f7(F777, 'ZI'),
  f7(F769, 'NI'),
  f7(F779, 'NI'),
  l0(L072, 'CZ'),
  l0(L073, 'RZ'),
  l0(L082, 'CZ'),
  l0(L083, 'RZ'),
  l0(L071, 'CZ'),
  l0(L081, 'CZ'),
  l0(L051, 'C8'),
  l0(L052, 'C8'),
  l0(L053, 'R8'),
  l0(L062, 'K8'),
  l0(L063, 'R8'),
  l1(L152, 'RE'),
  l1(L151, 'RE'),
  l1(L162, 'RE'),
  l1(L100, 'RC'),
  l4(L432, 'KC'),
  l4(L433, 'RC'),
  l4(L442, 'KC'),
  l4(L443, 'RC'),
  l4(L431, 'RC'),
  l4(L451, 'RE'),
  l4(L452, 'RE'),
  l4(L462, 'RE'),
  l4(L412, 'RB'),
  l4(L422, 'RB'),
  l4(L4R5, 'ZI'),
  l4(L4S5, 'ZI'),
  l4(L4R9, 'ZI'),
  l4(L4S9, 'ZI'),
  l4(WB55, 'RG'),
  l4(WB35, 'CE'),
  l4(L4R7, 'ZI'),
  l4(L4S7, 'ZI'),
  c0(C071, 'RB'),
  c0(C031, 'C6'),
  c0(C011, 'F6'),
  g0(G0B1, 'RE'),
  g0(G0C1, 'RE'),
  g0(G0B0, 'RE'),
  g0(G070, 'RB'),
  g0(G071, 'RB'),
  g0(G081, 'RB'),
  g0(G030, 'K8'),
  g0(G031, 'K8'),
  g0(G041, 'K8'),
  g0(G050, 'K8'),
  g0(G051, 'K8'),
  g0(G061, 'K8'),
  l4(G431, 'RB'),
  l4(G441, 'RB'),
  l4(G474, 'RE'),
  l4(G491, 'RE'),
  l4(G4A1, 'RE'),
  // As G474, but without the high-resolution timer, or with AES.
  ...twins(['STM32G471', 'STM32G473', 'STM32G483', 'STM32G484'], l4(G474, 'RE')),
];

const made = new Map<string, ChipDescription>();

/** The part of that line, made when it is first asked for. */
function part(line: Line, code: string): ChipDescription | undefined {
  const name = `${line.name}${code}`;
  let chip = made.get(name);
  if (!chip) {
    const sizes = partOf(line.name, code);
    if (!sizes || (line.flash !== undefined && !line.flash.includes(code.at(-1)!))) return undefined;
    made.set(name, (chip = withUartPins(withPackageCode(withExtras(line.make(sizes))))));
  }
  return chip;
}

/** The same part in the package of this letter, where the table has it. */
function inPackage(line: Line, code: string, letter: string | undefined): ChipDescription | undefined {
  const chip = part(line, code);
  const row = chip && letter !== undefined ? packageRow(line.name, code, letter) : null;
  if (!chip || !row) return chip;
  const name = `${chip.name}${letter}`;
  let packaged = made.get(name);
  if (!packaged) made.set(name, (packaged = withPackageCode(withOthers(chip, { package: () => row }))));
  return packaged;
}

/** The part that a line's bare name stands for, of every line; two boards of H745 differ in more than their flash. */
export const CHIPS: readonly ChipDescription[] = LINES.flatMap((line) =>
  (line.name === 'STM32H745' ? ['XI', 'ZI'] : [line.bare]).flatMap((code) => part(line, code) ?? []),
);

/** `STM32C0, STM32F0, …`: what is modelled, in short. */
export const chipFamilies = (): string => [...new Set(CHIPS.map((c) => c.family))].sort().join(', ');

/** `STM32H533RET6`, `stm32h533retx`, `STM32H533xE`, `h533re` → upper case, with `STM32` in front. */
function normalise(name: string): string {
  const typed = name.trim().toUpperCase();
  return /^([CFGHLUW][A-Z]?|WBA|N|MP)\d/.test(typed) ? `STM32${typed}` : typed;
}

/** What may stand behind pins and flash size: package, temperature, options. */
const SUFFIX = /^([A-Z][0-9X]?[A-Z0-9]{0,3})?$/;

/**
 * Part numbers are `STM32` family(2–4) line … pins(1) flash(1) package(1) temperature(1) [options]: after pins and flash everything is
 * ignored but the package; an `x` stands for any character, unless a part has that letter: STM32H743XI is the one with 240 balls.
 */
export function findChip(name: string): ChipDescription | undefined {
  const typed = normalise(name);
  const line = LINES.find((l) => typed.startsWith(l.name));
  if (!line) return undefined;
  const rest = typed.slice(line.name.length);
  if (/^X{0,4}$/.test(rest)) return part(line, line.bare);
  const [pins, flash] = [rest[0]!, rest[1]];
  if (flash === undefined || !SUFFIX.test(rest.slice(2))) return undefined;
  if ((pins !== 'X' && flash !== 'X') || isPart(line, pins + flash)) return inPackage(line, pins + flash, rest[2]);
  const fits = (code: string): boolean => (pins === 'X' || code[0] === pins) && (flash === 'X' || code[1] === flash);
  const code = fits(line.bare) ? line.bare : codesOf(line.name).find((c) => c.length === 2 && fits(c));
  return code === undefined ? undefined : part(line, code);
}

const isPart = ({ name, flash }: Line, code: string): boolean =>
  codesOf(name).includes(code) && (flash === undefined || flash.includes(code.at(-1)!));

/** Part numbers of a line that are modelled, without package and temperature: `STM32F407VG` of `STM32F407`. Empty for another line. */
export function partsOf(name: string): readonly string[] {
  const line = LINES.find((l) => l.name === name);
  if (!line) return [];
  return codesOf(name)
    .filter((code) => code.length === 2 && isPart(line, code))
    .map((code) => `${name}${code}`);
}

/** What a board's name says of its part: `stm32f303k8` of nucleo-f303k8; undefined where it names none that exists. */
export function partInBoardName(name: string): string | undefined {
  const code = /^nucleo-([a-z]\d[a-z0-9]{4}|[a-z]{2}\d[a-z0-9]{3})/i.exec(name.trim())?.[1];
  const part = code === undefined ? undefined : `stm32${code.toLowerCase()}`;
  return part !== undefined && (findChip(part) !== undefined || existsUnmodelled(part)) ? part : undefined;
}

/** Whether ST makes such a part although it is not modelled, as far as its line tells; of a modelled line: with these pins and flash. */
export function existsUnmodelled(name: string): boolean {
  const typed = normalise(name);
  const line = LINES.find((l) => typed.startsWith(l.name));
  if (line) {
    const code = typed.slice(line.name.length, line.name.length + 2);
    // `STM32F103XG` of a device header: parts of any package
    const like = new RegExp(`^${code.replaceAll('X', '.')}$`);
    const codes = codesOf(line.name).filter((c) => c === code || (code.length === 2 && like.test(c)));
    return codes.length > 0 && !codes.some((c) => isPart(line, c));
  }
  // H7RS: what ST calls H7R3, H7R7, H7S3 and H7S7 by.
  if (typed.startsWith('STM32H7RS') || OTHER_LINES.some((other) => typed.startsWith(other))) return true;
  // A family: `stm32n6`.
  const begins = (name: string): boolean => name.startsWith(typed);
  return typed.length > 'STM32'.length + 1 && OTHER_LINES.some(begins) && !LINES.some((l) => begins(l.name));
}

/** Lines that are alike in core and ROM where the names do not show it. */
const KIN: readonly (readonly [of: RegExp, line: string])[] = [
  [/^STM32MP/, 'STM32H745'],
  [/^STM32(N6|H7[ABRS])/, 'STM32H723'],
  [/^STM32(U0|WB0)/, 'STM32G0B1'],
  [/^STM32(U[35]|L5|WBA)/, 'STM32U575'],
  [/^STM32C5/, 'STM32H503'],
  [/^STM32WL/, 'STM32WB55'],
  [/^STM32F373/, 'STM32F303'],
];

/** The modelled part that is nearest to one that is not: of its kin, else the longest common beginning, then the closest number. */
export function nearestChip(name: string): string {
  const typed = normalise(name);
  const kin = KIN.find(([of]) => of.test(typed))?.[1];
  if (kin !== undefined) return findChip(kin)!.name;
  // of a name that begins as a part does, all of the part
  const common = (other: string): number => [...`${other}.`].findIndex((letter, i) => letter !== typed[i]);
  const number = (text: string): number => Number(/\d+$/.exec(text.slice(0, 9))?.[0] ?? 0);
  const sorted = CHIPS.map((c) => c.name).sort(
    (a, b) => common(b) - common(a) || Math.abs(number(a) - number(typed)) - Math.abs(number(b) - number(typed)),
  );
  return sorted[0]!;
}

/** Other makers' parts that are named alike: their ROM is another one. */
const OTHER_MAKERS = /^(APM|AT|CH|CKS|CS|GD|HK|MM|N)32/i;

/** Names near to one that is not in the catalogue, nearest first. */
export function suggestChips(name: string, limit = 3): readonly string[] {
  const typed = normalise(name);
  if (OTHER_MAKERS.test(name.trim())) return [];
  // a family, as in STM32F4xx
  const family = /^(STM32[A-Z]{1,2}\d)X*$/.exec(typed)?.[1];
  const kin = family === undefined ? [] : CHIPS.map((c) => c.name).filter((n) => n.startsWith(family));
  if (kin.length > 0) return kin.slice(0, limit);
  const line = LINES.find((l) => typed.startsWith(l.name));
  // A part of a known line: its line's parts.
  const names = line ? codesOf(line.name).map((code) => `${line.name}${code}`) : CHIPS.map((c) => c.name);
  return names
    .map((candidate) => ({ name: candidate, distance: editDistance(typed.slice(0, candidate.length), candidate) }))
    .filter((c, _i, all) => c.distance <= Math.min(4, Math.min(...all.map((x) => x.distance)) + 1))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, limit)
    .map((c) => c.name);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
