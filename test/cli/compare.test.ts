import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareRuns } from '../../src/bench/documents/compare.ts';
import { serialise } from '../../src/bench/documents/serialise.ts';
import type { ResultEntry, RunResult } from '../../src/bench/documents/result.ts';
import { compareReport } from '../../src/report/compare.ts';
import { checks, dfuResult, primaskResult } from '../samples/results.ts';
import { cli, FIRMWARE, folder } from './helpers.ts';

const SCENARIO = JSON.stringify({ schema: 'bootbench/scenario@1', chip: 'stm32h533re', images: ['fw.bin@0x08000000'] });
const files = (more: Readonly<Record<string, string>>) => ({ cwd: folder({ 'fw.bin': FIRMWARE, ...more }) });
const withEntry = (result: RunResult, change: Partial<ResultEntry>): RunResult => ({
  ...result,
  entries: [...result.entries.slice(0, -1), { ...result.entries.at(-1)!, ...change }],
});
const compared = (path: string, r: RunResult) => ({ path, summary: r.summary, how: r.entries.at(-1)?.how });

describe('bootbench compare', () => {
  test('a result and itself are equal: exit 0', async () => {
    const ran = await cli(['compare', 'a.json', 'a.json'], files({ 'a.json': serialise(dfuResult()) }));
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('EQUAL');
  });

  test('two outcomes differ: exit 1, and the check that tells them apart stands in the report', async () => {
    const ran = await cli(
      ['compare', 'a.json', 'b.json'],
      files({ 'a.json': serialise(dfuResult()), 'b.json': serialise(primaskResult()) }),
    );
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/outcome\s+dfu\s+rom-silent/);
    expect(ran.out).toMatch(/primask\s+pass\s+fail/);
  });

  test('sources are named as `run` names them', async () => {
    const cwd = folder({ 'fw.bin': FIRMWARE });
    mkdirSync(join(cwd, 'Core/Src'), { recursive: true });
    writeFileSync(join(cwd, 'Core/Src/main.c'), 'int main(void)');
    writeFileSync(join(cwd, 'a.json'), serialise({ ...dfuResult(), summary: 'it jumps (../Core/Src/main.c:3)' }));
    const { code, out } = await cli(['compare', 'a.json', 'a.json'], { cwd });
    expect(out).toContain('it jumps (Core/Src/main.c:3)');
    expect(code).toBe(0);
  });

  test('scenarios are run; --quiet leaves the exit code alone', async () => {
    const setup = { ...files({ 'a.json': SCENARIO, 'b.json': serialise(primaskResult()) }), result: () => dfuResult() };
    const ran = await cli(['compare', 'a.json', 'b.json', '--quiet'], setup);
    expect(ran).toMatchObject({ code: 1, out: '', err: '' });
    expect(ran.jobs).toHaveLength(1);
  });

  test('a run that --wall cut is not compared: two of them would be alike', async () => {
    const cut = { ...dfuResult(), outcome: 'timeout', ended: { reason: 'wall', at: '0.1' } } as unknown as RunResult;
    const ran = await cli(['compare', 'a.json', 'a.json', '--wall', '5s'], { ...files({ 'a.json': SCENARIO }), result: () => cut });
    expect(ran).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('a.json: the run was not finished within --wall') as string,
    });
    expect(ran.jobs[0]!.limits.wallMs).toBeLessThanOrEqual(5_000);
  });

  test('escape bytes are shown, not sent, in whatever name or word of a result they stand', async () => {
    const { document, places } = poisoned(primaskResult());
    expect(places).toEqual(expect.arrayContaining(['outcome', 'summary', 'rom.options.primask', 'diagnosis.causes.0.id']));
    const ran = await cli(['compare', 'a.json', 'b.json'], files({ 'a.json': serialise(dfuResult()), 'b.json': document }));
    expect(ran).toMatchObject({ code: 1, err: '' });
    expect(ran.out).toContain('primask\\x1b[2J\\x9b\\u202e');
    expect(ran.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });

  test('neither result nor scenario, a missing file and half a result are exit 2, before anything runs', async () => {
    const half = JSON.stringify({ schema: 'bootbench/run@1', outcome: 'dfu' });
    const setup = files({ 'a.json': SCENARIO, 'x.json': '{"schema":"else"}', 'half.json': half, 'deep.json': '['.repeat(9 << 20) });
    for (const [b, word] of [
      ['x.json', 'x.json'],
      ['none.json', 'cannot read none.json'],
      ['half.json', 'half.json is not a complete bootbench/run@1'],
      ['deep.json', 'deep.json: lists and objects stand more than 64 deep'],
    ] as const) {
      const ran = await cli(['compare', 'a.json', b], setup);
      expect(ran, b).toMatchObject({ code: 2, out: '' });
      expect(ran.err).toContain(word);
      expect(ran.jobs).toEqual([]);
    }
  });
});

describe('two runs', () => {
  test('differ in a register of the last entry, told by its name', () => {
    const a = dfuResult();
    const registers = { ...a.entries.at(-1)!.registers, primask: '0x00000001' as const };
    expect(compareRuns(a, withEntry(a, { registers }))).toEqual([
      { group: 'registers', name: 'primask', a: a.entries.at(-1)!.registers['primask'], b: '0x00000001' },
    ]);
  });

  test('are equal however long they took, and wherever the source lines lie', () => {
    const a = dfuResult();
    const later = { ...withEntry(a, { at: '0.900000000', from: null }), time: { ...a.time, cycles: 1 } };
    expect(compareRuns(a, later)).toEqual([]);
  });

  test('differ by what a check has observed though both pass', () => {
    const a = dfuResult();
    expect(compareRuns(a, { ...a, checks: checks({ msp: { observed: 'MSP = 0x20000400' } }) }).map((d) => [d.group, d.name])).toEqual([
      ['checks', 'msp'],
    ]);
  });

  test('a boot against a jump: the report says which one passed the first stage', () => {
    const a = dfuResult();
    const b = withEntry(a, { how: 'boot' });
    const report = compareReport(compared('jump', a), compared('pin', b), compareRuns(a, b), { firstStage: 'SFSP' });
    expect(report.replace(/\s+/g, ' ')).toContain('Run B booted into the ROM. On a real chip, such a boot runs SFSP first');
    expect(compareReport(compared('jump', a), compared('jump', a), [], { firstStage: 'SFSP' })).not.toContain('SFSP');
  });

  test('neither comes into the ROM: the report says what to type next', () => {
    const run = { ...compared('a', dfuResult()), neverJumped: true };
    expect(compareReport(run, run, [])).toMatch(/Neither run jumps into the ROM.*\n?.*`bootbench run`/);
    expect(compareReport(run, { ...run, neverJumped: false }, [])).not.toContain('Neither');
  });
});

/** A result with what repaints a terminal behind every string, and every key, of which the published form lets it pass. */
function poisoned(result: RunResult): { readonly document: string; readonly places: readonly string[] } {
  type Tree = Record<string, unknown>;
  const BAD = '\u001b[2J\u009b\u202e';
  const root = structuredClone(result) as unknown as Tree;
  const places: string[] = [];
  const attempt = (place: string, change: () => void, back: () => void): void => {
    change();
    try {
      serialise(root as unknown as RunResult);
      places.push(place);
    } catch {
      back();
    }
  };
  const visit = (node: Tree, path: string): void => {
    for (const [key, value] of Object.entries(node)) {
      const place = path === '' ? key : `${path}.${key}`;
      // that it is a result at all
      if (place === 'schema') continue;
      if (typeof value === 'object' && value !== null) visit(value as Tree, place);
      const move = (from: string, to: string) => () => {
        node[to] = node[from];
        delete node[from];
      };
      if (typeof value === 'string')
        attempt(
          place,
          () => (node[key] = value + BAD),
          () => (node[key] = value),
        );
      if (!Array.isArray(node)) attempt(place, move(key, key + BAD), move(key + BAD, key));
    }
  };
  visit(root, '');
  return { document: JSON.stringify(root), places };
}
