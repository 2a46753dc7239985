/**
 * What each edit of a repair changes in a small machine (edits/*.txt: registers, words of memory, wires, parameters, and where the core stands). `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { expect, it } from 'vitest';
import type { Repair, RepairTarget, Subject } from '../../src/checks/check.ts';
import {
  applyAtEntry,
  applyInsteadOfFault,
  applyUndoing,
  isInsteadOfFault,
  repairTarget,
  undoesException,
  type NamedRepair,
} from '../../src/bench/proof/repairs.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { S } from '../../src/emu/core/state.ts';
import type { Machine } from '../../src/emu/machine.ts';
import type { RegisterState } from '../../src/emu/registers.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
const RAM = 0x20000000;
const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');

/** In the handler of an SVC, with SysTick, a watchdog and lines of the NVIC at work. */
function busy(chip: string): Session {
  const bytes = new Uint8Array(0x400);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, RAM + 0x1000, true);
  for (let e = 1; e < 64; e++) view.setUint32(4 * e, FLASH + (e === 1 ? 0x101 : 0x201), true);
  bytes.set(new Thumb(FLASH + 0x100).put(0xdf00).label('here').b('here').bytes(), 0x100);
  bytes.set(new Thumb(FLASH + 0x200).label('here').b('here').bytes(), 0x200);
  const session = new Session(jobInput(plainJob(chip, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }])));
  session.run({ until: 1_000_000_000 });
  const core = session.machine.bootCore;
  const put = (address: number, value: number): void => core.write(address, 4, value, true);
  for (let i = 0; i < 3; i++) put(0xe000e100 + 4 * i, 0x80000007);
  for (let i = 0; i < 3; i++) put(0xe000e200 + 4 * i, 0x40000030);
  put(0xe000ed04, (1 << 28) | (1 << 26));
  put(0x40003000, 0xcccc);
  return session;
}
/** R4, S3 or as in `S`. */
function wordName(offset: number): string {
  if (offset < S.SP) return `R${offset / 4}`;
  if (offset >= S.FP && offset < S.STATE_END) return `S${(offset - S.FP) / 4}`;
  return Object.entries(S).find(([, at]) => at === offset)?.[0] ?? hex(offset);
}
function stateOf(machine: Machine): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  const core = machine.bootCore;
  for (const block of machine.system.blocks) {
    const { regs } = block.state as Partial<RegisterState>;
    regs?.forEach((v, i) => all.set(`${block.row.name}.${i}`, v));
    block.component.timers.forEach((name, i) =>
      all.set(`${block.row.name} ${name}`, Number(machine.system.scheduler.due[block.timerBase + i] !== Infinity)),
    );
  }
  core.stateWords().forEach((v, i) => all.set(`state ${wordName(4 * i)}`, v));
  core.exceptionWords().forEach((v, i) => all.set(`exceptions ${hex(4 * i)}`, v));
  for (const at of [FLASH, FLASH + 4, FLASH + 8, RAM, RAM + 4, RAM + 8]) all.set(`memory ${hex(at)}`, core.peek(at, 4) ?? 0);
  for (const pin of ['PA0', 'PA9', 'PB8']) all.set(`pin ${pin}`, machine.system.wire(`pin.${pin}`));
  for (const name of ['hse.hz', 'lse.hz']) all.set(name, machine.system.parameter(name) ?? -1);
  all.set('held wires', machine.state.heldWires.length);
  all.set('zone', core.zone === 'user' ? 0 : 1);
  all.set('T', core.get(S.T));
  return all;
}
const BOOKS = /^state (PC|LINE|IT_NOW|IT_PC|LAST_REC|CHARGED|TIER|HOT|FLASH_MASK|FLASH_KINDS|TOUCHES|ROW_SHIFT|CACHE_STALE|ONCE|DECLINED)$/;

type Edit = (target: RepairTarget) => void;
const EDITS: Readonly<Record<string, Edit>> = {
  'setField, a field': (t) => t.setField('FLASH.ACR.LATENCY', 5),
  'setField, too large a value': (t) => t.setField('FLASH.ACR.LATENCY', 0xff),
  'setField, a register': (t) => t.setField('GPIOA.ODR', 0xa5a5),
  'setField, without a clock': (t) => t.setField('TIM2.ARR', 1234),
  'setField, a clock': (t) => t.setField('RCC.APB1ENR.TIM2EN', 1),
  'setField, a negative value': (t) => t.setField('TIM2.ARR', -1),
  'putField, a field': (t) => t.putField!('FLASH.ACR.PRFTEN', 1),
  'putField, a locked register': (t) => t.putField!('FLASH.OPTCR.nWRP', 0x55),
  'putField, a register': (t) => t.putField!('FLASH.CR', 0x80000001),
  'stopTimersOf the watchdog': (t) => t.stopTimersOf('IWDG'),
  'eraseWord in flash': (t) => t.eraseWord!(FLASH + 4),
  'eraseWord in RAM': (t) => t.eraseWord!(RAM + 4),
  'write, a word': (t) => t.write(RAM + 4, 4, 0x12345678),
  'write, a half-word': (t) => t.write(RAM + 6, 2, 0xbeef),
  'write, a byte': (t) => t.write(RAM + 9, 1, 0x77),
  'write, a register': (t) => t.write(0xe000ed08, 4, FLASH),
  leaveHandlerMode: (t) => t.leaveHandlerMode(),
  'clearNvic enabled': (t) => t.clearNvic('enabled'),
  'clearNvic pending': (t) => t.clearNvic('pending'),
  'clearNvic enabled, lines': (t) => t.clearNvic('enabled', [0, 31, 32, 66]),
  'clearNvic pending, lines': (t) => t.clearNvic('pending', [4, 30, 37, 69]),
  undoException: (t) => t.undoException!(),
  'holdPin high': (t) => t.holdPin!('PA9', 1),
  'holdPin low': (t) => t.holdPin!('PB8', 0),
  'fitCrystal hse': (t) => t.fitCrystal!('hse', 8_000_000),
  'fitCrystal lse': (t) => t.fitCrystal!('lse', 32_768),
  holdOtherCores: (t) => t.holdOtherCores!(),
  'branchTo the ROM': (t) => t.branchTo(0x1fff0101),
  'branchTo user code': (t) => t.branchTo(FLASH + 0x101),
  'branchTo an even address': (t) => t.branchTo(FLASH + 0x108),
  'branchTo nowhere': (t) => t.branchTo(0x70000001),
  'jumpTo user code': (t) => t.jumpTo!(FLASH + 0x105),
  'jumpTo the ROM': (t) => t.jumpTo!(0x1fff0100),
  ...Object.fromEntries(
    [
      ['primask', 1],
      ['faultmask', 1],
      ['basepri', 0x40],
      ['control', 2],
      ['msp', RAM + 0x800],
      ['psp', RAM + 0x900],
      ['sp', RAM + 0x700],
      ['vtor', FLASH + 0x200],
      ['r0', 7],
      ['xpsr', 0x61000000],
      ['pc', FLASH + 0x100],
    ].map(([name, value]): [string, Edit] => [`setCore ${name}`, (t) => t.setCore(name as string, value as number)]),
  ),
};

it('each edit changes what it changed', () => {
  const session = busy('stm32f405rg');
  const { machine } = session;
  const start = session.save();
  const lines = Object.entries(EDITS).map(([name, edit]) => {
    session.restore(start);
    const before = stateOf(machine);
    let thrown = '';
    try {
      edit(repairTarget(machine));
    } catch (e) {
      thrown = ` threw ${e instanceof Error ? e.message : 'a fault'}`;
    }
    const after = stateOf(machine);
    const changed = [...after]
      .filter(([key, v]) => before.get(key) !== v && !BOOKS.test(key))
      .map(([key, v]) => `${key} ${hex(before.get(key)!)} → ${hex(v)}`);
    return `${name}:${thrown} ${changed.join(', ') || '-'}; pc ${hex(machine.bootCore.pc)}`;
  });
  expectAsBefore(lines, new URL('./edits/edits.txt', import.meta.url));
});

it('blocks meet an edit at the time at which the core stands', () => {
  const session = busy('stm32f405rg');
  const { machine } = session;
  const start = session.save();
  const late = Object.entries(EDITS).filter(([, edit]) => {
    session.restore(start);
    machine.system.now = 0;
    edit(repairTarget(machine));
    return machine.system.now !== machine.bootCore.now();
  });
  // an exception that is undone takes time, others meet no block
  expect(late.map(([name]) => name).filter((name) => /^(setField|stopTimers|holdPin|write, a register)/.test(name))).toEqual([]);
});

const named = (repair: Repair): NamedRepair => ({ id: 'x', repair, subject: {} as Subject });
const told = { what: '', fix: '' };

it('repairs of the entry are carried out where they act, in their order', () => {
  const session = busy('stm32f405rg');
  const done: string[] = [];
  const entry = (name: string, acts?: 'instead-of-fault' | 'undoes-exception'): NamedRepair =>
    named({ at: 'entry', ...told, ...(acts ? { acts } : {}), apply: () => done.push(name) });
  const all = [
    entry('a'),
    entry('b', 'instead-of-fault'),
    entry('c', 'undoes-exception'),
    entry('d'),
    named({ at: 'redirect', ...told, from: 0 }),
  ];
  const lines: string[] = [];
  for (const [name, apply] of [
    ['at the entry', applyAtEntry],
    ['in place of the fault', applyInsteadOfFault],
    ['undoing', applyUndoing],
  ] as const) {
    apply(session.machine, all);
    lines.push(`${name}: ${done.splice(0).join(' ')}, exception ${session.machine.bootCore.get(S.IPSR)}`);
  }
  lines.push(`told apart: ${all.map((r) => `${Number(isInsteadOfFault(r))}${Number(undoesException(r))}`).join(' ')}`);
  expectAsBefore(lines, new URL('./edits/places.txt', import.meta.url));
});
