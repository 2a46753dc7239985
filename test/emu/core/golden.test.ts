/**
 * What a few tiny pieces of Thumb code become, as text that a person has read. After a change to the translator:
 *   npx vitest run test/emu/core/golden.test.ts -u
 * and read the difference before committing it.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import wabt from 'wabt';
import { BRANCH_TARGETS, fetchTableOf, MEMORY_BASE, readTableOf, REGION_SLOTS, WORD_MAP, writeTableOf } from '../../../src/emu/arena.ts';
import type { Profile } from '../../../src/emu/core/builder.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { Decoder, isWide, type Instruction } from '../../../src/emu/core/decode.ts';
import { HELPERS } from '../../../src/emu/core/helpers.ts';
import '../../../src/emu/core/isa/index.ts';
import { S } from '../../../src/emu/core/state.ts';
import { emitRegion } from '../../../src/emu/core/translate/emit.ts';
import { discover } from '../../../src/emu/core/translate/region.ts';
import type { Surroundings } from '../../../src/emu/core/translate/surroundings.ts';

const AT = 0x0800_1000;
const RAM_HOST = MEMORY_BASE + 0x1000;

/** Each instruction costs one cycle, taken branches one more; no wait states, no caches. */
function regionOf(code: readonly number[], listing: readonly string[], profile: Profile): { bytes: Uint8Array; listing: string } {
  const decoder = new Decoder(profile);
  const half = (pc: number): number | undefined => code[(pc - AT) / 2];
  const instruction = (pc: number): Instruction | null => {
    const first = half(pc);
    return first === undefined ? null : decoder.decode(first, isWide(first) ? half(pc + 2)! : 0);
  };
  const codeByte = (a: number): number => ((half(a & ~1) ?? 0xffff) >>> (8 * (a & 1))) & 0xff;
  const region = discover({ profile, instruction, unexecuted: () => null, codeByte }, AT)!;
  const env: Surroundings = {
    profile,
    core: 0,
    cpu: 0,
    cycles: ({ ins }) => ({ cost: 1, taken: /^(B|BL|BX|CBZ|TB)/.test(ins.decoded.op) ? 1 : 0 }),
    literal: () => null,
    ram: { base: 0x2000_0000, size: 0x8000, host: RAM_HOST },
    partialPages: false,
    fetch: 0,
    flashKinds: 0,
    lineBytes: 16,
    rowShift: 4,
    codeRows: 0,
    cacheSets: 256,
    following: () => 0,
    entering: () => 0,
    worstLine: 0,
    waitStates: 0,
    timedCode: false,
    cachedCode: false,
    cachedData: false,
    counted: false,
    slotOf: (pc) => (pc - AT) / 2,
    asksDevices: () => false,
    helpers: HELPERS,
  };
  return { bytes: emitRegion(region, env), listing: listing.map((line) => `;; ${line}`).join('\n') };
}

/** In the order of their numbers: parameters, then RegionEmitter.locals. */
const NAMES = [
  'depth',
  'target',
  ...Array.from({ length: 13 }, (_, n) => `r${n}`),
  'sp',
  'lr',
  'n',
  'z',
  'c',
  'v',
  'budget',
  'retired',
  'line',
  'touches',
  'hits',
  'next',
  'link',
  'giveCycles',
  'giveInstructions',
  'comparedA',
  'comparedB',
  'lazy',
  'selector',
];
const PLACES = new Map<number, string>([
  [readTableOf(0), 'read table'],
  [writeTableOf(0), 'write table'],
  [fetchTableOf(0), 'fetch table'],
  [WORD_MAP, 'written words'],
  [WORD_MAP + (RAM_HOST >>> 2), 'written words of the fast RAM'],
  [RAM_HOST, 'fast RAM'],
  [REGION_SLOTS, 'slots by record'],
  [BRANCH_TARGETS.ENTRIES, 'branch targets'],
]);
const STATE = new Map<number, string>([
  ...Object.entries(S).map(([name, offset]): [number, string] => [offset, name]),
  ...Array.from({ length: 13 }, (_, n): [number, string] => [S.R + 4 * n, `R${n}`]),
]);
function readable(wat: string): string {
  const lines = wat
    .replace(
      /local\.(get|set|tee) (\d+)/g,
      (_, what: string, n: string) => `local.${what} $${NAMES[Number(n)] ?? `t${Number(n) - NAMES.length}`}`,
    )
    .replace(/i32\.const (13422\d{4})$/gm, (all, n: string) => `${all} ;; 0x${Number(n).toString(16).padStart(8, '0')}`)
    .split('\n');
  return lines
    .map((line, i) =>
      line.replace(
        /^( *)(\S+(?:load|store)\S*)((?: offset=(\d+))?)(?: align=\d+)?$/,
        (_, indent: string, op: string, offset: string, n = '0') => {
          const at = Number(n);
          // state is addressed by its offset alone
          const isState = /i32\.const 0$/.test(lines[op.includes('load') ? i - 1 : i - 2] ?? '');
          const place = isState ? STATE.get(at) : PLACES.get(at);
          return `${indent}${op}${offset}${place === undefined ? '' : ` ;; ${place}`}`;
        },
      ),
    )
    .join('\n');
}
async function text(code: readonly number[], listing: readonly string[], profile: Profile): Promise<string> {
  const { bytes, listing: comment } = regionOf(code, listing, profile);
  const module = (await wabt()).readWasm(bytes, { tail_call: true, readDebugNames: true });
  try {
    return `${comment}\n${readable(module.toText({ foldExprs: false, inlineExport: false }))}`;
  } finally {
    module.destroy();
  }
}
const golden = (name: string): string => join(import.meta.dirname, 'golden', `${name}.wat`);

/** What each piece is, its code, and how it reads in assembler. */
const PIECES: readonly (readonly [name: string, code: readonly number[], listing: readonly string[]])[] = [
  ['alu-flags', [0x1888, 0x4159, 0x4770], ['08001000 ADDS R0, R1, R2', '08001002 ADCS R1, R3', '08001004 BX LR']],
  ['load', [0x6848, 0xe7fe], ['08001000 LDR R0, [R1, #4]: fast RAM, a page of the table, or out of the region', '08001002 B .']],
  ['loop', [0x3801, 0xd1fd, 0x4770], ['08001000 SUBS R0, R0, #1: the budget is looked at here', '08001002 BNE 08001000', '08001004 BX LR']],
  [
    'slot',
    [0x6878, 0x3001, 0x6078, 0x2809, 0xd1fa, 0x4770],
    [
      '08001000 LDR R0, [R7, #4]: looked up in front of the loop, and kept in a local',
      '08001002 ADDS R0, R0, #1',
      '08001004 STR R0, [R7, #4]: to memory and to the local',
      '08001006 CMP R0, #9',
      '08001008 BNE 08001000',
      '0800100a BX LR',
    ],
  ],
  ['call', [0xf000, 0xf806, 0xe7fe], ['08001000 BL 08001010: slot 8', '08001004 B .']],
  [
    'it-move',
    [0x2800, 0xbf0c, 0x2101, 0x2102, 0x4770],
    ['08001000 CMP R0, #0', '08001002 ITE EQ', '08001004 MOVEQ R1, #1', '08001006 MOVNE R1, #2', '08001008 BX LR'],
  ],
  [
    'table-branch',
    [0xe8df, 0xf000, 0x0201, 0x4770, 0x4770],
    ['08001000 TBB [PC, R0]', '08001004 bytes 1, 2', '08001006 BX LR', '08001008 BX LR'],
  ],
];

describe('what tiny pieces of code are translated into', () => {
  it.each(PIECES)('%s', async (name, code, listing) => {
    await expect(await text(code, listing, PROFILES.m4)).toMatchFileSnapshot(golden(name));
  });
  it('return-m7', async () => {
    const listing = ['08001000 BX LR: where it went the last time, or another call'];
    await expect(await text([0x4770], listing, PROFILES.m7)).toMatchFileSnapshot(golden('return-m7'));
  });
});
