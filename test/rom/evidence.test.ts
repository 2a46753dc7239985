/** Lines of evidence: what they may hold, what several of them come to, and what a ROM's options are then. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { mergeEvidence, parseEvidence, withEvidence, type EvidenceLine, type MergedOption, type Witness } from '../../src/rom/evidence.ts';
import { resolveRomOptions } from '../../src/rom/options.ts';
import { findRomProfile } from '../../src/rom/profiles.ts';

const LINE: EvidenceLine = {
  schema: 'bootbench/evidence@1',
  chip: 'STM32L476RG',
  dbgmcu: '0x10076415',
  romId: 'stm32l476',
  romSha256: 'ab'.repeat(32),
  option: 'primask',
  value: 'keeps',
  probe: 'settle primask 12345678',
  control: true,
  tries: 2,
  debugger: 'OpenOCD',
  at: '2026-11-24',
  version: '0.2.0',
  recording: 'records/l476.txt',
};

describe('a line', () => {
  const schema = JSON.parse(readFileSync(new URL('../../schemas/evidence-1.schema.json', import.meta.url), 'utf8')) as object;
  const allowed = new Ajv().compile(schema);
  const both = (value: unknown): readonly [schema: boolean, check: boolean] => [
    allowed(value),
    typeof parseEvidence(JSON.stringify(value)) !== 'string',
  ];
  it('is taken by the schema and by the check alike', () => {
    expect(both(LINE)).toEqual([true, true]);
    expect(both({ ...LINE, recording: null, debugger: null, dbgmcu: null })).toEqual([true, true]);
    expect(both({ ...LINE, value: 'another value: 0x0' })).toEqual([true, true]);
  });
  it.each<readonly [string, object]>([
    ['another schema', { schema: 'bootbench/evidence@2' }],
    ['a name that is no part', { chip: 'stm32l476rg' }],
    ['a DBGMCU word without its digits', { dbgmcu: '0x415' }],
    ['half a hash', { romSha256: 'ab' }],
    ['a value beyond ASCII', { value: 'kééps' }],
    ['no value', { value: '' }],
    ['a page of a value', { value: 'k'.repeat(61) }],
    ['a control run that was not served', { control: false }],
    ['no tries', { tries: 0 }],
    ['half a try', { tries: 1.5 }],
    ['a day that is none', { at: '2026-13-01' }],
    ['a recording outside of the folder', { recording: '../r.txt' }],
    ['a recording inside and out', { recording: 'a/../../r.txt' }],
    ['a recording anywhere', { recording: '/etc/passwd' }],
    ['a recording with a line break', { recording: 'a\nb' }],
    ['a serial number', { serial: '0123456789' }],
    ['a key that JavaScript has', { constructor: 1 }],
  ])('%s is refused by both', (_, change) => {
    expect(both({ ...LINE, ...change })).toEqual([false, false]);
  });
  it('without one of its keys is refused by both, and the key is named', () => {
    for (const key of Object.keys(LINE)) {
      const { [key as 'chip']: _left, ...rest } = LINE;
      expect(both(rest)).toEqual([false, false]);
      expect(parseEvidence(JSON.stringify(rest))).toBe(`${key} is missing`);
    }
  });
  it('with an option that no ROM has is refused', () => {
    expect(parseEvidence(JSON.stringify({ ...LINE, option: 'toString' }))).toBe('option is not an option of the ROM');
  });
  it('that is no object is refused in words', () => {
    expect([parseEvidence('{'), parseEvidence('[]'), parseEvidence('null'), parseEvidence('1')]).toEqual([
      'it is not JSON',
      ...new Array<string>(3).fill('it is not a JSON object'),
    ]);
  });
});

const witness = (contributor: string, change: Partial<EvidenceLine> = {}, replayed = false): Witness => ({
  line: { ...LINE, ...change },
  contributor,
  replayed,
});
const state = (witnesses: readonly Witness[]): string[] => mergeEvidence(witnesses).map((m) => m.state);

describe('what lines come to', () => {
  it('one contributor alone measures nothing, however often he says it', () => {
    expect(state([witness('ann'), witness('ann')])).toEqual(['alone']);
  });
  it('two contributors do, and so does one whose record replays', () => {
    expect(state([witness('ann'), witness('bob')])).toEqual(['measured']);
    expect(state([witness('ann', {}, true)])).toEqual(['measured']);
  });
  it('two values open both, whoever has a record', () => {
    const [merged] = mergeEvidence([witness('ann', {}, true), witness('bob', { value: 'clears' }, true), witness('cy', {}, true)]);
    expect(merged).toMatchObject({
      state: 'contradicted',
      values: [
        { value: 'clears', contributors: 1 },
        { value: 'keeps', contributors: 2 },
      ],
    });
  });
  it('another ROM, or another option, is another matter', () => {
    expect(state([witness('ann'), witness('bob', { romSha256: 'cd'.repeat(32) }), witness('bob', { option: 'basepri' })])).toEqual([
      'alone',
      'alone',
      'alone',
    ]);
  });
});

describe('the options of a ROM', () => {
  const defaults = findRomProfile('stm32l476')!.options;
  const merged = (change: Partial<MergedOption>): MergedOption => ({
    romId: 'stm32l476',
    romSha256: 'ab'.repeat(32),
    option: 'primask',
    values: [{ value: 'clears', contributors: 2, replayed: false }],
    state: 'measured',
    ...change,
  });
  const primask = (rows: readonly MergedOption[]) =>
    resolveRomOptions(withEvidence('stm32l476', defaults, rows)).find((o) => o.id === 'primask')!;

  it('are as before where nothing was measured of this ROM', () => {
    expect(withEvidence('stm32l476', defaults, [])).toBe(defaults);
    expect(withEvidence('stm32l476', defaults, [merged({ romId: 'stm32l496' })])).toBe(defaults);
    expect(withEvidence('stm32l476', defaults, [merged({ state: 'alone' })])).toBe(defaults);
    expect(primask([])).toMatchObject({ value: 'keeps', confidence: 'assumed' });
  });
  it('have what was measured, with the hash of the ROM that it holds for', () => {
    expect(primask([merged({})])).toMatchObject({
      value: 'clears',
      confidence: 'measured',
      source: 'ROM abababababab: clears (2 contributors)',
    });
    const others = resolveRomOptions(withEvidence('stm32l476', defaults, [merged({})])).filter((o) => o.id !== 'primask');
    expect(others).toEqual(resolveRomOptions(defaults).filter((o) => o.id !== 'primask'));
  });
  it('are open where boards contradict each other, and say so', () => {
    const values = [
      { value: 'clears', contributors: 1, replayed: false },
      { value: 'keeps', contributors: 2, replayed: true },
    ];
    const open = primask([merged({ state: 'contradicted', values })]);
    expect([open.value, open.confidence]).toEqual(['keeps', 'assumed']);
    expect(open.source).toMatch(
      /^boards contradict each other, so both values are open: ROM abababababab: clears \(1 contributor\), keeps \(2 contributors, record replayed\); before that assumed: /,
    );
  });
  it("that were read in ST's code keep that, whatever a board says", () => {
    const f103 = findRomProfile('stm32f103')!.options;
    const of = (value: string) =>
      withEvidence('stm32f103', f103, [
        merged({ romId: 'stm32f103', option: 'vtor', values: [{ value, contributors: 2, replayed: false }] }),
      ]).vtor!;
    expect(f103.vtor).toMatchObject({ value: 'another value: 0x0', settled: true });
    expect(of('another value: 0x0')).toMatchObject({ value: 'another value: 0x0', confidence: 'measured', settled: true });
    expect(of('another value: 0x0').source).toMatch(/^ROM abababababab: another value: 0x0 \(2 contributors\); /);
    expect(of('sets')).toMatchObject({ value: 'another value: 0x0', settled: true });
    expect(of('sets').source).toContain('boards of another ROM say otherwise: ROM abababababab: sets (2 contributors)');
  });
  it('keep their value where versions differ, or where what was measured is none of the values', () => {
    const other = merged({ romSha256: 'cd'.repeat(32), values: [{ value: 'keeps', contributors: 2, replayed: false }] });
    expect(primask([merged({}), other])).toMatchObject({ value: 'keeps', confidence: 'assumed' });
    expect(primask([merged({}), other]).source).toContain(
      'not the same in each version: ROM abababababab: clears (2 contributors); ROM cdcdcdcdcdcd: keeps',
    );
    const third = merged({ values: [{ value: 'sets it itself', contributors: 2, replayed: false }] });
    expect(primask([third])).toMatchObject({ value: 'keeps', confidence: 'assumed' });
    expect(primask([third]).source).toContain('sets it itself (2 contributors)');
  });
});
