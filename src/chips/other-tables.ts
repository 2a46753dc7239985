/**
 * Vector tables of lines that are not modelled: how many interrupts the start-up files of ST have entries for, and which of them are reserved. Only those that no modelled
 * line has: it tells a line without a name where core, RCC and RAM are those of a neighbour.
 */
const TABLES: readonly (readonly [lines: string, interrupts: number, reserved: string])[] = [
  ['STM32C051', 29, '1,8,17-18,20'],
  ['STM32C091', 30, '1,8,17-18'],
  ['STM32C092', 32, '1,8,17-18'],
  ['STM32F100', 56, '19-22,43-53'],
  ['STM32F100', 61, '19-22,46-49'],
  ['STM32F101', 42, '19-22,24-27'],
  ['STM32F101', 42, '19-22,24-27,30,33-34,36,39'],
  ['STM32F101', 60, '19-22,24-27,42-47,49'],
  ['STM32F101', 60, '19-22,27,42,46-47,49'],
  ['STM32F102', 43, '21-22,24-27'],
  ['STM32F102', 43, '21-22,24-27,30,33-34,36,39'],
  ['STM32F410', 98, '19-22,28-30,36,39,42-46,48-49,51-53,55,61-67,71-79,82-94'],
  ['STM32F410', 98, '19-22,28-30,39,42-46,48-49,51-53,55,61-67,72-79,82-84,86-94'],
  ['STM32H7A3', 155, '61-62,79,98-101,103-109,114,123,126,143,146,148,151-152'],
  ['STM32H7B0 STM32H7B3', 155, '61-62,98-101,103-109,114,123,126,143,146,148'],
  ['STM32L010', 30, '1,8,14,16-19,21,24,26-27'],
  ['STM32L010', 30, '1,8,14,16-19,21-22,24,26-27'],
  ['STM32L011 STM32L021', 30, '8,14,16-19,21-22,24,26-27'],
  ['STM32L031 STM32L041', 30, '8,14,16-19,21,24,26-27'],
  ['STM32U031', 32, '8,22'],
  ['STM32U535', 126, '28,62,75,79,91,93,97,104-106,108-109,118,120-122'],
  ['STM32U545', 126, '62,75,79,91,104-106,109,118,120-122'],
  ['STM32U595', 132, '28,93,97,108-109'],
  ['STM32U599', 139, '28,93,97,108-109'],
  ['STM32U5F7', 141, '28,93,97,108-109,137'],
  ['STM32U5F9', 141, '28,93,97,108-109'],
  ['STM32WB10', 63, '19-20,22,32-33,35,37-38,42,49-51,55-61'],
  ['STM32WB15', 63, '19-20,32-33,35,38,42,49-51,55-61'],
  ['STM32WB30 STM32WB50', 63, '19-20,22,32-33,35,37-39,42,49-51,55-61'],
  ['STM32WBA5', 69, '3,7-8,10,28,42-45,47,50,52-53,56'],
  ['STM32WBA5', 71, '53,56'],
  ['STM32WBA6', 82, '72-79'],
  ['STM32WLE4 STM32WLE5', 62, '20,45-46'],
];

/** The lines, none of them modelled, whose table has so many interrupts and just these reserved. */
export function otherLinesWith(interrupts: number, reserved: readonly number[]): readonly string[] {
  const key = reserved.join(',');
  return TABLES.filter(([, n, ranges]) => n === interrupts && numbersOf(ranges).join(',') === key).flatMap(([lines]) => lines.split(' '));
}
function numbersOf(ranges: string): number[] {
  return ranges.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number);
    return Array.from({ length: to! - from! + 1 }, (_, i) => from! + i);
  });
}
