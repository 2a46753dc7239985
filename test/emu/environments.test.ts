import { expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { BriefSystem } from '../brief.ts';

it('what a block is told of the machine holds no accessor: V8 would look each of its functions up in a dictionary', () => {
  const { blocks } = new BriefSystem(findChip('stm32h533re')!, MODELS);
  const accessors = blocks.flatMap(({ env }) => Object.values(Object.getOwnPropertyDescriptors(env)).filter((p) => p.get !== undefined));
  expect(accessors).toEqual([]);
  expect(blocks.map((b) => b.env.name)).toEqual(blocks.map((b) => b.row.name));
});
