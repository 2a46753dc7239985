/** What a firmware, a scenario or a device says is text: no terminal and no CI runner obeys it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { jsonText } from '../../src/bench/documents/json-text.ts';
import { deviceLine } from '../../src/cli/dfu.ts';
import { streamOf } from '../../src/cli/io.ts';
import { ansi, spoken } from '../../src/report/text.ts';
import { commandsIn, CONTROLS, HOSTILE_LINES } from '../samples/hostile.ts';
import { primaskResult, writer } from '../samples/results.ts';
import { cli, FIRMWARE, folder, IMAGE } from './helpers.ts';

const HOSTILE = HOSTILE_LINES.join('\n');

/** It stands wherever text of others can. */
function hostile(): RunResult {
  const result = primaskResult();
  const place = { pc: writer.pc, file: `${HOSTILE}.c`, symbol: HOSTILE, line: 4 };
  const lastWriter = { ...writer, ...place };
  return {
    ...result,
    summary: HOSTILE,
    images: [{ path: HOSTILE, sha256: '0'.repeat(64) }],
    console: { semihosting: HOSTILE, usart1: HOSTILE },
    notes: ['crash', 'chain', 'trigger', 'not-triggered', 'wait', 'chip', 'kept'].map((kind) => ({ kind, text: HOSTILE })),
    checks: result.checks.map((c) => ({ ...c, observed: HOSTILE, lastWriter })),
    entries: result.entries.map((e) => ({ ...e, from: place })),
    diagnosis: {
      ...result.diagnosis,
      causes: result.diagnosis.causes.map((c) => ({ ...c, explanation: HOSTILE, fix: HOSTILE, lastWriter })),
    },
    timeline: result.timeline.map((row) => ({ ...row, text: HOSTILE, file: HOSTILE })),
  };
}

describe('no command for a runner and no control character is in what is printed', () => {
  it.each([[], ['-v'], ['-v', '--checks'], ['--json', '-'], ['--junit', '-'], ['--html', '-']])('run %s %s', async (...more) => {
    const ran = await cli(['run', IMAGE, '--chip', 'h533re', ...more], { result: hostile });
    expect(ran.out).toContain('stop-commands');
    for (const text of [ran.out, ran.err]) {
      expect(commandsIn(text)).toEqual([]);
      expect(text).not.toMatch(CONTROLS);
    }
  });

  it('test --reporter github: annotations are, what they say is not', async () => {
    const cwd = folder();
    mkdirSync(join(cwd, 's'));
    writeFileSync(join(cwd, 's', 'fw.bin'), FIRMWARE);
    const scenario = { schema: 'bootbench/scenario@1', chip: 'stm32h533re', images: [IMAGE], expect: { outcome: 'dfu' } };
    writeFileSync(join(cwd, 's', 'a.json'), JSON.stringify(scenario));
    const ran = await cli(['test', 's', '--reporter', 'github'], { cwd, result: hostile });
    expect(ran.out).toContain('stop-commands');
    const commands = commandsIn(ran.out);
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) expect(command).toMatch(/^::error file=s\/a\.json,line=1,title=/);
    for (const kind of ['--json', '--junit', '--sarif', '--codequality', '--html', '--markdown'])
      expect(commandsIn((await cli(['test', 's', kind, '-'], { cwd, result: hostile })).out)).toEqual([]);
  });
});

it('JSON stays the same document', () => {
  const value = { text: HOSTILE, list: ['##[group]', '# [', '##'] };
  expect(JSON.parse(jsonText(value))).toEqual(value);
  expect(jsonText(value)).not.toMatch(/##\[|##vso|[\u007f-\u009f\u202e]/);
});

describe('text on its way out', () => {
  it('keeps the colours of this program, and shows other sequences', () => {
    expect(spoken(`${ansi('red', 'FAIL')} \u001b[5mx`)).toBe('\u001b[31mFAIL\u001b[39m \\x1b[5mx');
    expect(commandsIn(spoken(`  ${ansi('red', '::error::x')}`).replace(/\u001b\[\d+m/g, ''))).toEqual([]);
  });
  it('C++ names and lists stay as they are inside of a line', () => {
    const text = 'in boot::go, ::std::move at main.cpp::3 ## 1 #[derive]\n- a::b\n';
    expect(spoken(text)).toBe(text);
  });
  it('a line that is written in parts is one line', () => {
    let out = '';
    const stream = streamOf((part) => (out += part), { isTTY: false, columns: 80 });
    for (const part of ['name', '::x', '\n', '  ', '::y::z', ' ::a', '\n::b', 'c\n']) stream.write(part);
    expect(out).toBe('name::x\n  \\x3a:y::z ::a\n\\x3a:bc\n');
  });
  it('takes no longer for text that is made for that', () => {
    for (const part of [' ', '\n', '##', '##a', ':', '::', '\u001b[1m', 'section_start:']) {
      const started = performance.now();
      spoken(part.repeat(200_000));
      expect(performance.now() - started).toBeLessThan(1500);
    }
  });
});

it('what a device says of itself in its USB strings stays on the line of `dfu`', () => {
  let out = '';
  const name = '\u001b]0;x\u0007\n::stop-commands::x';
  const state = { device: { vid: 0x483, pid: 0xdf11, product: name }, dfu: { alts: [{ name }] } } as unknown as Parameters<
    typeof deviceLine
  >[0];
  streamOf((text) => (out += text), { isTTY: true, columns: 80 }).write(`bootbench: ${deviceLine(state, null)}\n`);
  expect(out.split('\n')).toHaveLength(2);
  expect(out).not.toMatch(CONTROLS);
});
