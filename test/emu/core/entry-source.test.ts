/** Where an entry into system memory came from, when it came by an exception return. */
import { describe, expect, it } from 'vitest';
import { bareMachine, FLASH, PS_PER_CYCLE, RAM_END } from './bare-machine.ts';
import { ThumbWriter } from './thumb-writer.ts';

const ROM = 0x1fff_0000;
const CODE = 0x40;

/** Calls SVC again and again; the handler's twentieth return goes to system memory. By `BX LR`, or by `POP {PC}`. */
function program(pops: boolean): { code: number[]; branch: number } {
  const w = new ThumbWriter().constant(5, ROM).emit(0x2400, 0xdf00, 0xe7fd);
  const handler = w.offset;
  if (pops) w.emit(0xb500, 0x3401, 0x2c14, 0xd100, 0x9507);
  else w.emit(0x3401, 0x2c14, 0xd100, 0x9506);
  const branch = CODE + w.offset;
  w.emit(pops ? 0xbd00 : 0x4770);
  const vectors = new Uint32Array(16);
  vectors[0] = RAM_END;
  vectors[1] = FLASH + CODE + 1;
  vectors[11] = FLASH + CODE + handler + 1;
  return { code: [...new Uint16Array(vectors.buffer), ...w.code], branch: FLASH + branch };
}

describe.each(['m4', 'm33', 'm7'] as const)('%s: an entry by an exception return comes from the branch of the handler', (core) => {
  it.each([
    ['BX LR', 'interpreted'],
    ['BX LR', 'translated'],
    ['POP {PC}', 'interpreted'],
    ['POP {PC}', 'translated'],
  ] as const)('%s, %s', (by, tier) => {
    const { code, branch } = program(by === 'POP {PC}');
    const memories = bareMachine(core).chip.memories;
    const m = bareMachine(
      core,
      {},
      { memories: [...memories, { name: 'ROM', base: ROM, size: 0x1000, kind: 'rom', zone: 'systemMemory' }] },
    );
    m.load(FLASH, new Uint8Array(Uint16Array.from(code).buffer));
    m.load(ROM, Uint8Array.of(0xfe, 0xe7));
    m.bootCore.setTranslating(tier === 'translated', 1);
    m.powerOn();
    m.run(5000 * PS_PER_CYCLE);
    expect(m.history.entries.map((e) => e.fromPc)).toEqual([branch]);
  });
});
