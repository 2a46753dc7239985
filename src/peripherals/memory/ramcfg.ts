/**
 * RAMCFG of H5 and U5: erasing a RAM by its key and SRAMER, with its time. Option `memories`: the chip's memory by the number in the registers' names.
 *
 * Facts: registers ST SVD; RM0481 6.3.5, RM0456 6.3.6 (documented): the keys 0xCA and 0x53, a word a cycle of HCLK, zeros (inferred). ECC, wait states and page write
 * protection are left out.
 */
import type { Field, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';

interface RamcfgState {
  /** Keys that have been written in their order, by RAM. */
  readonly keys: Record<string, number>;
}
type Ctx = RegisterContext<RamcfgState>;
const KEYS = [0xca, 0x53];
/** `<memory>` and its bytes. */
type Memories = Readonly<Record<string, readonly [memory: string, bytes: number]>>;

interface Ram {
  readonly number: string;
  readonly key: Register;
  readonly cr: Register;
  readonly erase: Field;
  readonly busy: Field;
  readonly memory: string;
  readonly bytes: number;
}

export const ramcfg: ModelFactory<{ readonly memories: Memories }> = (layout, { memories }): RegisterModel<RamcfgState> => {
  // H5 and U5 name them differently.
  const prefix = layout.has('M1CR') ? 'M' : 'RAM';
  const rams: readonly Ram[] = Object.entries(memories)
    .filter(([n]) => layout.has(`${prefix}${n}CR`) && layout.has(`${prefix}${n}ERKEYR`) && layout.hasField(`${prefix}${n}ISR.SRAMBUSY`))
    .map(([number, [memory, bytes]]) => ({
      number,
      memory,
      bytes,
      key: layout.reg(`${prefix}${number}ERKEYR`),
      cr: layout.reg(`${prefix}${number}CR`),
      erase: layout.field(`${prefix}${number}CR.SRAMER`),
      busy: layout.field(`${prefix}${number}ISR.SRAMBUSY`),
    }));
  const begin = (c: Ctx, ram: Ram): void => {
    c.s.keys[ram.number] = 0;
    ram.busy.set(c, 1);
    c.env.pokeMemory(ram.memory, 0, new Uint8Array(ram.bytes));
    c.env.arm(`erase${ram.number}`, c.env.clockTimeOf('hclk', c.env.clockCount('hclk') + ram.bytes / 4));
  };
  return {
    timers: rams.map((r) => `erase${r.number}`),
    clocks: ['hclk'],
    about: {
      source: 'RM0481 6.3.5, RM0456 6.3.6; a word a cycle (inferred)',
      confidence: 'documented',
      lacks: ['ECC and its errors', 'wait states', 'write protection of pages', 'accesses while a RAM is erased'],
    },
    modelled: rams.flatMap((r) => [r.key.name, r.cr.name, r.busy.register.name]),
    create: () => ({ keys: {} }),
    onReset: (c) => {
      for (const r of rams) {
        c.s.keys[r.number] = 0;
        c.env.disarm(`erase${r.number}`);
      }
    },
    onTimer: (c, timer) => {
      const ram = rams.find((r) => timer === `erase${r.number}`)!;
      ram.busy.set(c, 0);
      ram.erase.set(c, 0);
    },
    write: (c, r, merged, raw) => {
      const ram = rams.find((x) => x.key === r || x.cr === r || x.busy.register === r);
      if (!ram) return;
      if (r === ram.busy.register) return c.get(r);
      const done = c.s.keys[ram.number] ?? 0;
      if (r === ram.key) {
        c.s.keys[ram.number] = (raw & 0xff) === KEYS[done] ? done + 1 : 0;
        return 0;
      }
      if (ram.busy.get(c)) return c.get(r);
      if (ram.erase.of(merged) && done === KEYS.length) begin(c, ram);
      return (ram.busy.get(c) ? merged : merged & ~ram.erase.mask) >>> 0;
    },
  };
};
