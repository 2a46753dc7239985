/** What makes a write that was lost one with effect: the clock of its block, the key of a lock, the bit that opens the backup domain, put in front of it as firmware would. */
import { DWT_LAR, LAR_KEY } from '../../emu/core/arm/debug-registers.ts';
import { part } from '../../checks/fix-in-c.ts';
import type { RepairTarget } from '../../checks/check.ts';
import type { Interceptor } from '../../emu/core/core.ts';
import type { LostWrite } from '../../emu/history.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Machine } from '../../emu/machine.ts';
import type { Block, System } from '../../emu/system.ts';
import { FLASH_KEYS, OPTION_KEYS } from '../../peripherals/memory/flash-keys.ts';
import { L0_KEYS } from '../../peripherals/memory/flash-l0.ts';
import { RTC_KEYS } from '../../peripherals/timer/rtc-v3.ts';
import { IWDG_KEY_UNLOCK } from '../../peripherals/watchdog/iwdg-v3.ts';
import { launchOptions, programOptions, repairTarget } from '../proof/repairs.ts';
import { fieldOf } from '../session/field-of.ts';

/** One lost write and what opens its way. */
export interface Opening {
  readonly write: LostWrite;
  /** What is set in front of it: `RCC.APB1ENR.PWREN = 1`. */
  readonly what: string;
  /** What refuses it as it is: `RCC.APB1ENR.PWREN is 0`. */
  readonly because: string;
  /** The same in C. */
  readonly fix: string;
  /** Of a write of keys: once this is 0, writes of keys do not happen. */
  readonly lock: string | null;
  open(target: RepairTarget): void;
  /** What is written in its place. */
  readonly instead?: (value: number) => number;
  /** What is done when a reset is asked for; true: in place of it. */
  readonly beforeReset?: (machine: Machine, by: string) => boolean;
}

/** Null where no single thing opens it: it comes in the wrong order, or this core may not. */
export function openingOf(system: System, write: LostWrite): Opening | null {
  if (write.address === AIRCR) return withVectkey(write);
  if (write.block === 'DWT') return dwtOpened(write);
  const block = system.findBlock(write.block);
  return block === undefined ? null : (OPENERS[write.why]?.(system, block, write) ?? null);
}

const OPENERS: Partial<Record<LostWrite['why'], (system: System, block: Block, write: LostWrite) => Opening | null>> = {
  'no-clock': ({ chip }, { row }, write) => (row.clock === undefined ? null : fieldIs(`${chip.rcc}.${row.clock}`, 1, write)),
  'in-reset': ({ chip }, { row }, write) => (row.reset === undefined ? null : fieldIs(`${chip.rcc}.${row.reset}`, 0, write)),
  'backup-domain': (system, _block, write) => {
    const path = pathOf(system.findBlock('PWR'), 'DBP');
    return path === null ? null : fieldIs(path, 1, write);
  },
  locked: (_system, block, write) => unlocked(block, write, write.lock!, false),
  protected: (_system, block, write) => keyed(block, write),
  'in-use': (system, block, write) => switched(system, block, write),
  'not-programmed': (_system, block, write) => programmed(block, write),
  'cut-short': (_system, block, write) => programmed(block, write),
  key: (_system, block, write) => {
    const register = block.layout.at(write.address - block.row.base)?.name ?? '';
    const lock = keyRegisters(block).find(({ name }) => name.test(register))?.lock;
    return lock === undefined ? null : unlocked(block, write, lock, true);
  },
};

const AIRCR = 0xe000ed0c;
const VECTKEY = 0x05fa;
/** AIRCR takes what has its key in the upper half; a read gives another number there (Armv7-M ARM B3.2.6, Armv6-M ARM B3.2.6). */
function withVectkey(write: LostWrite): Opening {
  const bit = write.target.split('.')[2]!;
  const whole = `SCB->AIRCR = (0x05FAu << SCB_AIRCR_VECTKEY_Pos) | SCB_AIRCR_${bit}_Msk;`;
  return {
    write,
    what: 'SCB.AIRCR.VECTKEY = 0x05FA',
    because: 'its upper half is not the key 0x05FA',
    fix: bit === 'PRIGROUP' ? '/* NVIC_SetPriorityGrouping() writes it with its key */' : whole,
    lock: null,
    open: () => undefined,
    instead: (value) => ((value & 0xffff) | (VECTKEY << 16)) >>> 0,
  };
}

/** The software lock of the DWT (CoreSight architecture B2.3.10): only a core that has it loses such a write. */
const dwtOpened = (write: LostWrite): Opening => ({
  write,
  what: 'DWT.LAR = 0xC5ACCE55',
  because: 'the software lock of the DWT is closed',
  fix: part('before', '', `DWT->LAR = ${hex(LAR_KEY)};`),
  lock: null,
  open: (target) => target.write(DWT_LAR, 4, LAR_KEY),
});

/** A field that firmware sets by itself. */
function fieldIs(path: string, value: 0 | 1, write: LostWrite): Opening {
  const [block = '', register = '', field = ''] = path.split('.');
  const [lvalue, mask] = [`${block}->${register}`, `${block}_${register}_${field}`];
  const fix = part('before', '', value === 1 ? `${lvalue} |= ${mask};` : `${lvalue} &= ~${mask};`);
  return {
    write,
    what: `${path} = ${value}`,
    because: `${path} is ${1 - value}`,
    fix,
    lock: null,
    open: (target) => target.setField(path, value),
  };
}
/** The register of a block that has this field, as a path. */
function pathOf(block: Block | undefined, field: string, like = /./): string | null {
  const register = block?.layout.registers.find(({ name, fields }) => like.test(name) && fields.some((f) => f.name === field));
  return block === undefined || register === undefined ? null : `${block.row.name}.${register.name}.${field}`;
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16).toUpperCase().padStart(8, '0')}u`;
/** Key registers of flash controllers: which lock they open, by which keys (RM0008, RM0090, RM0351, RM0367, RM0433, RM0481: FLASH). */
const KEY_REGISTERS: readonly { readonly name: RegExp; readonly lock: string; readonly keys: readonly number[] }[] = [
  { name: /^(NS)?KEYR[12]?$/, lock: 'LOCK', keys: FLASH_KEYS },
  { name: /^OPTKEYR2?$/, lock: 'OPTLOCK', keys: OPTION_KEYS },
];
/** The same of L0 and L1. */
const KEY_REGISTERS_L: typeof KEY_REGISTERS = [
  { name: /^PEKEYR$/, lock: 'PELOCK', keys: L0_KEYS['PEKEYR']! },
  { name: /^PRGKEYR$/, lock: 'PRGLOCK', keys: L0_KEYS['PRGKEYR']! },
  { name: /^OPTKEYR$/, lock: 'OPTLOCK', keys: L0_KEYS['OPTKEYR']! },
];
const keyRegisters = ({ layout }: Block): typeof KEY_REGISTERS => (layout.has('PEKEYR') ? KEY_REGISTERS_L : KEY_REGISTERS);
function unlocked(block: Block, write: LostWrite, lock: string, replaces: boolean): Opening | null {
  const written = block.layout.at(write.address - block.row.base)?.name ?? '';
  const bank = /[12]$/.exec(written)?.[0] ?? '';
  const path = pathOf(block, lock, bank === '' ? /./ : new RegExp(`${bank}$`)) ?? pathOf(block, lock);
  const row = keyRegisters(block).find((r) => r.lock === lock);
  if (path === null || row === undefined) return null;
  const register = block.layout.registers.find(
    ({ name }) => row.name.test(name) && (bank === '' || !/[12]$/.test(name) || name.endsWith(bank)),
  );
  if (register === undefined) return null;
  const { name } = block.row;
  const keys = row.keys.map((key) => `${name}->${register.name} = ${hex(key)};`);
  const goes = replaces ? keys.join('\n') : part('before', '', ...keys);
  const because = replaces ? `this is not the sequence of keys that ${register.name} takes` : `${path} is 1`;
  return {
    write,
    what: `${path} = 0 by the keys`,
    because,
    fix: goes,
    lock: replaces ? path : null,
    open: (target) => target.putField?.(path, 0),
  };
}

/** What says that the flash is at work, as ST's headers write it; that of G0 and C0 has a number there, and none in the SVD. */
function busyInC({ row, layout }: Block): string {
  if (layout.hasField('OPTSR_CUR.OPT_BUSY')) return `${row.name}->OPTSR_CUR & FLASH_OPTSR_OPT_BUSY`;
  if (layout.has('NSSR')) return `${row.name}->NSSR & ${layout.has('OPTSR_CUR') ? 'FLASH_SR_BSY' : 'FLASH_NSSR_BSY'}`;
  return `${row.name}->SR & ${layout.hasField('CR.OBL_LAUNCH') && layout.hasField('SR.CFGBSY') && !layout.has('SFR') ? 'FLASH_SR_BSY1' : 'FLASH_SR_BSY'}`;
}
/** Option bytes that are programmed before the next reset; where that is one that does not load them, another comes in its place. */
function programmed(block: Block, write: LostWrite): Opening {
  const { name } = block.row;
  const [register = '', bit = ''] = write.lock!.split('.');
  const start = `${name}_${register}.${bit}`;
  const cut = write.why === 'cut-short';
  const loads = block.layout.hasField(`${register}.OBL_LAUNCH`) ? `${name}.${register}.OBL_LAUNCH` : null;
  // H5's header has the name of H7
  const inHeaders = block.layout.has('OPTSR_CUR') ? 'OPTSTART' : bit;
  const wait = `while (${busyInC(block)}) {}`;
  const then = loads === null ? '' : `; then ${name}->${register} |= ${name}_${register}_OBL_LAUNCH loads them and resets the chip`;
  return {
    write,
    what: cut ? `${start} is done before the reset` : `${start} = 1`,
    because: cut
      ? `a reset came while ${start} was still programming it: the chip kept its old option bytes`
      : `nothing programmed it: ${start} was not set before the reset, which brought the old option bytes back`,
    fix: part('after', then, ...(cut ? [] : [`${name}->${register} |= ${name}_${register}_${inHeaders};`]), wait),
    lock: null,
    open: () => undefined,
    beforeReset: (machine, by) => {
      programOptions(machine, `${name}.${write.lock!}`);
      if (by !== 'software' || loads === null) return false;
      launchOptions(machine, loads);
      return true;
    },
  };
}

/** An oscillator or a PLL that SYSCLK comes from: SYSCLK is taken from that of a reset first, where it runs. */
function switched({ chip }: System, block: Block, write: LostWrite): Opening | null {
  const { row, layout } = block;
  const register = layout.registers.find(({ fields }) => ['SW', 'SWS'].every((name) => fields.some((f) => f.name === name)));
  const after = RESET_SOURCES.find((name) => layout.hasField(`CR.${name}ON`));
  if (row.name !== chip.rcc || register === undefined || after === undefined) return null;
  const [path, bit] = [`${row.name}.${register.name}`, write.lock!.split('.')[1]!];
  const valueOf = (name: string): number => {
    const f = layout.field(name);
    return ((block.state.regs[f.register.index]! & f.mask) >>> f.bit) >>> 0;
  };
  const [lvalue, macro] = [`${row.name}->${register.name}`, `${row.name}_${register.name}`];
  return {
    write,
    what: `SYSCLK switched to ${after} (${path}.SW = 0)`,
    because: `SYSCLK comes from what ${bit} switches on (${path}.SWS)`,
    fix: part('before', '', `${lvalue} &= ~${macro}_SW;`, `while (${lvalue} & ${macro}_SWS) {}`),
    lock: null,
    open: (target) => {
      if (valueOf(`CR.${after}RDY`) === 0) return;
      target.setField(`${path}.SW`, 0);
      target.putField?.(`${path}.SWS`, 0);
    },
  };
}
/** What SW = 0 selects. U5's has a name of its own. */
const RESET_SOURCES = ['MSIS', 'MSI', 'HSI'];

/** A register that takes keys for others of its block: RTC_WPR, IWDG_KR. */
function keyed({ row, layout }: Block, write: LostWrite): Opening | null {
  const [register, keys] = layout.has('WPR') ? ['WPR', RTC_KEYS] : ['KR', [IWDG_KEY_UNLOCK]];
  if (!layout.has(register)) return null;
  const address = row.base + layout.reg(register).offset;
  const lines = keys.map((key) => `${row.name}->${register} = 0x${key.toString(16).toUpperCase()}u;`);
  return {
    write,
    what: `${row.name}.${register} with its ${keys.length > 1 ? 'keys' : 'key'}`,
    because: `${row.name}.${register} did not get its ${keys.length > 1 ? 'keys' : 'key'}`,
    fix: part('before', '', ...lines),
    lock: null,
    open: (target) => keys.forEach((key) => target.write(address, 4, key)),
  };
}

/** Opens the way of these writes, each time that their instructions come to them. */
export function opening(machine: Machine, openings: readonly Opening[]): Interceptor {
  const target = repairTarget(machine);
  return {
    pages: new Set(openings.map(({ write }) => write.address >>> PAGE_BITS)),
    everyDeviceWrite: true,
    vetoReset: (by) => openings.find(({ beforeReset }) => beforeReset !== undefined)?.beforeReset?.(machine, by) === true,
    write: (core, address, _size, value) => {
      let left = false;
      let stored = value;
      for (const { write, lock, open, instead } of openings) {
        if (write.address !== address) continue;
        if (write.pc === core.pc) {
          open(target);
          stored = instead?.(stored) ?? stored;
        }
        left ||= lock !== null && fieldOf(machine, lock) === 0;
      }
      return left ? null : stored;
    },
  };
}
