/** The catalogue of chips, and how a name that a user types finds its row. */
import type { ChipDescription } from '../emu/chip.ts';
import { findPart } from './parts.ts';
import { STM32F072RB } from './stm32f072.ts';
import { STM32F405RG } from './stm32f405.ts';
import { STM32F411RE } from './stm32f411.ts';
import { STM32H533RE } from './stm32h533.ts';
import { STM32H745XI, STM32H745ZI } from './stm32h745.ts';
import { STM32L476RG } from './stm32l476.ts';
import { STM32L496ZG } from './stm32l496.ts';

export const CHIPS: readonly ChipDescription[] = [
  STM32H533RE,
  STM32L476RG,
  STM32L496ZG,
  STM32F072RB,
  STM32H745XI,
  STM32H745ZI,
  STM32F405RG,
  STM32F411RE,
];

/** Bare names stand for one part. */
const BARE: Readonly<Record<string, string>> = {
  STM32H533: 'STM32H533RE',
  STM32L476: 'STM32L476RG',
  STM32L496: 'STM32L496ZG',
  STM32F072: 'STM32F072RB',
  STM32F405: 'STM32F405RG',
  STM32F411: 'STM32F411RE',
  STM32H745: 'STM32H745XI',
};

/** `STM32H533RET6`, `stm32h533retx`, `STM32H533xE`, `STM32H533` → upper case without package, temperature and `x` suffixes. */
function normalise(name: string): string {
  return name.trim().toUpperCase();
}

/**
 * Part numbers are `STM32` family(2–4) line … pins(1) flash(1) package(1) temperature(1) [options]: after pins and flash everything is
 * ignored; an `x` stands for any character.
 */
function matches(part: string, typed: string): boolean {
  const given = typed.slice(0, part.length);
  if (given.length < part.length) return false;
  for (let i = 0; i < part.length; i++) if (given[i] !== part[i] && !(given[i] === 'X' && i >= part.length - 2)) return false;
  return /^([A-Z][0-9X]?([A-Z]{0,2})?)?$/.test(typed.slice(part.length));
}

/** A part with other pins or another flash size than the catalogue's. */
function otherPart(typed: string): ChipDescription | undefined {
  const part = typed.slice(0, 'STM32L476RG'.length);
  return matches(part, typed) ? findPart(part) : undefined;
}

export function findChip(name: string): ChipDescription | undefined {
  const typed = normalise(name);
  const bare = BARE[typed] ?? BARE[typed.replace(/X{1,4}$/, '')];
  return CHIPS.find((c) => c.name === (bare ?? typed)) ?? CHIPS.find((c) => matches(c.name, typed)) ?? otherPart(typed);
}

/** Names near to one that is not in the catalogue, nearest first. */
export function suggestChips(name: string, limit = 3): readonly string[] {
  const typed = normalise(name);
  // `h533` is meant as STM32H533.
  const full = /^[CFGHLUW][A-Z]?\d/.test(typed) ? `STM32${typed}` : typed;
  return CHIPS.map((c) => ({ name: c.name, distance: editDistance(full.slice(0, c.name.length), c.name) }))
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
