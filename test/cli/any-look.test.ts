/**
 * A command is ended at any of its looks at the budget, by Ctrl-C, --wall or --max-memory: it gives what it has, marked, with the exit code that belongs to it, and never an
 * exception. A sample of looks, other ones by turns; BOOTBENCH_TURN=all takes a thousand.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Budget } from '../../src/bench/session/budget.ts';
import { inThread } from '../../src/cli/engine.ts';
import { streamOf, type Io } from '../../src/cli/io.ts';
import { packageFile } from '../../src/cli/package.ts';
import { main } from '../../src/cli/program.ts';
import { Thumb } from '../emu/thumb.ts';
import { ALL_TURNS, seedByTurn } from '../turn.ts';
import { folder } from './helpers.ts';

const fixture = (name: string, file = 'scenario.json'): string => packageFile(`fixtures/${name}/${file}`);
const REASONS = ['signal', 'wall', 'memory'] as const;
type Reason = (typeof REASONS)[number];

const { reached } = Budget.prototype;
afterEach(() => {
  Budget.prototype.reached = reached;
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly looks: number;
}
/** Runs a command line; from look `at` on, the reason has come. */
async function ended(args: readonly string[], cwd: string, reason: Reason, at: number): Promise<Ended> {
  let [out, err, looks] = ['', '', 0];
  const come = (): boolean => looks > at;
  Budget.prototype.reached = () => (looks++, come() ? reason : null);
  const stream = (put: (text: string) => void) => streamOf(put, { isTTY: false, columns: 80 });
  const io: Io = {
    stdout: stream((text) => (out += text)),
    stderr: stream((text) => (err += text)),
    env: {},
    cwd,
    onInterrupt: () => () => undefined,
    interruptedBy: () => (reason === 'signal' && come() ? 'SIGINT' : null),
  };
  rmSync(join(cwd, 'new.json'), { force: true });
  const code = await main(args, io, (job, hooks) => inThread(job, hooks, () => reason === 'signal' && come()));
  return { code, out, err, looks };
}

/** Whether a document, or what is said instead of one, tells that it was ended. */
function isMarked({ out, err }: Ended, reason: Reason): boolean {
  if (/ was not finished: a repeated run was stopped \(limit: (signal|wall|memory)\)/.test(err)) return true;
  if (!out.startsWith('{')) return out.includes('not finished: ended by ');
  const document = JSON.parse(out) as { ended?: string | { reason: string }; notes?: { kind: string; text: string }[] };
  const how = typeof document.ended === 'object' ? document.ended?.reason : document.ended;
  return how === reason || document.notes?.some(({ kind, text }) => kind === 'limit' && text.includes(`(${reason})`)) === true;
}

/** Runs through LOOPS rounds of a delay, and goes wrong behind it. */
function delayed(): Uint8Array {
  const t = new Thumb(0x08000008);
  t.constant(2, 400_000_000).movs(3, 0).label('loop').adds(3, 1).cmpRegister(3, 2).bne('loop').constant(1, 0x30000001).blx(1);
  const code = t.bytes();
  const bytes = new Uint8Array(8 + code.length);
  new DataView(bytes.buffer).setUint32(0, 0x20001000, true);
  new DataView(bytes.buffer).setUint32(4, 0x08000009, true);
  bytes.set(code, 8);
  return bytes;
}

const LINES: Readonly<Record<string, readonly string[]>> = {
  'run, what led to a fault': ['run', '--scenario', fixture('f405-own-crash'), '--json', '-', '--quiet'],
  'run, repairs': ['run', '--scenario', fixture('f072-masked'), '--json', '-', '--quiet'],
  'run, a delay': ['run', 'fw.bin@0x08000000', '--chip', 'stm32f103c8', '--json', '-', '--quiet'],
  'run, a trigger': ['run', fixture('f405-serial-trigger', 'firmware.elf'), '--chip', 'stm32f405rg', '--json', '-', '--quiet'],
  'run, point of no return': ['run', '--scenario', fixture('f072-masked'), '--point-of-no-return', '--json', '-', '--quiet'],
  ask: ['ask', '--scenario', fixture('f072-masked'), '--symptom', 'nothing'],
  matrix: ['matrix', '--scenario', fixture('f072-masked'), '--json'],
  leave: ['leave', fixture('f405-straight', 'firmware.elf'), '--chip', 'stm32f405rg'],
  init: ['init', fixture('f405-serial-trigger', 'firmware.elf'), '--chip', 'stm32f405rg', '--out', 'new.json'],
};
const LOOKS = ALL_TURNS ? Math.ceil(1000 / Object.keys(LINES).length) : 6;

describe.each(Object.keys(LINES))('%s', (name) => {
  it('ended at any look gives what it has, and says so', async () => {
    const cwd = folder();
    writeFileSync(join(cwd, 'fw.bin'), delayed());
    const whole = await ended(LINES[name]!, cwd, 'wall', Infinity);
    expect([0, 1], whole.err).toContain(whole.code);
    expect(whole.looks).toBeGreaterThan(2);
    let random = seedByTurn(1, 1000);
    for (let i = 0; i < LOOKS; i++) {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
      const at = Math.floor((random / 2 ** 32) * whole.looks);
      const reason = REASONS[i % REASONS.length]!;
      const one = await ended(LINES[name]!, cwd, reason, at);
      const what = `${name}, ${reason} at look ${at} of ${whole.looks}: ${one.code} ${one.err} ${one.out.slice(0, 300)}`;
      expect(reason === 'signal' ? [130] : [whole.code, 1, 2], what).toContain(one.code);
      expect(one.err, what).not.toContain('internal error');
      if (!isMarked(one, reason)) expect(one.out, what).toBe(whole.out);
    }
  });
});
