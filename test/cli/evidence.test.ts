/** From a board to the report: `board settle --evidence`, `evidence check`, and what a run says then. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gdbCommand } from '../../src/cli/gdb.ts';
import { SIMULATED, type EvidenceLine } from '../../src/rom/evidence.ts';
import { dialectServer, RULES } from '../board/dialect-server.ts';
import { foreignPart, foreignRom } from '../board/settle-board.ts';
import { ROOT, serve } from '../debug/serve.ts';
import { cli, folder } from './helpers.ts';

const CHIP = 'stm32l476rg';
const settle = (gdb: string, cwd: string, ...more: readonly string[]) =>
  cli(['board', 'settle', 'primask', 'vtor', 'reset-flags', '--gdb', gdb, '--chip', CHIP, '--watch-for', '1s', '--tries', '1', ...more], {
    cwd,
  });
const FILES = ['--evidence', 'ann.jsonl', '--record', 'ann.txt'] as const;
const linesOf = (cwd: string, file: string): EvidenceLine[] =>
  readFileSync(join(cwd, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as EvidenceLine);
const check = (cwd: string, ...args: readonly string[]) => cli(['evidence', 'check', ...args], { cwd });
const oneSentence = /^bootbench: [^\n]+\n$/;

let lines: EvidenceLine[] = [];
let record = '';
/** What a board gives, once for all tests. */
async function recorded(): Promise<void> {
  if (lines.length > 0) return;
  const cwd = folder();
  const { gdb } = await dialectServer(CHIP, foreignPart(CHIP), RULES.pyocd);
  const run = await settle(gdb, cwd, ...FILES);
  expect([run.code, run.err]).toEqual([0, 'ann.jsonl: 3 lines added\n']);
  record = readFileSync(join(cwd, 'ann.txt'), 'utf8');
  lines = linesOf(cwd, 'ann.jsonl');
}
/** That, in a folder of its own. */
async function board(change: (line: EvidenceLine) => object = (line) => line): Promise<string> {
  await recorded();
  const cwd = folder();
  mkdirSync(join(cwd, 'evidence'));
  add(cwd, change, 'ann');
  return cwd;
}
function add(cwd: string, change: (line: EvidenceLine) => object, name: string): void {
  writeFileSync(join(cwd, 'evidence', `${name}.jsonl`), lines.map((line) => `${JSON.stringify(change(line))}\n`).join(''));
  writeFileSync(join(cwd, 'evidence', 'ann.txt'), record);
}

describe('board settle --evidence', () => {
  it('gives a line for each option, with the hash of the ROM and none of its bytes', async () => {
    await recorded();
    expect(lines.map((l) => [l.option, l.value])).toEqual([
      ['primask', 'keeps'],
      ['vtor', 'sets'],
      ['reset-flags', 'ignores'],
    ]);
    expect(lines[0]).toMatchObject({
      chip: 'STM32L476RG',
      romId: 'stm32l476',
      control: true,
      tries: 1,
      debugger: 'pyOCD',
      recording: 'ann.txt',
    });
    expect(new Set(lines.map((l) => l.romSha256)).size).toBe(1);
    expect(record).toContain(`@ rom ${lines[0]!.romSha256} dump part\n`);
  });
  it('adds to what is there', async () => {
    await recorded();
    const cwd = folder({ 'ann.jsonl': `${JSON.stringify(lines[0])}\n` });
    const { gdb } = await dialectServer(CHIP, foreignPart(CHIP), RULES.pyocd);
    const run = await cli(
      ['board', 'settle', 'vtor', '--gdb', gdb, '--chip', CHIP, '--watch-for', '1s', '--tries', '1', '--evidence', 'ann.jsonl'],
      { cwd },
    );
    expect([run.code, linesOf(cwd, 'ann.jsonl').map((l) => [l.option, l.recording])]).toEqual([
      0,
      [
        ['primask', 'ann.txt'],
        ['vtor', null],
      ],
    ]);
  }, 60_000);
  it('writes nothing of a server without a board behind it, nor of a stand-in', async () => {
    const cwd = folder();
    const elf = join(ROOT, 'fixtures/l476-leave-vtor/firmware.elf');
    writeFileSync(join(cwd, 'rom.bin'), foreignRom(CHIP));
    const { line } = await serve((io) => gdbCommand([elf], { chip: CHIP, port: '0', rom: [join(cwd, 'rom.bin')] }, io));
    const own = await settle(line.trim().replace('gdb ', ''), cwd, ...FILES);
    expect(own.code).toBe(2);
    expect(own.err).toMatch(
      /--evidence: bootbench gdb has no board behind it, so this is no evidence; nothing was settled, and no file of evidence was written; leave --evidence out/,
    );
    const { gdb } = await dialectServer(CHIP, elf, RULES.pyocd);
    const standIn = await settle(gdb, cwd, ...FILES);
    expect(standIn.code).toBe(2);
    expect(standIn.err).toMatch(/--evidence: the ROM is a stand-in of bootbench, which is no evidence; nothing was settled, and no file/);
    // nobody waits for what is not written: the ROM was not entered once
    expect(readFileSync(join(cwd, 'ann.txt'), 'utf8')).not.toContain('@ watch');
    expect(readdirSync(cwd)).not.toContain('ann.jsonl');
  }, 120_000);
  it.each<readonly [string, readonly string[], RegExp]>([
    ['no option', [], /which option is to be settled/],
    ['an option that is none', ['primsk'], /has no option "primsk"[\s\S]*primask/],
    ['an option that no probe settles', ['bank-check'], /a probe cannot settle bank-check: it takes applications in both banks/],
    [
      'an option that shows behind a leave',
      ['leave-vtor'],
      /a probe cannot settle leave-vtor: it shows behind a leave: `board capture --at leave` reads it/,
    ],
    ['no tries', ['vtor', '--tries', '0'], /--tries: "0" is not a number from 1 to 100/],
    ['a record elsewhere', ['vtor', '--evidence', 'e/a.jsonl', '--record', 'r.txt'], /does not lie beside the evidence/],
    ['nobody who watches', ['vtor', '--watch', 'none', '--gdb', '1'], /nobody watches|no GDB server/],
  ])('%s is refused in words', async (_, args, says) => {
    const run = await cli(['board', 'settle', ...args, '--chip', CHIP], { cwd: folder() });
    expect(run.out).toBe('');
    expect(run.err).toMatch(says);
    expect([2, 4]).toContain(run.code);
  });
  it('a ROM without USB needs a serial port, which is named', async () => {
    const { gdb } = await dialectServer('stm32f103c8', join(ROOT, 'fixtures/f103-backup-no-clock/firmware.elf'), RULES.pyocd);
    const run = await cli(['board', 'settle', 'vtor', '--gdb', gdb, '--chip', 'stm32f103c8'], { cwd: folder() });
    expect([run.code, run.out]).toEqual([2, '']);
    expect(run.err).toMatch(/has no USB: who hears its answer to 0x7F\?[\s\S]*--serial/);
    const missing = await cli(['board', 'settle', 'vtor', '--gdb', gdb, '--chip', 'stm32f103c8', '--serial', '/dev/none'], {
      cwd: folder(),
    });
    expect([missing.code, missing.err]).toEqual([4, expect.stringContaining('/dev/none cannot be set up as a serial port')]);
  }, 60_000);
  it('lists what a probe settles, and why not the rest, without a board', async () => {
    const run = await cli(['board', 'settle', '--list', '--chip', CHIP]);
    expect(run.code).toBe(0);
    expect(run.out).toMatch(/^STM32L476RG, ROM stm32l476$/m);
    expect(run.out).toMatch(/^primask +keeps \(assumed\); a probe settles it$/m);
    expect(run.out).toMatch(/^leave-vtor +keeps \(documented\); not by a probe: it shows behind a$/m);
    expect(run.out).toMatch(/^Not measured yet: board settle primask /m);
    expect(run.out.split('\n').filter((line) => /not by a probe: ?$/.test(line))).toEqual([]);
  });
});

describe.each(Object.keys(RULES) as (keyof typeof RULES)[])('through %s', (server) => {
  it('an option is settled', async () => {
    const { gdb } = await dialectServer(CHIP, foreignPart(CHIP, { primask: 'clears' }), RULES[server]);
    const named = ['jlink', 'stlink', 'st-util'].includes(server) ? ['--server', server] : [];
    const run = await cli([
      'board',
      'settle',
      'primask',
      '--gdb',
      gdb,
      '--chip',
      CHIP,
      '--watch-for',
      '1s',
      '--tries',
      '1',
      '--json',
      '-',
      ...named,
    ]);
    expect(JSON.parse(run.out)).toMatchObject({ options: [{ option: 'primask', value: 'clears', served: true }] });
  }, 60_000);
});

describe('evidence check', () => {
  it('a recording that replays makes the values of one contributor measured', async () => {
    const run = await check(await board());
    expect(run.code).toBe(0);
    expect(run.out).toMatch(/^3 lines, 3 options\n/);
    expect(run.out).toMatch(/^measured +stm32l476 +[0-9a-f]{12} +primask +keeps \(1, replayed\)$/m);
  });
  it('without one it takes a second contributor', async () => {
    const alone = (line: EvidenceLine): object => ({ ...line, recording: null });
    const cwd = await board(alone);
    expect((await check(cwd)).out).toMatch(/^alone +stm32l476 .*primask +keeps \(1\)$/m);
    add(cwd, alone, 'bob');
    expect((await check(cwd)).out).toMatch(/^measured +stm32l476 .*primask +keeps \(2\)$/m);
  });
  it('a contradiction opens both values', async () => {
    const cwd = await board();
    add(cwd, (line) => ({ ...line, recording: null, value: line.option === 'primask' ? 'clears' : line.value }), 'bob');
    const run = await check(cwd);
    expect(run.out).toMatch(/^contradicted +stm32l476 .*primask +clears \(1\), keeps \(1, replayed\)$/m);
    expect(run.out).toContain('both values are open');
  });
  it('an empty folder is no evidence yet; a folder that is not there is a mistake', async () => {
    const cwd = folder();
    mkdirSync(join(cwd, 'evidence'));
    writeFileSync(join(cwd, 'evidence', 'README.md'), '# Evidence\n');
    expect(await check(cwd)).toMatchObject({ code: 0, out: 'no evidence yet\n' });
    const none = await check(folder());
    expect([none.code, none.err]).toEqual([2, expect.stringContaining('cannot read evidence')]);
  });
  it('--json says how many lines count, and how many are only valid in form', async () => {
    const cwd = await board((l) => (l.option === 'primask' ? { ...l, debugger: `OpenOCD ${SIMULATED}`, recording: null } : l));
    const run = await check(cwd, 'evidence/ann.jsonl', '--json');
    expect([run.code, run.err]).toEqual([0, '']);
    const { options, ...rest } = JSON.parse(run.out) as { options: readonly { option: string }[] };
    expect(rest).toEqual({ schema: 'bootbench/evidence-check@1', counted: 2, emulated: 1 });
    expect(options.map((o) => o.option).toSorted()).toEqual(['reset-flags', 'vtor']);
  });
  it("the repository's own folder is valid, and what it comes to is what the ROMs have", async () => {
    const run = await cli(['evidence', 'check', '--json'], { cwd: ROOT });
    expect(run.code).toBe(0);
    const { options } = JSON.parse(run.out) as { options: unknown };
    expect(JSON.parse(readFileSync(join(ROOT, 'src/rom/measured.json'), 'utf8'))).toEqual(options);
  });
  it.each<readonly [string, (line: EvidenceLine) => object, RegExp]>([
    ['a chip that is not known', (l) => ({ ...l, chip: 'STM32X999' }), /ann\.jsonl:1: chip STM32X999 is not known/],
    ['the ROM of another chip', (l) => ({ ...l, chip: 'STM32F405RG' }), /:1: the ROM of STM32F405RG is stm32f405, not stm32l476/],
    ['an option that this ROM lacks', (l) => ({ ...l, option: 'msplim' }), /:1: the ROM of STM32L476RG has no option msplim/],
    ["bootbench's own server", (l) => ({ ...l, debugger: 'bootbench gdb' }), /:1: bootbench gdb has no board behind it/],
    ["QEMU's server", (l) => ({ ...l, debugger: 'QEMU' }), /:1: QEMU has no board behind it/],
    [
      'a value that the recording does not give',
      (l) => ({ ...l, value: 'another' }),
      /:1: the recording ann\.txt says keeps of primask, and the line says another/,
    ],
    ['the recording of another ROM', (l) => ({ ...l, romSha256: 'ab'.repeat(32) }), /:1: the recording ann\.txt is of another ROM/],
    ['a recording that is not there', (l) => ({ ...l, recording: 'none.txt' }), /:1: the recording none\.txt does not replay: cannot read/],
    ['an emulated chip', (l) => ({ ...l, debugger: `OpenOCD ${SIMULATED}`, recording: null }), /:1: it was measured on an emulated chip/],
    ['an emulated chip whose recording is of a part', (l) => ({ ...l, debugger: `OpenOCD ${SIMULATED}` }), /emulated chip/],
  ])('%s is refused in one sentence', async (_, change, says) => {
    const run = await check(await board(change));
    expect([run.code, run.out]).toEqual([2, '']);
    expect(run.err).toMatch(says);
    expect(run.err).toMatch(oneSentence);
  });
  it('a recording that is a link out of the folder is not read', async () => {
    const cwd = await board((l) => ({ ...l, recording: 'link.txt' }));
    symlinkSync(join(ROOT, 'README.md'), join(cwd, 'evidence', 'link.txt'));
    const run = await check(cwd);
    expect([run.code, run.err]).toEqual([
      2,
      expect.stringContaining('the recording link.txt does not replay: it is a link that leads out of the folder'),
    ]);
  });
  it('the hash of a stand-in, with whatever one option, is refused', async () => {
    const standIn = async (...option: readonly string[]): Promise<string> => {
      const elf = join(ROOT, 'fixtures/l476-leave-vtor/firmware.elf');
      const { line } = await serve((io) =>
        gdbCommand([elf], { chip: CHIP, port: '0', ...(option.length === 0 ? {} : { romOption: [...option] }) }, io),
      );
      const run = await cli(['board', 'dump-rom', 'rom.bin', '--gdb', line.trim().replace('gdb ', ''), '--chip', CHIP], { cwd: folder() });
      return run.out.trim().replace('SHA-256 ', '');
    };
    for (const hash of [await standIn(), await standIn('systick=off')]) {
      const run = await check(await board((l) => ({ ...l, romSha256: hash, recording: null })));
      expect([run.code, run.err]).toEqual([2, expect.stringContaining('romSha256 is that of a stand-in ROM of bootbench')]);
    }
  }, 60_000);
  it('a record of a server without a board, of an emulated chip, or of another command is refused', async () => {
    const cwd = await board();
    const withRecord = async (text: string) => {
      writeFileSync(join(cwd, 'evidence', 'ann.txt'), text);
      return check(cwd);
    };
    const emulated = await withRecord(record.replace(' dump part', ' dump emulated'));
    expect([emulated.code, emulated.err]).toEqual([2, expect.stringContaining('is of an emulated chip, and the line does not say so')]);
    const own = await withRecord(record.replace(' dump part', ' stand-in part'));
    expect([own.code, own.err]).toEqual([2, expect.stringContaining('the ROM is a stand-in of bootbench')]);
    const named = await withRecord(record.replace('"server":null', '"server":"qemu"'));
    expect(named.code).toBe(2);
    const other = await withRecord(record.replace('# settle', '# check'));
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('is not a recording of `board settle`')]);
    const cut = await withRecord(record.slice(0, record.length / 2));
    expect([cut.code, cut.err]).toEqual([2, expect.stringContaining('does not replay')]);
  });
  it.each<readonly [string, string]>([
    ['no JSON', 'a\n'],
    ['nothing', ''],
    ['an empty line between', '\n{}\n'],
    ['a page of brackets', '['.repeat(100_000)],
  ])('a file with %s is refused in one sentence', async (_, text) => {
    const run = await check(folder({ 'x.jsonl': text }), 'x.jsonl');
    expect([run.code, run.out]).toEqual([2, '']);
    expect(run.err).toMatch(oneSentence);
  });
  it('what `rom learn` prints of a dump is taken', async () => {
    const cwd = folder({ 'rom.bin': foreignRom('stm32f072rb') });
    expect((await cli(['rom', 'learn', 'rom.bin', '--chip', 'stm32f072rb', '--evidence', 'ann.jsonl'], { cwd })).code).toBe(0);
    const run = await check(cwd, 'ann.jsonl');
    expect([run.code, run.err]).toEqual([0, '']);
    expect(run.out).toMatch(/^alone +stm32f072 +[0-9a-f]{12} +primask +keeps \(1\)$/m);
  }, 60_000);
});
