/** Debug data that comes to little, and takes long to read: steps of reading are bounded, and what a command has no time for is left out. */
import { describe, expect, it } from 'vitest';
import { FrameTable } from '../../src/image/dwarf-frames.ts';
import { FunctionTable } from '../../src/image/dwarf-functions.ts';
import { LineTable } from '../../src/image/dwarf-line.ts';
import { debugSections, type DwarfSections } from '../../src/image/dwarf-reader.ts';
import { VariableTable } from '../../src/image/dwarf-variables.ts';
import { codePlace, declarationAt, loadImage, rulesAt } from '../../src/image/image.ts';
import { LeftOut } from '../../src/image/left-out.ts';
import { READING, Work } from '../../src/image/work.ts';
import {
  attributesWithoutBytes,
  CODE,
  linesInside,
  manyStates,
  manyVariables,
  repeated,
  withDebug,
  type Sections,
} from '../../tools/fuzz/debug-data.ts';
import { data } from './helpers.ts';

const RAM = 0x2000_0000;
const within = (most: number, sections: Sections): DwarfSections => {
  const made = debugSections((name) => sections[name] ?? null);
  return { ...made, work: new Work(made.leftOut, most) };
};
const everywhere = (): boolean => true;
const lines = (sections: DwarfSections): LineTable => new LineTable(sections, everywhere);
const functions = (sections: DwarfSections): FunctionTable => new FunctionTable(sections, lines(sections), everywhere);
const frames = ({ frame, work }: DwarfSections): FrameTable => new FrameTable(frame, null, everywhere, work);
/** DW_LNS_negate_stmt, which makes no row. */
const NO_ROWS = repeated(10_000, [6]);

describe('steps of reading are bounded, and what is behind them is told', () => {
  const most = 2 ** 17;
  it.each<[string, Sections, (sections: DwarfSections) => unknown]>([
    ['line tables within each other whose instructions make no rows', linesInside(200, NO_ROWS), (s) => lines(s).lookup(CODE)],
    ['attributes without bytes, of functions', attributesWithoutBytes(2000, 490), (s) => functions(s).functionAt(CODE)],
    ['attributes without bytes, of variables', attributesWithoutBytes(2000, 490), (s) => new VariableTable(s).declaredAt(RAM)],
    ['states of registers that are remembered', manyStates(400, 1000), (s) => frames(s).rulesAt(CODE)],
  ])('%s', (_, hostile, ask) => {
    const [few, all] = [within(most, hostile), within(2 ** 29, hostile)];
    ask(all);
    expect(all.leftOut.text).toBeNull();
    expect(all.work.done).toBeGreaterThan(4 * most);
    ask(few);
    expect(few.leftOut.text).toContain(`what is behind ${most} steps of reading`);
    // what is refused at once is counted, too
    expect(few.work.done).toBeLessThan(2 * most);
  });
  it('more registers than a core has', () => {
    const sections = within(2 ** 29, manyStates(600, 0));
    expect(frames(sections).rulesAt(CODE)).toBeNull();
    expect(sections.leftOut.text).toContain('call frame information of more than 512 registers');
  });
});

it('a header of a line table is read once for all variables that name it, and those of one address once', () => {
  const [variables, files] = [300, 1000];
  const sections = within(2 ** 29, manyVariables(variables, files, RAM));
  const table = new VariableTable(sections);
  expect(table.declaredAt(RAM)).toBeNull();
  // the line table as such is not asked for
  expect(sections.work.done).toBeLessThan(20 * (variables + files) + 10 * files);
  const before = sections.work.done;
  expect(table.declaredAt(RAM)).toBeNull();
  expect(sections.work.done).toBe(before);
});

it('an instruction that is asked about again takes no step', () => {
  const image = loadImage(data('calls.elf'), 'calls.elf');
  const ask = (): unknown => [codePlace([image], CODE + 0x40), rulesAt([image], CODE + 0x40)];
  const sections = within(2 ** 29, manyStates(100, 100));
  const table = frames(sections);
  expect(table.rulesAt(CODE)?.registers.size).toBe(100);
  const before = sections.work.done;
  expect(table.rulesAt(CODE)?.registers.size).toBe(100);
  expect(sections.work.done).toBe(before);
  expect(ask()).toEqual(ask());
});

it.each(['calls.elf', 'calls-zlib.elf', 'dwarf2-O0.elf', 'dwarf5-O2.elf'])(
  'a firmware takes few steps a byte of its debug data: %s',
  (name) => {
    const image = loadImage(data(name), name);
    const { sections } = image.lines as unknown as { readonly sections: DwarfSections };
    for (const { address } of image.symbols.all) {
      codePlace([image], address, address + 1);
      rulesAt([image], address);
      declarationAt([image], address);
    }
    const { line, info, abbrev, str, frame } = sections;
    const bytes = [line, info, abbrev, str, frame].reduce((sum, section) => sum + (section?.length ?? 0), 0);
    expect(sections.work.done).toBeGreaterThan(0);
    // 20 MB of it, as the largest has, are a tenth of the bound
    expect(sections.work.done / bytes).toBeLessThan(2 ** 29 / 10 / 20e6 + 5);
  },
);

describe('a command that is to end', () => {
  /** Three are more than its last words may take. */
  const large = linesInside(5, repeated(2 ** 22, [6]));
  it('reads no further than its last words take, says so, and keeps nothing half', () => {
    const elf = withDebug(data('calls.elf'), large);
    const image = loadImage(elf, 'calls.elf');
    const { work } = (image.lines as unknown as { readonly sections: DwarfSections }).sections;
    let looks = 0;
    READING.within(
      () => ++looks > 0,
      () => expect(image.lines.lookup(CODE)).toBeNull(),
    );
    expect(looks).toBeGreaterThan(0);
    expect(work.done).toBeLessThan(4 * 2 ** 22);
    expect(image.leftOut.text).toBe('debug information was left out, as the run was to end while it was read');
    // who asks later has time
    image.lines.lookup(CODE);
    expect(work.done).toBeGreaterThan(5 * 2 ** 22);
    expect(image.leftOut.text).toBeNull();
  });
  it('names lines all the same where its debug data is that of a firmware', () => {
    const image = loadImage(data('calls.elf'), 'calls.elf');
    const whole = loadImage(data('calls.elf'), 'calls.elf');
    const { address } = image.symbols.named('main')[0]!;
    READING.within(everywhere, () => expect(codePlace([image], address)).toEqual(codePlace([whole], address)));
    expect(codePlace([whole], address).line).not.toBeNull();
  });
  it('asks whoever said so before, too, and no longer than it works', () => {
    let asked = 0;
    READING.within(
      () => ++asked > 100,
      () => READING.within(() => false, READING.mustEnd),
    );
    expect(asked).toBe(1);
    expect(READING.mustEnd()).toBe(false);
    expect(new LeftOut().text).toBeNull();
  });
});
