/**
 * What decides an option of the ROM on a board: one thing that a caller leaves otherwise, where it is read, and what its value in the running ROM says. `bootbench rom
 * learn` asks a dump the same on the emulated chip; values have the same words in both.
 */
import { familyOf, locate } from '../checks/families.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { WRITTEN_ONCE, type RomOptionId } from '../rom/options.ts';
import type { RomProfile } from '../rom/profile.ts';
import {
  delay,
  field,
  hasVtor,
  ramForProbe,
  special,
  store,
  VTOR,
  wait,
  type Good,
  type Row,
  type SpecialRegister,
} from './settle-rows.ts';

/** The halted board. */
export interface Look {
  word(address: number): Promise<number | null>;
  core(name: string): Promise<number | null>;
  field(path: string): Promise<number | null>;
}
/** What the probe leaves. */
export interface Put {
  /** Of the state that every ROM can do with. */
  readonly without: Good | null;
  readonly rows: readonly Row[];
  /** What the experiment's `read` finds at the entry then; null: nothing is looked at there. */
  readonly value: number | null;
  /** The core is not stopped at the entry, and nobody talks to it: it runs for so many milliseconds, or until a store to `watch`. */
  readonly free?: { readonly ms: number; readonly watch?: number };
}
/** The board behind a run. */
export interface Seen {
  readonly served: boolean;
  readonly pc: number;
  readonly inRom: boolean;
  /** A reset has come since the entry. */
  readonly reset: boolean;
  readonly value: number | null;
  /** A store to the watched place has stopped the core; null: nothing was watched, or no comparator is to be had. */
  readonly stored: boolean | null;
  /** The exception in which the core was halted; 0: none. */
  readonly exception: number;
  readonly look: Look;
}
export interface Verdict {
  /** Null: undecided. A text that is no value of the option is a third answer. */
  readonly value: string | null;
  readonly says: string;
}
export interface Experiment {
  readonly option: RomOptionId;
  readonly puts: readonly Put[];
  /** The thing itself, at the entry and in the running ROM. */
  readonly read: ((look: Look) => Promise<number | null>) | null;
  /** `base`: the control run. */
  decide(seen: readonly Seen[], base: Seen): Verdict;
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;
const undecided = (says: string): Verdict => ({ value: null, says });
const UNREAD = 'it cannot be read in the running ROM';

/** Why nothing is to be read in this state, else null. */
function spoilt(seen: readonly Seen[]): string | null {
  if (seen.some((s) => s.reset)) return 'the chip was reset in that state';
  const gone = seen.find((s) => !s.inRom && !s.served);
  return gone === undefined ? null : `the core left the ROM in that state: it is at ${hex(gone.pc)}`;
}
const answered = (seen: readonly Seen[]): string => (seen.every((s) => s.served) ? 'the ROM answers' : 'the ROM does not answer');

function judged(what: string, seen: readonly Seen[], verdict: (values: readonly number[]) => string | null): Verdict {
  const why = spoilt(seen);
  if (why !== null) return undecided(why);
  const values = seen.map((s) => s.value);
  if (values.some((v) => v === null)) return undecided(UNREAD);
  const says = `${what}, ${values.map((v) => hex(v!)).join(', ')} in the running ROM; ${answered(seen)}`;
  return { value: verdict(values as readonly number[]), says };
}

/** A special register that the caller leaves set. */
const mask = (option: RomOptionId, register: SpecialRegister, put: number): Experiment => ({
  option,
  puts: [{ without: null, rows: [special(register, put)], value: put }],
  read: (look) => look.core(register),
  decide: (seen, base) =>
    (base.value ?? 0) !== 0
      ? { value: 'sets it itself', says: `${register.toUpperCase()} = ${hex(base.value!)} in the running ROM though the caller left 0` }
      : judged(`${register.toUpperCase()} = ${hex(put)} at the entry`, seen, ([after]) =>
          after === put ? 'keeps' : after === 0 ? 'clears' : `another value: ${hex(after!)}`,
        ),
});
/** Bits of the private bus that the caller leaves set. */
const bits = (option: RomOptionId, name: string, address: number, put: number, before: readonly Row[] = []): Experiment => ({
  option,
  puts: [{ without: null, rows: [...before, store(address, put)], value: put }],
  read: async (look) => {
    const word = await look.word(address);
    return word === null ? null : (word & put) >>> 0;
  },
  decide: (seen) => judged(`${name}: ${hex(put)} at the entry`, seen, ([after]) => (after === 0 ? 'clears' : 'keeps')),
});
/** A field that the ROM sets to a value of its own, or leaves: two values at the entry. */
function twoValues(
  chip: ChipDescription,
  option: RomOptionId,
  path: string | undefined,
  values: readonly [number, number],
  { without = null, before = [] }: { readonly without?: Good | null; readonly before?: readonly Row[] } = {},
): Experiment | null {
  if (path === undefined || locate(chip, path) === null) return null;
  return {
    option,
    puts: values.map((value) => ({ without, rows: [...before, ...field(chip, path, value), delay(64)], value })),
    read: (look) => look.field(path),
    decide: (seen) =>
      judged(`${path} = ${values.join(', ')} at the entry`, seen, (after) =>
        after[0] === values[0] && after[1] === values[1] ? 'keeps' : after[0] === after[1] ? 'sets' : null,
      ),
  };
}
/** An enable bit that the caller leaves off. */
function enable(chip: ChipDescription, option: RomOptionId & Good, path: string | undefined, byHardware: boolean): Experiment | null {
  if (path === undefined || locate(chip, path) === null) return null;
  return {
    option,
    puts: [{ without: option, rows: field(chip, path, 0), value: 0 }],
    read: (look) => look.field(path),
    decide: (seen) =>
      byHardware && seen[0]!.value === 1
        ? undecided(`${path} = 1 in the running ROM, but the hardware of this chip sets it with the clock of USB`)
        : judged(`${path} = 0 at the entry`, seen, ([after]) => (after === 1 ? 'sets' : 'keeps')),
  };
}

/** What was put is still there, and the ROM's first interrupt went by it to the application's handler. */
const wentThere = (what: string, [seen]: readonly Seen[], put: number): Verdict | null =>
  seen!.reset || seen!.inRom || seen!.served || seen!.value !== put
    ? null
    : { value: 'keeps', says: `${what} at the entry and behind it; an interrupt of the ROM went out of it, to ${hex(seen!.pc)}` };

const vtor = (chip: ChipDescription, profile: RomProfile): Experiment | null => {
  const put = chip.memories.find((m) => m.kind === 'flash')!.base;
  return !hasVtor(chip)
    ? null
    : {
        option: 'vtor',
        puts: [{ without: 'vtor', rows: [store(VTOR, put)], value: put }],
        read: (look) => look.word(VTOR),
        decide: (seen) =>
          wentThere(`VTOR = ${hex(put)}`, seen, put) ??
          judged(`VTOR = ${hex(put)} at the entry`, seen, ([after]) =>
            after === put ? 'keeps' : after === profile.base ? 'sets' : `another value: ${hex(after!)}`,
          ),
      };
};
const remap = (chip: ChipDescription): Experiment | null => {
  const map = familyOf(chip)?.remap;
  if (!map || locate(chip, map.field) === null) return null;
  return {
    option: 'remap',
    puts: [{ without: 'remap', rows: [...field(chip, map.field, 0), ...(hasVtor(chip) ? [store(VTOR, 0)] : [])], value: 0 }],
    read: (look) => look.field(map.field),
    decide: (seen) =>
      (hasVtor(chip) ? null : wentThere(`${map.field} = 0`, seen, 0)) ??
      (hasVtor(chip) && seen[0]!.served && seen[0]!.value !== map.systemMemory
        ? undecided('the ROM sets VTOR, so that nobody can see what it would do with the memory at 0')
        : judged(`${map.field} = 0 at the entry`, seen, ([after]) => (after === map.systemMemory ? 'sets' : 'keeps'))),
  };
};

const SYST_CSR = 0xe000e010;
const SYST_RVR = 0xe000e014;
const SYST_CVR = 0xe000e018;
const RELOAD = 0x12345;
/** Bit 24: it runs. Reading CSR clears COUNTFLAG, which nobody has waited for. */
const systick = (usb: boolean): Experiment => ({
  option: 'systick',
  puts: [{ without: null, rows: [store(SYST_RVR, RELOAD), store(SYST_CVR, 0), store(SYST_CSR, 5)], value: (1 << 24) | RELOAD }],
  read: async (look) => {
    const [csr, rvr] = [await look.word(SYST_CSR), await look.word(SYST_RVR)];
    return csr === null || rvr === null ? null : (((csr & 1) << 24) | (rvr & 0xffffff)) >>> 0;
  },
  decide: (seen) =>
    !usb && (seen[0]!.value ?? 0) >>> 24 === 1 && (seen[0]!.value! & 0xffffff) !== RELOAD
      ? undecided('the ROM has measured the baud rate with it, which hides what it did before: `rom learn` tells')
      : judged(`SysTick running with RVR ${hex(RELOAD)} at the entry`, seen, ([after]) =>
          (after! & (1 << 24)) === 0 ? 'off' : (after! & 0xffffff) === RELOAD ? 'keeps' : 'uses',
        ),
});

const control = (chip: ChipDescription): Experiment | null => {
  const ram = ramForProbe(chip);
  return ram === null
    ? null
    : {
        option: 'control',
        puts: [{ without: null, rows: [special('psp', (ram.base + ram.size - 0x40) >>> 0), special('control', 2)], value: 2 }],
        read: async (look) => {
          const value = await look.core('control');
          return value === null ? null : value & 2;
        },
        decide: (seen) =>
          seen[0]!.exception !== 0
            ? undecided('the core was halted in an exception, which hides SPSEL: try again')
            : judged('CONTROL.SPSEL = 1 at the entry', seen, ([after]) => (after === 0 ? 'clears' : 'keeps')),
      };
};

const flagNamed = (chip: ChipDescription, name: RegExp): string | undefined =>
  chip.resetFlags?.flags.find((f) => name.test(f.field))?.field;

const resetFlags = (chip: ChipDescription): Experiment | null => {
  const flag = flagNamed(chip, /\.SFT(?:1)?RSTF$/);
  return flag === undefined
    ? null
    : {
        option: 'reset-flags',
        puts: [{ without: 'reset-flags', rows: [], value: 1 }],
        read: (look) => look.field(flag),
        decide: ([seen]) =>
          seen!.served
            ? { value: 'ignores', says: `${flag} = 1 at the entry; the ROM answers` }
            : seen!.inRom
              ? undecided('the ROM stays in that state, and does not answer')
              : { value: 'software-returns', says: `${flag} = 1 at the entry; the core goes on at ${hex(seen!.pc)}` },
      };
};

/** Counts of the IWDG at its first divider. Long: half a second, in which a store to the divider is watched for. Short: 12 ms, or 0.8 s with the ROM's divider. */
const [IWDG_LONG, IWDG_SHORT] = [0xfff, 100];
const iwdg = (chip: ChipDescription): Experiment | null => {
  const block = ['IWDG', 'IWDG1'].find((name) => chip.blocks.some((b) => b.name === name));
  const key = block === undefined ? null : locate(chip, `${block}.KR`);
  const divider = block === undefined ? null : locate(chip, `${block}.PR`);
  const flag = flagNamed(chip, /\.IWDG1?RSTF$/);
  if (block === undefined || key === null || divider === null || flag === undefined) return null;
  const running = (reload: number, free: Put['free']): Put => ({
    without: null,
    rows: [
      store(key.address, 0xcccc),
      store(key.address, 0x5555),
      ...field(chip, `${block}.RLR`, reload),
      ...wait(chip, `${block}.SR.RVU`, 0),
      store(key.address, 0xaaaa),
    ],
    value: null,
    ...(free === undefined ? {} : { free }),
  });
  return {
    option: 'iwdg',
    puts: [running(IWDG_LONG, { ms: 300, watch: divider.address }), running(IWDG_SHORT, { ms: 3000 })],
    read: (look) => look.field(`${block}.PR`),
    decide: ([long, short]) => iwdgVerdict(long!, short!),
  };
};
function iwdgVerdict(long: Seen, short: Seen): Verdict {
  if (!short.reset)
    return short.value === 0
      ? undecided('the IWDG was not seen to run')
      : { value: 'refreshes', says: 'IWDG running at 12 ms, or 0.8 s with the divider that the ROM sets: no reset in 3 s' };
  if (long.stored === null)
    return undecided(
      'the IWDG resets the chip, so the ROM does not refresh it; whether it writes the divider takes a watchpoint, and none is to be had',
    );
  return long.stored && long.inRom
    ? {
        value: WRITTEN_ONCE,
        says: `the ROM writes the divider (just before ${hex(long.pc)}); at 12 ms, or 0.8 s with it, the IWDG resets the chip while no host talks`,
      }
    : { value: 'ignores', says: 'the ROM does not write the divider, and the IWDG resets the chip' };
}

const hsi = (chip: ChipDescription): Experiment | null => {
  const clock = familyOf(chip)?.sysclk;
  const hse = clock?.sources.indexOf('HSE') ?? -1;
  if (!clock || hse < 0 || locate(chip, 'RCC.CR.HSION') === null || locate(chip, 'RCC.CR.HSEON') === null) return null;
  return {
    option: 'hsi',
    puts: [
      {
        without: null,
        rows: [
          ...field(chip, 'RCC.CR.HSEON', 1),
          ...wait(chip, 'RCC.CR.HSERDY', 1),
          ...field(chip, clock.select, hse),
          ...wait(chip, clock.status, hse),
          ...field(chip, 'RCC.CR.HSION', 0),
          ...wait(chip, 'RCC.CR.HSIRDY', 0),
        ],
        value: 0,
      },
    ],
    read: (look) => look.field('RCC.CR.HSION'),
    decide: (seen) => judged('HSION = 0 and SYSCLK from HSE at the entry', seen, ([after]) => (after === 1 ? 'sets' : 'needs')),
  };
};

const kernelClocks = (chip: ChipDescription): Experiment | null => {
  const fields = (familyOf(chip)?.kernelClocks ?? []).flatMap((path) => {
    const [block, name] = path.split('.') as [string, string];
    const register = chip.facts[chip.blocks.find((b) => b.name === block)?.facts ?? block]?.registers.find((r) => r.name === name);
    return (register?.fields ?? []).filter((f) => /USART|I2C/.test(f.name)).map((f) => `${path}.${f.name}`);
  });
  return twoValues(chip, 'kernel-clocks', fields[0], [0, 1]);
};

const cache = (chip: ChipDescription, option: 'icache' | 'dcache'): Experiment | null => {
  const path = familyOf(chip)?.[option]?.enable;
  return path === undefined || path.startsWith('FLASH.') || locate(chip, path) === null
    ? null
    : {
        option,
        puts: [{ without: null, rows: field(chip, path, 1), value: 1 }],
        read: (look) => look.field(path),
        decide: (seen) => judged(`${path} = 1 at the entry`, seen, ([after]) => (after === 0 ? 'clears' : 'keeps')),
      };
};

/** Next to the highest, where range 1 is the highest too. */
function otherRange(chip: ChipDescription, path: string | undefined, highest: number): number {
  const place = path === undefined ? null : locate(chip, path);
  return highest === 1 && place !== null && place.mask >>> place.bit > 1 ? 2 : highest - 1;
}

/** What is asked of the core and its own blocks. */
function coreExperiments(chip: ChipDescription, profile: RomProfile): readonly (Experiment | null)[] {
  const irq = profile.usbIrq === 0 ? 1 : 0;
  const ram = ramForProbe(chip);
  return [
    mask('primask', 'primask', 1),
    mask('faultmask', 'faultmask', 1),
    mask('basepri', 'basepri', 0xf0),
    bits('nvic-enabled', 'NVIC_ISER0', 0xe000e100, 1 << irq),
    bits('nvic-pending', 'NVIC_ISPR0', 0xe000e200, 1 << irq),
    (chip.cores[0]!.mpuRegions ?? 0) === 0 ? null : bits('mpu', 'MPU_CTRL', 0xe000ed94, 5),
    control(chip),
    ram === null ? null : mask('msplim', 'msplim', (ram.base + 8) >>> 0),
    vtor(chip, profile),
    systick(profile.dfu !== null),
  ];
}
/** What is asked of the chip around it. */
function chipExperiments(chip: ChipDescription, profile: RomProfile): readonly (Experiment | null)[] {
  const f = familyOf(chip);
  if (f === null) return [resetFlags(chip), iwdg(chip)];
  const { field: range, highest } = f.voltageControl ?? { field: undefined, highest: 1 };
  return [
    cache(chip, 'icache'),
    cache(chip, 'dcache'),
    remap(chip),
    enable(chip, 'usb-supply', f.usbSupply?.bit, false),
    enable(chip, 'hsi48', f.hsi48?.on, profile.family === 'F0'),
    twoValues(chip, 'prescalers', f.prescalers[0], [0, 8]),
    twoValues(chip, 'flash-latency', f.flashLatency, [0, 1], { before: field(chip, 'FLASH.ACR.ACC64', 1) }),
    twoValues(chip, 'vos', range, [highest, otherRange(chip, range, highest)], { without: 'vos' }),
    resetFlags(chip),
    iwdg(chip),
    kernelClocks(chip),
    hsi(chip),
  ];
}
/** Experiments by option, as far as this chip and its ROM have them. */
export function settleExperiments(chip: ChipDescription, profile: RomProfile): ReadonlyMap<RomOptionId, Experiment> {
  // what USB's clock takes hides what the ROM does without a cable
  const cableHides = (e: Experiment): boolean =>
    ['F1', 'L1'].includes(profile.family) && profile.dfu !== null && e.option === 'flash-latency';
  const has = (e: Experiment | null): e is Experiment => e !== null && profile.options[e.option] !== undefined && !cableHides(e);
  const all = [...coreExperiments(chip, profile), ...chipExperiments(chip, profile)];
  return new Map(all.filter(has).map((e) => [e.option, e]));
}

/** Why a probe does not settle an option. */
const WHY_NOT: Readonly<Partial<Record<RomOptionId, string>>> = {
  icache:
    'the cache belongs to the core or to the flash controller: what the ROM does with it shows only behind a programmed flash, or needs an invalidation by sets',
  dcache:
    'the cache belongs to the core or to the flash controller: what the ROM does with it shows only behind a programmed flash, or needs an invalidation by sets',
  'flash-latency': 'with a cable the ROM sets what the clock of USB takes: `board capture --at rom` without a cable reads it',
  sysclk: 'with a cable the ROM makes the clock of USB whatever it would do without: `board capture --at rom` without a cable reads it',
  'unexpected-exception': 'it takes an exception inside the running ROM, which no caller can leave behind',
  'bank-check': 'it takes applications in both banks and an option byte, and a probe writes no flash',
  'sysflash-gap': 'what lies there is read, not left behind: `board dump-rom` and a debugger show it',
  'vector-table': 'it is read, not left behind: the first two words of `board dump-rom` show it',
  'pwr-lock': 'it is locked until power is taken away, which a debugger cannot do',
  'pin-boot-security': 'it takes a start with BOOT0 high: start the board so, leave by DFU, and use `board capture --at leave`',
  'hse-missing': 'it takes a board without a crystal',
  'jump-empty-check': 'it takes an application in flash and a level at the BOOT0 pin: a probe writes no flash and moves no pin',
};
const LEAVES = 'it shows behind a leave: `board capture --at leave` reads it';

/** A sentence for an option that no probe settles on this chip. */
export function whyNotSettled(chip: ChipDescription, profile: RomProfile, option: RomOptionId): string {
  if (profile.options[option] === undefined) return `the ROM of ${chip.name} has no such option`;
  if (option === 'mpu' && (chip.cores[0]!.mpuRegions ?? 0) === 0) return `the core of ${chip.name} has no MPU`;
  if (option === 'sysclk' && profile.dfu === null) return '`board capture --at rom` reads it';
  return option === 'leave' || option.startsWith('leave-') ? LEAVES : (WHY_NOT[option] ?? 'the field is not known on this chip');
}
