/**
 * What each check minds, in a file of its own (minds/<id>.txt): facts handed over to the ROM, and events on the way there, by which it comes to another verdict. `BOOTBENCH_GOLDEN=write`
 * writes it anew. A check without such a file is judged by its own tests alone.
 */
import { existsSync } from 'node:fs';
import { describe, it } from 'vitest';
import { familyOf } from '../../src/checks/families.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { CHIPS, findChip } from '../../src/chips/index.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { byChips, mindedBy, mindedOnTheWay, WITHOUT_ENTRY } from './minded.ts';

/** The first chip of each family. */
const chips = [...new Map(CHIPS.toReversed().map((c) => [c.family, c])).values()].filter((c) => familyOf(c) !== null);
const on = (name: string) => findChip(name)!;
const fileOf = (id: string): URL => new URL(`./minds/${id}.txt`, import.meta.url);

describe('What is minded by', () => {
  it.each(CHECKS.filter(({ id }) => existsSync(fileOf(id))).map((check) => [check.id, check] as const))('%s', (id, check) => {
    const way = [on('stm32h533re'), on('stm32l476rg')].map((chip) => [chip.name, mindedOnTheWay(check, chip)] as const);
    const fault = mindedOnTheWay(check, on('stm32h533re'), WITHOUT_ENTRY['fault']);
    const noJump = mindedOnTheWay(check, on('stm32l072cz'), WITHOUT_ENTRY['no-jump']);
    const lines = [
      'HANDED OVER',
      ...byChips(chips.map((chip) => [chip.name, mindedBy(check, chip)])),
      'ON THE WAY',
      ...byChips(way),
      'WITHOUT AN ENTRY',
      ...byChips([['fault', fault], ['no-jump', noJump]]), // prettier-ignore
    ];
    expectAsBefore(lines, fileOf(id));
  });
});
