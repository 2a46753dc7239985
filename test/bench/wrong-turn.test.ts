/** The branch that led into an endless loop is a cause where the other way leads into the ROM, unless it asks what nobody has stored or sent. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { SymbolTable } from '../../src/image/symbols.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, FLASH, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [ROM, WORD, GPIOA_IDR, AHB1ENR] = [0x1fff0000, 0x20000040, 0x40020010, 0x40023830];
const [APB1ENR, TIM2] = [0x40023840, 0x40000000];
const causesOf = (t: Thumb): ReturnType<typeof runBench>['diagnosis'] & { readonly outcome: string } => {
  const { outcome, diagnosis } = runBench(jobInput(plainJob('stm32f405rg', bareImage(t))));
  return { ...diagnosis, outcome };
};
/** Goes into the ROM if what R1 holds is 4, else into `b .`. */
const asksFor4 = (t: Thumb): Thumb => t.cmp(1, 4).bne('end').constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2).label('end').b('end');
const stored = (value: number): Thumb => asksFor4(new Thumb(MAIN).constant(0, WORD).constant(1, value).str(1, 0).ldr(1, 0));

it('the word that the program stored, and what it is compared with', () => {
  const { outcome, explained, causes, sets } = causesOf(stored(5));
  expect({ outcome, explained, sets }).toEqual({ outcome: 'stuck', explained: true, sets: [['branch']] });
  expect(causes).toHaveLength(1);
  expect(causes[0]).toMatchObject({ id: 'branch', proved: true, what: '0x20000040', outcomeAfterRepair: 'dfu' });
  expect(causes[0]!.explanation).toContain('because 0x20000040 is 5, and is compared with 4');
});
it('with the word right, there is nothing to find', () => {
  expect(causesOf(stored(4))).toMatchObject({ outcome: 'dfu', causes: [] });
});
it.each([
  ['a word that nothing has stored', () => asksFor4(new Thumb(MAIN).constant(0, WORD).ldr(1, 0))],
  ['a pin', () => asksFor4(new Thumb(MAIN).constant(0, AHB1ENR).constant(1, 1).str(1, 0).constant(0, GPIOA_IDR).ldr(1, 0))],
] as const)('%s is an input, and no cause', (_what, program) => {
  const { outcome, causes } = causesOf(program());
  expect([outcome, causes.map(({ id }) => id)]).toEqual(['stuck', []]);
});
it('a loop that another branch than the last one leads into', () => {
  const t = new Thumb(MAIN).constant(0, WORD).constant(1, 5).str(1, 0).ldr(1, 0).cmp(1, 4).bne('error');
  t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
  // a delay in front of the end
  t.label('error').constant(2, 30).label('delay').put(0x3a01).bne('delay').label('end').b('end');
  const { causes } = causesOf(t);
  expect(causes.map(({ id, proved }) => [id, proved])).toEqual([['branch', true]]);
});

/**
 * Reads the word once, and goes into `b .` with TIM2 on, or into a loop that `polls` a pin and compares the word as it was; the handler of its tenth update stores a value
 * there, and stops it if it is the `last`.
 */
function readOnce(value: number, { last = false, polls = false } = {}): ReturnType<typeof runBench> {
  const t = new Thumb(MAIN).b('main').put(0xbf00).label('handler').constant(0, TIM2).movs(1, 0).str(1, 0, 0x10);
  t.constant(0, WORD).ldr(1, 0, 4).put(0x3101).str(1, 0, 4).cmp(1, 10).bne('back').movs(1, value).str(1, 0);
  if (last) t.constant(0, TIM2).movs(1, 0).str(1, 0);
  t.label('back').bxLr().label('main').constant(2, WORD).movs(1, 0).str(1, 2).str(1, 2, 4);
  t.constant(0, APB1ENR)
    .movs(1, 1)
    .str(1, 0)
    .constant(0, 0xe000e100)
    .constant(1, 1 << 28)
    .str(1, 0);
  t.constant(3, TIM2).constant(1, 15999).str(1, 3, 0x2c).movs(1, 1).str(1, 3, 0xc).str(1, 3);
  t.constant(0, AHB1ENR).movs(1, 1).str(1, 0).constant(5, GPIOA_IDR).ldr(1, 2);
  if (polls) t.label('end').ldr(0, 5).cmp(1, 4).bne('end');
  else t.cmp(1, 4).bne('end');
  t.movs(1, 0).str(1, 3, 0xc).str(1, 3).constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
  if (!polls) t.label('end').b('end');
  const [image] = bareImage(t);
  new DataView(image!.bytes.buffer).setUint32(4 * (16 + 28), MAIN + 4 + 1, true);
  return runBench(jobInput(plainJob('stm32f405rg', [image!])));
}
it.each([
  ['while the timer goes on', {}, 'no-jump'],
  ['and then nothing happens any more', { last: true }, 'stuck'],
  ['in a loop that polls a pin beside it', { last: true, polls: true }, 'stuck'],
] as const)('a word that the loop does not read again, and a handler writes later, %s', (_how, how, ends) => {
  const { outcome, diagnosis } = readOnce(4, how);
  const [cause] = diagnosis.causes;
  expect([outcome, diagnosis.causes.length, cause?.id, cause?.proved]).toEqual([ends, 1, 'branch', true]);
  expect(cause!.explanation).toMatch(
    /reads 0x20000040 once, as 0, .* does not read it again\. The handler at .* writes 4 to it later, at /,
  );
  expect(cause!.fix).toContain('volatile');
});
describe('a word that the handler of a byte stores, and that the loop does not read again', () => {
  const [USART3, LINE, GPIOB] = [0x40004800, 39, 0x40020400];
  /** The code between the read and the branch to itself is the other way; `asks` for the byte, or only for what the handler does. */
  function readOnceFor(byte: number, text: string | null, jumpsBy = ROM): ReturnType<typeof runBench> {
    const t = new Thumb(MAIN).b('main').put(0xbf00).label('handler').constant(0, USART3).ldr(1, 0, 4).cmp(1, 0x44).bne('back');
    t.constant(0, WORD).str(1, 0).label('back').bxLr();
    const size = 2 * t.length - 4;
    t.label('main').constant(2, WORD).movs(1, 0).str(1, 2);
    t.constant(0, AHB1ENR).movs(1, 2).str(1, 0).constant(0, APB1ENR).constant(1, 0x40000).str(1, 0);
    t.constant(0, GPIOB).constant(1, 0xa00280).str(1, 0).constant(1, 0x7700).str(1, 0, 0x24);
    t.constant(0, USART3).movs(1, 0x8b).str(1, 0, 8).constant(1, 0x202c).str(1, 0, 12);
    t.constant(0, 0xe000e104)
      .movs(1, 1 << (LINE - 32))
      .str(1, 0);
    t.ldr(1, 2).cmp(1, byte).beq('go').label('end').b('end');
    t.label('go').constant(0, 0xe000e184).movs(1, 0x80).str(1, 0).constant(0, jumpsBy).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
    const [image] = bareImage(t);
    new DataView(image!.bytes.buffer).setUint32(4 * (16 + LINE), MAIN + 4 + 1, true);
    const job = plainJob('stm32f405rg', [image!]);
    const steps = text === null ? [] : [{ at: '5ms', do: { uart: { port: 'USART3', text } } }];
    const input = jobInput({ ...job, scenario: { ...job.scenario, steps } });
    const symbol = { name: 'on_byte', address: MAIN + 4, size, kind: 'function', binding: 'global' } as const;
    const symbols = new SymbolTable([symbol], () => MAIN + 4 + size);
    return runBench({ ...input, images: [{ ...input.images[0]!, symbols }] });
  }
  it('is the cause, though the ROM would have heard the byte, and no wait for a byte', () => {
    const { outcome, diagnosis, notes } = readOnceFor(0x44, 'D');
    expect([outcome, diagnosis.sets]).toEqual(['stuck', [['branch']]]);
    expect(diagnosis.causes[0]!.explanation).toMatch(/reads 0x20000040 once, as 0, .* writes 0x44 to it later, at 5/);
    expect(notes.filter(({ about }) => about?.is === 'waits-for-input')).toEqual([]);
  });
  it('is the cause, too, before a byte has come', () => {
    const { diagnosis } = readOnceFor(0x44, null);
    expect(diagnosis.sets).toEqual([['branch']]);
    expect(diagnosis.causes[0]!.explanation).toContain('on_byte, of interrupt 39 (USART3), can write it, and nothing reads it then.');
  });
  it('is none where the other way leads nowhere', () => {
    const { diagnosis, notes } = readOnceFor(0x44, 'D', 0x08000000);
    expect(diagnosis.causes).toEqual([]);
    expect(notes.some(({ about }) => about?.is === 'waits-for-input')).toBe(true);
  });
});
it('a loop that polls a pin waits for it where no handler gives the word another value', () => {
  expect(readOnce(0, { last: true, polls: true }).diagnosis.causes).toEqual([]);
});
it('a main loop that leaves everything to handlers is no cause', () => {
  const { outcome, diagnosis } = readOnce(0);
  expect([outcome, diagnosis.causes]).toEqual(['no-jump', []]);
});

it('a mask that keeps the tick away is the cause, not the branch that asks for what the tick would have stored', () => {
  const [CPSID, CPSIE, SYST] = [0xb672, 0xb662, 0xe000e010];
  const t = new Thumb(MAIN).b('main').put(0xbf00).label('handler').constant(0, WORD).movs(1, 1).str(1, 0).bxLr();
  t.label('main').put(CPSID).constant(0, WORD).movs(1, 0).str(1, 0);
  t.constant(2, SYST).constant(1, 3999).str(1, 2, 4).str(1, 2, 8).movs(1, 7).str(1, 2);
  t.label('wait').ldr(1, 0).cmp(1, 0).beq('wait').movs(1, 0).str(1, 2).put(CPSIE);
  const [image] = bareImage(t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2));
  const view = new DataView(image!.bytes.buffer);
  view.setUint32(4 * 15, MAIN + 4 + 1, true);
  const { outcome, diagnosis } = runBench(jobInput(plainJob('stm32f405rg', [image!])));
  expect([outcome, diagnosis.causes.map(({ what, proved }) => [what, proved])]).toEqual(['stuck', [['PRIMASK', true]]]);
  expect(view.getUint16(Number(diagnosis.causes[0]!.lastWriter!.pc) - FLASH, true)).toBe(CPSID);
});
