/** A table in RAM that VTOR cannot point to: the core reads another vector, and the write of VTOR is the cause, not a handler that is lacking. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [ROM, VTOR, ISER0, ISPR0, ICER0] = [0x1fff0000, 0xe000ed08, 0xe000e100, 0xe000e200, 0xe000e180];
const VECTORS = 48;
/** Fills a table with a handler that never returns, and the vector of one line with its own, which the program jumps behind; then pends that line. */
function run(table: number, line: number, others = MAIN + 5): ReturnType<typeof runBench> & { readonly setsAt: number } {
  const t = new Thumb(MAIN).b('main').put(0xbf00).label('default').b('default').put(0xbf00);
  const handler = MAIN + 2 * t.length;
  t.constant(0, 0x20000800).movs(1, 1).str(1, 0).bxLr().label('main').constant(0, table).constant(1, others).constant(2, VECTORS).label('fill').str(1, 0); // prettier-ignore
  t.adds(0, 4).put(0x3a01).bne('fill').constant(0, table + 4 * (16 + line)).constant(1, handler + 1).str(1, 0).constant(6, 0x20000800).movs(1, 0).str(1, 6); // prettier-ignore
  t.constant(0, VTOR).constant(1, table);
  const setsAt = MAIN + 2 * t.length;
  t.str(1, 0)
    .constant(0, ISER0)
    .constant(1, 1 << line)
    .str(1, 0)
    .constant(0, ISPR0)
    .str(1, 0);
  t.label('wait').ldr(1, 6).cmp(1, 0).beq('wait').constant(0, ICER0).constant(1, 1 << line).str(1, 0); // prettier-ignore
  const image = bareImage(t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2));
  return { ...runBench(jobInput(plainJob('stm32f405rg', image))), setsAt };
}

it.each([
  [
    'bits that VTOR does not have',
    0x20000048,
    8,
    'VTOR was written with 0x20000048 and is 0x20000000',
    'at 0x20000060, and not at 0x200000a8',
  ],
  [
    'a table that is not at a multiple of its size',
    0x20000080,
    20,
    'VTOR is 0x20000080, which is not',
    'at 0x20000090, and not at 0x20000110',
  ],
])('%s', (_what, table, line, begins, reads) => {
  const { outcome, summary, diagnosis, setsAt } = run(table, line);
  const [cause] = diagnosis.causes;
  const found = [outcome, diagnosis.sets, cause?.what, cause?.proved, Number(cause?.lastWriter?.pc)];
  expect(found).toEqual(['stuck', [['state']], 'VTOR', true, setsAt]);
  expect(cause!.explanation.startsWith(begins)).toBe(true);
  expect(cause!.explanation).toContain(reads);
  expect(summary).not.toContain('has no handler');
});
it('the fault by a vector that is none, and lasts until the table is at a place that VTOR can hold', () => {
  const { outcome, diagnosis, setsAt } = run(0x20000048, 8, 0);
  const [cause] = diagnosis.causes;
  expect([outcome, diagnosis.sets, cause?.what, cause?.proved, Number(cause?.lastWriter?.pc)]).toEqual([
    'fault',
    [['state']],
    'VTOR',
    true,
    setsAt,
  ]);
  expect(cause!.fix).toContain('at a multiple of 0x200');
});
it('a table that is aligned', () => {
  expect(run(0x20000200, 20)).toMatchObject({ outcome: 'dfu', diagnosis: { causes: [] } });
});
