/** Behind a leave, what the firmware itself had left switched on when it entered the ROM: the ROM has not touched it, and a mend before the jump is enough. */
import { lineName, linesSet, PPB } from '../../checks/core-registers.ts';
import type { LeftKind, OwnLeft } from '../../checks/check.ts';
import { inC } from '../../checks/families.ts';
import { resetInC } from '../../checks/fix-in-c.ts';
import { enablerOf, latest } from '../../checks/writers.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Machine } from '../../emu/machine.ts';
import { hex32 } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { targetState } from '../session/subject.ts';
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
  s.restore(entry);
  const state = targetState(machine, {});
  const waiting = [PPB.NVIC_ISER, PPB.NVIC_ISPR].flatMap((bank) => linesSet(state, bank) ?? []);
  return {
    kind: 'rest',
    names: blocks,
    observed: listed(held, asLeft),
    by: latest(held.map((name) => entry.history.lastWriter(name))),
    fix: blocks.flatMap((block) => {
      const pulse = resetInC(machine.chip, block);
      const ofBlock = held.filter((name) => blockOf(name) === block);
      const off = pulse.length > 0 ? pulse : ofBlock.map((name) => `${inC(name)} = ${wordInC(reset.get(name) ?? 0)};`);
      return [...off, ...clearedInC(machine.chip, block, waiting)];
    }),
  };
}

const wordInC = (value: number): string => (value === 0 ? '0' : `${hex32(value)}u`);

/** What it has raised stays pending in the NVIC. @param waiting lines that are enabled or pending */
function clearedInC(chip: Machine['chip'], name: string, waiting: readonly number[]): string[] {
  const own = chip.blocks.find((b) => b.name === name)?.irqs ?? [];
  return own
    .filter((line) => waiting.includes(line))
    .map((line) => `NVIC_ClearPendingIRQ((IRQn_Type)${line});   /* ${lineName(chip, line)} */`);
}

const SYST_CSR = 0xe000e010;
const SYSTICK = -1;
/** Lines that are enabled, and SysTick where it is on. */
const enabledIn = (machine: Machine): number[] => [
  ...(((machine.bootCore.peek(SYST_CSR, 4) ?? 0) & 1) !== 0 ? [SYSTICK] : []),
  ...(linesSet(targetState(machine, {}), PPB.NVIC_ISER) ?? []),
];
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
