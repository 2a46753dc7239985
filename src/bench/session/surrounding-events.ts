/**
 * What can still happen around a loop by itself: events that are scheduled, and what they may change. Where it is not known that something stays as it is, it may change.
 */
import { isUsbController } from '../../emu/chip.ts';
import type { Core } from '../../emu/core/core.ts';
import { EXC, SCS } from '../../emu/core/arm/scs-state.ts';
import { anyLineEnabled, groupOf, isActive, isEnabled, isLineUp, preempts, priorityOf } from '../../emu/core/arm/nvic.ts';
import { cyccntStands, readIsSteady, sysTickStands } from '../../emu/proofs/steady.ts';
import type { Stretch } from '../../emu/registers.ts';
import type { Block } from '../../emu/system.ts';
import { USB_VBUS } from '../../peripherals/wires.ts';
import { CHECK_TIMER } from './hearing.ts';
import type { LiveRun } from './live-run.ts';

/** Registers of the private bus that follow what happens around the core: pending and active exceptions. */
const followsEvents = (address: number): boolean => {
  const offset = address & 0xfffff;
  return address >= 0xe0000000 && ((offset >= 0xe200 && offset < 0xe400) || offset === 0xed04 || offset === 0xed24);
};

/** Nothing is scheduled but the SysTick of the boot core and what only the bench itself wants to know. */
function nothingScheduled(s: LiveRun): boolean {
  return s.machine.system.scheduler.due.every((due, slot) => due === Infinity || isOwn(s, slot));
}
const isOwn = ({ machine }: LiveRun, slot: number): boolean => {
  const name = machine.system.scheduler.slotName(slot);
  return name === CHECK_TIMER || name === `${machine.bootCore.row.name}.systick`;
};

/** The simulated host's timers. It talks to the USB blocks, and its cable is VBUS. */
const HOST_TIMERS = new Set(['usb.host', 'usb.sof']);
const NONE: ReadonlySet<Block> = new Set();

/** Blocks that may change by what is scheduled, from one to the next by the wires that each may drive; null: any. */
function reached(s: LiveRun): ReadonlySet<Block> | null {
  if (nothingScheduled(s)) return NONE;
  if (!s.asksReach) return null;
  const { system } = s.machine;
  const { scheduler } = system;
  const found = new Set<Block>();
  for (const [slot, due] of scheduler.due.entries()) {
    if (due === Infinity || isOwn(s, slot)) continue;
    const owner = system.ownerOf(slot);
    if (owner !== null) found.add(owner);
    else if (!HOST_TIMERS.has(scheduler.slotName(slot))) return null;
    else for (const b of [...system.blocks.filter((b) => isUsbController(b.row)), ...system.followersOf(USB_VBUS)]) found.add(b);
  }
  // what is added on the way is gone through as well
  for (const b of found) {
    const driven = b.component.drives(b.state, b.env);
    if (driven === null) return null;
    for (const w of driven) for (const follower of system.followersOf(w)) found.add(follower);
  }
  for (const b of system.blocks) if (b.row.seesInterrupts === true) found.add(b);
  return found;
}

/**
 * The block's registers stay as they are as long as no core writes to it: it has nothing scheduled itself, the host does not talk to it, and no other block reaches it
 * by a wire or a clock.
 */
function staysQuiet(s: LiveRun, b: Block): boolean {
  const { component } = b;
  if (s.machine.system.hasArmedTimer(b) || (isUsbController(b.row) && s.usb.state.cable)) return false;
  return (component.wires ?? []).length + (component.clocks ?? []).length === 0 || reached(s)?.has(b) === false;
}
/** Stretches to which bus masters may store at an event; null: anywhere. */
function storedByMasters(s: LiveRun): readonly Stretch[] | null {
  const { system } = s.machine;
  const masters = system.blocks.filter((b) => b.component.busMaster && system.isClocked(b));
  if (masters.length === 0) return [];
  const found = reached(s);
  const stores = masters.filter((b) => found === null || found.has(b)).map((b) => b.component.published(b.state, b.env).stores);
  return stores.every((of) => of !== undefined) ? stores.flat() : null;
}
/** A word, or a part of one. */
const mastersReach = (s: LiveRun, address: number): boolean =>
  storedByMasters(s)?.some(({ from, to }) => from < address + 4 && to >= address) !== false;
/** Stores to registers may raise any interrupt. */
const mastersReachBlocks = (s: LiveRun): boolean =>
  storedByMasters(s)?.some(({ from }) => s.machine.system.regionAt(from, s.machine.bootCore.index)?.memory == null) !== false;

/** A register of SysTick, of the core's own. */
const isSysTick = (address: number): boolean => address >= 0xe000e010 && address < 0xe000e020;
/** A read gives the same for ever, as long as no core writes and no interrupt is taken. */
export function readStays(s: LiveRun, address: number): boolean {
  const { system, bootCore: core } = s.machine;
  const stands = (isSysTick(address) && sysTickStands(core)) || cyccntStands(core, address);
  if (!stands && !readIsSteady(system, address)) return false;
  if (address >= 0xe0000000) return !followsEvents(address) || (nothingScheduled(s) && !sysTickInterrupts(core));
  if (mastersReach(s, address)) return false;
  const block = system.regionAt(address, core.index)?.block;
  return block == null || staysQuiet(s, block);
}

export const sysTickInterrupts = (core: Core): boolean => ((core.peek(0xe000e010, 4) ?? 0) & 3) === 3;

/** Which interrupts may be taken, or wake the core, while it is where it is: SysTick and others; lines of blocks that stay quiet are none. */
export function interruptsAround(s: LiveRun, level: Level = {}): { readonly sysTick: boolean; readonly others: boolean } {
  const { bootCore: core, system } = s.machine;
  const taken = (exception: number): boolean => mayBeTaken(core, exception, level);
  const line = (b: Block): boolean => (b.row.irqs ?? []).some((n) => n >= 0 && taken(EXC.IRQ0 + n));
  return {
    sysTick: sysTickInterrupts(core) && taken(EXC.SYSTICK),
    others: system.blocks.some((b) => line(b) && !staysQuiet(s, b)) || (mastersReachBlocks(s) && anyLineEnabled(core)),
  };
}
/** `asleep`: in WFI, which PRIMASK does not keep asleep. `under`: an exception comes back again and again, and others may go before it. */
export interface Level {
  readonly asleep?: boolean;
  readonly under?: number;
}
function mayBeTaken(core: Core, exception: number, { asleep, under }: Level): boolean {
  if (!isEnabled(core, exception)) return false;
  if (under === undefined) return preempts(core, exception, asleep === true);
  return (
    exception !== under &&
    !isActive(core, exception) &&
    groupOf(core, priorityOf(core, exception)) <= groupOf(core, priorityOf(core, under))
  );
}

/** An interrupt line is up, and nothing but a core's access can lower it. */
export function lineStaysUp(s: LiveRun, line: number): boolean {
  const { bootCore: core, system } = s.machine;
  if (line < 0 || !isLineUp(core, line)) return false;
  return system.blocks.every((b) => !(b.row.irqs ?? []).includes(line) || staysQuiet(s, b));
}

/** An event for WFE may come: by an interrupt that becomes pending, or from a block. */
export const eventMayCome = (s: LiveRun): boolean =>
  !nothingScheduled(s) || sysTickInterrupts(s.machine.bootCore) || (s.machine.bootCore.get(SCS.SCR) & SEVONPEND) !== 0;
const SEVONPEND = 0x10;
