/** Callers through frame information and exception frames, in a program of its own (image/data/calls.c). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { callChain, callChainOf } from '../../src/bench/session/call-chain.ts';
import { FrameTable } from '../../src/image/dwarf-frames.ts';
import { loadImage } from '../../src/image/image.ts';
import { parseElf } from '../../src/image/elf.ts';
import { registerFile } from '../../src/emu/core/arm/register-file.ts';
import { MS } from '../../src/emu/time.ts';
import { plainJob } from './plain-job.ts';
import { data } from '../image/helpers.ts';

const path = 'calls.elf';
const bytes = data(path);

describe('call chain', () => {
  it.each(['stm32f072', 'stm32f405', 'stm32h533'])('goes from the innermost call through the exception to Reset_Handler (%s)', (chip) => {
    const session = new Session(jobInput(plainJob(chip, [{ path, bytes }])));
    session.machine.run(2 * MS);
    const { frames, end } = callChainOf(session.machine.bootCore, session.input.images);
    expect(
      frames.map((f) => `${f.function} ${f.file}${f.inlined ? ' inlined' : ''}${f.exception === null ? '' : ` by ${f.exception}`}`),
    ).toEqual([
      'stop_here intrinsics.h inlined',
      'deep calls.c',
      'deep calls.c',
      'deep calls.c',
      'deep calls.c',
      'SysTick_Handler calls.c by 15',
      'wait_for_tick calls.c',
      'main calls.c',
      'Reset_Handler calls.c',
    ]);
    // calls are named by their own lines, not by those behind them
    expect(frames.filter((f) => f.function === 'deep').map((f) => f.line)).toEqual([12, 14, 14, 14]);
    expect(frames.find((f) => f.function === 'main')!.line).toBe(36);
    expect(frames.at(-1)!.sp).toBe(0x20001000 - 8);
    expect(end).toBe('start');
    session.release();
  });

  it('says that it ends where nothing is known of the frames', () => {
    const session = new Session(jobInput(plainJob('stm32f072', [{ path, bytes }])));
    const { machine } = session;
    machine.run(2 * MS);
    const image = { ...session.input.images[0]!, frames: new FrameTable(null, null, () => false) };
    const chain = callChainOf(machine.bootCore, [image]);
    expect(chain.end).toBe('unknown');
    expect(chain.frames.length).toBeLessThan(6);
    session.release();
  });

  it('ends on any stack and any damaged frame information', () => {
    const elf = parseElf(bytes);
    const image = loadImage(bytes, path);
    const session = new Session(jobInput(plainJob('stm32f072', [{ path, bytes }])));
    session.machine.run(2 * MS);
    const registers = registerFile(session.machine.bootCore, session.machine.bootCore.pc);
    session.release();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { maxLength: 10 }),
        fc.infiniteStream(fc.nat(0xffffffff)),
        (changes, words) => {
          const frame = elf.section('.debug_frame')!.slice();
          for (const [at, value] of changes) frame[at % frame.length] = value;
          const stack = (): number => words.next().value;
          const { frames } = callChain([{ ...image, frames: new FrameTable(frame, null, () => true) }], registers, stack);
          expect(frames.length).toBeLessThan(110);
        },
      ),
      { numRuns: 300 },
    );
  });
});
