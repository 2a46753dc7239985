/** A wait for the domain of the other core (ready, or stopped), and why that does not come: what that core does, and what it was started with. */
import type { Core } from '../../emu/core/core.ts';
import { hex32 } from '../documents/result.ts';
import type { Session } from '../session/session.ts';

/** Bits that are 0 while a domain is in Stop, as it is when its core is and the other one uses nothing in it, and the index of that core (RM0399, RCC_CR and PWR). */
const DOMAINS: Readonly<Record<string, number>> = { 'RCC.CR.D1CKRDY': 0, 'RCC.CR.D2CKRDY': 1 };
const ERASED = 0xffffffff;

/** Null where it is no such bit, or the chip has not that core. */
export function domainReason({ machine }: Session, what: string, wanted: number): string | null {
  const core = machine.cores[DOMAINS[what] ?? -1];
  if (core === undefined || core === machine.bootCore) return null;
  const name = core.row.name.toUpperCase();
  const bit = what.slice(what.lastIndexOf('.') + 1);
  if (wanted === 1) return machine.coreState(core) === 'asleep' ? `${bit} is 0 while ${name} is in Stop, and nothing wakes it` : null;
  const falls = `${bit} falls when ${name} enters Stop, and`;
  const remedy = `Give the ELF of ${name} as a second image, or leave this wait out.`;
  switch (machine.coreState(core)) {
    case 'locked up':
      return isErased(core, machine.state.vectors[core.index]!)
        ? `${falls} ${name} runs no program: the flash at its boot address ${hex32(machine.state.vectors[core.index]!)} is erased. ${remedy}`
        : `${falls} ${name} is in lockup (${machine.state.lockups[core.index]!.reason})`;
    case 'held':
      return `${falls} ${name} is held in reset, so it runs no program. ${remedy}`;
    case 'running':
      return `${falls} ${name} runs on`;
    case 'asleep':
      return `${falls} ${name} sleeps without it, or ${machine.bootCore.row.name.toUpperCase()} uses peripherals of its domain, which keeps that running`;
  }
}
const isErased = (core: Core, table: number): boolean => core.peek(table, 4) === ERASED && core.peek(table + 4, 4) === ERASED;
