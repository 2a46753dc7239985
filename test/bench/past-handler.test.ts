/** Where an address came from, when a handler ran between the load of it and the access: it is followed through the frame on the stack. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const [FLASH, NOWHERE] = [0x08000000, 0x40080000];
const [SYST_CSR, SYST_RVR, SYST_CVR] = [0xe000e010, 0xe000e014, 0xe000e018];

it('a handler that ends with POP gives the registers back', () => {
  const t = new Thumb(FLASH + 0x100);
  t.label('handler').put(0xb580, 0xbd80); // PUSH {R7, LR}; POP {R7, PC}
  const main = FLASH + 0x100 + 2 * t.length;
  t.constant(0, SYST_RVR).constant(1, 400).str(1, 0).constant(0, SYST_CVR).str(1, 0);
  t.constant(0, SYST_CSR).movs(1, 7).str(1, 0).constant(3, NOWHERE).constant(2, 200);
  t.label('wait').put(0x3a01).bne('wait').ldr(1, 3, 8).label('end').b('end'); // SUBS R2, #1
  const code = t.bytes();
  const bytes = new Uint8Array(0x100 + code.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 64; i++) view.setUint32(4 * i, (FLASH + 0x101) >>> 0, true);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, main | 1, true);
  view.setUint32(12, (FLASH + 0x100 + code.length) | 1, true);
  bytes.set(code, 0x100);
  const end = new Uint8Array(bytes.length + 4);
  end.set(bytes);
  end.set([0xfe, 0xe7, 0xfe, 0xe7], bytes.length);
  const { notes, outcome } = runBench(jobInput(plainJob('STM32F405RG', [{ path: 'app.bin@0x08000000', bytes: end }])));
  expect(outcome).toBe('fault');
  const chain = notes.filter(({ kind }) => kind === 'chain').map(({ text }) => text);
  expect(chain.join('\n')).toMatch(/0x40080000 is a constant, at 0x08000/);
});
