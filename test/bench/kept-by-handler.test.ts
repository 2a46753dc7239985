/** A jump that waits for the tick inside a handler which SysTick cannot preempt, while other interrupts still come: the most common hang of a USB command. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { keptOnTheWay } from '../../src/bench/proof/towards.ts';
import { Session } from '../../src/bench/session/session.ts';
import { SymbolTable } from '../../src/image/symbols.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, FLASH, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [SYST_CSR, SYST_RVR, ISER, ISPR, IPR] = [0xe000e010, 0xe000e014, 0xe000e100, 0xe000e200, 0xe000e400];
/** IRQ 0 of this priority runs a function that holds the ROM's address and waits; SysTick has priority 0. */
function kept(priority: number): string | null {
  const t = new Thumb(MAIN);
  const writes = [[IPR, priority], [SYST_RVR, 1000], [SYST_CSR, 7], [ISER, 1], [ISPR, 1]] as const; // prettier-ignore
  for (const [address, value] of writes) t.constant(0, address).constant(1, value).str(1, 0);
  t.label('main').b('main');
  const handler = MAIN + 2 * t.length;
  t.constant(3, 0x1fff0000).label('wait').ldr(1, 3).b('wait');
  const [image] = bareImage(t) as [{ path: string; bytes: Uint8Array }];
  new DataView(image.bytes.buffer).setUint32(0x40, handler + 1, true);
  const input = jobInput(plainJob('STM32F405RG', [image]));
  const size = FLASH + 0x200 + t.bytes().length - handler;
  const symbol = { name: 'enter_rom', address: handler, size, kind: 'function', binding: 'global' } as const;
  const s = new Session({
    ...input,
    images: input.images.map((i) => ({ ...i, symbols: new SymbolTable([symbol], () => handler + size) })),
  });
  s.run();
  const told = keptOnTheWay(s);
  s.release();
  return told;
}

it('is told with the handler, and that SysTick cannot preempt it', () => {
  expect(kept(0)).toMatch(/^enter_rom .*is still at .*, in the handler of interrupt 0 \(WWDG\), which SysTick cannot preempt$/);
});
it('is not told while the tick comes', () => expect(kept(0x40)).toBeNull());
