import { expect, test } from 'vitest';
import { codePlace, loadImage } from '../../src/image/image.ts';
import { data } from './helpers.ts';

test('without optimisation a function of a header is called: its line is that of the call as long as LR holds the return address', () => {
  const image = loadImage(data('dwarf5-O0.elf'), 'a.elf');
  const twice = image.symbols.named('twice')[0]!;
  const call = image.lines.addressesOf('main.c', 9);
  // the BL in `wait`: its return address is somewhere in the code of line 9
  const back = call[0]! + 0x0a;
  const at = codePlace([image], twice.address + 6, back | 1);
  expect(at).toMatchObject({ pc: twice.address + 6, symbol: 'wait', file: 'main.c', line: 9, inlined: 'twice' });
  expect(codePlace([image], twice.address + 6)).toMatchObject({ symbol: 'twice', file: 'inline.h', inlined: null });
});
