/** What a firmware prints takes bounded room, however much it is, and what is left out is told. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import type { RunTrace } from '../../src/bench/documents/trace-types.ts';
import { runBench } from '../../src/bench/run.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { KEPT, leftOut, nothingPrinted, print, printedBehind, printedText } from '../../src/emu/console-text.ts';
import { folder } from '../cli/helpers.ts';
import { Thumb } from './thumb.ts';

/** Numbered, so that each place is known. */
const numbered = (from: number, to: number): string => Array.from({ length: to - from }, (_, i) => `${from + i},`).join('');

it('short output is kept as it is, in whatever pieces it comes', () => {
  const said = nothingPrinted();
  for (const c of 'hello\nworld') print(said, c);
  expect(printedText(said)).toBe('hello\nworld');
  expect(printedBehind(said, 6)).toBe('world');
  expect(leftOut(said)).toBe(0);
});

it.each([1, 7, 1000, 65_536, 3 * KEPT])('of long output, in pieces of %i, both ends are kept and what is between is counted', (size) => {
  const said = nothingPrinted();
  const text = numbered(0, 300_000);
  for (let at = 0; at < text.length; at += size) print(said, text.slice(at, at + size));
  expect(said.count).toBe(text.length);
  expect(said.head.length + said.tail.length).toBeLessThanOrEqual(3 * KEPT + size);
  const shown = printedText(said);
  expect(shown.startsWith(text.slice(0, KEPT))).toBe(true);
  expect(shown.endsWith(text.slice(-KEPT))).toBe(true);
  expect(shown).toContain(`\n[… ${text.length - 2 * KEPT} characters are left out …]\n`);
  expect(printedBehind(said, text.length - 10)).toBe(text.slice(-10));
  expect(printedBehind(said, text.length)).toBe('');
});

it('just as much as is kept is whole, one more leaves one out', () => {
  const said = nothingPrinted();
  print(said, 'a'.repeat(2 * KEPT));
  expect([leftOut(said), printedText(said).length]).toEqual([0, 2 * KEPT]);
  print(said, 'b');
  expect(leftOut(said)).toBe(1);
});

/** SYS_WRITE0 of RAM that was never written, up to 64 KB, again and again with another length. */
function chatter(): Uint8Array {
  const t = new Thumb(0x08000008);
  t.constant(1, 0x20000100).movs(2, 0).movs(3, 0x41).movs(0, 0).constant(4, 0x400);
  t.label('fill').strb(3, 1).adds(1, 1).adds(0, 1).cmpRegister(0, 4).bne('fill').strb(2, 1);
  t.label('again').constant(1, 0x20000100).add(1, 1, 2).movs(0, 4).put(0xbeab).adds(2, 1).b('again');
  const code = t.bytes();
  const bytes = new Uint8Array(8 + code.length);
  new DataView(bytes.buffer).setUint32(0, 0x20008000, true);
  new DataView(bytes.buffer).setUint32(4, 0x08000009, true);
  bytes.set(code, 8);
  return bytes;
}

it('a firmware that prints without an end has a result and a trace of bounded size, which say what is left out', async () => {
  const cwd = folder({ 'fw.bin': chatter() });
  const job = await loadJob(['fw.bin@0x08000000'], { chip: 'stm32f405rg', until: '8ms' }, cwd);
  let trace: RunTrace | null = null;
  const result = runBench(jobInput(job, { trace: (t) => (trace = t) }));
  const text = result.console['semihosting']!;
  expect(text.length).toBeLessThan(2 * KEPT + 100);
  expect(text).toMatch(/\n\[… \d+ characters are left out …\]\n/);
  expect(result.notes).toContainEqual({
    kind: 'console',
    text: expect.stringMatching(/^semihosting printed \d+ characters; the first and the last 262144 are kept, \d+ are left out$/),
  });
  expect(JSON.stringify(trace!).length).toBeLessThan(20e6);
  expect(trace!['run'].dropped).toBeGreaterThan(0);
});

it('a signal in the middle of it leaves the result so far', async () => {
  const cwd = folder({ 'fw.bin': chatter() });
  const job = await loadJob(['fw.bin@0x08000000'], { chip: 'stm32f405rg', until: '60s' }, cwd);
  let looks = 0;
  const result = runBench(jobInput(job, { signal: () => ++looks > 3 }));
  expect(result.ended.reason).toBe('signal');
  expect(result.console['semihosting']).toMatch(/^A{1000}/);
});
