/** Who hears a ROM's answer on a serial port of this computer: a pseudo terminal stands for the adapter. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { GdbTarget } from '../../src/board/gdb-target.ts';
import { serialAnswer } from '../../src/board/serial-watch.ts';
import { openPty } from '../../src/cli/pty.ts';
import { SurroundingsError } from '../../src/bench/documents/usage-error.ts';

/** A board that runs from the moment in which it is let run, and answers then. */
async function boardThat(answers: (byte: number, sent: number) => readonly number[]) {
  const pty = await openPty();
  onTestFinished(() => pty.close());
  let running = false;
  const heard: number[] = [];
  pty.onData = (bytes) => {
    for (const byte of bytes) {
      if (!running) continue;
      heard.push(byte);
      pty.write(Uint8Array.from(answers(byte, heard.length)));
    }
  };
  const target = { letRun: () => ((running = true), Promise.resolve()) } as unknown as GdbTarget;
  return { path: pty.path, target, heard, pty };
}

describe('a serial port', () => {
  it.each<readonly [string, (byte: number, sent: number) => readonly number[], string]>([
    ['the acknowledge of 0x7F is an answer', (byte) => (byte === 0x7f ? [0x79] : []), 'dfu'],
    ['so is a refusal, which a ROM gives that heard the byte before', (byte) => (byte === 0x7f ? [0x1f] : []), 'dfu'],
    ['a ROM that listens late is asked again', (_, sent) => (sent >= 2 ? [0x79] : []), 'dfu'],
    ['silence is none', () => [], 'nothing'],
    ['nor is the text of an application', () => [...Buffer.from('ok\r\n')], 'nothing'],
  ])('%s', async (_, answers, seen) => {
    const { path, target, heard } = await boardThat(answers);
    expect(await serialAnswer(path, 9600)(target, 1500)).toBe(seen);
    expect(new Set(heard)).toEqual(new Set([0x7f]));
  });
  it('what was there before the ROM ran is no answer', async () => {
    const { path, target, pty } = await boardThat(() => []);
    pty.write(Uint8Array.of(0x79, 0x79));
    await new Promise((settle) => setTimeout(settle, 100));
    expect(await serialAnswer(path, 9600)(target, 600)).toBe('nothing');
  });
  it('that cannot be set up is a matter of the surroundings', async () => {
    const { target } = await boardThat(() => []);
    await expect(serialAnswer('/dev/null', 9600)(target, 100)).rejects.toThrow(SurroundingsError);
  });
});
