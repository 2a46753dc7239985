/** Applies repairs on a fork: changes at the entry, and watches for repairs that act on the path. */
import { MS } from '../../emu/time.ts';
import type { Repair, RepairTarget, Subject } from '../../checks/check.ts';
import type { Core, Interceptor } from '../../emu/core/core.ts';
import { exceptionReturn } from '../../emu/core/arm/exceptions.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Machine } from '../../emu/machine.ts';
import { readHidden, type HiddenBits } from '../slice/hidden-bits.ts';
import { KeptWords } from '../slice/kept-words.ts';
import { setRegister } from '../../emu/core/arm/register-file.ts';

export interface NamedRepair {
  readonly id: string;
  readonly repair: Repair;
  readonly subject: Subject;
}

const ICPR = 0xe000e280;
const ICER = 0xe000e180;
const ICSR = 0xe000ed04;

/** Edits before the first ROM instruction. */
export const repairTarget = (machine: Machine): RepairTarget => ({
  ...blockEdits(machine),
  ...memoryEdits(machine),
  ...exceptionEdits(machine),
  ...boardEdits(machine),
  ...coreEdits(machine),
});

function blockEdits(machine: Machine): Pick<RepairTarget, 'setField' | 'putField' | 'stopTimersOf'> {
  const core = machine.bootCore;
  const place = (path: string, value: number) => {
    const [blockName, registerName, fieldName] = path.split('.') as [string, string, string | undefined];
    const block = machine.system.block(blockName);
    const { layout } = block;
    const register = layout.reg(registerName);
    if (fieldName === undefined) return { block, register, whole: value >>> 0 };
    const f = layout.field(`${registerName}.${fieldName}`);
    const now = block.state.regs[register.index]!;
    return { block, register, whole: ((now & ~f.mask) | ((value << f.bit) & f.mask)) >>> 0 };
  };
  return {
    setField: (path, value) => {
      const { block, register, whole } = place(path, value);
      machine.system.now = core.now();
      // An edit, not a program: it reaches blocks without a clock too.
      if (machine.system.isClocked(block)) machine.system.writeBlock(block, block.row.base + register.offset, register.size, whole);
      else block.component.write(block.state, block.env, register.offset, register.size, whole);
    },
    putField: (path, value) => {
      const { block, register, whole } = place(path, value);
      block.state.regs[register.index] = whole;
    },
    stopTimersOf: (blockName) => {
      const block = machine.system.block(blockName);
      machine.system.now = core.now();
      block.component.onReset(block.state, block.env, 'power');
    },
  };
}

function memoryEdits(machine: Machine): Pick<RepairTarget, 'eraseWord' | 'write'> {
  return {
    eraseWord: (address) => {
      const { memory, base } = machine.system.regionAt(address)!;
      machine.system.pokeMemory(memory!.row.name, address - base, new Uint8Array(4).fill(memory!.row.erased ?? 0xff));
    },
    write: (address, size, value) => machine.bootCore.write(address, size, value, true),
  };
}

/** The boot core is as before it took the exception that it is in: its frame is popped. */
export function undoException(machine: Machine): void {
  const core = machine.bootCore;
  machine.system.now = core.now();
  core.hardwareAccess = true;
  try {
    exceptionReturn(core, core.arm.lr);
  } finally {
    core.hardwareAccess = false;
  }
}

/** What is active, pending and enabled. */
function exceptionEdits(machine: Machine): Pick<RepairTarget, 'leaveHandlerMode' | 'clearNvic' | 'undoException'> {
  const core = machine.bootCore;
  const poke = (address: number, word: number): void => core.write(address, 4, word, true);
  return {
    leaveHandlerMode: () => core.arm.leaveHandlers(),
    clearNvic: (what, lines) => {
      const clear = what === 'enabled' ? ICER : ICPR;
      if (lines) for (const n of lines) poke(clear + 4 * (n >>> 5), 1 << (n & 31));
      else for (let i = 0; i < 16; i++) poke(clear + 4 * i, 0xffffffff);
      if (what === 'pending' && !lines) poke(ICSR, (1 << 25) | (1 << 27));
    },
    undoException: () => undoException(machine),
  };
}

function boardEdits(machine: Machine): Pick<RepairTarget, 'holdPin' | 'fitCrystal'> {
  const core = machine.bootCore;
  return {
    holdPin: (name, level) => {
      machine.system.now = core.now();
      machine.system.setWire(`pin.${name}`, level);
      machine.state.heldWires.push(`pin.${name}`);
    },
    fitCrystal: (name, hz, startMs) => {
      machine.system.setParameter(`${name}.hz`, hz);
      const typical = machine.chip.parameters[`${name}.start.ps`]?.value;
      if (typical !== undefined)
        machine.system.setParameter(`${name}.start.ps`, startMs === undefined ? typical : Math.round(startMs * MS));
    },
  };
}

/** Registers of the boot core, where it goes on, and whether it is alone. */
function coreEdits(machine: Machine): Pick<RepairTarget, 'setCore' | 'holdOtherCores' | 'branchTo' | 'jumpTo'> {
  const core = machine.bootCore;
  return {
    setCore: (register, value) => setRegister(core, register, value),
    holdOtherCores: () => {
      for (const other of machine.cores) if (other !== core) machine.hold(other);
    },
    branchTo: (address) => {
      core.arm.thumb = address & 1;
      core.branchTo(address & ~1);
      core.zone = core.zoneAt(address) ?? core.zone;
      core.flushTables();
    },
    jumpTo: (address) => {
      core.arm.thumb = address & 1;
      core.branchTo(address & ~1);
    },
  };
}

const actsOf = ({ repair }: NamedRepair): 'instead-of-fault' | 'undoes-exception' | null =>
  repair.at === 'entry' ? (repair.acts ?? null) : null;
export const isInsteadOfFault = (r: NamedRepair): boolean => actsOf(r) === 'instead-of-fault';
export const undoesException = (r: NamedRepair): boolean => actsOf(r) === 'undoes-exception';

export function applyAtEntry(machine: Machine, repairs: readonly NamedRepair[]): void {
  const target = repairTarget(machine);
  for (const r of repairs) if (r.repair.at === 'entry' && actsOf(r) === null) r.repair.apply(target, r.subject);
}
/** Edits in place of the first fault, before its exception. */
export function applyInsteadOfFault(machine: Machine, repairs: readonly NamedRepair[]): void {
  const target = repairTarget(machine);
  for (const r of repairs) if (r.repair.at === 'entry' && isInsteadOfFault(r)) r.repair.apply(target, r.subject);
}
/** Takes the exception of the entry back. */
export function applyUndoing(machine: Machine, repairs: readonly NamedRepair[]): void {
  const target = repairTarget(machine);
  for (const r of repairs) if (r.repair.at === 'entry' && undoesException(r)) r.repair.apply(target, r.subject);
  target.undoException?.();
}

/** Opens the locks of the flash and sets the bit that loads the option bytes, which resets the chip. */
export const launchOptions = (machine: Machine, path: string): void => setUnlocked(machine, path);
function setUnlocked(machine: Machine, path: string): void {
  const target = repairTarget(machine);
  const [block, register] = path.split('.') as [string, string];
  const { layout } = machine.system.block(block);
  for (const lock of ['LOCK', 'OPTLOCK']) if (layout.hasField(`${register}.${lock}`)) target.putField?.(`${block}.${register}.${lock}`, 0);
  target.setField(path, 1);
}
/** Effort: operations of a flash that wait for one another. */
const QUEUED = 8;
/** Sets the bit that programs the option bytes, and what is under way in the flash is done at once, as if the firmware had waited for it. */
export function programOptions(machine: Machine, path: string): void {
  setUnlocked(machine, path);
  const block = machine.system.block(path.split('.')[0]!);
  for (const timer of block.component.timers)
    for (let i = 0; i < QUEUED && block.env.due(timer) !== Infinity; i++) {
      block.env.disarm(timer);
      block.component.onTimer(block.state, block.env, timer);
    }
}

/** What the repairs that act before the entry do, and the pages that have to be watched for it. */
function onThePath(repairs: readonly NamedRepair[]) {
  const pages = new Set<number>();
  const redirects: { from: number }[] = [];
  const writes = new Map<number, number | null>();
  const vetoed = new Set<string>();
  const launches: string[] = [];
  const keeps: { address: number; value: number; resets?: number; against?: number }[] = [];
  const hidden: HiddenBits[] = [];
  for (const { repair } of repairs) {
    if (repair.at === 'redirect') {
      redirects.push({ from: repair.from });
      pages.add(repair.from >>> PAGE_BITS).add((repair.from + 7) >>> PAGE_BITS);
    } else if (repair.at === 'before-write' && repair.vetoes) vetoed.add(repair.vetoes);
    else if (repair.at === 'before-write' && repair.launches) launches.push(repair.launches);
    else if (repair.at === 'before-write') writes.set(repair.seq, repair.value);
    else if (repair.at === 'keep') {
      keeps.push(...repair.words);
      hidden.push(...(repair.hidden ?? []));
    }
  }
  for (const { address } of hidden) pages.add(address >>> PAGE_BITS);
  return { pages, redirects, writes, vetoed, launches, keeps, hidden };
}

/** Watches for the repairs that act before the entry; null if there are none. */
export function pathInterceptor(
  machine: Machine,
  repairs: readonly NamedRepair[],
  table: number,
  words = new KeptWords(),
): Interceptor | null {
  const { pages, redirects, writes, vetoed, launches, keeps, hidden } = onThePath(repairs);
  if (pages.size === 0 && keeps.length === 0 && writes.size === 0 && vetoed.size === 0 && launches.length === 0) return null;
  type Keep = (typeof keeps)[number];
  const isKept = ({ resets = 2 }: Keep): boolean => machine.history.resets.length >= resets;
  const keptAt = (core: Core, address: number): Keep | undefined =>
    core.zone === 'user' ? keeps.find((k) => k.address === address && isKept(k)) : undefined;
  return {
    // a kept word may lie where the stack is, and to watch a page is slow: in front of the reset and in the ROM nothing is kept, nor
    // what the program has overwritten
    get pages(): ReadonlySet<number> {
      const inUse =
        keeps.length > 0 && machine.cores.some(({ zone }) => zone === 'user')
          ? keeps.filter((k) => isKept(k) && !words.isOver(k.address))
          : [];
      return new Set([...pages, ...inUse.map(({ address }) => address >>> PAGE_BITS)]);
    },
    vetoReset: (by) => {
      const field = by === 'software' ? launches.pop() : undefined;
      if (field === undefined) return vetoed.has(by);
      launchOptions(machine, field);
      return true;
    },
    // sequence numbers are those of writes to blocks, which never have a fast path
    everyDeviceWrite: writes.size > 0,
    special: (_core, _register, old, value) => (writes.has(machine.history.seq) ? (writes.get(machine.history.seq) ?? old) : value),
    read: (core, address, size) => {
      for (const r of redirects)
        if (address >= r.from && address + size <= r.from + 8)
          return core.peek(table + (address - r.from), size === 1 ? 1 : size === 2 ? 2 : 4) ?? 0;
      const kept = keptAt(core, address);
      const value = kept === undefined ? null : words.read(core, address, kept.value);
      return value ?? readHidden(machine, hidden, core, address, size);
    },
    write: (core, address, _size, value) => {
      const number = machine.history.seq + 1;
      const replaced = writes.get(number);
      // a write that is left out has its number all the same: the next one is not left out too
      if (replaced === null) machine.history.seq = number;
      if (replaced !== undefined) return replaced;
      // what the ROM has there is its own
      const kept = keptAt(core, address);
      return kept !== undefined && words.holdsBack(core, address, value, kept.against) ? null : value;
    },
  };
}
