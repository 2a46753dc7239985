import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { HeldMachine } from '../../src/bench/session/held-machine.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import '../../src/browser-host.ts';
import { libraryJob } from '../../src/library/options.ts';
import { WebUsbLink } from '../../src/usb-sim/conform/web-usb-link.ts';
import { REQUIREMENTS, runConformance, type ConformanceReport } from '../../src/usb-sim/conform/kit.ts';
import { ReferenceLink } from '../usb-sim/reference-link.ts';
import { CutShort } from '../../src/bench/session/budget.ts';
import { WebUsb } from '../../src/usb-sim/web-usb.ts';
import { cli, folder } from './helpers.ts';

describe('bootbench conform', () => {
  it("the stand-in ROM of STM32F072 fails nothing; what is ST's own way is named", async () => {
    const cwd = folder();
    const files = ['--json', 'r.json', '--html', 'r.html', '--junit', 'r.xml'];
    const ran = await cli(['conform', '--chip', 'stm32f072rb', '--boot0', ...files], { cwd });
    expect(ran.code).toBe(0);
    const report = JSON.parse(readFileSync(join(cwd, 'r.json'), 'utf8')) as ConformanceReport;
    expect(report.counts.fail).toBe(0);
    expect(report.requirements.find((r) => r.id === 'state.dfuIDLE.DNLOAD-0')).toMatchObject({
      verdict: 'dialect',
      dialect: 'leave-from-idle',
    });
    expect(report.requirements.find((r) => r.id === 'flash.block-arithmetic')?.verdict).toBe('pass');
    expect(ran.out).toContain(`${report.counts.pass} pass, 0 fail`);
    expect(readFileSync(join(cwd, 'r.html'), 'utf8')).toContain('leave-from-idle');
    expect(XMLValidator.validate(readFileSync(join(cwd, 'r.xml'), 'utf8'))).toBe(true);
  });
  it('--baseline: what failed before may fail, and what held may not be worse, or not asked any more', async () => {
    const cwd = folder();
    const asked = ['conform', '--chip', 'stm32f072rb', '--boot0', '--baseline', 'before.json', '--junit', 'r.xml'];
    const before = (rows: readonly (readonly [id: string, verdict: string])[]): void =>
      writeFileSync(
        join(cwd, 'before.json'),
        JSON.stringify({ schema: 'bootbench/conformance@1', requirements: rows.map(([id, verdict]) => ({ id, verdict })) }),
      );
    before([
      ['state.dfuIDLE.DNLOAD-0', 'fail'],
      ['plain.written', 'n/a'],
    ]);
    const same = await cli(asked, { cwd });
    expect([same.code, same.out]).toEqual([0, expect.stringMatching(/\nnothing is worse than in before\.json\n$/)]);
    before([
      ['state.dfuIDLE.DNLOAD-0', 'pass'],
      ['plain.written', 'pass'],
    ]);
    const worse = await cli(asked, { cwd });
    expect(worse.code).toBe(1);
    expect(worse.out.startsWith('worse: ')).toBe(true);
    expect(worse.out).toMatch(/\n2 are worse than in before\.json\n$/);
    expect(worse.out).toContain('worse: state.dfuIDLE.DNLOAD-0 was pass and is dialect: ');
    expect(worse.out).toContain('worse: plain.written was pass and could not be tried: the device has DfuSe\n');
    const xml = readFileSync(join(cwd, 'r.xml'), 'utf8');
    expect(xml).toMatch(/failures="2"/);
    expect(xml).toContain('<skipped message="the device has DfuSe"/>');
    expect(Number(/<testsuites[^>]* time="([^"]+)"/.exec(xml)?.[1])).toBeGreaterThan(0);
    const quiet = await cli([...asked, '--quiet'], { cwd });
    expect([quiet.code, quiet.out]).toEqual([1, '']);
    expect(quiet.err).toContain('worse: plain.written was pass and could not be tried: the device has DfuSe\n');
    for (const text of ['[', '{}', '{"schema":"bootbench/conformance@1","requirements":[{"id":"x","verdict":"maybe"}]}']) {
      writeFileSync(join(cwd, 'before.json'), text);
      const { code, err } = await cli(asked, { cwd });
      expect([code, err]).toEqual([2, expect.stringMatching(/^bootbench: --baseline: before\.json is no report of conform/)]);
    }
  });
  it('--baseline: another dialect is worse, and what a team has accepted is not', async () => {
    const cwd = folder();
    const asked = ['conform', '--chip', 'stm32f072rb', '--boot0', '--baseline', 'before.json'];
    const row = { id: 'state.dfuIDLE.DNLOAD-0', verdict: 'dialect' };
    const before = (more: object): void =>
      writeFileSync(join(cwd, 'before.json'), JSON.stringify({ schema: 'bootbench/conformance@1', requirements: [{ ...row, ...more }] }));
    before({ name: 'leave-from-idle:dfuIDLE.DNLOAD-0' });
    expect((await cli(asked, { cwd })).code).toBe(0);
    before({ name: 'clrstatus-anywhere' });
    const other = await cli(asked, { cwd });
    expect([other.code, other.out]).toEqual([
      1,
      expect.stringMatching(/^worse: state\.dfuIDLE\.DNLOAD-0 was dialect clrstatus-anywhere and is leave-from-idle/),
    ]);
    before({ name: 'clrstatus-anywhere', dialect: 'accepted' });
    expect((await cli(asked, { cwd })).code).toBe(0);
  });
  it.each([
    [['--usb', 'x'], /--usb: "x" is not vid:pid/],
    [['--usb', '0483:df11', '--chip', 'stm32f072rb'], /leave out images and --chip/],
    [['--chip', 'stm32f072rb', '--boot0', '--flash', '0x20000000:64'], /--flash: it does not lie inside/],
    [['--chip', 'stm32f072rb', '--boot0', '--flash', '0x08010000:64'], /--flash: it is not whole sectors of 2048 bytes/],
    [['--chip', 'stm32f072rb', '--boot0', '--flash', '64'], /--flash: "64" is not address:length/],
    [['--chip', 'stm32f103c8', '--boot0'], /the ROM of STM32F103C8 has no USB, only USART1 \(PA9 and PA10\); `bootbench uart` offers/],
    [['--chip', 'stm32f072rb', '--boot0', '--json', '-', '--html', '-'], /both write to stdout/],
  ])('%j is exit 2 with one line', async (args, text) => {
    const ran = await cli(['conform', ...args], { cwd: folder() });
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(text);
    expect(ran.err.trim().split('\n')).toHaveLength(1);
  });
  it('is ended by a signal: what was found by then is written and marked, and what was not asked does not hold', async () => {
    const cwd = folder();
    // heard while the device comes up it would end the command without a report
    let looks = 0;
    const asked = ['conform', '--chip', 'stm32f072rb', '--boot0'];
    await cli(asked, { cwd, interruptedBy: () => (looks++, null) });
    const [all, files] = [looks, ['--json', 'r.json', '--html', 'r.html', '--junit', 'r.xml']];
    looks = 0;
    const ran = await cli([...asked, ...files], { cwd, interruptedBy: () => (++looks > all / 2 ? 'SIGTERM' : null) });
    expect(ran.code).toBe(143);
    const report = JSON.parse(readFileSync(join(cwd, 'r.json'), 'utf8')) as ConformanceReport;
    expect(report.ended).toEqual({ reason: 'signal', asked: REQUIREMENTS.length });
    const found = report.requirements.length;
    expect(found).toBeGreaterThan(0);
    expect(found).toBeLessThan(REQUIREMENTS.length);
    const told = `not finished (limit: signal): ${found} of ${REQUIREMENTS.length} requirements were asked`;
    expect(ran.out).toContain(told);
    expect(readFileSync(join(cwd, 'r.html'), 'utf8')).toContain(told);
    expect(readFileSync(join(cwd, 'r.xml'), 'utf8')).toContain(`<error message="${told}"`);
  });
  it('ends behind --wall, which bounds each requirement and what comes before the first', async () => {
    const early = await cli(['conform', '--chip', 'stm32f072rb', '--boot0', '--wall', '1ms'], { cwd: folder() });
    expect([early.code, early.err]).toEqual([2, 'bootbench: --wall was over before the firmware had come to its end; give it more time\n']);
    let asked = 0;
    const before = (): void => {
      if (asked++ === 5) throw new CutShort('wall');
    };
    const report = await runConformance(new ReferenceLink(), { before, endedBy: (thrown) => (thrown as CutShort).reason });
    expect([report.requirements.length, report.ended?.reason]).toEqual([5, 'wall']);
    await expect(runConformance(new ReferenceLink(), { before: () => { throw new Error('a defect'); }, endedBy: () => null })).rejects.toThrow('a defect'); // prettier-ignore
  });
  it('--uart listens to a program that talks without an end no longer than to an answer', async () => {
    const table = [[0x40021018, 1 << 14], [0x40021014, 1 << 17], [0x48000000, 0x28280000], [0x48000024, 0x110], [0x4001380c, 139], [0x40013800, 0x140d], [0, 0]].flat(); // prettier-ignore
    // for each pair of the table a store, then for ever: wait for TXE, send 0x79
    const code = [
      0x4c07, 0x6820, 0x6861, 0x3408, 0x2800, 0xd001, 0x6001, 0xe7f8, 0x4804, 0x6801, 0x0609, 0xd5fc, 0x2179, 0x60c1, 0xe7f9, 0,
    ];
    const words = [0x20004000, 0x08000009, ...code.flatMap((c, i) => (i % 2 === 0 ? [(c | (code[i + 1]! << 16)) >>> 0] : [])), 0x08000030, 0x4001381c, ...table]; // prettier-ignore
    const cwd = folder();
    writeFileSync(join(cwd, 'talks.bin'), Uint8Array.from(words.flatMap((w) => [w & 255, (w >>> 8) & 255, (w >>> 16) & 255, w >>> 24])));
    const ran = await cli(['conform', 'talks.bin@0x08000000', '--chip', 'stm32f072rb', '--uart', '--no-trigger'], { cwd });
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('USART1 sends without an end')]);
  });
  it('a device behind WebUSB (a real board) is judged alike, is not sent away, and keeps its flash outside the range', async () => {
    const job = await libraryJob({ chip: 'stm32h533re', images: [], scenario: { board: { boot0: 1 } } });
    const held = new HeldMachine(jobInput(job));
    held.start();
    const usb = new WebUsb(held.bus);
    const [device] = await usb.getDevices();
    const link = (await WebUsbLink.open(device!, { address: 0x0807c000, length: 16384 }))!;
    const report = await runConformance(link);
    expect(report.requirements.filter((r) => r.verdict === 'fail').map((r) => `${r.id}: ${r.observed}`)).toEqual([]);
    expect(report.requirements.find((r) => r.id === 'leave.manifest')?.verdict).toBe('n/a');
    expect(report.requirements.find((r) => r.id === 'flash.mass-erase')?.verdict).toBe('n/a');
    expect(report.requirements.find((r) => r.id === 'flash.block-arithmetic')?.verdict).toBe('pass');
    held.release();
  });
});
