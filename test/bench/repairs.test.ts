/** What a repair changes in a machine: that, and nothing beside it. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { repairTarget } from '../../src/bench/proof/repairs.ts';
import { Session } from '../../src/bench/session/session.ts';
import { S } from '../../src/emu/core/state.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
const ICSR = 0xe000ed04;
const PENDSTSET = 1 << 26;
const PENDSVSET = 1 << 28;
const ISER = 0xe000e100;
const ISPR = 0xe000e200;
const SHCSR = 0xe000ed24;
const SYSTICKACT = 1 << 11;

/** An F405 in a loop behind its reset. */
function machine() {
  const bytes = new Uint8Array(0x110);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, FLASH + 0x101, true);
  bytes.set(new Thumb(FLASH + 0x100).label('here').b('here').bytes(), 0x100);
  const session = new Session(jobInput(plainJob('stm32f405rg', [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }])));
  session.run({ until: 1_000_000_000 });
  const core = session.machine.bootCore;
  return {
    session,
    core,
    target: repairTarget(session.machine),
    read: (address: number) => core.peek(address, 4)! >>> 0,
    write: (address: number, value: number) => core.write(address, 4, value, true),
  };
}

describe('A repair', () => {
  it('takes what is pending away: SysTick, PendSV and every line', () => {
    const { target, read, write } = machine();
    write(ICSR, PENDSTSET | PENDSVSET);
    for (const word of [0, 1, 2]) write(ISPR + 4 * word, 0x80000001);
    expect(read(ICSR) & (PENDSTSET | PENDSVSET)).toBe(PENDSTSET | PENDSVSET);
    target.clearNvic('pending');
    expect(read(ICSR) & (PENDSTSET | PENDSVSET)).toBe(0);
    expect([0, 1, 2].map((word) => read(ISPR + 4 * word))).toEqual([0, 0, 0]);
  });
  it('takes some lines away and leaves the others, and SysTick', () => {
    const { target, read, write } = machine();
    write(ICSR, PENDSTSET);
    write(ISPR, 0x80000003);
    write(ISPR + 4, 0x3);
    target.clearNvic('pending', [0, 31, 33]);
    expect([read(ISPR), read(ISPR + 4), read(ICSR) & PENDSTSET]).toEqual([2, 1, PENDSTSET]);
  });
  it('disables lines without touching what is pending', () => {
    const { target, read, write } = machine();
    write(ISER, 0xffffffff);
    write(ISER + 4, 0xf);
    write(ISPR, 0x10);
    target.clearNvic('enabled', [4, 35]);
    expect([read(ISER), read(ISER + 4), read(ISPR)]).toEqual([0xffffffef, 0x7, 0x10]);
    target.clearNvic('enabled');
    expect([read(ISER), read(ISER + 4), read(ISPR)]).toEqual([0, 0, 0x10]);
  });
  it('ends every active exception, by line and of the system', () => {
    const { target, core, read, write } = machine();
    core.set(S.IPSR, 16 + 40);
    core.set(S.NVIC_ACTIVE, 0x1);
    core.set(S.NVIC_ACTIVE + 4, 0x100);
    write(SHCSR, SYSTICKACT);
    expect(read(SHCSR) & SYSTICKACT).toBe(SYSTICKACT);
    target.leaveHandlerMode();
    expect([S.IPSR, S.NVIC_ACTIVE, S.NVIC_ACTIVE + 4].map((word) => core.get(word))).toEqual([0, 0, 0]);
    expect(read(SHCSR) & SYSTICKACT).toBe(0);
  });
  it('writes a field of a register and leaves its neighbours', () => {
    const { session, target } = machine();
    const cr = () =>
      (session.machine.system.block('FLASH').state as { regs: Uint32Array }).regs[
        session.machine.system.layoutOf('FLASH')!.reg('ACR').index
      ]!;
    target.setField('FLASH.ACR.PRFTEN', 1);
    target.setField('FLASH.ACR.LATENCY', 5);
    expect(cr() & 0x10f).toBe(0x105);
    target.setField('FLASH.ACR.LATENCY', 2);
    expect(cr() & 0x10f).toBe(0x102);
    target.putField!('FLASH.ACR.PRFTEN', 0);
    expect(cr() & 0x10f).toBe(0x002);
  });
  it('sets where the core goes on, Thumb bit included', () => {
    const { target, core } = machine();
    target.branchTo!(0x08000101);
    expect([core.pc, core.get(S.T)]).toEqual([0x08000100, 1]);
    target.branchTo!(0x08000108);
    expect([core.pc, core.get(S.T)]).toEqual([0x08000108, 0]);
    target.jumpTo!(0x08000105);
    expect([core.pc, core.get(S.T)]).toEqual([0x08000104, 1]);
  });
  it('lets the ROM be the ROM, and the user code user code, where the core goes on', () => {
    const { target, core } = machine();
    target.branchTo!(0x1fff0001);
    expect(core.zone).toBe('systemMemory');
    target.branchTo!(0x08000101);
    expect(core.zone).toBe('user');
  });
  it('reaches a block without a clock too', () => {
    const { target, session, read } = machine();
    expect(session.machine.system.isClocked(session.machine.system.block('TIM2'))).toBe(false);
    target.setField('TIM2.ARR', 1234);
    target.setField('RCC.APB1ENR.TIM2EN', 1);
    expect(read(0x4000002c)).toBe(1234);
  });
  it('erases the word that it is given', () => {
    const { target, read } = machine();
    const next = read(FLASH + 4);
    expect(read(FLASH)).toBe(0x20001000);
    target.eraseWord!(FLASH);
    expect([read(FLASH), read(FLASH + 4)]).toEqual([0xffffffff, next]);
  });
});
