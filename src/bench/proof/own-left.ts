/** Behind a leave, what the firmware itself had left switched on when it entered the ROM: the ROM has not touched it, and a mend before the jump is enough. */
import { lineName } from '../../checks/core-registers.ts';
import type { LeftKind, OwnLeft } from '../../checks/check.ts';
import { resetInC } from '../../checks/fix-in-c.ts';
import { enablerOf, latest } from '../../checks/writers.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Machine } from '../../emu/machine.ts';
import type { Session } from '../session/session.ts';
import { isRest, listed, registersOf, resetBlocks, type Registers } from './leave-state.ts';
import { halve } from './minimal-sets.ts';
import { repairTarget } from './repairs.ts';

/** Whether the program comes back with a change in place of what was needed of one kind. */
type ComesBack = (without: LeftKind, change: () => void) => boolean;

/** Empty where what the ROM did counts, too. The session is left anywhere. */
export function ownLeft(s: Session, leave: Checkpoint, needed: readonly LeftKind[], reset: Registers, comesBack: ComesBack): OwnLeft[] {
  if (!needed.includes('rest') && !needed.includes('irq')) return [];
  const entry = s.lastEntry();
  if (entry === null || entry.system.now > leave.system.now) return [];
  const found = [
    needed.includes('rest') ? ownBlocks(s, leave, entry, reset, comesBack) : null,
    needed.includes('irq') ? ownInterrupts(s, leave, entry, comesBack) : null,
  ];
  return found.filter((own) => own !== null);
}

function ownBlocks(s: Session, leave: Checkpoint, entry: Checkpoint, reset: Registers, comesBack: ComesBack): OwnLeft | null {
  const { machine } = s;
  s.restore(leave);
  const asLeft = registersOf(machine);
  s.restore(entry);
  const asEntered = registersOf(machine);
  const names = [...asLeft.keys()].filter((n) => asLeft.get(n) === asEntered.get(n) && asLeft.get(n) !== reset.get(n));
  const blockOf = (name: string): string => name.slice(0, name.indexOf('.'));
  const all = [...new Set(names.map(blockOf))].filter(isRest);
  const works = (some: readonly string[]): boolean => comesBack('rest', () => resetBlocks(machine, some));
  if (all.length === 0 || !works(all)) return null;
  const blocks = halve(all, works);
  const held = names.filter((name) => blocks.includes(blockOf(name)));
  return {
    kind: 'rest',
    names: blocks,
    observed: listed(held, asLeft),
    by: latest(held.map((name) => entry.history.lastWriter(name))),
    fix: blocks.flatMap((block) => [...resetInC(machine.chip, block), ...clearedInC(machine.chip, block)]),
  };
}

/** What it has raised stays pending in the NVIC. */
const clearedInC = ({ blocks }: Machine['chip'], name: string): string[] =>
  (blocks.find((b) => b.name === name)?.irqs ?? []).map((line) => `NVIC_ClearPendingIRQ((IRQn_Type)${line});`);

const ISER = 0xe000e100;
const SYST_CSR = 0xe000e010;
const SYSTICK = -1;
/** Lines that are enabled, and SysTick where it is on. */
function enabledIn(machine: Machine): number[] {
  const word = (address: number): number => machine.bootCore.peek(address, 4) ?? 0;
  const lines = Array.from({ length: 8 }, (_, n) => word(ISER + 4 * n)).flatMap((bits, n) =>
    Array.from({ length: 32 }, (_, i) => i)
      .filter((i) => (bits >>> i) & 1)
      .map((i) => 32 * n + i),
  );
  return [...((word(SYST_CSR) & 1) !== 0 ? [SYSTICK] : []), ...lines];
}
function ownInterrupts(s: Session, leave: Checkpoint, entry: Checkpoint, comesBack: ComesBack): OwnLeft | null {
  const { machine } = s;
  s.restore(leave);
  const asLeft = enabledIn(machine);
  s.restore(entry);
  const asEntered = enabledIn(machine);
  const all = asLeft.filter((line) => asEntered.includes(line));
  const works = (some: readonly number[]): boolean => comesBack('irq', () => switchOff(machine, some));
  if (all.length === 0 || !works(all)) return null;
  const lines = halve(all, works);
  const { history } = entry;
  return {
    kind: 'irq',
    names: lines.map((line) => (line === SYSTICK ? 'SysTick' : `interrupt ${lineName(machine.chip, line)}`)),
    observed: lines.map((line) => (line === SYSTICK ? 'SYST_CSR.ENABLE = 1' : `NVIC_ISER${line >>> 5} bit ${line & 31} = 1`)).join(', '),
    by: latest(lines.map((line) => (line === SYSTICK ? history.lastWriter('CPU.SYST_CSR') : enablerOf(history, line)))),
    fix: lines.map((line) => (line === SYSTICK ? 'SysTick->CTRL = 0;' : `NVIC_DisableIRQ((IRQn_Type)${line});`)),
  };
}
function switchOff(machine: Machine, lines: readonly number[]): void {
  const target = repairTarget(machine);
  if (lines.includes(SYSTICK)) target.write(SYST_CSR, 4, 0);
  const ofNvic = lines.filter((line) => line !== SYSTICK);
  for (const what of ['enabled', 'pending'] as const) if (ofNvic.length > 0) target.clearNvic(what, ofNvic);
}
