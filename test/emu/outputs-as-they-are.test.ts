/** A main loop that sets an output as it is, each round: left out from tick to tick, and executed where a handler has set it otherwise. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { MS } from '../../src/emu/time.ts';
import { plainJob } from '../bench/plain-job.ts';
import { countSkipped } from './skipped.ts';
import { Thumb } from './thumb.ts';

const FLASH = 0x08000000;
const SYSTICK = 0xe000e010;
const PERIOD = 40_000;
const PA5 = 1 << 5;
/** Clock enable, what makes PA5 an output, and where the port has its registers. */
const CHIPS = {
  stm32l476: { clock: [0x4002104c, 1], port: 0x48000000, mode: [0x00, 0xabfff7ff], idr: 0x10, odr: 0x14, bsrr: 0x18, brr: 0x28 },
  stm32f103rb: { clock: [0x40021018, 4], port: 0x40010800, mode: [0x00, 0x44244444], idr: 0x08, odr: 0x0c, bsrr: 0x10, brr: 0x14 },
} as const;
type Chip = keyof typeof CHIPS;

function ran(chip: Chip, how: 'odr' | 'bsrr' | 'brr', handlerSets: boolean, skipping: boolean) {
  const c = CHIPS[chip];
  const start = new Thumb(FLASH + 0x200);
  for (const [at, value] of [c.clock, [c.port + c.mode[0], c.mode[1]], [SYSTICK + 4, PERIOD - 1], [SYSTICK + 8, 0], [SYSTICK, 7]] as const)
    start.constant(0, at).constant(1, value).str(1, 0);
  start.constant(3, c.port).constant(2, how === 'odr' ? 0 : how === 'bsrr' ? (PA5 << 16) >>> 0 : PA5);
  start.label('again');
  // what it reads would tell of the handler too
  if (!handlerSets) start.ldr(1, 3, c.idr);
  start.str(2, 3, c[how]).b('again');
  const tick = new Thumb(FLASH + 0x300).constant(0, c.port).movs(1, PA5);
  if (handlerSets) tick.str(1, 0, c.bsrr);
  const image = new Uint8Array(0x400);
  const view = new DataView(image.buffer);
  view.setUint32(0, 0x20001000, true);
  for (let e = 1; e < 16; e++) view.setUint32(4 * e, FLASH + (e === 15 ? 0x301 : 0x201), true);
  image.set(start.bytes(), 0x200);
  image.set(tick.bxLr().bytes(), 0x300);
  const { machine } = new Session(jobInput(plainJob(chip, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: image }])));
  const core = machine.bootCore;
  machine.skipping = skipping;
  const skipped = countSkipped([core]);
  const pin: unknown[] = [];
  machine.observer = { ...machine.observer, wire: (name, value) => void (name === 'out.PA5' && pin.push([value, machine.now, core.pc])) };
  machine.run(200 * MS);
  const writer = machine.history.lastWriter('GPIOA.ODR');
  const end = [core.cycles(), core.retired(), core.pc, machine.history.seq, writer?.at, writer?.pc];
  return { state: { pin, end }, skipped: skipped(), cycles: core.cycles(), changes: pin.length };
}

describe.each(Object.keys(CHIPS) as Chip[])('An output of %s that is set as it is', (chip) => {
  it.each(['odr', 'bsrr', 'brr'] as const)('by %s takes no time between two ticks', (how) => {
    const left = ran(chip, how, false, true);
    expect(left.skipped).toBeGreaterThan(left.cycles / 2);
    expect(left.state).toEqual(ran(chip, how, false, false).state);
  });
  it.each(['odr', 'bsrr', 'brr'] as const)('by %s is changed by the first round behind a handler that has set it otherwise', (how) => {
    const left = ran(chip, how, true, true);
    expect(left.skipped).toBeGreaterThan(left.cycles / 2);
    expect(left.changes).toBeGreaterThan(20);
    expect(left.state).toEqual(ran(chip, how, true, false).state);
  });
});
