/** Where each modelled part starts, over every state of its boot bits, against AN2606 written down apart (an2606.ts); the machine's part of it is boot-patterns.test.ts. */
import { describe, expect, it } from 'vitest';
import { findChip, LINES, partsOf } from '../../src/chips/index.ts';
import { decideBoot } from '../../src/emu/boot-rules.ts';
import type { BootRule, ChipDescription } from '../../src/emu/chip.ts';
import { CHAPTERS, PATTERNS, type Chapter } from './an2606.ts';

/** By the name of AN2606: what nBoot0_SW and BOOT_ADD are called on a product. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  nBoot0_SW: ['nSWBOOT0', 'BOOT_SEL'],
  BOOT_ADD0: ['BOOT_ADD0', 'BOOT_CM7_ADD0'],
  BOOT_ADD1: ['BOOT_ADD1', 'BOOT_CM7_ADD1'],
};
/** Bits that a product lacks count as these: without a selector the pin counts, without a lock nothing is locked, a flash without an empty check is full. */
const ABSENT: Readonly<Record<string, number>> = { nBoot0_SW: 1, nSWBOOT0: 1, nBOOT_SEL: 0, nBOOT0: 1, BOOT_LOCK: 0, empty: 0 };
const LEVEL_2: Readonly<Record<string, number>> = { 'FLASH.OBR.RDPRT': 3 };
/** System memory as a boot address, by the register's unit: AN2606 Table 2. */
const SYSTEM: Readonly<Record<string, number>> = { STM32F7: 0x0040, STM32H7: 0x1ff0, STM32U5: 0x17f200 };

/** Signals of a chip under AN2606's names; what is not there is absent on the product. */
function signalsOf(chip: ChipDescription): ReadonlyMap<string, string> {
  const signals = new Map([
    ['pin', 'pin:BOOT0'],
    ['BOOT1', 'pin:BOOT1'],
  ]);
  for (const [name, { field }] of Object.entries(chip.optionBytes ?? {})) signals.set(name, `field:${field}`);
  for (const [name, others] of Object.entries(NAMES))
    for (const other of others) {
      const signal = signals.get(other);
      if (signal !== undefined) signals.set(name, signal);
    }
  const looked = (chip.boot ?? []).flatMap((rule) => rule.when.map((w) => w.signal));
  const empty = looked.find((s) => s === 'flash:empty' || /\.P?EMPTY$/.test(s));
  if (empty !== undefined) signals.set('empty', empty);
  return signals;
}

type State = ReadonlyMap<string, number>;
/** Every combination of the values that the rules and the pattern tell apart. */
function* statesOf(values: readonly (readonly [string, readonly number[]])[]): Generator<State> {
  let count = 1;
  for (const [, list] of values) count *= list.length;
  for (let i = 0; i < count; i++) {
    let rest = i;
    yield new Map(
      values.map(([signal, list]) => {
        const value = list[rest % list.length]!;
        rest = Math.floor(rest / list.length);
        return [signal, value];
      }),
    );
  }
}
const conditionsOf = (line: string): readonly (readonly [string, string])[] => line.split(' ').map((c) => c.split('=') as [string, string]);

class Written {
  readonly #lines: readonly (readonly (readonly [signal: string | undefined, is: number, absent: number])[])[];
  readonly #level2: { readonly signal: string; readonly value: number } | null;
  readonly #bfb2: { readonly signal: string; readonly active: number } | null;
  readonly signals: readonly string[];

  constructor(chip: ChipDescription, chapter: Chapter) {
    const names = signalsOf(chip);
    const system = SYSTEM[chip.family];
    const lines = [...PATTERNS[chapter.pattern]!, ...(chapter.figure ?? [])];
    this.#lines = lines.map((line) =>
      conditionsOf(line).map(([name, value]) => [names.get(name), value === 'SYSTEM' ? system! : Number(value), ABSENT[name] ?? NaN]),
    );
    const rdp = chapter.level2 === undefined ? chip.optionBytes?.['RDP']?.field : undefined;
    this.#level2 = rdp === undefined || chip.family === 'STM32F1' ? null : { signal: `field:${rdp}`, value: LEVEL_2[rdp] ?? 0xcc };
    const active = lines.map((line) => /pin=0.*BFB2=(\d)/.exec(line)?.[1]).find((bit) => bit !== undefined);
    const bfb2 = names.get('BFB2');
    this.#bfb2 = active === undefined || bfb2 === undefined ? null : { signal: bfb2, active: Number(active) };
    this.signals = [...new Set([...this.#lines.flat().flatMap(([s]) => s ?? []), ...(this.#level2 ? [this.#level2.signal] : [])])];
  }
  /** null: the ROM starts for a moment, or does not: its figure goes on to a bank at once. */
  system(state: State): boolean | null {
    const holds = this.#lines.some((line) =>
      line.every(([signal, is, absent]) => (signal === undefined ? absent : state.get(signal)) === is),
    );
    if (!this.#level2 || state.get(this.#level2.signal) !== this.#level2.value) return holds;
    return this.#bfb2 && state.get(this.#bfb2.signal) === this.#bfb2.active ? null : false;
  }
}

function wrongOf(chip: ChipDescription, chapter: Chapter): string[] {
  const rules: readonly BootRule[] = chip.boot ?? [];
  const written = new Written(chip, chapter);
  const values = new Map<string, Set<number>>(written.signals.map((s) => [s, new Set<number>()]));
  for (const rule of rules)
    for (const w of rule.when) for (const v of w.is) (values.get(w.signal) ?? values.set(w.signal, new Set()).get(w.signal)!).add(v);
  for (const [signal, set] of values) {
    for (const bit of [0, 1]) if (set.size === 0 || [...set].every((v) => v < 2)) set.add(bit);
    if ([...set].some((v) => v >= 2)) set.add(0x2000).add(SYSTEM[chip.family] ?? 0xaa);
    if (signal.includes('RDP')) set.add(signal.endsWith('RDPRT') ? 3 : 0xcc);
  }
  const wrong: string[] = [];
  for (const state of statesOf([...values].map(([signal, set]) => [signal, [...set]] as const))) {
    const rule = decideBoot(rules, chip.cores[0]!.name, (w) => state.get(w.signal)!, false);
    const should = written.system(state);
    if (rule === undefined || rule === 'unreadable') wrong.push(`no row: ${JSON.stringify([...state])}`);
    else if (should !== null && (rule.boots === 'system') !== should)
      wrong.push(`${rule.boots}, not ${should ? 'system' : 'user'}: ${JSON.stringify([...state])}`);
  }
  return wrong;
}

const PARTS = LINES.flatMap((line) => partsOf(line.name));
it('each modelled part has one chapter', () => {
  const odd = PARTS.filter((name) => CHAPTERS.filter((c) => c.parts.test(name)).length !== 1);
  expect(odd).toEqual([]);
});

describe.each(CHAPTERS)('$parts, pattern $pattern', (chapter) => {
  it('starts in system memory in the states that AN2606 names, and in no others', () => {
    const parts = PARTS.filter((name) => chapter.parts.test(name));
    expect(parts.length).toBeGreaterThan(0);
    const wrong = parts.flatMap((name) => wrongOf(findChip(name)!, chapter).map((w) => `${name}: ${w}`));
    expect(wrong.slice(0, 5)).toEqual([]);
  });
  it('its rules cite that pattern', () => {
    const chip = findChip(PARTS.find((name) => chapter.parts.test(name))!)!;
    const sources = (chip.boot ?? []).filter((r) => r.boots === 'system').map((r) => r.source);
    expect(sources.some((s) => new RegExp(`[Pp]atterns? (\\d+ and )?${chapter.pattern}\\b`).test(s))).toBe(true);
  });
});
