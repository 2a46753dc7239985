/** EXTICR1…4 where they lie in SYSCFG: which port feeds each of EXTI's lines 0…15. Drives `exti.source.<line>`. */
import type { Layout, RegisterContext } from '../../emu/registers.ts';
import { extiSource } from '../wires.ts';

export interface ExtiSources {
  /** Register names. */
  readonly names: readonly string[];
  follow(c: RegisterContext<object>): void;
}

/** @param mask bits of a source field that the chip has. */
export function extiSources(layout: Layout, mask: number): ExtiSources {
  // G0 and C0 have them in EXTI.
  const registers = layout.has('EXTICR1') ? [1, 2, 3, 4].map((n) => layout.reg(`EXTICR${n}`)) : [];
  return {
    names: registers.map((r) => r.name),
    follow(c) {
      for (let line = 0; line < 4 * registers.length; line++)
        c.env.setWire(extiSource(line), (c.get(registers[line >> 2]!) >>> (4 * (line & 3))) & mask);
    },
  };
}
