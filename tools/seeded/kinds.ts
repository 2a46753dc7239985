/** The kinds of right programs that faults are planted into. All of them set up clocks, undo that, and hand over as they should. */
import type { ChipDescription } from '../../src/emu/chip.ts';
import { Assembler, EQ, word, type Step } from './assembler.ts';
import { fieldSet, registerAt, switchOn } from './facts.ts';
import type { Fault, Opener } from './faults.ts';

export const PROGRAM_KINDS = ['straight', 'request', 'interrupt', 'loader', 'dual'] as const;
export type ProgramKind = (typeof PROGRAM_KINDS)[number];
/**
 * Where a fault is: before the clocks are set up, behind that, in a handler, right before the hand-over, inside of it, between the check of a request and the jump, in the other
 * core's program.
 */
export type Place = 'start' | 'behind' | 'handler' | 'late' | 'jump' | 'checked' | 'other-core';
export const PLACES: Readonly<Record<ProgramKind, readonly Place[]>> = {
  straight: ['start', 'behind', 'handler', 'late', 'jump'],
  request: ['start', 'late', 'checked', 'jump'],
  interrupt: ['start', 'behind', 'handler', 'late', 'jump'],
  loader: ['start', 'behind', 'handler', 'late', 'jump'],
  dual: ['other-core', 'other-core', 'late', 'jump'],
};
export interface Planted {
  readonly fault: Fault;
  readonly place: Place;
}
export interface Code {
  readonly name: string;
  readonly base: number;
  readonly bytes: Uint8Array;
}
export interface Made {
  readonly images: readonly Code[];
  /** Of each fault, the instructions each of which is to blame. */
  readonly guilty: readonly (readonly number[])[];
}
/** What of a program is drawn beside its faults. */
export interface Style {
  /** The request word is in a backup register, not in RAM. */
  readonly backup: boolean;
  /** The jump sets VTOR, with interrupts off. */
  readonly vtor: boolean;
  /** The set-up of the clocks waits for the crystal. */
  readonly crystal: boolean;
}

const VECTORS = 0x400;
const APPLICATION = 0x8000;
const OTHER_BANK = 0x100000;
const MAGIC = 0xb007_10ad;
const VTOR = 0xe000ed08;
const [SVCALL, SYSTICK] = [11, 15];
const BX_LR = 0x4770;
const SVC_0 = 0xdf00;

const flashOf = (chip: ChipDescription): number => chip.memories.find((m) => m.kind === 'flash' && m.zone === 'user')!.base;
const ramOf = (chip: ChipDescription): { base: number; top: number } => {
  const { base, size } = chip.memories.find((m) => m.kind === 'ram' && m.base >>> 28 === 2)!;
  return { base, top: base + Math.min(size, 0x4000) };
};
/** Words that programs use, away from what the ROM and a stack do. */
export const WORDS = { ticks: 0x2000, flag: 0x2010, source: 0x2020, request: 0x2040 };
export const wordOf = (chip: ChipDescription, word: keyof typeof WORDS): number => ramOf(chip).base + WORDS[word];
/** Seen by both cores. */
const SHARED = 0x38000000;

export const hasBackup = (chip: ChipDescription): boolean => backupOf(chip) !== null;
export const hasVtor = (chip: ChipDescription): boolean => chip.cores[0]!.type !== 'cortex-m0';
/** Which kinds a chip can have. */
export function kindsOf(chip: ChipDescription): readonly ProgramKind[] {
  if (chip.cores.length > 1) return ['dual'];
  return hasVtor(chip) ? ['straight', 'request', 'interrupt', 'loader'] : ['straight', 'request', 'interrupt'];
}

/** A backup register, and what opens the way to it. */
interface Backup {
  readonly address: number;
  readonly openers: readonly { readonly is: Opener; readonly step: Step }[];
}
function backupOf(chip: ChipDescription): Backup | null {
  const address = registerAt(chip, 'TAMP.BKP0R') ?? registerAt(chip, 'RTC.BKP0R');
  const openers = [
    { is: 'pwr-clock', step: switchOn(chip, chip.blocks.find(({ name }) => name === 'PWR')?.clock) },
    { is: 'dbp', step: fieldSet(chip, 'PWR', /^(CR1?|DBPC?R)$/, /^DBP$/) },
    { is: 'rtc-clock', step: fieldSet(chip, chip.rcc, /^APB\d*ENR\d*$/, /^RTCAPBEN$/) },
  ] as const;
  return address === null ? null : { address, openers: openers.flatMap(({ is, step }) => (step === null ? [] : [{ is, step }])) };
}
/** Stores that a request needs. */
export function openersOf(chip: ChipDescription, kind: ProgramKind, { backup }: Style): readonly Opener[] {
  return kind === 'request' && backup ? (backupOf(chip)?.openers ?? []).map(({ is }) => is) : [];
}

/** What clocks are set up, and undone. */
interface Clocks {
  readonly hpre: Step | null;
  readonly hse: Step | null;
  readonly ready: Step | null;
}
function clocksOf(chip: ChipDescription, { crystal }: Style): Clocks {
  const hpre = fieldSet(chip, chip.rcc, /^(CFGR|CFGR2|D1CFGR|CDCFGR1)$/, /^HPRE$/);
  const hse = crystal ? fieldSet(chip, chip.rcc, /^CR$/, /^HSEON$/) : null;
  const ready = crystal ? fieldSet(chip, chip.rcc, /^CR$/, /^HSERDY$/) : null;
  return { hpre, hse, ready };
}
/** HPRE = 8: half the rate, on all families. */
const halved = (step: Step): Step => {
  if (!('mask' in step)) return step;
  return { ...step, value: (8 * (step.mask & -step.mask)) >>> 0 };
};
const cleared = (step: Step): Step => ('mask' in step ? { ...step, value: 0 } : step);

class Builder {
  readonly guilty: (readonly number[])[];
  private readonly chip: ChipDescription;
  private readonly planted: readonly Planted[];
  private readonly style: Style;
  private readonly isRight: boolean;
  constructor(chip: ChipDescription, planted: readonly Planted[], style: Style, isRight: boolean) {
    this.chip = chip;
    this.planted = planted;
    this.style = style;
    this.isRight = isRight;
    this.guilty = planted.map(() => []);
  }
  /** The faults of this place, or what a right program has there. */
  slot(asm: Assembler, place: Place): void {
    this.planted.forEach(({ fault, place: at }, i) => {
      if (at !== place || fault.omits !== undefined) return;
      if (this.isRight) fault.good?.(asm);
      else this.guilty[i] = fault.bad(asm);
      if (place !== 'jump') asm.pool();
    });
  }
  clocks(asm: Assembler): void {
    const { hpre, hse, ready } = clocksOf(this.chip, this.style);
    if (hse && ready && 'mask' in ready) {
      asm.make(hse);
      asm.wait(ready.address, ready.mask, 'set');
    }
    if (hpre) asm.make(halved(hpre));
    asm.pool();
  }
  noClocks(asm: Assembler): void {
    const { hpre, hse } = clocksOf(this.chip, this.style);
    if (hpre) asm.make(cleared(hpre));
    if (hse) asm.make(cleared(hse));
    asm.pool();
  }
  /** To what this vector table names. */
  jump(asm: Assembler, table: number, setsVtor: boolean): void {
    if (setsVtor) {
      asm.op(0xb672);
      asm.store(VTOR, table);
    }
    asm.load(0, table).op(0x6801, 0xf381, 0x8808);
    this.slot(asm, 'jump');
    if (setsVtor) asm.op(0xb662);
    asm.load(0, table).op(0x6841, 0x4708);
    asm.pool();
  }
  toRom(asm: Assembler): void {
    this.jump(asm, this.chip.rom!.vectorTable.value, this.style.vtor && hasVtor(this.chip));
  }
  /** The request word, written and read. */
  backup(): Backup | null {
    return this.style.backup ? backupOf(this.chip) : null;
  }
  requestAt(): number {
    return this.backup()?.address ?? wordOf(this.chip, 'request');
  }
  /** Opens the way to a backup register, without what a fault leaves out. */
  open(asm: Assembler, onlyToRead: boolean): void {
    for (const { is, step } of this.backup()?.openers ?? []) {
      if (onlyToRead && is === 'dbp') continue;
      const left = this.isRight ? [] : this.planted.flatMap(({ fault }, i) => (fault.omits === is ? [i] : []));
      if (left.length === 0) {
        const at = asm.make(step);
        // without a clock in front of it, it is a store that is lost
        this.planted.forEach(({ fault }, i) => {
          if (fault.omits !== undefined && !onlyToRead) this.guilty[i] = [...this.guilty[i]!, at];
        });
      }
    }
  }
  request(asm: Assembler): void {
    this.open(asm, false);
    const stores = [asm.store(this.requestAt(), MAGIC)];
    // memory with ECC keeps a part of a word of it until another one is written
    if (this.backup() === null) for (let i = 1; i < 8; i++) asm.store(this.requestAt() + 4 * i, 0);
    this.planted.forEach(({ fault }, i) => {
      if (fault.omits !== undefined && !this.isRight) this.guilty[i] = [...this.guilty[i]!, ...stores];
    });
    // DSB; SYSRESETREQ
    asm.op(0xf3bf, 0x8f4f);
    asm.store(0xe000ed0c, 0x05fa0004);
    asm.op(0xe7fe);
    asm.pool();
  }
}

type Handlers = Readonly<Record<number, (asm: Assembler) => void>>;
/** A vector table, handlers of their own or an endless loop, and code that starts at the reset vector. */
function placed(name: string, base: number, sp: number, code: (asm: Assembler) => void, handlers: Handlers = {}): Code {
  const asm = new Assembler(base + VECTORS);
  asm.op(0xe7fe, 0xbf00);
  const vectors = new Map<number, number>();
  for (const [exception, handler] of Object.entries(handlers)) {
    vectors.set(Number(exception), asm.here);
    handler(asm);
    asm.op(BX_LR).pool();
  }
  const start = asm.here;
  code(asm);
  const made = asm.bytes();
  const bytes = new Uint8Array(VECTORS + made.length);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < VECTORS; at += 4) view.setUint32(at, (vectors.get(at / 4) ?? base + VECTORS) | 1, true);
  view.setUint32(0, sp, true);
  view.setUint32(4, start | 1, true);
  bytes.set(made, VECTORS);
  return { name, base, bytes };
}

/** Without faults where `isRight`: what a right program has in their places. */
export function makeProgram(chip: ChipDescription, kind: ProgramKind, planted: readonly Planted[], style: Style, isRight = false): Made {
  const builder = new Builder(chip, planted, style, isRight);
  const images = MAKERS[kind](chip, builder);
  return { images, guilty: builder.guilty };
}
const inService = (builder: Builder): Handlers => ({ [SVCALL]: (asm) => builder.slot(asm, 'handler') });
const MAKERS: Readonly<Record<ProgramKind, (chip: ChipDescription, builder: Builder) => readonly Code[]>> = {
  straight: (chip, b) => [
    placed(
      'app',
      flashOf(chip),
      ramOf(chip).top,
      (asm) => {
        works(asm, b);
        b.toRom(asm);
      },
      inService(b),
    ),
  ],
  request: (chip, b) => [
    placed('app', flashOf(chip), ramOf(chip).top, (asm) => {
      b.slot(asm, 'start');
      b.open(asm, true);
      asm.load(0, b.requestAt()).op(0x6801).load(2, MAGIC).op(0x4291);
      const isAsked = asm.onlyIf(EQ);
      b.open(asm, false);
      asm.store(b.requestAt(), 0);
      b.slot(asm, 'checked');
      b.toRom(asm);
      isAsked();
      b.clocks(asm);
      b.slot(asm, 'late');
      b.request(asm);
    }),
  ],
  interrupt: (chip, b) => [
    placed(
      'app',
      flashOf(chip),
      ramOf(chip).top,
      (asm) => {
        b.slot(asm, 'start');
        b.clocks(asm);
        b.slot(asm, 'behind');
        asm.store(wordOf(chip, 'flag'), 0);
        ticks(asm, 3999);
        asm.wait(wordOf(chip, 'flag'), 1, 'set');
        asm.store(SYST_CSR, 0);
        asm.store(ICSR, PENDSTCLR);
        asm.pool();
        b.noClocks(asm);
        b.slot(asm, 'late');
        b.toRom(asm);
      },
      {
        [SYSTICK]: (asm) => {
          b.slot(asm, 'handler');
          asm.store(wordOf(chip, 'flag'), 1);
        },
      },
    ),
  ],
  loader: (chip, b) => {
    const table = flashOf(chip) + APPLICATION;
    return [
      placed(
        'loader',
        flashOf(chip),
        ramOf(chip).top,
        (asm) => {
          works(asm, b);
          asm.store(VTOR, table);
          b.jump(asm, table, false);
        },
        inService(b),
      ),
      ticking(chip, table),
    ];
  },
  dual: (chip, b) => [
    placed('cm7', flashOf(chip), ramOf(chip).top, (asm) => {
      asm.store(SHARED, 0);
      asm.wait(SHARED, 1, 'set');
      b.slot(asm, 'late');
      b.toRom(asm);
    }),
    placed('cm4', flashOf(chip) + OTHER_BANK, SHARED + 0x1000, (asm) => {
      asm.spin(20_000);
      b.slot(asm, 'other-core');
      asm.store(SHARED, 1);
      // WFI; B back to it
      asm.op(0xbf30, 0xe7fd);
    }),
  ],
};
function works(asm: Assembler, b: Builder): void {
  b.slot(asm, 'start');
  b.clocks(asm);
  b.slot(asm, 'behind');
  asm.op(SVC_0);
  b.noClocks(asm);
  b.slot(asm, 'late');
}
const SYST_CSR = 0xe000e010;
const ICSR = 0xe000ed04;
const PENDSTCLR = 1 << 25;
function ticks(asm: Assembler, reload: number): void {
  for (const [at, value] of [
    [0xe000e014, reload],
    [0xe000e018, 0],
    [SYST_CSR, 7],
  ] as const)
    asm.store(at, value);
}
/** An application: it counts ticks, and drives a pin with each. */
function ticking(chip: ChipDescription, table: number): Code {
  const counter = wordOf(chip, 'ticks');
  const port = ['GPIOA', 'GPIOB'].find((name) => registerAt(chip, `${name}.BSRR`) !== null)!;
  const mode = registerAt(chip, `${port}.MODER`);
  return placed(
    'app',
    table,
    ramOf(chip).top,
    (asm) => {
      asm.store(counter, 0);
      const clock = switchOn(chip, chip.blocks.find(({ name }) => name === port)?.clock);
      if (clock && mode !== null) {
        asm.make(clock);
        asm.make(word(mode, 1 << 10, 3 << 10));
      }
      ticks(asm, 3999);
      asm.op(0xe7fe);
    },
    {
      [SYSTICK]: (asm) => {
        asm.load(0, counter).op(0x6801, 0x1c49, 0x6001);
        // ODR bit 5 follows the lowest bit of the count
        asm.load(0, registerAt(chip, `${port}.ODR`)!).op(0x0149, 0x6001);
      },
    },
  );
}
