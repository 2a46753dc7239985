/** Callers through frame information and exception frames, in a program of its own (image/data/calls.c). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { callChain, callChainOf } from '../../src/bench/session/call-chain.ts';
import { FrameTable } from '../../src/image/dwarf-frames.ts';
import { SymbolTable } from '../../src/image/symbols.ts';
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

  describe('a function without a caller', () => {
    const [from, size] = [0x0800_0100, 0x40];
    /** One function whose rules behind its first instruction are `program` (DWARF 4, 6.4.2). */
    const frameOf = (augmentation: string, program: readonly number[]): Uint8Array => {
      const entry = (...body: readonly number[]): number[] => [...word(body.length), ...body];
      const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
      const name = [...new TextEncoder().encode(augmentation), 0];
      // code ×2, data ×−4, return address in r14; CFA = SP + 0
      const cie = entry(...word(0xffffffff), 3, ...name, 2, 0x7c, 14, 0x0c, 13, 0);
      return Uint8Array.from([...cie, ...entry(...word(0), ...word(from), ...word(size), 0x41, ...program)]);
    };
    const chainOf = (
      frame: Uint8Array | null,
      pc: number,
      lr: number,
      code: Readonly<Record<number, number>> = {},
      name = 'f',
    ): ReturnType<typeof callChain> => {
      const symbols = new SymbolTable([{ ...named, name }], () => from + 0x400);
      const image = { ...loadImage(bytes, path), frames: new FrameTable(frame, null, () => true), symbols };
      return callChain([image], { pc, lr, sp: 0x2000_0f00 }, (address) => code[address] ?? 0);
    };
    const named = { name: 'f', address: from | 1, size, kind: 'function', binding: 'global' } as const;
    /** BL from one place to another, as a word. */
    const bl = (at: number, to: number): number => {
      const offset = (to - at - 4) >> 1;
      const low = 0xf800 | (offset & 0x7ff);
      return ((low << 16) | 0xf000 | ((offset >> 11) & 0x7ff)) >>> 0;
    };
    const UNDEFINED_LR = [0x07, 14];
    const SAVED_LR = [0x0e, 8, 0x8e, 1];
    const SAME_LR = [0x08, 14];

    it('is the start where its return address is undefined, also in the frame information of armcc', () => {
      for (const augmentation of ['', 'armcc+']) {
        const { frames, end } = chainOf(frameOf(augmentation, UNDEFINED_LR), from + 0x10, 0x0800_0201);
        expect([augmentation, frames.length, end]).toEqual([augmentation, 1, 'start']);
      }
    });
    it('is the start where it has called others without saving LR', () => {
      const { frames, end } = chainOf(frameOf('', []), from + 0x10, from + 9);
      expect([frames.length, end]).toEqual([1, 'start']);
    });
    it('is left by LR as long as it has called nobody', () => {
      const { frames } = chainOf(frameOf('', []), from + 0x10, 0x0800_0201, { 0x0800_01fc: bl(0x0800_01fc, from) });
      expect(frames.map((f) => f.pc)).toEqual([from + 0x10, 0x0800_01fe]);
    });
    it('is main(), unless a BL leads to it: start-up code of armcc branches there, and LR is that of a call before', () => {
      const framesBehind = (call: number): number =>
        chainOf(frameOf('', []), from + 0x10, 0x0800_0205, { 0x0800_0200: call }, 'main').frames.length;
      expect([framesBehind(0x4780_0000), framesBehind(bl(0x0800_0200, from))]).toEqual([1, 2]);
    });
    it('is the start where no call stands in front of its return address: a task begins with what ends it in LR', () => {
      const { frames, end } = chainOf(frameOf('', SAVED_LR), from, 0x0800_0201);
      expect([frames.length, end]).toEqual([1, 'start']);
    });
    it('is none where it calls itself, before it saves LR', () => {
      const { frames } = chainOf(frameOf('', SAVED_LR), from, from + 9, { [from + 4]: bl(from + 4, from) });
      expect(frames[1]!.pc).toBe(from + 6);
    });
    it('stays unknown where armcc has the old order of offsets', () => {
      const frame = frameOf('armcc', UNDEFINED_LR);
      expect(chainOf(frame, from + 0x10, 0x0800_0205, { 0x0800_0200: bl(0x0800_0200, from) }).frames).toHaveLength(2);
    });
    it('is not the function that a call that has returned was made from', () => {
      // LR is left over: the call in front of it leads elsewhere
      const elsewhere = { 0x0800_0200: bl(0x0800_0200, from + 0x80) };
      expect(chainOf(null, from + 0x10, 0x0800_0205, elsewhere)).toMatchObject({ end: 'unknown', frames: [{ pc: from + 0x10 }] });
      // frame information says that LR is kept, but a call of the function itself stands before
      const own = { [from + 4]: bl(from + 4, from + 0x80) };
      expect(chainOf(frameOf('', []), from + 0x10, 0x0800_0205, { ...elsewhere, ...own }).end).toBe('unknown');
      expect(chainOf(frameOf('', []), from + 0x10, 0x0800_0205, elsewhere).frames).toHaveLength(2);
    });
    it('is not the one of a call whose function does not go on in it, though frame information says that LR is kept', () => {
      // armcc names each register that is the same
      for (const program of [[], SAME_LR]) {
        const whole = loadImage(bytes, path);
        const called = whole.symbols.all.find(({ name }) => name === 'deep')!.address & ~1;
        const frames = new FrameTable(frameOf('', program), null, () => true);
        const behind = (target: number): ReturnType<typeof callChain> =>
          callChain([{ ...whole, frames }], { pc: from + 0x10, lr: 0x0800_0205, sp: 0x2000_0f00 }, (address) =>
            address === 0x0800_0200 ? bl(0x0800_0200, target) : 0,
          );
        expect(behind(called)).toMatchObject({ end: 'unknown', frames: [{ pc: from + 0x10 }] });
        expect(behind(from).frames).toHaveLength(2);
      }
    });
    it('is told where the call in front of LR leads to the function itself', () => {
      const { frames } = chainOf(null, from + 0x10, 0x0800_0205, { 0x0800_0200: bl(0x0800_0200, from) });
      expect(frames.map((f) => f.pc)).toEqual([from + 0x10, 0x0800_0202]);
    });
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
