/** Whatever is written to registers, time goes on and stays a number. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from '../bench/plain-job.ts';

const FLASH = 0x08000000;
/** More by BOOTBENCH_PROGRAMS. */
const RUNS = Number(process.env['BOOTBENCH_PROGRAMS'] ?? 25);

function looping(chip: string): Session {
  const image = new Uint8Array(0x300);
  const view = new DataView(image.buffer);
  view.setUint32(0, 0x20001000, true);
  for (let e = 1; e < 16; e++) view.setUint32(4 * e, FLASH + 0x201, true);
  image.set(new Thumb(FLASH + 0x200).movs(0, 0).label('x').adds(0, 1).b('x').bytes(), 0x200);
  return new Session(jobInput(plainJob(chip, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: image }])));
}

describe.each(['stm32h533', 'stm32l476', 'stm32f072', 'stm32h745', 'stm32f405'])('Registers of %s', (chip) => {
  it('take any values: no exception, no hang, and time stays finite', () => {
    const session = looping(chip);
    const { machine } = session;
    const start = session.save();
    const blocks = machine.system.blocks.filter((b) => b.row.model !== undefined);
    // clock, power and flash controllers decide about time
    const deciding = blocks.filter((b) => /^(rcc|pwr|flash)/.test(b.row.model!));
    const place = fc
      .oneof(fc.constantFrom(...deciding), fc.constantFrom(...blocks))
      .chain((b) => fc.nat(Math.max(1, Math.min(b.row.size, 0x400) / 4) - 1).map((i) => (b.row.base + 4 * i) >>> 0));
    const value = fc.oneof(
      fc.integer(),
      fc.nat(31).map((n) => 1 << n),
      fc.constantFrom(0, -1),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(place, value), { minLength: 1, maxLength: 30 }), (writes) => {
        session.restore(start);
        for (const [address, word] of writes) {
          machine.system.write(address, 4, word >>> 0);
          machine.run(machine.now + 10_000_000);
        }
        const limit = machine.now + MS / 2;
        for (let pauses = 0; machine.now < limit && pauses < 100; pauses++) machine.run(limit);
        expect(Number.isSafeInteger(machine.now)).toBe(true);
        expect(machine.now).toBeGreaterThanOrEqual(limit);
      }),
      { numRuns: RUNS },
    );
    session.release();
  });
});

it('L476: a reserved MSISRANGE is not taken over, and the core goes on (RCC_CSR = 0x0D00)', () => {
  const session = looping('stm32l476');
  session.machine.system.write(0x40021094, 4, 0x0d00);
  session.machine.run(2 * MS);
  expect(session.machine.now).toBeGreaterThanOrEqual(2 * MS);
  expect(session.machine.now).toBeLessThan(3 * MS);
  expect(session.machine.system.read(0x40021094, 4) & 0xf00).toBe(0x600);
  expect(session.machine.state.notes.some((n) => n.text.includes('MSISRANGE = 13 is reserved'))).toBe(true);
  session.release();
});
