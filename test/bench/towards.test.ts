/** A request that is lost, and a jump that does not come with it kept either: both are told, in the order in which they have to be mended. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { firstRun } from '../../src/bench/first-run.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { runBench } from '../../src/bench/run.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import type { LoadedImage } from '../../src/image/image.ts';
import { terminalReport } from '../../src/report/terminal.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
function patch({ symbols, chunks }: LoadedImage, symbol: string, halves: readonly number[]): void {
  const { address } = symbols.named(symbol)[0]!;
  for (const { address: from, data } of chunks)
    if (address >= from && address < from + data.length)
      halves.forEach((half, i) => new DataView(data.buffer, data.byteOffset).setUint16(address - from + 2 * i, half, true));
}
/** The fixture with the instructions of one function, from its first on, in place of its own. */
async function changed(name: string, symbol: string, ...halves: number[]) {
  const input = jobInput(await loadJob([], { scenario: fixture(`${name}/scenario.json`) }, fixture('')));
  patch(input.images[0]!, symbol, halves);
  return runBench(input);
}
const STAY = 0xe7fe;
const told = ({ notes }: Pick<RunResult<string>, 'notes'>): string[] =>
  notes.flatMap(({ kind, text }) => (kind === 'short-of-jump' ? [text] : []));

it('a jump that hangs behind the lost request', async () => {
  const result = await changed('f405-request-byte-bss', 'enter_rom', STAY);
  expect(result.diagnosis.causes.map(({ id, proved }) => [id, proved])).toEqual([['magic-survives', false]]);
  expect(told(result)).toEqual([
    expect.stringMatching(
      /^with the request kept, enter_rom is called at f405-request\.c:\d+, and is still at f405-request\.c:\d+, 100 ms later$/,
    ),
  ]);
  const screen = terminalReport(result).replace(/\s+/g, ' ');
  expect(screen).toMatch(/Maybe magic-survives: .*Why with the request kept, enter_rom is called/);
});
it('an image that has no jump into the ROM: nobody asked for it, and no request is told as lost', async () => {
  const job = await loadJob([], { scenario: fixture('f405-request-byte-bss/scenario.json') }, fixture(''));
  const { symbols, chunks } = jobInput(job).images[0]!;
  const { address, size } = symbols.named('enter_rom')[0]!;
  const chunk = chunks.find((c) => address >= c.address && address < c.address + c.data.length)!;
  const code = chunk.data.slice(address - chunk.address, address - chunk.address + size);
  // in the file, since what jumps is looked for when it is read
  const bytes = Uint8Array.from(job.images[0]!.bytes);
  bytes.set(new Uint8Array(Uint16Array.from([STAY, ...Array<number>(size / 2 - 1).fill(0xbf00)]).buffer), Buffer.from(bytes).indexOf(code));
  const result = runBench(jobInput({ ...job, images: [{ ...job.images[0]!, bytes }] }));
  expect(result.diagnosis.causes).toEqual([]);
  expect(result.checks.find(({ id }) => id === 'magic-survives')?.verdict).toBe('n/a');
});
it('a jump that the MPU forbids, behind the lost request: both are proved together, and told with their lines', async () => {
  // MPU: region 0 of 32 KB at the ROM, no access; PRIVDEFENA and ENABLE. Then the words of its table
  const forbid = [0x4807, 0x4908, 0x6081, 0x221d, 0x60c2, 0x2205, 0x6002, 0xf3bf, 0x8f4f, 0xf3bf, 0x8f6f];
  const jump = [0x680a, 0x684b, 0xf382, 0x8808, 0x4718, 0xed94, 0xe000, 0x0000, 0x1fff];
  const result = await changed('f405-request-byte-bss', 'enter_rom', ...forbid, ...jump);
  const { causes, sets } = result.diagnosis;
  expect(sets).toEqual([['magic-survives', 'mpu']]);
  expect(causes.map(({ id, proved, lastWriter }) => [id, proved, lastWriter?.symbol])).toEqual([
    ['magic-survives', true, 'Reset_Handler'],
    ['mpu', true, 'enter_rom'],
  ]);
  expect(result.checks.find(({ id }) => id === 'mpu')).toMatchObject({ verdict: 'fail', lastWriter: { symbol: 'enter_rom' } });
  const screen = terminalReport(result).replace(/\s+/g, ' ');
  expect(screen).toMatch(/Cause magic-survives: .*Cause mpu: .*Fault with the request kept, .*Proof with these 2 causes repaired/);
});
it('a jump that returns without a jump', async () => {
  const result = await changed('f405-request-byte-bss', 'enter_rom', 0x4770);
  expect(told(result)).toEqual([
    expect.stringMatching(
      /^with the request kept, enter_rom is called at .*, and 100 ms later the program is at .*, with no jump into the ROM$/,
    ),
  ]);
});
it('a jump that is still on its way when the run ends: the call and the place are told', async () => {
  // stores to a port for ever: the run is not stuck, as far as its end can tell
  const result = await changed('f405-request-noinit-delayed', 'enter_rom', 0x4801, 0x6001, 0xe7fd, 0xbf00, 0x0014, 0x4002);
  expect([result.outcome, told(result)]).toEqual([
    'no-jump',
    [expect.stringMatching(/^enter_rom was called at f405-request\.c:\d+, and is still at f405-request\.c:\d+, when the run ends$/)],
  ]);
  expect(terminalReport(result).replace(/\s+/g, ' ')).toMatch(/Why enter_rom was called at/);
});

describe('a jump that masks interrupts and waits for what only they could change', () => {
  const MASK = 0xb672;
  it('is found behind the input that leads to it, in the first stretch', async () => {
    const job = await loadJob([fixture('f405-serial-trigger/firmware.elf')], {}, fixture(''));
    const input = jobInput(job);
    patch(input.images[0]!, 'jump_to_bootloader', [MASK, 0x4801, 0x6001, 0xe7fd, 0x0014, 0x4002]);
    const result = firstRun(job, {});
    expect(told(result)).toEqual([
      expect.stringMatching(
        /^jump_to_bootloader was called at \w+\.c:\d+, and is still at main\.c:\d+, when the run ends, with interrupts masked \(PRIMASK is 1 since main\.c:\d+\)$/,
      ),
    ]);
    expect(result.ways.filter(({ trigger, tried }) => trigger !== null && tried)).not.toEqual([]);
  });
  it('the instruction without which the ROM is entered is told, though DFU does not come', async () => {
    // the loop looks at PRIMASK; behind it the jump is made without privilege
    const loop = [MASK, 0xf3ef, 0x8010, 0x4905, 0x6008, 0x2800, 0xd1f9];
    const jump = [0x2001, 0xf380, 0x8814, 0x4902, 0x6849, 0x4708, 0xbf00, 0x0014, 0x4002, 0x0000, 0x1fff];
    const result = await changed('f405-request-noinit-delayed', 'enter_rom', ...loop, ...jump);
    const [cause] = result.diagnosis.causes;
    expect([cause?.id, cause?.proved, cause?.what]).toEqual(['state', false, 'PRIMASK']);
    expect(cause!.explanation).toContain('Without the instruction that changes it, the ROM is entered.');
    expect(result.diagnosis.sets).toEqual([]);
  });
});
