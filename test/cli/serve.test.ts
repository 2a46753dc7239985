/** `bootbench serve --rom`: the page gets the dump of the user, and nobody else's file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { serveCommand } from '../../src/cli/serve.ts';
import type { ServedDump } from '../../src/rom/pieces.ts';
import { foreignRom } from '../board/settle-board.ts';
import { serve } from '../debug/serve.ts';
import { cli, folder } from './helpers.ts';

const page = (): string => `${folder({ 'index.html.gz': gzipSync('page'), 'dump.json.gz': gzipSync('null') })}/`;
const asked = async (line: string): Promise<unknown> => (await fetch(`${line.trim().replace('http ', 'http://')}/dump.json`)).json();

describe('bootbench serve', () => {
  it('has no dump', async () => {
    const { line } = await serve((io) => serveCommand({ port: '0' }, io, page()));
    expect(await asked(line)).toBeNull();
  });
  it('gives the page the dump of --rom, with the ROM that it is of', async () => {
    const rom = foreignRom('stm32l476rg');
    const path = join(folder(), 'dump.bin');
    writeFileSync(path, rom);
    const { line } = await serve((io) => serveCommand({ port: '0', rom: [path], chip: 'stm32l476rg' }, io, page()));
    const { romId, pieces } = (await asked(line)) as ServedDump;
    expect([romId, pieces.map((p) => p.address)]).toEqual(['stm32l476', [0x1fff0000]]);
    expect(new Uint8Array(Buffer.from(pieces[0]!.base64, 'base64'))).toEqual(rom);
  });
  it.each([
    [['--rom', 'dump.bin'], /which chip is the dump of\? --chip is missing/],
    [['--rom', 'dump.bin', '--chip', 'stm32l476rg'], /--rom: dump.bin: a dump of 4 bytes is too short for a ROM/],
    [['--rom', 'erased.bin', '--chip', 'stm32l476rg'], /--rom: /],
  ])('%j is refused in words', async (args, says) => {
    const cwd = folder({ 'dump.bin': new Uint8Array(4), 'erased.bin': new Uint8Array(4096).fill(0xff) });
    const run = await cli(['serve', '--port', '0', ...args], { cwd });
    expect([run.code, run.err]).toEqual([2, expect.stringMatching(says)]);
  });
});
