/** The origin of an address that is a sum: no part of it is told as the whole, and a constant among the parts ends nothing. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [NOWHERE, VARIABLE] = [0x40080000, 0x20000100];
function chainOf(program: Thumb): string {
  const { notes, outcome } = runBench(jobInput(plainJob('stm32f405rg', bareImage(program.label('end').b('end')))));
  expect(outcome).toBe('fault');
  return notes.flatMap(({ kind, text }) => (kind === 'chain' ? [text] : [])).join('\n');
}

it('of two constants, each is told with its own value', () => {
  const chain = chainOf(new Thumb(MAIN).movs(1, 0xa8).constant(0, NOWHERE).add(2, 0, 1).ldr(3, 2));
  expect(chain).toContain('0x400800a8 was computed');
  expect(chain).toMatch(/0x40080000 was loaded from 0x08000/);
  expect(chain).toMatch(/0x000000a8 is a constant$/m);
  expect(chain).not.toContain('0x400800a8 is a constant');
});

it('a variable beside a constant is followed to what was stored there', () => {
  const stored = new Thumb(MAIN).movs(1, 0xa8).constant(4, VARIABLE).str(1, 4).movs(1, 0);
  const chain = chainOf(stored.constant(0, NOWHERE).ldr(1, 4).add(2, 0, 1).ldr(3, 2));
  expect(chain).toContain('0x400800a8 was computed');
  expect(chain).toContain('0x000000a8 was stored to 0x20000100');
  expect(chain).toMatch(/0x000000a8 is a constant$/m);
});

it('a variable that is loaded before the constant is followed, too', () => {
  const stored = new Thumb(MAIN).movs(1, 0xa8).constant(4, VARIABLE).str(1, 4).movs(1, 0);
  const chain = chainOf(stored.ldr(1, 4).constant(0, NOWHERE).add(2, 0, 1).ldr(3, 2));
  expect(chain).toContain('0x000000a8 was stored to 0x20000100');
  expect(chain).not.toContain('0x400800a8 is a constant');
});
