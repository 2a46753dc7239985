/** The second engine: the same program on Unicorn and on bootbench's own core, instruction for instruction. */
import { describe, expect, test } from 'vitest';
import { UnicornEngine } from '../../../src/emu/engines/unicorn.ts';
import { BX_LR, handlerAt, LOOP, MAIN, RAM, reg, runCycles, started, SVC, word, type CoreName } from './bare-machine.ts';
import { unicornMissing } from './unicorn.ts';

// r0 = 40; r1 = r2 = 0; do { r1 += r0; STR r1, [r4]; r2 ^= r1; r0 -= 1 } while (r0); SVC; b .
const SUM = [0x2028, 0x2100, 0x2200, 0x2420, 0x0624, 0x1809, 0x6021, 0x404a, 0x3801, 0xd1fa, SVC, LOOP];
// in the handler: a read of SysTick's CSR, which Unicorn does not have: LDR r3, [pc, #4]; LDR r5, [r3]; ADDS r5, #7; BX LR
const HANDLER = [0x4b01, 0x681d, 0x3507, BX_LR, 0xe010, 0xe000];

describe.skipIf(unicornMissing !== '')(`Unicorn as engine${unicornMissing ? ` (skipped: ${unicornMissing})` : ''}`, () => {
  test.each<[CoreName]>([['m0'], ['m4'], ['m33'], ['m7']])(
    '%s: a loop, an exception and a read of the PPB end in the same state',
    (core) => {
      const states = ['bootbench', 'unicorn'].map((engine) => {
        const { machine, cpu } = started(core, { [MAIN]: SUM, [handlerAt(11)]: HANDLER });
        let blocks = 0;
        if (engine === 'unicorn') {
          cpu.useEngine((host) => {
            const made = new UnicornEngine({ ...host, runOwn: () => (blocks++, host.runOwn()) });
            return made;
          });
        }
        runCycles(machine, 4000);
        const own = blocks;
        return { state: [0, 1, 2, 3, 4, 5, 13, 14].map((n) => reg(cpu, n)), pc: cpu.pc, memory: word(cpu, RAM), own };
      });
      expect(states[0]!.memory).toBe(820);
      expect(states[0]!.state[5]! & 7).toBe(7);
      expect({ ...states[1], own: 0 }).toEqual(states[0]);
      // SVC, the read, the return; not the loop
      expect(states[1]!.own).toBeGreaterThan(2);
      expect(states[1]!.own).toBeLessThan(40);
    },
  );
});
