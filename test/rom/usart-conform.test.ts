/** `conform --uart`: AN3155 requirement by requirement, on the stand-ins by turns, and on a ROM with one fault at a time. */
import { describe, expect, it } from 'vitest';
import '../../src/node-host.ts';
import { CHIPS } from '../../src/chips/index.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { CODE, type Say } from '../../src/bench/serial/an3155.ts';
import { runSerialConformance, type SerialConformanceReport } from '../../src/bench/serial/serial-kit.ts';
import { SerialTarget } from '../../src/bench/serial/serial-target.ts';
import { HeldMachine } from '../../src/bench/session/held-machine.ts';
import { libraryJob } from '../../src/library/options.ts';
import { rxPins, speaksSerial } from '../../src/rom/profile.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import { cli } from '../cli/helpers.ts';
import { byTurns } from '../turn.ts';

const speaking = CHIPS.filter((chip) => {
  const profile = romProfileOf(chip);
  return profile !== null && speaksSerial(profile) && rxPins(profile).length > 0;
}).map((chip) => [chip.name, rxPins(romProfileOf(chip)!)[0]!.name] as const);

async function judged<T>(chip: string, port: string, use: (held: HeldMachine, port: string) => T | Promise<T>): Promise<T> {
  const job = await libraryJob({ chip, images: [], scenario: { board: { boot0: 1 }, host: { cable: 'out' } } });
  const held = new HeldMachine(jobInput(job));
  try {
    held.start();
    return await use(held, port);
  } finally {
    held.release();
  }
}
const failures = (report: SerialConformanceReport): string[] =>
  report.requirements.filter((r) => r.verdict === 'fail').map((r) => `${r.id}: ${r.observed}`);

/** RM0433 4.3.3, RM0468 4.3.3: their flash is one sector of 128 KB, so no two can be erased. */
const ONE_SECTOR = /^STM32H7[35]0/;

describe('the stand-in ROM of a line', () => {
  it.each(byTurns(speaking, 24))('%s on %s fails nothing, and nothing is left out', async (chip, port) => {
    const report = await judged(chip, port, (held) => runSerialConformance(new SerialTarget(held, port)));
    expect(failures(report)).toEqual([]);
    const leftOut = report.requirements.filter((r) => r.verdict === 'n/a').map(({ id }) => id);
    expect(leftOut).toEqual(ONE_SECTOR.test(chip) ? ['uart.erase'] : []);
  });
});

/** A ROM whose answers go through somebody else's hands. */
class Spoilt extends SerialTarget {
  spoil: (what: string, say: Say, heard: readonly number[]) => readonly number[] = (_what, _say, heard) => heard;
  override say(what: string, say: Say): readonly number[] {
    return this.spoil?.(what, say, super.say(what, say)) ?? super.say(what, say);
  }
}
const isCommand = ({ bytes }: Say, code: number): boolean => bytes.length === 2 && bytes[0] === code && bytes[1] === (code ^ 0xff);

describe('a ROM with a fault', () => {
  const faults: [string, (t: Spoilt) => Spoilt['spoil'], RegExp][] = [
    ['Get without its last ACK', () => (_w, say, heard) => (isCommand(say, CODE.GET) ? heard.slice(0, -1) : heard), /^uart\.get:/],
    ['another version in Get Version', () => (_w, say, heard) => (isCommand(say, CODE.GET_VERSION) ? [heard[0]!, 0x10, ...heard.slice(2)] : heard), /^uart\.get-version:/],
    ['unknown commands are acknowledged', () => (_w, say, heard) => (isCommand(say, 0x55) ? [0x79] : heard), /^uart\.unknown-command: 0x55: 79; asked for: 1f/],
    ['wrong complements are acknowledged', () => (_w, say, heard) => (say.bytes.length === 2 && say.bytes[0] === say.bytes[1] ? [0x79] : heard), /^uart\.complement: 79; asked for: 1f/],
    ['a read gives one byte less', () => (what, _s, heard) => (/^\d+ bytes$/.test(what) && heard.length > 1 ? heard.slice(0, -1) : heard), /^uart\.read: 1 bytes: 1 came/],
    ['a wrong address checksum is taken', () => (what, _s, heard) => (what === 'address, wrong checksum' ? [0x79] : heard), /^uart\.address-checksum: 0x11: 79; asked for: 1f/],
    ['data with a wrong checksum is written', (t) => (what, _s, heard) => {
      if (what === 'data, wrong checksum') t.put(t.flash.start, Uint8Array.of(1, 2, 3, 4));
      return heard;
    }, /^uart\.write-checksum: flash was written all the same/],
    ['a write goes four bytes too far', (t) => (what, _s, heard) => {
      if (what === '8 bytes') t.put(t.flash.start + 8, Uint8Array.of(0, 0, 0, 0));
      return heard;
    }, /^uart\.write: flash at 0x8000008 holds 0x0, not 0xff/],
    ['an erase leaves a byte', (t) => (what, _s, heard) => {
      if (what === 'pages 1, 0') t.put(t.flash.start + 5, Uint8Array.of(7));
      return heard;
    }, /^uart\.erase: flash at 0x8000005 holds 0x7, not 0xff/],
    ['a mass erase leaves the last byte', (t) => (what, _s, heard) => {
      if (what === 'all') t.put(t.flash.end - 1, Uint8Array.of(7));
      return heard;
    }, /^uart\.erase-all: flash at 0x[0-9a-f]+ is not erased/],
    ['Go to nowhere is acknowledged', () => (what, _s, heard) => (what === 'address 0x60000000' ? [0x79] : heard), /^uart\.go-outside: the address is acknowledged/],
    ['Go begins at another word', (t) => (_w, say, heard) => {
      if (isCommand(say, CODE.GO)) t.put(t.flash.start + 4, Uint8Array.of(0x0d, 0, 0, 8));
      return heard;
    }, /^uart\.go: the core is at 0x800000c/],
  ]; // prettier-ignore
  it.each(faults)('%s', async (_name, fault, said) => {
    const report = await judged('stm32f072rb', 'USART1', (held, port) => {
      const target = new Spoilt(held, port);
      target.spoil = fault(target);
      return runSerialConformance(target);
    });
    expect(failures(report).join('\n')).toMatch(said);
  });
});

describe('bootbench conform --uart', () => {
  it('tells the port and the version, and writes the same reports', async () => {
    const { code, out } = await cli(['conform', '--chip', 'stm32f103c8', '--boot0', '--uart', '--json', '-']);
    expect(code).toBe(0);
    const report = JSON.parse(out) as SerialConformanceReport;
    expect(report.device).toMatchObject({ port: 'USART1', version: 0x22 });
    expect(report.dialect).toEqual(['late-nack', 'nack-twice', 'not-verified']);
  });
  it.each([
    [['--chip', 'stm32f072rb', '--boot0', '--uart', 'USART9'], /--uart USART9: this ROM listens on USART1/],
    [['--chip', 'stm32f072rb', '--boot0', '--uart', '--flash', '0x08000000:2048'], /leave out --usb and --flash/],
    [['--chip', 'stm32f072rb', '--boot0', '--uart', '--accept', 'dfu.istring'], /there is no requirement/],
    [['fixtures/planted/strict-f405/firmware.elf', '--chip', 'stm32f405rg', '--uart'], /0x7F is not acknowledged on USART1/],
  ])('%j is exit 2 with one line', async (args, text) => {
    const { code, err } = await cli(['conform', ...args], { cwd: process.cwd() });
    expect(code).toBe(2);
    expect(err).toMatch(text);
  });
});
