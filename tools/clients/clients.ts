/**
 * Public DFU and AN3155 clients on the stand-in ROMs: `npm run clients -- <folder> [--rom F405,H743] [--client betaflight] [--guest <program>] [--write]`. The folder has the clients' files, as they were fetched
 * (docs/clients.md says how); `--guest` boots Linux with dfu-util; `--write` writes the table into docs/clients.md.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { DFU_ROMS, type DfuRom } from '../../src/usb.ts';
import { attempt } from './attempt.ts';
import { clients, regression } from './adapters.ts';
import type { Client, Outcome } from './client.ts';
import { dfuUtil, stm32flash } from './programs.ts';
import { kept, writePage, type Row } from './page.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rom: { type: 'string' }, client: { type: 'string' }, guest: { type: 'string' }, write: { type: 'boolean', default: false } },
});
const [folder] = positionals;
if (folder === undefined) {
  console.error('usage: npm run clients -- <folder> [--rom F405,H743] [--client betaflight] [--write]');
  process.exit(2);
}
// a promise that a client forgets: a line in a browser's console
process.on('unhandledRejection', () => undefined);
const wanted = (list: string | undefined, name: string): boolean =>
  list === undefined || list.split(',').some((part) => name.toLowerCase().startsWith(part.toLowerCase()));
const roms = DFU_ROMS.filter(({ name }) => wanted(values.rom, name));
const installed = (name: string): boolean => spawnSync(name, ['--help']).error === undefined;
/** Programs that are installed here; their versions are Debian's. */
const programs: Client[] = [
  ...(values.guest === undefined
    ? []
    : [{ name: 'dfu-util', from: 'Debian', file: '', program: (rom: DfuRom) => dfuUtil(rom, values.guest!) }]),
  ...(installed('stm32flash')
    ? [
        {
          name: 'stm32flash',
          from: 'Debian',
          file: '',
          program: (rom: DfuRom) => (rom.quirks.length > 0 ? Promise.resolve(null) : stm32flash(rom)),
        },
      ]
    : []),
];
const everyone = [...clients(folder), ...programs];
const chosen = everyone.filter(({ name }) => wanted(values.client, name));
if (chosen.length === 0 || roms.length === 0) {
  console.error(`no client in ${folder}, or no ROM: there are ${DFU_ROMS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

async function row(rom: (typeof DFU_ROMS)[number], list: readonly Client[]): Promise<Row> {
  const cells = new Map<string, Outcome | null>();
  for (const client of list) {
    const outcome = await attempt(client, rom);
    cells.set(client.name, outcome);
    console.log(`${rom.name}  ${client.name}  ${outcome === null ? '–' : outcome.ok ? 'ok' : `${outcome.step}: ${outcome.why}`}`);
  }
  return { rom, cells };
}
const rows: Row[] = [];
for (const rom of roms) {
  rows.push(await row(rom, chosen));
  kept(folder, rows, []);
}
const busy = roms.filter(({ quirks }) => quirks.includes('h743-bank2-busy'));
const before: Row[] = [];
for (const rom of values.client === undefined || wanted(values.client, 'betaflight') ? busy : [])
  before.push(await row(rom, regression(folder)));
const all = kept(folder, rows, before);
if (values.write) writePage(folder, everyone, all.rows, all.before);
