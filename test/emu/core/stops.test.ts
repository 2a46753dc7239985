/** Stops of the bench: the core stands in front of the instruction once each time it comes by, however it came there. */
import { describe, expect, it } from 'vitest';
import { CORE_NAMES, FLASH, MAIN, NOP, PS_PER_CYCLE, runTo, started } from './bare-machine.ts';

const STOP = FLASH + MAIN + 4;
/** b .-6 */
const BACK = 0xe7fb;
const FAR = 1e12;

describe('A stop', () => {
  it.each(CORE_NAMES)('%s: is told of when the time of the run before ended in front of it', (core) => {
    const { machine, cpu } = started(core, { [MAIN]: [NOP, NOP, NOP, BACK] });
    runTo(machine, MAIN);
    cpu.setBreakpoints(new Set([STOP]));
    runTo(machine, MAIN + 4);
    expect(cpu.takeBreak()).toBe(false);
    const before = cpu.retired();
    expect(machine.run(machine.now + FAR)).toBe('stopped');
    expect([cpu.takeBreak(), cpu.pc, cpu.retired()]).toEqual([true, STOP, before]);
    // and not again before the core has come round
    expect(machine.run(machine.now + FAR)).toBe('stopped');
    expect([cpu.takeBreak(), cpu.pc, cpu.retired()]).toEqual([true, STOP, before + 4]);
  });

  it('that was told of is passed by a run from a checkpoint too', () => {
    const { machine, cpu } = started('m4', { [MAIN]: [NOP, NOP, NOP, BACK] });
    cpu.setBreakpoints(new Set([STOP]));
    machine.run(FAR);
    expect(cpu.takeBreak()).toBe(true);
    const told = machine.save();
    machine.run(machine.now + PS_PER_CYCLE);
    expect(cpu.pc).not.toBe(STOP);
    machine.restore(told);
    machine.run(machine.now + PS_PER_CYCLE);
    expect([cpu.takeBreak(), cpu.pc]).toEqual([false, STOP + 2]);
  });
});
