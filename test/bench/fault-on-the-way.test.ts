/** A byte whose code faults on its way into the ROM, in a firmware whose watchdog ends the handler of the fault two seconds later. */
import { hanging } from '../../src/bench/first-run.ts';
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { sorted, tryTriggers } from '../../src/bench/proof/init.ts';
import { SymbolTable } from '../../src/image/symbols.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [RCC_AHB1ENR, RCC_APB2ENR, GPIOA, USART1, IWDG_KR, NOTHING] = [
  0x40023830, 0x40023844, 0x40020000, 0x40011000, 0x40003000, 0x1ffe0000,
];
const [START, UNLOCK, FEED] = [0xcccc, 0x5555, 0xaaaa];

it('is told, before the watchdog hides it', () => {
  const t = new Thumb(MAIN);
  for (const [address, value] of [
    [RCC_AHB1ENR, 1],
    [RCC_APB2ENR, 1 << 4],
    [GPIOA + 0x24, 7 << 8],
    [GPIOA, 2 << 20],
    [USART1 + 8, 139],
    [USART1 + 12, (1 << 13) | (1 << 2)],
    [IWDG_KR, START],
    [IWDG_KR, UNLOCK],
    // LSI / 16 / 4096: some two seconds
    [IWDG_KR + 4, 2],
  ] as const)
    t.constant(0, address).constant(1, value).str(1, 0);
  t.constant(2, IWDG_KR).constant(3, FEED).constant(0, USART1);
  t.label('loop').str(3, 2).ldr(1, 0).lsrs(1, 1, 6).put(0xd3fb /* bcc loop */).ldr(1, 0, 4).cmp(1, 0x55).bne('loop');
  t.constant(0, NOTHING).ldr(1, 0).put(0xf381, 0x8808 /* msr msp, r1 */).ldr(1, 0, 4).put(0x4708 /* bx r1 */);
  const input = jobInput(plainJob('stm32f405rg', bareImage(t)));
  const name = { name: 'main', address: MAIN, size: t.bytes().length, kind: 'function', binding: 'global' } as const;
  const images = input.images.map((image) => ({ ...image, symbols: new SymbolTable([name], () => MAIN + t.bytes().length) }));
  const { tried } = tryTriggers({ ...input, images });
  const byte = tried.find(({ step }) => step !== null && 'uart' in step.do);
  expect(hanging(tried, sorted(tried)[0])).toBe(byte);
  expect(byte?.instead).toMatchObject({ is: 'hang', how: expect.stringContaining('a fault keeps it in ') });
});
