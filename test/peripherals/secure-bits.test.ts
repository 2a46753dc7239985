/** RCC of H5 for code that is not secure: bits of a peripheral that GTZC1_TZSC has as secure stay as they are (RM0481 11.3, 5.4.6). */
import { expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import type { RegisterFact } from '../../src/emu/registers.ts';
import { System } from '../../src/emu/system.ts';
import { CORE_SECURE, wire } from '../../src/emu/wires.ts';
import { MODELS } from '../../src/peripherals/index.ts';

const chip = findChip('stm32h533re')!;
const facts = (block: string): readonly RegisterFact[] => chip.facts[block]!.registers;
const SECCFGR = ['SECCFGR1', 'SECCFGR2', 'SECCFGR3'];
/** Peripherals whose bits have another name in RCC than in TZSC. */
const IN_RCC: Readonly<Record<string, string>> = {
  HDMICEC: 'CEC',
  UCPD: 'UCPD1',
  FDCAN1: 'FDCAN',
  FDCAN2: 'FDCAN',
  VREFBUF: 'VREF',
  DCMI: 'DCMI_PSSI',
  ADC12: 'ADC',
};
const namesOf = (name: string): readonly (string | undefined)[] => [name, IN_RCC[name]];
const BITS = /^(.*?)(EN|RST|LPEN|SEL)$/;
/** Registers of RCC that have bits of peripherals which can be secure. */
const GATES = facts('RCC').filter(({ name }) => /^A[HP]B\d[LH]?(ENR|RSTR|LPENR)$/.test(name));

it('a secure peripheral keeps its bits, and its neighbours in the register do not', () => {
  const rows = chip.blocks.filter(({ name }) => name === 'RCC');
  const sys = new System({ ...chip, cores: [], blocks: rows }, MODELS);
  sys.resetBlocks('power');
  const ready = sys.save();

  const guarded = new Map<string, number>();
  for (const r of facts('GTZC1_TZSC').filter(({ name }) => SECCFGR.includes(name)))
    for (const f of r.fields) {
      const who = namesOf(f.name.replace(/SEC$/, ''));
      sys.restore(ready);
      const notes: string[] = [];
      sys.listener = { ...sys.listener, note: (_kind, text) => void notes.push(text) };
      sys.drive(wire(`tzsc.${SECCFGR.indexOf(r.name) + 1}`), 2 ** f.bit);
      for (const gate of GATES) {
        const at = rows[0]!.base + gate.offset;
        const mine = gate.fields
          .filter((x) => BITS.test(x.name) && who.includes(BITS.exec(x.name)![1]))
          .reduce((m, x) => (m | (1 << x.bit)) >>> 0, 0);
        guarded.set(`${r.name} ${f.name}`, (guarded.get(`${r.name} ${f.name}`) ?? 0) + (mine === 0 ? 0 : 1));
        const before = sys.read(at, 4) >>> 0;
        /** Turns all bits of the register over; which of them have turned. */
        const turned = (secure: 0 | 1): number => {
          sys.drive(CORE_SECURE, secure);
          sys.drive(wire(`tzsc.${SECCFGR.indexOf(r.name) + 1}`), 2 ** f.bit);
          notes.length = 0;
          sys.write(at, 4, ~before >>> 0);
          const turn = (sys.read(at, 4) ^ before) >>> 0;
          sys.write(at, 4, before);
          return turn;
        };
        const all = turned(1);
        expect([f.name, gate.name, (all & mine) >>> 0]).toEqual([f.name, gate.name, mine]);
        expect([f.name, gate.name, turned(0)]).toEqual([f.name, gate.name, (all & ~mine) >>> 0]);
        sys.write(at, 4, ~before >>> 0);
        expect([f.name, gate.name, notes.length > 0]).toEqual([f.name, gate.name, mine !== 0]);
        turned(1);
      }
    }
  // each has an enable bit somewhere, but for those that have none in RCC
  const without = [...guarded].filter(([, count]) => count === 0).map(([name]) => name);
  expect(without).toEqual(['SECCFGR1 IWDGSEC']);
  sys.arena.release();
});
