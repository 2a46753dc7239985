/** `board prove`, `watch`, `capture`, `step-compare`, `--flash` and `--last-writers`, against `bootbench gdb` as the board. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { settledBy, type CapturedValue } from '../../src/board/capture.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { findChip } from '../../src/chips/index.ts';
import type { Bench } from '../../src/cli/engine.ts';
import { gdbCommand, type GdbOptions } from '../../src/cli/gdb.ts';
import { frame, FrameReader } from '../../src/debug/packets.ts';
import { cli, folder } from '../cli/helpers.ts';
import { ROOT, serve } from '../debug/serve.ts';

const elf = (fixture: string): string => join(ROOT, `fixtures/${fixture}/firmware.elf`);
const boardWith = async (chip: string, fixture: string, more: Partial<GdbOptions> = {}): Promise<string[]> => {
  const { line } = await serve((io) => gdbCommand([elf(fixture)], { chip, port: '0', ...more }, io));
  return ['--gdb', line.trim().replace('gdb ', ''), '--chip', chip];
};
const SHORT = ['--watch-for', '1s', '--timeout', '5s'];

describe('board prove', () => {
  it('proves the cause alone, by a control that fails and a repair that brings DFU; a remark is refuted', async () => {
    const on = await boardWith('stm32h533', 'h533-primask');
    const run = await cli(['board', 'prove', ...on, ...SHORT, '--json', '-']);
    expect(run.code).toBe(0);
    expect(JSON.parse(run.out)).toMatchObject({
      rom: { kind: 'stand-in' },
      confidence: 'assumed',
      attempts: [
        { ids: [], seen: 'nothing' },
        { ids: ['primask'], seen: 'dfu' },
        { ids: ['reset-flags'], seen: 'nothing' },
      ],
      proved: ['primask'],
      refuted: ['reset-flags'],
    });
  });
  it('a record of it is proved again without the board', async () => {
    const cwd = folder();
    const on = await boardWith('stm32h533', 'h533-primask');
    const run = await cli(['board', 'prove', 'primask', ...on, ...SHORT, '--record', 'r.txt', '--json', '-'], { cwd });
    const again = await cli(['board', 'replay', 'r.txt', '--json', '-'], { cwd });
    expect([run.code, again.code]).toEqual([0, 0]);
    expect(again.out).toBe(run.out);
    const record = readFileSync(join(cwd, 'r.txt'), 'utf8');
    expect(record.match(/^@ .*/gm)).toEqual(['@ watch emulated', '@ seen nothing', '@ watch emulated', '@ seen dfu']);
    // what somebody saw is believed where nobody can look again; what the answers say is not overruled
    writeFileSync(join(cwd, 'forged.txt'), record.replace('@ seen dfu', '@ seen nothing'));
    const forged = await cli(['board', 'replay', 'forged.txt', '--json', '-'], { cwd });
    expect([forged.code, forged.err]).toEqual([2, expect.stringContaining('the record says nothing, and its answers say dfu')]);
  });
  it('a board that reaches DFU as it is proves nothing', async () => {
    const on = await boardWith('stm32h533', 'h533-vddusb');
    const run = await cli(['board', 'prove', ...on, ...SHORT]);
    expect(run.code).toBe(1);
    expect(run.out).toContain('reaches DFU without a repair');
  });
  it('nothing is proved while nobody watches', async () => {
    const on = await boardWith('stm32h533', 'h533-primask');
    const run = await cli(['board', 'prove', ...on, ...SHORT, '--watch', 'none']);
    expect(run.code).toBe(1);
    expect(run.out).toContain('Nobody watched USB');
  });
  it('a check that holds, and one that does not exist', async () => {
    const on = await boardWith('stm32h533', 'h533-primask');
    const holds = await cli(['board', 'prove', 'msp', ...on, ...SHORT]);
    expect(holds).toMatchObject({ code: 2, out: '' });
    expect(holds.err).toContain('msp does not fail on this board (pass)');
    expect((await cli(['board', 'prove', 'primsk', ...on])).err).toMatch(/there is no check "primsk"[\s\S]*primask/);
  });
});

describe('board watch', () => {
  it('says whether DFU shows up', async () => {
    const good = await boardWith('stm32h533', 'h533-straight');
    expect(await cli(['board', 'watch', ...good, '--reset', '--watch-for', '2s'])).toMatchObject({ code: 0, out: 'DFU\n' });
    const bad = await boardWith('stm32h533', 'h533-primask');
    expect(await cli(['board', 'watch', ...bad, '--reset', '--watch-for', '1s'])).toMatchObject({ code: 1, out: 'no DFU\n' });
  });
  it('by the package usb, which has to be there', async () => {
    const on = await boardWith('stm32h533', 'h533-straight');
    const run = await cli(['board', 'watch', ...on, '--watch', 'usb']);
    expect(run.code).toBe(2);
    expect(run.err).toContain('--watch usb needs the package `usb`');
  });
});

describe('board run --watch', () => {
  it('adds what came of it on USB to the report', async () => {
    const bad = await boardWith('stm32h533', 'h533-primask');
    const run = await cli(['board', 'run', ...bad, '--watch', 'usb', '--json', '-']);
    expect(run.err).toContain('needs the package `usb`');
    const cwd = folder();
    const none = await cli(['board', 'run', ...bad, '--watch', 'none', '--record', 'r.txt', '--json', '-'], { cwd });
    expect(JSON.parse(none.out)).toMatchObject({ usb: 'not-watched' });
    expect((await cli(['board', 'replay', 'r.txt', '--json', '-'], { cwd })).out).toBe(none.out);
  });
});

describe('board capture', () => {
  it('writes what is at the entry beside what a reset leaves, and never over a file', async () => {
    const cwd = folder();
    const on = await boardWith('stm32h533', 'h533-primask');
    expect((await cli(['board', 'capture', 'facts.json', '--at', 'entry', ...on], { cwd })).code).toBe(0);
    const facts = JSON.parse(readFileSync(join(cwd, 'facts.json'), 'utf8')) as {
      registers: Record<string, string>;
      values: { path: string; value: string; afterReset?: string }[];
    };
    expect(facts).toMatchObject({ at: 'entry', confidence: 'assumed', silicon: { devId: '0x00000478' }, settles: [] });
    expect(facts.registers).toMatchObject({ primask: '0x00000001', pc: expect.stringMatching(/^0x0bf9[67]/) as string });
    expect(facts.values.find((v) => v.path === 'RCC.CR')).toBeDefined();
    const again = await cli(['board', 'capture', 'facts.json', ...on], { cwd });
    expect(again.code).toBe(2);
    expect(again.err).toContain('facts are not overwritten');
  });
  it('after a reset differs from the facts in nothing but what the hardware sets', async () => {
    const on = await boardWith('stm32l476', 'l476-leave-vtor');
    const run = await cli(['board', 'capture', '-', '--at', 'reset', ...on]);
    const { values } = JSON.parse(run.out) as { values: { path: string; afterReset?: string }[] };
    const differ = values.filter((v) => v.afterReset !== undefined).map((v) => v.path);
    // BORRSTF and the like, option bytes as loaded, ready flags
    expect(differ.filter((p) => !/^(RCC\.(CSR|CR|ICSCR|CRRCR)|FLASH\.\w+|PWR\.SR\d)$/.test(p))).toEqual([]);
  });
  it('at the first instruction behind a leave it settles the options `leave-…`, as the stand-in was told to leave', async () => {
    const scenario = join(ROOT, 'fixtures/l476-leave-vtor/scenario.json');
    const { line } = await serve((io) => gdbCommand([], { chip: 'stm32l476rg', port: '0', scenario }, io));
    const on = ['--gdb', line.trim().replace('gdb ', ''), '--chip', 'stm32l476'];
    const run = await cli(['board', 'capture', '-', '--at', 'leave', ...on, '--timeout', '20s']);
    expect(run.err).toContain('send it a leave request now');
    const { settles } = JSON.parse(run.out) as { settles: { option: string; value: string; default: string | null }[] };
    const value = (option: string): string | undefined => settles.find((s) => s.option === option)?.value;
    expect(value('leave-vtor')).toBe('keeps');
    for (const s of settles) if (s.default !== null) expect([s.option, s.value]).toEqual([s.option, s.default]);
  });
  it('VTOR tells on a Cortex-M0+, not on a Cortex-M0, which has none', () => {
    const values: CapturedValue[] = [{ path: 'SCB.VTOR', address: 0xe000ed08, value: 0x08000000, afterReset: null }];
    const settled = (name: string): string[] => settledBy({ values, registers: {} }, findChip(name)!).map((x) => `${x.option}=${x.value}`);
    expect(settled('stm32g0b1re')).toContain('leave-vtor=sets');
    expect(settled('stm32f072rb').join()).not.toContain('leave-vtor');
  });
  it('options follow from the words, each both ways', () => {
    const chip = findChip('stm32f405')!;
    const v = (path: string, value: number, afterReset: number | null = null): CapturedValue => ({ path, address: 0, value, afterReset });
    const of = (values: CapturedValue[], xpsr = 0): Record<string, string> =>
      Object.fromEntries(settledBy({ values, registers: { xpsr } }, chip).map((s) => [s.option, s.value]));
    expect(
      of([
        v('SCB.VTOR', 0x08000000),
        v('SYSCFG.MEMRMP', 0),
        v('RCC.CR', 0x83, 0x83),
        v('RCC.CFGR', 0, 0),
        v('FLASH.CR', 0x80000000),
        v('FLASH.SR', 0),
      ]),
    ).toEqual({
      'leave-vtor': 'sets',
      'leave-remap': 'restores',
      'leave-clocks': 'restores',
      'leave-flash': 'locked',
      'leave-context': 'thread',
    });
    expect(
      of([
        v('SCB.VTOR', 0x1fff0000),
        v('SYSCFG.MEMRMP', 1),
        v('RCC.CR', 0x03000083, 0x83),
        v('RCC.CFGR', 0xa, 0),
        v('FLASH.CR', 0),
        v('NVIC.IABR2', 8, 0),
      ]),
    ).toEqual({
      'leave-vtor': 'keeps',
      'leave-remap': 'keeps',
      'leave-clocks': 'keeps',
      'leave-flash': 'unlocked',
      'leave-context': 'isr',
    });
    expect(of([v('FLASH.CR', 0x80000000), v('FLASH.SR', 0x10)], 83)).toEqual({ 'leave-flash': 'errors', 'leave-context': 'isr' });
  });
});

describe('board step-compare', () => {
  it('finds the function that jumps, and steps into the ROM without a difference', async () => {
    const on = await boardWith('stm32h533', 'h533-primask');
    const cwd = folder();
    const run = await cli(['board', 'step-compare', elf('h533-primask'), ...on, '--steps', '120', '--json', 'steps.json'], { cwd });
    expect(run.out).toMatch(/^120 equal steps, from 0x0800\w+ \(jump_to_bootloader/);
    expect(JSON.parse(readFileSync(join(cwd, 'steps.json'), 'utf8'))).toMatchObject({
      schema: 'bootbench/step-compare@1',
      difference: null,
    });
    expect(run.code).toBe(0);
  });
  it('names the first register that differs and the instruction behind which it does', async () => {
    // the board's LSI is ready where the emulated one's is not: a poll of RCC goes apart
    const on = await boardWith('stm32h533', 'h533-primask', { force: ['RCC.CR.HSIRDY=0'] });
    const run = await cli([
      'board',
      'step-compare',
      elf('h533-primask'),
      ...on,
      '--from',
      'Reset_Handler',
      '--steps',
      '20000',
      '--json',
      '-',
    ]);
    expect(run.code).toBe(1);
    const { difference } = JSON.parse(run.out) as { difference: { register: string; board: string; emulated: string; pc: string } };
    expect(difference.board).not.toBe(difference.emulated);
    expect(difference.pc).toMatch(/^0x0800\w+ \(\w+, \w+\.[chsS]:\d+\)$/);
  });
});

describe('board run with an image', () => {
  it('says that the flash holds another one, and programs it when told to', async () => {
    const on = await boardWith('stm32h533', 'h533-straight');
    const other = await cli(['board', 'run', elf('h533-primask'), ...on]);
    expect(other.err).toMatch(/the board's flash does not hold .*firmware\.elf: it differs at 0x0800\w+; --flash programs it/);
    const run = await cli(['board', 'run', elf('h533-primask'), ...on, '--flash', '--json', '-']);
    expect(run.err).toMatch(/\d+ bytes programmed/);
    const { checks } = JSON.parse(run.out) as { checks: { id: string; verdict: string }[] };
    expect(checks.find((c) => c.id === 'primask')?.verdict).toBe('fail');
  });
  it('finds the last writer of a register by a watchpoint, with its line', async () => {
    const on = await boardWith('stm32h533', 'h533-icache');
    const run = await cli(['board', 'run', elf('h533-icache'), ...on, '--last-writers', '--json', '-']);
    const { checks } = JSON.parse(run.out) as { checks: { id: string; lastWriter?: { where: string | null; hits: number } }[] };
    const writer = (id: string) => checks.find((c) => c.id === id)?.lastWriter;
    expect(writer('icache')!.where).toMatch(/^icache_on, board\.c:\d+$/);
    expect(writer('icache')!.hits).toBeGreaterThan(0);
    // set by the hardware alone
    expect(writer('reset-flags')).toMatchObject({ where: null, hits: 0 });
  });
  it('a record of it is replayed without the board and holds nothing of the flash', async () => {
    const cwd = folder();
    const on = await boardWith('stm32h533', 'h533-primask');
    const run = await cli(['board', 'run', elf('h533-primask'), ...on, '--record', 'r.txt', '--json', '-'], { cwd });
    const replay = await cli(['board', 'replay', 'r.txt', '--json', '-'], { cwd });
    expect(replay.out).toBe(run.out);
    expect(readFileSync(join(cwd, 'r.txt'), 'utf8')).not.toMatch(/> m8000[1-9a-f]/);
  });
  it.each([['# run stm32h533re {"timeout":"x"}'], ['# run stm32h533re {']])('a record that says nonsense of itself: %s', async (line) => {
    const cwd = folder();
    writeFileSync(join(cwd, 'r.txt'), `bootbench/board-record@1\n${line}\n`);
    const run = await cli(['board', 'replay', 'r.txt'], { cwd });
    expect(run.code).toBe(2);
  });
});

describe('compare', () => {
  it('puts a board beside the emulated chip: the same firmware differs in nothing that both know, another one in what it broke', async () => {
    const cwd = folder();
    const on = await boardWith('stm32h533', 'h533-primask');
    await cli(['board', 'run', ...on, '--json', 'board.json'], { cwd });
    const scenario = (fixture: string): string =>
      JSON.stringify({ schema: 'bootbench/scenario@1', chip: 'stm32h533re', images: [elf(fixture)] });
    writeFileSync(join(cwd, 'same.json'), scenario('h533-primask'));
    writeFileSync(join(cwd, 'other.json'), scenario('h533-straight'));
    const bench: Bench = (job) => Promise.resolve(runBench(jobInput(job)));
    const same = await cli(['compare', 'board.json', 'same.json'], { cwd, bench });
    // a debugger resets
    const rows = same.out.split('\n').filter((line) => /^ {2}\S/.test(line));
    expect(rows.map((line) => line.trim().split(' ')[0])).toEqual(['reset-flags']);
    const other = await cli(['compare', 'board.json', 'other.json'], { cwd, bench });
    expect(other.out).toMatch(/primask +fail, PRIMASK = 1 +pass/);
    writeFileSync(join(cwd, 'half.json'), JSON.stringify({ schema: 'bootbench/board@1', chip: 'stm32h533re' }));
    const half = await cli(['compare', 'half.json', 'same.json'], { cwd, bench });
    expect(half.code).toBe(2);
    expect(half.err).toContain('half.json is not a complete bootbench/board@1');
  });
});

describe('a board that somebody debugs', () => {
  const XML = `l<target><feature name="org.gnu.gdb.arm.m-profile">${['r0', 'sp', 'lr', 'pc', 'xpsr'].map((n, i) => `<reg name="${n}" bitsize="32" regnum="${i}"/>`).join('')}</feature></target>`;
  const ANSWERS: readonly (readonly [string, string])[] = [
    ['qXfer:features', XML],
    ['?', 'S05'],
    ['me000ed00', '41c20f41'],
    ['me0042000', '13041000'],
    // six code comparators, the second one in use; a watchpoint
    ['me0002000', '61020000'],
    ['me000200c', '01020048'],
    ['me0001000', '00000040'],
    ['me0001028', '05000000'],
    ['qRcmd', 'OK'],
    ['m', '00000000'],
  ];
  it('is not reset without being asked', async () => {
    const heard: string[] = [];
    const server = createServer((socket) => {
      const reader = new FrameReader();
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        for (const f of reader.read(new Uint8Array(bytes))) {
          if (f.kind !== 'packet') continue;
          heard.push(f.text);
          socket.write(frame(ANSWERS.find(([k]) => f.text.startsWith(k))?.[1] ?? ''));
        }
      });
    });
    await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
    onTestFinished(() => void server.close());
    const gdb = String((server.address() as AddressInfo).port);
    const run = await cli(['board', 'run', '--gdb', gdb, '--chip', 'stm32f405']);
    expect(run.code).toBe(2);
    expect(run.err).toContain('2 breakpoints or watchpoints are set on this board');
    const reset = Buffer.from('reset').toString('hex');
    expect(heard.filter((text) => text.startsWith('qRcmd') && text.includes(reset))).toEqual([]);
    // told so, it goes on, to where the ROM cannot be read
    const yes = await cli(['board', 'run', '--gdb', gdb, '--chip', 'stm32f405', '--yes']);
    expect(yes.err).toContain('the ROM cannot be read');
  });
});
