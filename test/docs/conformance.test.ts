/** docs/conformance.md: the table of dialects is made of the program. `BOOTBENCH_DOCS=write` writes it anew. */
import { it } from 'vitest';
import { DIALECT_TEXTS } from '../../src/usb-sim/conform/dialect.ts';
import { expectSection } from './sections.ts';

it('the table of dialects is that of the program', () => {
  const rows = DIALECT_TEXTS.map(([name, text]) => `| \`${name}\` | ${text} |`);
  expectSection('conformance.md', 'dialects', ['| name | deviation |', '| --- | --- |', ...rows].join('\n'));
});
