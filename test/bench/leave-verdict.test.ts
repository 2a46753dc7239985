/** A run that ends with a DFU leave is good only if the application runs as from reset again (help of `run --leave`). */
import { expect, it } from 'vitest';
import { leaveScenario } from '../../src/bench/documents/leave-scenario.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { isGood } from '../../src/cli/run.ts';
import { shortReport } from '../../src/report/short.ts';
import { terminalReport } from '../../src/report/terminal.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, FLASH, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [SYST_CSR, VTOR] = [0xe000e010, 0xe000ed08];
const SYSTICK = 15;

/** Ticks; its exceptions are its own behind a leave only if it sets VTOR (PM0214 4.4.4, AN2606 4.1). */
function ticking(vtor: boolean): ReturnType<typeof bareImage> {
  const t = new Thumb(MAIN).b('main').put(0xbf00).label('handler').adds(4, 1).bxLr().label('main');
  if (vtor) t.constant(0, VTOR).constant(1, FLASH).str(1, 0);
  t.constant(0, SYST_CSR).constant(1, 15_999).str(1, 0, 4).str(1, 0, 8).movs(1, 7).str(1, 0).label('loop').wfi().b('loop');
  const [image] = bareImage(t);
  new DataView(image!.bytes.buffer).setUint32(4 * SYSTICK, MAIN + 4 + 1, true);
  return [image!];
}
it.each([true, false])('with VTOR set: %s', (vtor) => {
  const scenario = leaveScenario({ schema: 'bootbench/scenario@1' }, FLASH, 'boot0');
  const result = runBench(jobInput(plainJob('STM32F401RE', ticking(vtor), scenario)));
  expect(result.outcome).toBe('dfu');
  expect(isGood(result, null)).toBe(vtor);
  expect(shortReport(result, { width: 200 })).toMatch(
    vtor ? /^OK/ : /^FAIL +dfu: .*, but the application does not come back from the leave/,
  );
});

it('a jump from inside a handler is named as such where its exception is what keeps the application from coming back', () => {
  const [SHPR3, JUMPED, MAGIC] = [0xe000ed20, 0x2000f000, 0xb007d0f5];
  const t = new Thumb(MAIN).b('main').put(0xbf00).label('handler').adds(4, 1).constant(1, JUMPED).ldr(0, 1).constant(2, MAGIC);
  // the fifth tick jumps, once; what it leaves in RAM outlives a reset, too
  t.cmpRegister(0, 2)
    .beq('return')
    .cmp(4, 5)
    .bne('return')
    .str(2, 1)
    .constant(3, 0x1fff0000)
    .ldr(0, 3)
    .put(0xf380, 0x8808)
    .ldr(0, 3, 4)
    .bx(0);
  t.label('return').bxLr().label('main').movs(4, 0).constant(0, VTOR).constant(1, FLASH).str(1, 0);
  t.constant(0, SHPR3).constant(1, 0x40000000).str(1, 0);
  t.constant(0, SYST_CSR).constant(1, 15_999).str(1, 0, 4).str(1, 0, 8).movs(1, 7).str(1, 0).label('loop').wfi().b('loop');
  const [image] = bareImage(t);
  new DataView(image!.bytes.buffer).setUint32(4 * SYSTICK, MAIN + 4 + 1, true);
  const { outcome, diagnosis } = runBench(jobInput({ ...plainJob('STM32F401RE', [image!]), after: true }));
  expect(outcome).toBe('dfu');
  const [cause] = diagnosis.causes.filter(({ what }) => what === 'IPSR');
  expect(cause).toMatchObject({ proved: true, at: 'entry' });
  expect(cause!.explanation).toMatch(/^The firmware jumped from inside the handler of SysTick\. .*IPSR = 0xf/);
  expect(cause!.lastWriter).not.toBeNull();
});

/** The program goes on as one that jumps into the ROM once, behind five ticks; what that leaves in RAM outlives a reset, too. */
function behindFiveTicks(t: Thumb): ReturnType<typeof runBench> {
  const [JUMPED, MAGIC] = [0x2000f000, 0xb007d0f5];
  t.label('loop').wfi().cmp(4, 5).bne('loop').constant(1, JUMPED).ldr(0, 1).constant(2, MAGIC).cmpRegister(0, 2).beq('loop');
  t.str(2, 1).constant(0, SYST_CSR).movs(1, 0).str(1, 0).constant(3, 0x1fff0000).constant(0, VTOR).str(3, 0);
  t.ldr(0, 3).put(0xf380, 0x8808).ldr(0, 3, 4).bx(0);
  const [image] = bareImage(t);
  new DataView(image!.bytes.buffer).setUint32(4 * SYSTICK, MAIN + 4 + 1, true);
  return runBench(jobInput({ ...plainJob('STM32F401RE', [image!]), after: true }));
}

it('a program that refuses the PLL as system clock is told of the field that it reads, with what else the ROM leaves, and the option', () => {
  const RCC = 0x40023800;
  const t = new Thumb(MAIN).b('main').put(0xbf00).label('handler').adds(4, 1).bxLr().label('main');
  // SWS = 2 is the PLL (RM0368 6.3.3); where it is not, the PLL is stopped, which the hardware refuses while SYSCLK comes from it
  t.constant(0, RCC).ldr(1, 0, 8).constant(2, 12).ands(1, 2).cmp(1, 8).bne('free').label('error').b('error').label('free');
  t.constant(2, 1 << 24)
    .ldr(1, 0)
    .put(0x4391)
    .str(1, 0)
    .lsls(2, 2, 1)
    .label('wait')
    .ldr(1, 0)
    .tst(1, 2)
    .bne('wait');
  t.movs(4, 0).constant(0, VTOR).constant(1, FLASH).str(1, 0);
  t.constant(0, SYST_CSR).constant(1, 15_999).str(1, 0, 4).str(1, 0, 8).movs(1, 7).str(1, 0);
  const result = behindFiveTicks(t);
  const [cause, ...others] = result.diagnosis.causes.filter(({ proved }) => proved);
  expect([result.outcome, cause?.what, others]).toEqual(['dfu', 'RCC_CFGR.SWS', []]);
  expect(cause!.explanation).toMatch(
    /^RCC_CFGR\.SWS is 2 \(PLL\) when the leave starts the application, and 0 \(HSI\) behind a reset\. .* RCC_CR/,
  );
  expect(cause!.fix).toContain('SYSCLK from the internal oscillator, PLLs off');
  // the LDR of CFGR
  expect(Number(cause!.lastWriter!.pc)).toBe(MAIN + 10);
  expect(cause!.dependsOn).toMatchObject([{ rom: 'leave-clocks', value: 'keeps', other: 'restores', confidence: 'documented' }]);
  expect(shortReport(result, { width: 400 })).toMatch(/^Holds +if .*leaves its clocks to the application \(documented\)/m);
});

it("a program that ticks before it refuses the PLL is told of both: its exceptions go to the ROM, and the clocks are the ROM's", () => {
  const RCC = 0x40023800;
  const t = new Thumb(MAIN).b('main').put(0xbf00).label('handler').adds(4, 1).bxLr().label('main').movs(4, 0);
  t.constant(0, SYST_CSR).constant(1, 15_999).str(1, 0, 4).str(1, 0, 8).movs(1, 7).str(1, 0);
  t.constant(3, 10_000).label('delay').put(0x3b01).bne('delay');
  t.constant(0, RCC).ldr(1, 0, 8).constant(2, 12).ands(1, 2).cmp(1, 8).bne('free').put(0xde00).label('free');
  const result = behindFiveTicks(t);
  expect(result.diagnosis.causes.filter(({ proved }) => proved).map(({ what }) => what)).toEqual(['VTOR', 'RCC and PWR']);
});

it('a SysTick that is left on keeps no device away: the start of the application rests on what the ROM does about it', () => {
  const [SYSTEM_MEMORY, JUMPED, MAGIC, SHPR3] = [0x1ff09800, 0x2000f000, 0xb007d0f5, 0xe000ed20];
  const t = new Thumb(MAIN).b('main').put(0xbf00).label('handler').adds(4, 1).bxLr().label('main');
  t.movs(4, 0).constant(0, VTOR).constant(1, FLASH).str(1, 0);
  // the lowest priority, as HAL gives it: USB is served
  t.constant(0, SHPR3).constant(1, 0xf0000000).str(1, 0);
  t.constant(0, SYST_CSR).constant(1, 63_999).str(1, 0, 4).str(1, 0, 8).movs(1, 7).str(1, 0);
  t.label('loop').wfi().cmp(4, 5).bne('loop').constant(1, JUMPED).ldr(0, 1).constant(2, MAGIC).cmpRegister(0, 2).beq('loop');
  t.str(2, 1).constant(3, SYSTEM_MEMORY).ldr(0, 3).put(0xf380, 0x8808).ldr(0, 3, 4).bx(0);
  const [image] = bareImage(t);
  new DataView(image!.bytes.buffer).setUint32(4 * SYSTICK, MAIN + 4 + 1, true);
  const result = runBench(jobInput({ ...plainJob('STM32H743ZI', [image!]), after: true }));
  expect([result.outcome, result.after?.alive.result, result.diagnosis.causes.filter(({ proved }) => proved)]).toEqual(['dfu', 'ok', []]);
  expect(result.dependsOn).toContainEqual({
    rom: 'systick',
    value: 'off',
    other: 'keeps',
    confidence: 'assumed',
    outcomeIfOther: 'dfu',
    usableIfOther: false,
  });
  const report = shortReport(result, { width: 400 });
  expect(report).toMatch(/^Holds +if the real ROM switches SysTick off \(assumed\)/m);
  expect(report).not.toMatch(/harmless.*systick/);
});

it('a device that is kept from use by something else rests on what the ROM does about the SysTick that is left on as well', () => {
  const [SYSTEM_MEMORY, ASKED, MAGIC, SHPR3] = [0x1ff09800, 0x2000f000, 0xb007d0f5, 0xe000ed20];
  const t = new Thumb(MAIN).b('main').put(0xbf00).label('handler').adds(4, 1).bxLr().label('main');
  // the request is never cleared: behind a leave it asks for the ROM again
  t.constant(1, ASKED).ldr(0, 1).constant(2, MAGIC).cmpRegister(0, 2).beq('rom');
  t.movs(4, 0).constant(0, VTOR).constant(1, FLASH).str(1, 0);
  t.constant(0, SHPR3).constant(1, 0xf0000000).str(1, 0);
  t.constant(0, SYST_CSR).constant(1, 63_999).str(1, 0, 4).str(1, 0, 8).movs(1, 7).str(1, 0);
  // asks once
  t.label('loop').wfi().cmp(4, 5).bne('loop').constant(1, ASKED).ldr(0, 1, 4).constant(2, MAGIC).cmpRegister(0, 2).beq('loop');
  t.str(2, 1).str(2, 1, 4);
  t.label('rom').constant(3, SYSTEM_MEMORY).ldr(0, 3).put(0xf380, 0x8808).ldr(0, 3, 4).bx(0);
  const [image] = bareImage(t);
  new DataView(image!.bytes.buffer).setUint32(4 * SYSTICK, MAIN + 4 + 1, true);
  const result = runBench(jobInput({ ...plainJob('STM32H743ZI', [image!]), after: true }));
  const proved = result.diagnosis.causes.filter((c) => c.proved);
  expect([result.outcome, result.after?.alive.result, proved.map(({ what }) => what)]).toEqual([
    'dfu',
    'failed',
    ['the word at 0x2000f000'],
  ]);
  expect(proved[0]!.dependsOn).toContainEqual({
    rom: 'systick',
    value: 'off',
    other: 'keeps',
    confidence: 'assumed',
    outcomeIfOther: 'dfu',
    usableIfOther: false,
  });
  const report = shortReport(result, { width: 400 });
  expect(report).toMatch(/^Holds +if the real ROM switches SysTick off \(assumed\)/m);
  expect(report).not.toMatch(/harmless.*systick/);
  // nothing was repaired when that was tried
  expect(terminalReport(result, { width: 400 })).toMatch(/systick=keeps a host cannot use the device as it should$/m);
});
