/** What a ROM leaves behind and a program relies on: how the leave checks judge what the leave twin found. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { LeaveFacts, LeftKind } from '../../src/checks/check.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { FakeTarget } from './fake-target.ts';

const IDS: readonly (readonly [string, LeftKind])[] = [
  ['leave-vtor', 'vtor'],
  ['leave-clocks', 'clocks'],
  ['leave-irq', 'irq'],
  ['leave-flash', 'flash'],
];
const facts = (left: LeaveFacts['left']): LeaveFacts => ({
  at: 9,
  started: true,
  resets: [],
  usbBefore: false,
  usbAfter: false,
  entry: null,
  exceptionInSystem: null,
  table: 0x08000000,
  missing: ['SysTick is served'],
  left,
});

let target: FakeTarget;
beforeEach(() => (target = new FakeTarget()));

describe.each(IDS)('%s', (id, kind) => {
  test('without a leave it does not apply; a leave that was held against nothing is unknown', () => {
    expect(target.judge(id).verdict).toBe('n/a');
    target.leave = { ...facts([]), table: null };
    expect(target.judge(id).verdict).toBe('unknown');
  });
  test('what is as after a reset, or does not matter, passes; what the program relied on fails with the line that mends it', () => {
    target.leave = facts([]);
    expect(target.judge(id)).toMatchObject({ verdict: 'pass', observed: null });
    target.leave = facts([{ kind, observed: 'so', expected: 'other', relied: false }]);
    expect(target.judge(id)).toMatchObject({ verdict: 'pass', observed: 'so' });
    target.leave = facts([{ kind, observed: 'so', expected: 'other', relied: true }]);
    const judged = target.judge(id);
    expect(judged).toMatchObject({ verdict: 'fail', observed: 'so', expected: 'other' });
    expect(judged.because).toMatch(/^the program starts again if this state is as after a reset .*: .{20}/);
  });
});

test('the line for VTOR names the table of the leave', () => {
  target.leave = { ...facts([{ kind: 'vtor', observed: 'a', expected: 'b', relied: true }]), table: 0x08010000 };
  expect(target.judge('leave-vtor').because).toContain('SCB->VTOR = 0x08010000u;');
});

describe('leave-remap', () => {
  test('H5 has no remap, F072 has one, and the line is written with its names', () => {
    target.leave = facts([{ kind: 'remap', observed: 'a', expected: 'b', relied: true }]);
    expect(target.judge('leave-remap').verdict).toBe('n/a');
    const subject = target.subject();
    const check = CHECKS.find((c) => c.id === 'leave-remap')!;
    const judged = check.judge({ ...subject, state: { ...subject.state, chip: STM32F072RB } });
    expect(judged).toMatchObject({ verdict: 'fail' });
    expect(judged.because).toContain('SYSCFG->CFGR1 &= ~SYSCFG_CFGR1_MEM_MODE;');
  });
});

test('leave-path tells what is missing after a leave beside the USB, and what was relied on', () => {
  target.leave = facts([{ kind: 'clocks', observed: 'RCC_CFGR = 0xf', expected: 'RCC_CFGR = 0x0', relied: true }]);
  const judged = target.judge('leave-path');
  expect(judged).toMatchObject({ verdict: 'fail' });
  expect(judged.observed).toContain('SysTick is served');
  expect(judged.because).toContain('RCC_CFGR = 0xf');
});

test('leave-path names the loop that the application ends in', () => {
  const ends = 'ends in Error_Handler (main.c:196), called from SystemClock_Config (main.c:121)';
  target.leave = { ...facts([]), ends };
  expect(target.judge('leave-path').observed).toContain(`the application ${ends}, which differs from a start after reset; missing: `);
});

test('a supply that only power-on frees is no matter of software or of a reset', () => {
  target.leave = facts([{ kind: 'supply', observed: 'PWR_CR3 = 6', expected: 'PWR_CR3 = 6', relied: true }]);
  expect(target.judge('leave-path').because).toMatch(/depends on it: PWR_CR3 = 6\. Only power-on restores this setting/);
  target.leave = facts([{ kind: 'clocks', observed: 'RCC_CR = 1', expected: '0', relied: true }]);
  expect(target.judge('leave-path').because).not.toContain('power-on');
});
