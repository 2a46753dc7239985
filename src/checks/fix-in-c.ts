/** The jump as C that works at any optimisation: both words are in registers before MSP changes, and nothing touches the stack in between. */
import { hex, type RomFacts } from './check.ts';

export const jumpInC = ({ vectorTable }: RomFacts): string =>
  [
    `uint32_t sp = *(volatile uint32_t *)${hex(vectorTable)}u;`,
    `uint32_t pc = *(volatile uint32_t *)${hex(vectorTable + 4)}u;   /* the word, with bit 0 as it is */`,
    '__asm volatile("msr msp, %0\\n\\tbx %1" : : "r"(sp), "r"(pc) : "memory");   /* in place of the old jump */',
  ].join('\n');
