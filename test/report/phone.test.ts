/** One width up to which a page is a phone's, in every style sheet. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ON_PHONE } from '../../src/report/phone.ts';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

it.each(['web/style.css', 'site/.vitepress/theme/style.css', 'site/.vitepress/config.mjs'])(
  '%s has a phone begin where the report does',
  (file) => {
    const bounds = [...read(file).matchAll(/\(max-width: (\d+)(px|rem)\)/g)].map(([bound, width, unit]) => ({
      bound,
      px: Number(width) * (unit === 'rem' ? 16 : 1),
    }));
    const near = bounds.filter(({ px }) => px > 500 && px < 700);
    expect(near.length).toBeGreaterThan(0);
    expect(new Set(near.map(({ bound }) => bound))).toEqual(new Set([ON_PHONE]));
  },
);
