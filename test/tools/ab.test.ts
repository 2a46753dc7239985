import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { differences, grouped, groupText, leavesOf } from '../../tools/ab/leaves.ts';
import { randomProgram } from '../../tools/ab/programs.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const ab = (...options: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((done) =>
    execFile('node', ['tools/run-ts.mjs', 'tools/ab/ab.ts', ...options], { cwd: root }, (error, out, err) =>
      done({ code: Number(error?.code ?? 0), out, err }),
    ),
  );

describe('documents as leaves', () => {
  test('members of a list go by their ids, so that one more moves no other', () => {
    const before = new Map(
      leavesOf({
        checks: [
          { id: 'msp', verdict: 'pass' },
          { id: 'vtor', verdict: 'fail' },
        ],
      }),
    );
    const after = new Map(
      leavesOf({
        checks: [
          { id: 'msp', verdict: 'pass' },
          { id: 'new', verdict: 'pass' },
          { id: 'vtor', verdict: 'fail' },
        ],
      }),
    );
    expect(differences(before, after).map(({ key }) => key)).toEqual(['$.checks.length', '$.checks[new].id', '$.checks[new].verdict']);
  });

  test('two members of one name are told apart', () => {
    expect(
      [
        ...leavesOf([
          { kind: 'loop', text: 'a' },
          { kind: 'loop', text: 'b' },
        ]),
      ].map(([path]) => path),
    ).toContain('$[loop#2].text');
  });
});

describe('groups', () => {
  const list = differences(
    new Map<string, unknown>([
      ['a/s.json $.outcome', 'dfu'],
      ['b/s.json $.outcome', 'dfu'],
      ['c/s.json $.time.cycles', 5],
      ['d/s.json $.x', 1],
    ]),
    new Map<string, unknown>([
      ['a/s.json $.outcome', 'fault'],
      ['b/s.json $.outcome', 'fault'],
      ['c/s.json $.time.cycles', 6],
    ]),
  );

  test('the same change at the same place is one group, the largest first', () => {
    expect(grouped(list).map(({ place, change, members }) => [place, change, members.length])).toEqual([
      ['$.outcome', '"dfu" → "fault"', 2],
      ['$.time.cycles', 'another number', 1],
      ['$.x', 'is gone', 1],
    ]);
  });

  test('a group shows where it was seen, and both values where the change does not', () => {
    expect(grouped(list).slice(0, 2).flatMap(groupText)).toEqual([
      '  $.outcome: "dfu" → "fault" (2: a/s.json, b/s.json)',
      '  $.time.cycles: another number (1: c/s.json)',
      '      was 5',
      '      is  6',
    ]);
  });

  test('equal answers differ in nothing', () => {
    const same = new Map<string, unknown>([['a $.outcome', 'dfu']]);
    expect(differences(same, new Map(same))).toEqual([]);
  });
});

test('a random program is the same for the same seed, and starts at its reset vector', () => {
  const program = randomProgram(3, 0x20000000);
  expect(randomProgram(3, 0x20000000)).toEqual(program);
  expect(randomProgram(4, 0x20000000)).not.toEqual(program);
  const words = new DataView(program.buffer);
  expect([words.getUint32(0, true), words.getUint32(4, true)]).toEqual([0x20000800, 0x08000041]);
});

test.each([
  [['no-such-commit'], 'ab: no-such-commit is no commit'],
  [[], 'ab: name one commit'],
  [['HEAD', '--parts', 'boots,bots'], 'ab: there is no part bots'],
])('wrong use is told before anything is built: %j', async (options, message) => {
  expect(await ab(...options)).toEqual({ code: 2, out: '', err: `${message}; --help says what it takes\n` });
});
