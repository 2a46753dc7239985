/** A request that nobody takes back: after a reset it enters the ROM, too, so that a reset is nothing to compare the application behind a leave with. */
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { leaveScenario } from '../../src/bench/documents/leave-scenario.ts';
import { insteadOf } from '../../src/bench/proof/leave.ts';
import { runLeave } from '../../src/bench/proof/leave-run.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, FLASH, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [RCC_CFGR, RCC_AHB1ENR, RCC_APB1ENR, RCC_APB2ENR] = [0x40023808, 0x40023830, 0x40023840, 0x40023844];
const [GPIOA, GPIOC, USART1, PWR_CR, BKP0R, AIRCR] = [0x40020000, 0x40020800, 0x40011000, 0x40007000, 0x40002850, 0xe000ed0c];
const [MAGIC, ROM] = [0xb007d0f0, 0x1fff0000];

const store = (t: Thumb, address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
const unlock = (t: Thumb): Thumb => store(store(t, RCC_APB1ENR, 1 << 28), PWR_CR, 1 << 8);
const hangsUnlessHsi = (t: Thumb): Thumb => unlock(t.constant(0, RCC_CFGR).ldr(1, 0).movs(2, 0xc).tst(1, 2).bne('hangs'));
const prints = (t: Thumb): Thumb => {
  store(store(t, RCC_AHB1ENR, 5), RCC_APB2ENR, 1 << 4);
  store(store(t, GPIOA + 0x24, 7 << 4), GPIOA, 2 << 18);
  return store(store(store(t, USART1 + 8, 139), USART1 + 12, (1 << 13) | (1 << 3)), USART1 + 4, 0x41);
};
/** Enters the ROM for a request, behind `clear`; prints "A"; asks for the ROM when PC13 is 1. */
function program(
  begin: (t: Thumb) => Thumb,
  clear: (t: Thumb) => Thumb = (t) => t,
  then: (t: Thumb) => Thumb = (t) => t,
  open = unlock,
): Thumb {
  const t = begin(new Thumb(MAIN));
  t.constant(0, BKP0R).ldr(1, 0).constant(2, MAGIC).cmpRegister(1, 2).beq('enter');
  prints(then(t));
  t.constant(0, GPIOC)
    .constant(2, 1 << 13)
    .label('wait')
    .ldr(1, 0, 0x10)
    .tst(1, 2)
    .put(0xd0fc /* beq wait */);
  store(store(open(t), BKP0R, MAGIC).label('resets'), AIRCR, 0x05fa0004);
  t.label('hangs').put(0xb672 /* cpsid i */).label('end').b('end');
  return clear(t.label('enter')).constant(0, ROM).ldr(1, 0).put(0xf381, 0x8808 /* msr msp, r1 */).ldr(1, 0, 4).put(0x4708 /* bx r1 */);
}

const steps = [
  { at: '10ms', do: { pin: { name: 'PC13', level: 1 } } },
  { after: '20ms', do: { pin: { name: 'PC13', level: 0 } } },
] as const;
const ran = (image: Thumb): RunResult<string> =>
  runBench(jobInput({ ...plainJob('STM32F411CE', bareImage(image), { steps }), after: true }));
const leave = (image: Thumb): RunResult<string> => {
  const result = ran(image);
  expect(result.outcome).toBe('dfu');
  return result;
};

it('behind a leave, an application that does not come back is compared with itself after power-on', () => {
  const { after, diagnosis } = leave(program(hangsUnlessHsi));
  expect(after!.alive).toMatchObject({
    result: 'failed',
    because: expect.stringContaining('after power-on, usart1 says "A", and behind the leave not'),
  });
  expect(diagnosis.causes).toMatchObject([{ proved: true, what: expect.stringContaining('RCC_CFGR') }]);
});

it('one that prints, and then enters the ROM again, is not alive for what it printed', () => {
  const { after, diagnosis } = leave(
    program(
      (t) => t,
      (t) => store(prints(t), BKP0R, 0),
    ),
  );
  expect(after!.alive).toMatchObject({ result: 'failed', because: 'it enters the ROM again, because what asked for it is still there' });
  expect(diagnosis.causes).toMatchObject([{ proved: true, what: 'RTC_BKP0R' }]);
});
it('a request that is kept is all that keeps it from coming back: nothing that the ROM has left is proved with it', () => {
  const schema = 'bootbench/scenario@1' as const;
  const image = bareImage(
    program(
      (t) => t,
      (t) => store(prints(t), BKP0R, 0),
    ),
  );
  const followed = runLeave(jobInput(plainJob('STM32F411CE', image, leaveScenario({ schema, steps }, FLASH, 'scenario'))), 'scenario');
  const { facts, decides, turns, enters } = followed.twin!;
  expect([enters, facts.left.filter(({ relied }) => relied), decides, turns]).toEqual([true, [], null, null]);
  expect([followed.kept?.what, facts.missing.map(insteadOf)[0]]).toEqual(['RTC_BKP0R', 'it enters the ROM']);
  expect(followed.checks.filter(({ judgement }) => judgement.verdict === 'fail')).toMatchObject([
    { id: 'leave-path', judgement: { because: expect.stringContaining('the last write to it was ignored: DBP of PWR is 0') } },
  ]);
});

describe('what takes a request back is what takes effect', () => {
  const ACCESS = ['RCC->APB1ENR |= RCC_APB1ENR_PWREN;', 'PWR->CR |= PWR_CR_DBP;'];
  const nothing = (t: Thumb): Thumb => t;
  const clears = (t: Thumb): Thumb => store(t, BKP0R, 0);
  it('where the program’s own store was ignored, access to its domain in front of that', () => {
    const [cause] = leave(program(nothing, clears)).diagnosis.causes;
    expect(cause).toMatchObject({
      proved: true,
      what: 'RTC_BKP0R',
      fix: ['/* right before that line, which clears it */', ...ACCESS].join('\n'),
    });
    expect(cause!.explanation).toContain('but the last write to it was ignored: DBP of PWR is 0');
    expect(leave(program(nothing, (t) => clears(unlock(t)))).diagnosis.causes).toEqual([]);
  });
  it('where it clears nothing, a store at the jump, with access where that is not open', () => {
    expect(leave(program(nothing)).diagnosis.causes).toMatchObject([{ at: 'entry', fix: [...ACCESS, 'RTC->BKP0R = 0;'].join('\n') }]);
    expect(leave(program(unlock)).diagnosis.causes).toMatchObject([{ at: 'entry', fix: 'RTC->BKP0R = 0;' }]);
  });
});

it('an application that enters the ROM again behind a leave, and not from power-on, is not back, also where it would fail without the request', () => {
  const resetsUnlessHsi = (t: Thumb): Thumb => t.constant(0, RCC_CFGR).ldr(1, 0).movs(2, 0xc).tst(1, 2).bne('resets');
  const same = (t: Thumb): Thumb => t;
  const { after } = leave(program(unlock, same, resetsUnlessHsi));
  expect(after!.alive).toMatchObject({ result: 'failed', because: 'it enters the ROM again, and not from power-on' });
});

it('a request that is written in vain, and cleared in vain: access to its domain in front of both', () => {
  const same = (t: Thumb): Thumb => t;
  const fixOf = (clear: (t: Thumb) => Thumb): string => {
    const [cause] = ran(program(same, clear, same, same)).diagnosis.causes;
    expect(cause).toMatchObject({ id: 'magic-survives', proved: true });
    return String(cause!.fix);
  };
  const access = ['RCC->APB1ENR |= RCC_APB1ENR_PWREN;', 'PWR->CR |= PWR_CR_DBP;'];
  const written = ['/* right before that line, which writes it */', ...access];
  expect(fixOf(same).split('\n')).toEqual(written);
  expect(fixOf((t) => store(unlock(t), BKP0R, 0)).split('\n')).toEqual(written);
  const [place, ...code] = fixOf((t) => store(t, BKP0R, 0))
    .split('\n')
    .slice(written.length);
  expect(place).toMatch(/^\/\* right before the line that writes to it behind the reset at 0x0800\w{4}, which is ignored as well \*\/$/);
  expect(code).toEqual(access);
});
