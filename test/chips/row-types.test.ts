/** What the compiler refuses in a row of a chip; each line below is an error, or `npm run typecheck` fails. */
import { expect, it } from 'vitest';
import { withOptions, type Row, type RowParts } from '../../src/chips/rows.ts';

const place = { name: 'X', base: 0x40000000, size: 0x400 };

it('refuses names of models, options and values that there are not', () => {
  // @ts-expect-error no such model
  const model: RowParts = { model: 'crc-v9' };
  // @ts-expect-error no such option
  const option: RowParts = { model: 'usart-v4', options: { fifoDeep: 8 } };
  // @ts-expect-error an option of another model
  const other: Row = { ...place, model: 'wwdg-v2', options: { syncTicks: 5 } };
  // @ts-expect-error a value of another type
  const value: RowParts = { model: 'tim', options: { bits: 24 } };
  // @ts-expect-error options that a model needs
  const missing: Row = { ...place, model: 'rng', options: { clock: 'usb' } };
  // @ts-expect-error options without a model
  const none: RowParts = { options: { clock: 'usb' } };
  expect([model, option, other, value, missing, none]).toHaveLength(6);
});

it('tells a row more of its own model alone', () => {
  const row: Row = { ...place, model: 'wwdg-v2', options: { clock: 'pclk1' } };
  expect(withOptions(row, 'wwdg-v2', { divider: 8192 }).options).toEqual({ clock: 'pclk1', divider: 8192 });
  expect(() => withOptions(row, 'iwdg-v3', { syncTicks: 5 })).toThrow('options of iwdg-v3 for a row of wwdg-v2');
});
