/** A request that is lost, and a jump that does not come with it kept either: both are told, in the order in which they have to be mended. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { terminalReport } from '../../src/report/terminal.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
/** The fixture with the instructions of one function, from its first on, in place of its own. */
async function changed(name: string, symbol: string, ...halves: number[]) {
  const job = await loadJob([], { scenario: fixture(`${name}/scenario.json`) }, fixture(''));
  const input = jobInput(job);
  const { address } = input.images[0]!.symbols.named(symbol)[0]!;
  for (const { address: from, data: data } of input.images[0]!.chunks)
    if (address >= from && address < from + data.length)
      halves.forEach((half, i) => new DataView(data.buffer, data.byteOffset).setUint16(address - from + 2 * i, half, true));
  return runBench(input);
}
const STAY = 0xe7fe;
const told = ({ notes }: Awaited<ReturnType<typeof changed>>): string[] =>
  notes.flatMap(({ kind, text }) => (kind === 'short-of-jump' ? [text] : []));

it('a jump that hangs behind the lost request', async () => {
  const result = await changed('f405-request-byte-bss', 'enter_rom', STAY);
  expect(result.diagnosis.causes.map(({ id, proved }) => [id, proved])).toEqual([['magic-survives', false]]);
  expect(told(result)).toEqual([
    expect.stringMatching(
      /^with the request kept, enter_rom is called at f405-request\.c:\d+, and is still at .*f405-request\.c:\d+ \(enter_rom\) 100 ms later$/,
    ),
  ]);
  const screen = terminalReport(result).replace(/\s+/g, ' ');
  expect(screen).toMatch(/Maybe magic-survives: .*Why with the request kept, enter_rom is called/);
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
    [
      expect.stringMatching(
        /^enter_rom was called at f405-request\.c:\d+, and is still at .*f405-request\.c:\d+ \(enter_rom\) when the run ends$/,
      ),
    ],
  ]);
  expect(terminalReport(result).replace(/\s+/g, ' ')).toMatch(/Why enter_rom was called at/);
});
