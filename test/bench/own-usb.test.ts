/** What is told of the application's own USB device when it runs at a clock that no host understands. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { usbClockNote } from '../../src/bench/verdict/own-usb.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
/** RM0008 7.3, 23.5 */
const [RCC_CR, RCC_CFGR, RCC_APB1ENR, USB_CNTR] = [0x40021000, 0x40021004, 0x4002101c, 0x40005c40];
const [HSEON, PLLON, USBEN] = [0x10000, 0x1000000, 0x800000];
/** PLLSRC = HSE, USBPRE = 1: the PLL as it is. */
const HSE_TIMES = (n: number): number => 0x410000 | ((n - 2) << 18);

/** An STM32F103 that sets its clocks so, and switches its USB block on; the board pulls D+ up. */
function note(cfgr: number, cr: number, hse: number): string | null {
  const bytes = new Uint8Array(0x240);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, FLASH + 0x101, true);
  const writes = [[RCC_CFGR, cfgr], [RCC_CR, 0x83 | cr], [RCC_APB1ENR, USBEN], [USB_CNTR, 0]] as const; // prettier-ignore
  const set = writes.reduce(
    (code, [address, value]) => code.constant(0, address).constant(1, value).str(1, 0, 0),
    new Thumb(FLASH + 0x100),
  );
  bytes.set(set.label('here').b('here').bytes(), 0x100);
  const job = plainJob('stm32f103cb', [{ path: 'app.bin@0x08000000', bytes }]);
  // a step to come keeps the run going while the host waits and asks
  const steps = [{ at: '350ms', do: { pin: { name: 'PC13', level: 0 } } }] as const;
  const session = new Session(jobInput({ ...job, scenario: { ...job.scenario, board: { hse: { hz: hse, kind: 'crystal' } }, steps } }));
  session.run({ until: 400 * MS });
  return usbClockNote(session)?.text ?? null;
}

it.each([
  [
    'for another crystal',
    HSE_TIMES(4),
    HSEON | PLLON,
    8e6,
    /runs at 32 MHz, but needs 48 MHz\. A crystal of 12 MHz instead of 8 MHz would give that/,
  ],
  ['of nothing', HSE_TIMES(4), HSEON, 8e6, /the USB block has no clock, but needs 48 MHz$/],
  ['by a factor that no crystal mends', HSE_TIMES(9), HSEON | PLLON, 8e6, /runs at 72 MHz, but needs 48 MHz$/],
] as const)('a clock made %s is told', (_what, cfgr, cr, hse, text) => {
  expect(note(cfgr, cr, hse)).toMatch(text);
});
it('a clock of 48 MHz is not, though nobody answers', () => {
  expect(note(HSE_TIMES(4), HSEON | PLLON, 12e6)).toBeNull();
});
