import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { dfuResult, primaskResult, tickLeftOn } from '../samples/results.ts';
import type { Bench } from '../../src/cli/engine.ts';
import { FIRMWARE, IMAGE, cli, folder } from './helpers.ts';

const CHIP = ['--chip', 'stm32h533re'];
const run = (...args: string[]): string[] => ['run', IMAGE, ...CHIP, ...args];

test('a source that was changed after the image was built is named: the result is that of the old image', async () => {
  const cwd = folder({ 'fw.bin': FIRMWARE, 'main.c': 'int main(void);\n' });
  const ran = () => cli(run(), { cwd, result: primaskResult });
  expect((await ran()).err).toBe('');
  const later = Date.now() / 1000 + 120;
  utimesSync(join(cwd, 'main.c'), later, later);
  expect((await ran()).err).toContain('main.c was changed after the image was built: this is the result of the old one');
});

describe('exit code', () => {
  test('0 for the outcome dfu, 1 for any other', async () => {
    expect((await cli(run())).code).toBe(0);
    expect((await cli(run(), { result: primaskResult })).code).toBe(1);
  });

  test.each([
    [{ outcome: 'rom-silent', causes: ['primask'] }, 0],
    [{ outcome: ['fault', 'rom-silent'] }, 0],
    [{ outcome: 'dfu' }, 1],
    [{ notCauses: ['*'] }, 1],
  ])('with expect %j that alone decides: %i', async (expected, code) => {
    const cwd = folder({ 'fw.bin': FIRMWARE, 's.json': JSON.stringify({ expect: expected }) });
    const ran = await cli(run('--scenario', 's.json'), { cwd, result: primaskResult });
    expect(ran.code).toBe(code);
    expect(ran.out).toContain(code === 0 ? 'HOLDS' : 'not what the scenario expects');
  });

  test('2 for a file that no firmware is as large as, unread', async () => {
    const path = join(folder(), 'disk.img');
    writeFileSync(path, '');
    truncateSync(path, 2 ** 25 + 1);
    const ran = await cli(['run', `${path}@0x08000000`, ...CHIP]);
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('it is larger than 32 MiB')]);
  });

  test('3 with the stack on stderr for a defect of bootbench', async () => {
    const ran = await cli(run('--json', '-'), { bench: () => Promise.reject(new TypeError('broken inside')) });
    expect(ran).toMatchObject({ code: 3, out: '' });
    expect(ran.err).toContain('internal error');
    expect(ran.err).toContain('broken inside');
  });

  test.each<[string, string[], string]>([
    ['a missing file', ['run', 'gone.elf', ...CHIP], 'cannot read gone.elf: no such file or folder'],
    [
      'standard input',
      ['run', '-', ...CHIP],
      'cannot read -: no such file or folder; for a file as standard input (`< file`) write /dev/stdin',
    ],
    ['a name that is not UTF-8', ['run', 'f\ufffd.elf', ...CHIP], 'Node supports only UTF-8 file names'],
    ['a name with the separators of Windows', ['run', '.\\fw.bin@0x08000000', ...CHIP], './fw.bin exists: write / instead of \\'],
    ['an empty name', ['run', '', ...CHIP], 'a file name is empty'],
    ['a device without end', ['run', '/dev/zero@0x08000000', ...CHIP], 'cannot read /dev/zero: it never ends'],
    ['a folder as image', ['run', '.', ...CHIP], 'cannot read .: it is a folder'],
    ['no image', ['run', ...CHIP], 'no image is given'],
    ['no chip and no image', ['run', '--board', 'none'], 'no image is given'],
    ['a chip that does not exist', ['run', IMAGE, '--chip', 'stm32h534re'], 'did you mean STM32H533RE or STM32H523RE?'],
    ['a raw binary without address', ['run', 'fw.bin', ...CHIP], 'write it as fw.bin@0x08000000'],
    ['an image outside the memory', ['run', 'fw.bin@0x18000000', ...CHIP], '0x18000000 are outside the memory of STM32H533RE'],
    ['an image over itself', ['run', IMAGE, IMAGE, ...CHIP], 'both have bytes at 0x08000000'],
    ['an unknown option', run('--chp', 'x'), "unknown option '--chp' (did you mean --chip?); `bootbench run --help` lists the options"],
    ['two values for an option that has one', run('--chip', 'stm32h563zi'), '--chip is given twice: stm32h533re and stm32h563zi'],
    [
      'two values for one ROM option',
      run('--rom-option', 'vtor=sets', '--rom-option', 'vtor=keeps'),
      '--rom-option vtor is given twice: sets and',
    ],
    ['a trigger that is asked for and refused', run('--no-trigger', '--trigger'), '--trigger and --no-trigger exclude each other'],
    ['an option before the command', ['--quiet', 'run', IMAGE, ...CHIP], 'the command comes first, then --quiet; bootbench run --quiet'],
    ['options and no command', ['--chip', 'stm32h533re', IMAGE], 'the command comes first, then --chip; bootbench run --chip'],
    ['firmware in place of the command', [IMAGE, ...CHIP], `${IMAGE} is not a command; bootbench run ${IMAGE} runs it`],
    ['a scenario in place of the command', ['s.json', '--quiet'], 'bootbench run --scenario s.json runs it'],
    ['an option without its value', ['run', IMAGE, '--json', '-', '--chip'], "'--chip <name>' argument missing; `bootbench run --help`"],
    ['an unknown command', ['rnu'], "unknown command 'rnu' (did you mean run?); `bootbench --help` lists the commands"],
    ['help of an unknown command', ['help', 'rnu'], "unknown command 'rnu' (did you mean run?)"],
    ['an unknown command with --help', ['rnu', '--help'], "unknown command 'rnu' (did you mean run?)"],
    ['an unknown symptom', run('--symptom', 'restes'), 'did you mean resets?'],
    ['an unknown ROM option', run('--rom-option', 'primsk=keeps'), 'did you mean primask?'],
    ['an unknown ROM value', run('--rom-option', 'primask=clear'), 'did you mean clears?'],
    ['an unknown ROM revision', run('--rom-version', 'V1'), 'it has V14.0, V14.2'],
    ['a forced field that does not exist', run('--force', 'RCC.CR.HSIONN=1'), 'did you mean HSION'],
    ['a forced value that does not fit', run('--force', 'RCC.CR.HSION=2'), 'has 1 bit'],
    ['a time without unit', run('--until', '5'), 'number with a unit'],
    ['a bad seed', run('--seed', '-1'), '--seed'],
    ['a bad address', run('--boot-at', 'main'), '--boot-at'],
    ['an address of no table', run('--boot-at', '0x08000001'), '--boot-at'],
    ['a bad size', run('--max-memory', 'lots'), 'for example 300M'],
    ['another engine', run('--engine', 'qemu'), 'it is bootbench or unicorn'],
    ['another effort', run('--effort', 'some'), 'it is quick, normal, full'],
    ['unicorn.js for no engine', run('--unicorn-js', 'fw.bin'), 'add --engine unicorn'],
    ['a missing unicorn.js', run('--engine', 'unicorn', '--unicorn-js', 'uc.js'), 'cannot read uc.js'],
    ['two documents on stdout', run('--json', '-', '--junit', '-'), 'both write to stdout'],
    ['two documents in one file', run('--json', 'x', '--html', './x'), 'both write ./x'],
    ['an output without a name', run('--json', ''), '--json: the name is empty; is a shell variable not set?'],
    ['a trace without a name', run('--trace', ''), '--trace: the name is empty'],
    ['a test of no name', ['test', ''], 'test: the name is empty'],
    ['an empty scenario', run('--scenario', '/dev/null'), '/dev/null: the file is empty'],
    ['an output in no folder', run('--json', 'no/such/r.json'), 'there is no folder no/such'],
    ['an output that is a folder', run('--html', '.'), 'it is a folder'],
    ['a missing scenario', run('--scenario', 's.json'), 'cannot read s.json'],
    ['a missing ROM dump', run('--rom', 'rom.bin'), 'cannot read rom.bin'],
  ])('2 and one clear line for %s', async (_what, args, message) => {
    const cwd = folder({ 'fw.bin': FIRMWARE });
    const ran = await cli([...args, ...(args.includes('--json') || args.length < 2 || args.includes('rnu') ? [] : ['--json', '-'])], {
      cwd,
    });
    expect(ran.err).toContain(message);
    expect(ran.code).toBe(2);
    expect(ran.out).toBe('');
    expect(ran.jobs).toEqual([]);
    expect(readdirSync(cwd)).toEqual(['fw.bin']);
    expect(ran.err.trim().split('\n').length).toBe(1);
  });
});

test.each([
  ['dfu', ['--usbip', '--host', '']],
  ['gdb', [IMAGE, '--host', ' ']],
  ['probe', [IMAGE, '--host', '']],
])('%s listens nowhere for an empty host, which would be everywhere', async (command, args) => {
  const ran = await cli([command, ...args, ...CHIP], { cwd: folder({ 'fw.bin': FIRMWARE }) });
  expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('--host: the name is empty')]);
});

test('more images than a program has are refused before they are read', async () => {
  const ran = await cli(['run', ...Array.from({ length: 3000 }, () => 'gone.elf')]);
  expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('3000 images are given')]);
});

test('an image that a scenario names lies beside it: the error has its folder', async () => {
  const cwd = folder({});
  mkdirSync(join(cwd, 'sub'));
  const scenario = { schema: 'bootbench/scenario@1', chip: 'stm32h533re', images: ['gone.elf'] };
  writeFileSync(join(cwd, 'sub', 's.json'), JSON.stringify(scenario));
  const ran = await cli(['run', '--scenario', 'sub/s.json'], { cwd });
  expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(`cannot read ${join('sub', 'gone.elf')}: no such file or folder`)]);
});

test.each([
  ['init', '--out', 'fw.bin', '--overwrite'],
  ['dfu', '--save', 'fw.bin'],
  ['uart', '--pty', '--save', './fw.bin'],
  ['conform', '--json', 'fw.bin'],
])('firmware that is read is not written over: %s', async (command, ...options) => {
  const cwd = folder({ 'fw.bin': FIRMWARE });
  const { code, err } = await cli([command, IMAGE, ...CHIP, ...options], { cwd });
  expect([code, err]).toEqual([2, expect.stringMatching(/fw\.bin is an input of this run; give another name\n$/)]);
  expect(new Uint8Array(readFileSync(join(cwd, 'fw.bin')))).toEqual(FIRMWARE);
});

const BOARD = ['--gdb', '127.0.0.1:1', '--chip', 'stm32h533re'];
test.each([
  ['what is flashed', ['run', IMAGE, '--record', 'fw.bin'], /--record: fw\.bin is an input of this run/],
  ['what is flashed', ['run', IMAGE, '--json', './fw.bin'], /--json: \.\/fw\.bin is an input of this run/],
  ['what is compared', ['step-compare', 'fw.bin@0x08000000', '--json', 'fw.bin'], /--json: fw\.bin is an input of this run/],
  ['a build', ['check', '--record', 'other.elf'], /--record: other\.elf is firmware \(ELF\), which bootbench does not overwrite/],
  ['its record by its result', ['run', '--record', 'r', '--json', 'r'], /--json and --record both write r/],
])('a board command does not write over %s: %j', async (_, args, message) => {
  const elf = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 1);
  const cwd = folder({ 'fw.bin': FIRMWARE, 'other.elf': elf });
  const { code, err } = await cli(['board', ...args, ...BOARD], { cwd });
  expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  expect(readdirSync(cwd).sort()).toEqual(['fw.bin', 'other.elf']);
  expect(new Uint8Array(readFileSync(join(cwd, 'fw.bin')))).toEqual(FIRMWARE);
  expect(new Uint8Array(readFileSync(join(cwd, 'other.elf')))).toEqual(elf);
});

test.each([
  [
    ['init', IMAGE, '--out', 'other.elf', '--overwrite'],
    /other\.elf is firmware \(ELF\), which bootbench does not overwrite; give another name/,
  ],
  [['dfu', IMAGE, '--pcap', 'other.elf'], /other\.elf is firmware \(ELF\)/],
  [
    ['dfu', IMAGE, '--save', 'new.elf'],
    /--save: the output is not an ELF file, so the name new\.elf does not fit; it is Intel HEX for \*\.hex and raw otherwise/,
  ],
  [['uart', IMAGE, '--pty', '--save', 'new.axf'], /--save: the output is not an ELF file, so the name new\.axf does not fit/],
  [['dfu', IMAGE, '--save', 'new.dfu'], /--save: the output is not a DfuSe file, so the name new\.dfu does not fit/],
  [['dfu', IMAGE, '--save', 'new.UF2'], /--save: the output is not a UF2 file, so the name new\.UF2 does not fit/],
  [['uart', IMAGE, '--pty', '--save', 'new.s19'], /--save: the output is not an S-record file/],
])('neither a build nor the name of one is taken for other output: %j', async (args, message) => {
  const cwd = folder({ 'fw.bin': FIRMWARE, 'other.elf': Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 1) });
  const { code, err } = await cli([...args, ...CHIP], { cwd });
  expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  expect(readdirSync(cwd).sort()).toEqual(['fw.bin', 'other.elf']);
  expect(readFileSync(join(cwd, 'other.elf')).length).toBe(6);
});

describe('output', () => {
  test('--json - gives the document on stdout and nothing else, the report on stderr', async () => {
    const { out, err } = await cli(run('--json', '-'));
    expect(JSON.parse(out)).toMatchObject({ schema: 'bootbench/run@1', outcome: 'dfu' });
    expect(err).toContain('dfu: the host sees the DFU device');
  });

  test('files appear complete and nothing else stays behind', async () => {
    const cwd = folder({ 'fw.bin': FIRMWARE });
    const ran = await cli(run('--json', 'r.json', '--html', 'r.html', '--junit', 'r.xml'), { cwd, result: primaskResult });
    expect(ran.code).toBe(1);
    expect(readdirSync(cwd).sort()).toEqual(['fw.bin', 'r.html', 'r.json', 'r.xml']);
    expect(JSON.parse(readFileSync(join(cwd, 'r.json'), 'utf8'))).toMatchObject({ outcome: 'rom-silent' });
    expect(readFileSync(join(cwd, 'r.html'), 'utf8')).toContain('main.c:42');
    expect(readFileSync(join(cwd, 'r.xml'), 'utf8')).toContain('<failure message="outcome is rom-silent" type="failure">');
    expect(ran.out).toContain('Cause  primask');
  });

  test('--open shows the page that was written, in a temporary folder where nobody named one', async () => {
    const cwd = folder({ 'fw.bin': FIRMWARE, browser: '#!/bin/sh\nhead -c 15 "$1" > "$0.shown"\n' });
    chmodSync(join(cwd, 'browser'), 0o755);
    const shown = join(cwd, 'browser.shown');
    await cli(run('--open', '--quiet'), { cwd, env: { BROWSER: join(cwd, 'browser') } });
    await vi.waitUntil(() => existsSync(shown) && readFileSync(shown, 'utf8') !== '');
    expect(readFileSync(shown, 'utf8')).toBe('<!doctype html>');
    const none = await cli(run('--open', '--html', '-'), { cwd });
    expect(none).toMatchObject({ code: 2, out: '' });
  });

  test('an output that cannot be written is found before the run', async () => {
    const ran = await cli(run('--json', 'no/r.json'));
    expect(ran.jobs).toEqual([]);
  });

  test('an internal error leaves an older file as it was', async () => {
    const cwd = folder({ 'fw.bin': FIRMWARE, 'r.json': 'old' });
    await cli(run('--json', 'r.json'), { cwd, bench: () => Promise.reject(new Error('x')) });
    expect(readFileSync(join(cwd, 'r.json'), 'utf8')).toBe('old');
    expect(readdirSync(cwd).sort()).toEqual(['fw.bin', 'r.json']);
  });

  test('a device as output is written in place', async () => {
    const cwd = folder({ 'fw.bin': FIRMWARE });
    symlinkSync('/dev/null', join(cwd, 'sink'));
    expect((await cli(run('--json', 'sink'), { cwd })).code).toBe(0);
    expect(existsSync(join(cwd, 'sink'))).toBe(true);
  });

  test('a link as output stays, and what it leads to is written', async () => {
    const cwd = folder({ 'fw.bin': FIRMWARE, 'r.json': 'old' });
    symlinkSync('r.json', join(cwd, 'link'));
    expect((await cli(run('--json', 'link'), { cwd })).code).toBe(0);
    expect(lstatSync(join(cwd, 'link')).isSymbolicLink()).toBe(true);
    expect(JSON.parse(readFileSync(join(cwd, 'r.json'), 'utf8'))).toMatchObject({ outcome: 'dfu' });
  });

  test('a file and a link to it are one file', async () => {
    const cwd = folder({ 'fw.bin': FIRMWARE, 'r.json': 'old' });
    symlinkSync('r.json', join(cwd, 'link'));
    const ran = await cli(run('--json', 'r.json', '--html', 'link'), { cwd });
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('--json and --html both write link') });
    expect(readFileSync(join(cwd, 'r.json'), 'utf8')).toBe('old');
  });

  test('- is no file where it is not standard output', async () => {
    const cwd = folder({ 'fw.bin': FIRMWARE });
    const ran = await cli(['dfu', '--chip', 'stm32l432kc', '--boot0', '--exec', 'true', '--save', '-'], { cwd });
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('--save: - is not a file name') });
    expect(readdirSync(cwd)).toEqual(['fw.bin']);
  });

  test('--open without a temporary folder names what is missing', async () => {
    const cwd = folder({ 'fw.bin': FIRMWARE });
    vi.stubEnv('TMPDIR', '/nope');
    onTestFinished(() => void vi.unstubAllEnvs());
    const ran = await cli(run('--open'), { cwd });
    expect(ran).toMatchObject({ code: 4, err: expect.stringContaining('no temporary folder can be made in /nope: ENOENT; set TMPDIR') });
  });

  test('--open leaves no folder where no page was written', async () => {
    const [cwd, temporary] = [folder({ 'fw.bin': FIRMWARE }), folder()];
    vi.stubEnv('TMPDIR', temporary);
    onTestFinished(() => void vi.unstubAllEnvs());
    const ran = await cli(run('--open', '--json', 'no/such/r.json'), { cwd });
    expect([ran.code, readdirSync(temporary)]).toEqual([2, []]);
  });

  test('--stats puts what translated code did on stderr, and nothing asks for it otherwise', async () => {
    const asked: boolean[] = [];
    const bench: Bench = (_job, { stats }) => {
      asked.push(stats !== undefined);
      stats?.('cpu: 3 regions');
      return Promise.resolve(dfuResult());
    };
    expect((await cli(run('--stats', '--quiet'), { bench })).err).toBe('cpu: 3 regions\n');
    expect((await cli(run('--quiet'), { bench })).err).toBe('');
    expect(asked).toEqual([true, false]);
  });

  test('--quiet prints nothing', async () => {
    expect(await cli(run('--quiet'))).toMatchObject({ code: 0, out: '', err: '' });
  });

  test.each([
    ['on a terminal', { tty: true }, [], true],
    ['in a pipe', {}, [], false],
    ['with NO_COLOR', { tty: true, env: { NO_COLOR: '1' } }, [], false],
    ['with an empty NO_COLOR', { tty: true, env: { NO_COLOR: '' } }, [], true],
    ['with --no-color', { tty: true }, ['--no-color'], false],
    ['on a dumb terminal', { tty: true, env: { TERM: 'dumb' } }, [], false],
  ])('colours %s', async (_what, setup, args, coloured) => {
    const { out } = await cli(run(...args), setup);
    expect(out.includes('\u001b[')).toBe(coloured);
  });

  test('an interrupted run still writes its result', async () => {
    const { out, code } = await cli(run('--json', '-'), {
      interruptAfterStart: true,
      result: () => ({ ...dfuResult(), outcome: 'no-jump' }),
    });
    expect(JSON.parse(out)).toMatchObject({ ended: { reason: 'signal' } });
    expect(code).toBe(130);
  });
});

describe('--wall', () => {
  test('is told to who watches the thread, so that it ends whatever the thread does', async () => {
    const told: number[] = [];
    await cli(run('--wall', '1.5s'), { mustEndWithin: (ms) => void told.push(ms) });
    await cli(run(), { mustEndWithin: (ms) => void told.push(ms) });
    expect(told).toEqual([1500]);
  });
});

describe('--without-shortcut', () => {
  test('names what is switched off; an unknown name is an error that lists the known ones', async () => {
    const { jobs } = await cli(run('--without-shortcut', 'steady-loops', '--without-shortcut', 'translation'));
    expect(jobs[0]?.withoutShortcuts).toEqual(['steady-loops', 'translation']);
    const { code, err } = await cli(run('--without-shortcut', 'loops'));
    expect(code).toBe(2);
    expect(err).toContain('steady-loops');
  });
});

describe('what the machine is given', () => {
  test('options, as numbers and checked', async () => {
    const { jobs } = await cli(
      run(
        '--seed',
        '7',
        '--until',
        '2s',
        '--max-instructions',
        '1000',
        '--wall',
        '1.5s',
        '--max-memory',
        '300M',
        '--boot-at',
        '0x08000000',
        '--no-semihosting',
        '--symptom',
        'resets',
      ),
    );
    expect(jobs[0]).toMatchObject({
      chip: 'STM32H533RE',
      overrides: { seed: 7, until: '2s' },
      limits: { maxInstructions: 1000, wallMs: 1500, maxMemory: 300 * 2 ** 20 },
      bootAt: 0x08000000,
      semihosting: false,
      symptoms: ['resets'],
    });
  });

  test('a board of another part is told as that', async () => {
    const says = async (board: string): Promise<string> => {
      const { jobs } = await cli([...run('--board', board)], { cwd: folder({ 'fw.bin': FIRMWARE }) });
      return jobs[0]!.boardSays ?? '';
    };
    expect(await says('blackpill-f411ce')).toMatch(/; it has STM32F411CE, but this run uses STM32H533RE$/);
    expect(await says('nucleo-h533re')).not.toContain('but this run uses');
  });

  test('the words for no board in particular may be written in capitals', async () => {
    const cwd = folder({ 'fw.bin': FIRMWARE });
    const boards = ['None', 'NONE', 'Default'].map(async (board) => (await cli(run('--board', board), { cwd })).jobs[0]?.overrides?.board);
    expect(await Promise.all(boards)).toEqual(['none', 'none', 'default']);
  });

  test('the command line beats the scenario file', async () => {
    const scenario = {
      seed: 3,
      until: '1s',
      romOptions: { primask: 'clears', vtor: 'keeps' },
      board: { hse: { hz: 8000000, kind: 'bypass' } },
    };
    const cwd = folder({ 'fw.bin': FIRMWARE, 's.json': JSON.stringify(scenario) });
    const { out } = await cli(
      run('--scenario', 's.json', '--seed', '9', '--rom-option', 'primask=keeps', '--board', 'none', '--json', '-'),
      { cwd },
    );
    expect(JSON.parse(out)).toMatchObject({
      scenario: { seed: 9, until: '1s', romOptions: { primask: 'keeps', vtor: 'keeps' }, board: { name: 'none', hse: null, lse: null } },
    });
  });

  test('images of a scenario are relative to its file, those of the command line to the folder', async () => {
    const cwd = folder();
    mkdirSync(join(cwd, 'case'));
    writeFileSync(join(cwd, 'case', 'fw.bin'), FIRMWARE);
    writeFileSync(join(cwd, 'case', 's.json'), JSON.stringify({ chip: 'stm32h533re', images: [IMAGE] }));
    const { jobs, code } = await cli(['run', '--scenario', 'case/s.json'], { cwd });
    expect(code).toBe(0);
    expect(jobs[0]!.images).toEqual([{ path: IMAGE, bytes: FIRMWARE }]);
  });

  test('an image elsewhere is noted with the missing bootloader and --boot-at', async () => {
    const cwd = folder({ 'fw.bin': FIRMWARE });
    const { jobInput } = await import('../../src/bench/input/job.ts');
    const { jobs } = await cli(['run', 'fw.bin@0x08004000', ...CHIP], { cwd });
    const texts = jobInput(jobs[0]!).notes.map((n) => n.text);
    expect(texts).toContainEqual(
      'no image has bytes at 0x08000000, where STM32H533RE starts: also give the image of the bootloader, or --boot-at 0x08004000',
    );
  });

  test('an image linked for flash over ITCM lies where an F7 starts: no other is missing', async () => {
    const cwd = folder({ 'fw.bin': FIRMWARE });
    const { jobInput } = await import('../../src/bench/input/job.ts');
    const told = async (image: string): Promise<boolean> => {
      const { jobs } = await cli(['run', image, '--chip', 'stm32f767zi', '--quiet'], { cwd });
      return jobInput(jobs[0]!).notes.some((n) => n.kind === 'boot-address');
    };
    expect(await told('fw.bin@0x00200000')).toBe(false);
    expect(await told('fw.bin@0x00208000')).toBe(true);
  });

  test('where option bytes start the ROM, which looks for a bank, no image is missing at the start of the flash', async () => {
    const { jobInput } = await import('../../src/bench/input/job.ts');
    const told = async (board: object): Promise<boolean> => {
      const scenario = { schema: 'bootbench/scenario@1', chip: 'stm32g474re', images: ['fw.bin@0x08040000'], board };
      const cwd = folder({ 'fw.bin': FIRMWARE, 's.json': JSON.stringify(scenario) });
      const { jobs } = await cli(['run', '--scenario', 's.json', '--quiet'], { cwd });
      return jobInput(jobs[0]!).notes.some((n) => n.kind === 'boot-address');
    };
    expect([await told({ optionBytes: { BFB2: 1 } }), await told({})]).toEqual([false, true]);
  });
  test('an image that looks like another chip’s is named on stderr before the run', async () => {
    const cwd = folder({ 'fw.bin': FIRMWARE, 'cm4.bin': FIRMWARE });
    const ran = await cli(['run', IMAGE, '--chip', 'stm32f072rb', '--json', '-'], { cwd });
    expect(ran.err.replace(/\s+/g, ' ')).toMatch(/^bootbench: fw.bin@0x08000000: its vector table at 0x08000000 has initial SP 0x20044000/);
    expect(ran.jobs).toHaveLength(1);
    const second = await cli(['run', 'cm4.bin@0x08100000', '--chip', 'stm32h745xi', '--json', '-'], { cwd });
    expect(second.err.replace(/\s+/g, ' ')).toContain('this looks like the image for cm4, but cm7 starts too and has no image');
    expect((await cli(['run', IMAGE, '--chip', 'stm32f072rb', '--quiet'], { cwd })).err).toBe('');
  });

  test('a ROM dump replaces the stand-in and takes no stand-in options', async () => {
    // a vector table that begins in the ROM
    const dump = new Uint8Array(1024);
    new DataView(dump.buffer).setUint32(0, 0x20004000, true);
    new DataView(dump.buffer).setUint32(4, 0x0bf97101, true);
    const cwd = folder({ 'fw.bin': FIRMWARE, 'rom.bin': dump });
    expect((await cli(run('--rom', 'rom.bin'), { cwd })).jobs[0]!.rom).toMatchObject({ kind: 'dump', options: {} });
    expect((await cli(run('--rom', 'rom.bin', '--rom-option', 'vtor=keeps'), { cwd })).code).toBe(2);
  });
});

test('a doubt about the image is told at once, unless the report comes to the same terminal', async () => {
  const image = new URL('../../fixtures/f072-masked/firmware.elf', import.meta.url).pathname;
  const err = async (tty: boolean, ...more: string[]): Promise<string> =>
    (await cli(['run', image, '--chip', 'stm32f405rg', ...more], { tty })).err.replace(/\s+/g, ' ');
  const DOUBT = 'built for Armv6-M';
  expect(await err(false)).toContain(DOUBT);
  expect(await err(true)).not.toContain(DOUBT);
  expect(await err(true, '--json', '-')).toContain(DOUBT);
});

describe('a success that rests on something that a board need not do', () => {
  const result = (): ReturnType<typeof dfuResult> => ({ ...dfuResult(), notes: [{ kind: 'but', text: 'PC13 floats' }] });
  test('is `OK, but`, and exit 1 with --strict alone', async () => {
    const plain = await cli(run('--no-color'), { result });
    expect(plain.code).toBe(0);
    expect(plain.out).toMatch(/^OK, but dfu: the host sees the DFU device\n/);
    expect(plain.out).toContain('But    PC13 floats');
    expect((await cli(run('--strict'), { result })).code).toBe(1);
    expect((await cli(run('--strict'))).code).toBe(0);
  });
  test('with --strict says what is left to a ROM of which nobody has published that it copes', async () => {
    const left = (): ReturnType<typeof tickLeftOn> => tickLeftOn();
    expect((await cli(run(), { result: left })).code).toBe(0);
    const strict = await cli(run('--strict'), { result: left });
    expect(strict.code).toBe(1);
    expect(strict.err).toContain('bootbench: --strict: the firmware leaves SysTick on (a.c:7)');
  });
});
