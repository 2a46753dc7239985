/** Draws cases: a program of a kind on a chip, with one fault or two, and what a right program in its place does. */
import { findChip } from '../../src/chips/index.ts';
import { fieldsOf, type Writable } from './facts.ts';
import { below, byDma, drawFault, FAULT_KINDS, oneOf, type Draw, type Fault, type FaultKind } from './faults.ts';
import { runsRight, type Case } from './judge.ts';
import {
  hasBackup,
  hasVtor,
  kindsOf,
  makeProgram,
  openersOf,
  PLACES,
  wordOf,
  type Place,
  type Planted,
  type ProgramKind,
  type Style,
} from './kinds.ts';

/** One of each kind of core and ROM. */
export const CHIPS: readonly string[] = [
  'STM32F072RB', 'STM32F303CC', 'STM32F401RE', 'STM32F405RG', 'STM32F411RE', 'STM32F429ZI', 'STM32F446RE', 'STM32F722RE', 'STM32F746ZG', 'STM32F767ZI',
  'STM32G0B1RE', 'STM32G474RE', 'STM32H503RB', 'STM32H533RE', 'STM32H563ZI', 'STM32H743ZI', 'STM32H745ZI', 'STM32H755ZI', 'STM32L072CZ', 'STM32L432KC', 'STM32L476RG', 'STM32L496ZG', 'STM32U575ZI', 'STM32WB55RG',
]; // prettier-ignore

/** A case with its faults, in words too. */
export interface Drawn extends Case {
  readonly planted: readonly Planted[];
  readonly style: Style;
}
const fieldsBy = new Map<string, readonly Writable[]>();
function fieldsFor(part: string): readonly Writable[] {
  const known = fieldsBy.get(part) ?? fieldsOf(findChip(part)!);
  fieldsBy.set(part, known);
  return known;
}

/** Whether the right program does what it is for, by what it is made of. */
const rightBy = new Map<string, boolean>();
export function isRight(part: string, kind: ProgramKind, planted: readonly Planted[], style: Style): boolean {
  // what stands in a fault's place matters, which fault it is does not
  const places = planted.map(({ fault, place }) => `${fault.good ? fault.what.replace(/\d{4,}/, '') : ''}@${fault.good ? place : ''}`);
  const key = [part, kind, style.backup, style.vtor, style.crystal, ...places].join();
  const known = rightBy.get(key) ?? runsRight({ part, kind, made: makeProgram(findChip(part)!, kind, planted, style, true) }).right;
  rightBy.set(key, known);
  return known;
}

/** A fault of this kind at a place where it can be; null where there is none. */
export function plant(part: string, kind: ProgramKind, faultKind: FaultKind, style: Style, draw: Draw): Planted | null {
  const chip = findChip(part)!;
  const openers = openersOf(chip, kind, style);
  const fault = drawFault(chip, faultKind, draw, { fields: fieldsFor(part), openers });
  if (fault === null) return null;
  const places = PLACES[kind].filter((place) => fits(fault, place));
  if (places.length === 0) return null;
  const place = oneOf(draw, places);
  const can = place !== 'handler' && place !== 'other-core' && below(draw, 4) === 0;
  return { fault: (can ? byDma(chip, fault, wordOf(chip, 'source')) : null) ?? fault, place };
}
function fits({ only, kind }: Fault, place: Place): boolean {
  if (place === 'jump') return only === 'jump';
  if (only === 'jump') return false;
  // a delay of the other core is no fault of this one's, and its SysTick is its own
  if (place === 'other-core') return kind === 'field';
  return only !== 'thread' || place !== 'handler';
}
function drawStyle(part: string, draw: Draw): Style {
  const chip = findChip(part)!;
  return { backup: hasBackup(chip) && below(draw, 2) === 0, vtor: hasVtor(chip) && below(draw, 3) === 0, crystal: below(draw, 2) === 0 };
}

export interface Wanted {
  readonly chips: readonly string[];
  readonly kind: ProgramKind;
  /** Null: any, evenly. */
  readonly fault: FaultKind | null;
  readonly pairs: boolean;
}
/** The next case; null where what was drawn cannot be, or is not right without its faults. */
export function drawCase({ chips, kind, fault, pairs }: Wanted, draw: Draw): Drawn | null {
  const able = chips.filter((part) => kindsOf(findChip(part)!).includes(kind));
  if (able.length === 0) return null;
  const part = oneOf(draw, able);
  const style = drawStyle(part, draw);
  const one = (): Planted | null => {
    const faultKind = fault ?? oneOf(draw, FAULT_KINDS);
    // of fields, a fiftieth changes anything
    for (let n = faultKind === 'field' ? MOST_FIELDS : 1; n > 1; n--) {
      const planted = plant(part, kind, faultKind, style, draw);
      if (planted !== null && isRight(part, kind, [planted], style) && changes(part, kind, planted, style)) return planted;
    }
    return plant(part, kind, faultKind, style, draw);
  };
  const planted = pairs ? [breaking(part, kind, style, one), breaking(part, kind, style, one)] : [one()];
  const all = planted.filter((p) => p !== null);
  const isSame = all.length === 2 && all[0]!.fault.what === all[1]!.fault.what;
  if (all.length < planted.length || isSame || !isRight(part, kind, all, style)) return null;
  return { part, kind, planted: all, style, made: makeProgram(findChip(part)!, kind, all, style) };
}
/** One that keeps it from its goal alone, of a few tries. */
function breaking(part: string, kind: ProgramKind, style: Style, one: () => Planted | null): Planted | null {
  for (let n = 0; n < MOST_DRAWN; n++) {
    const planted = one();
    if (planted === null || !isRight(part, kind, [planted], style)) continue;
    if (changes(part, kind, planted, style)) return planted;
  }
  return null;
}
const changes = (part: string, kind: ProgramKind, planted: Planted, style: Style): boolean =>
  !runsRight({ part, kind, made: makeProgram(findChip(part)!, kind, [planted], style) }).right;
/** Of fields so many are drawn for one that changes the outcome. */
const MOST_FIELDS = 16;
const MOST_DRAWN = 10;
