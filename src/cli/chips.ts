/** `bootbench chips [chip]`: what is emulated, and the ledger of where every number comes from. */
import { jsonDocument } from '../bench/documents/json-text.ts';
import { CHIPS } from '../chips/index.ts';
import { hasPin, packageOf, PARTS_SOURCE } from '../chips/parts.ts';
import type { ChipDescription, Sourced } from '../emu/chip.ts';
import { ROM_OPTION_VALUES, resolveRomOptions } from '../rom/options.ts';
import { limitationsOf } from '../rom/limitations.ts';
import { AN2606, DFU_DIALECTS, findRomProfile, i2cAddress, type RomInterface, type RomProfile } from '../rom/profiles.ts';
import { Layout } from '../emu/registers.ts';
import { MODELS } from '../peripherals/index.ts';
import { pad, wrap } from '../report/text.ts';
import { romProfileIfAny } from '../bench/input/job.ts';
import { chipNamed } from './inputs.ts';
import { EXIT, paintFor, type Io } from './io.ts';

export interface ChipsOptions {
  readonly json?: boolean;
  readonly color?: boolean;
}

export function chipsCommand(name: string | undefined, options: ChipsOptions, io: Io): number {
  if (name === undefined) {
    if (options.json === true) io.stdout.raw(jsonDocument(CHIPS.map(summary)));
    else io.stdout.write(list());
    return EXIT.ok;
  }
  const chip = chipNamed(name);
  if (options.json === true) io.stdout.raw(jsonDocument({ ...ledger(chip), Peripherals: coverage(chip) }));
  else io.stdout.write(ledgerText(chip, io, options));
  return EXIT.ok;
}

const kib = (n: number): string => (n % 1024 === 0 ? `${n / 1024} KiB` : `${n} bytes`);

function summary(chip: ChipDescription): {
  name: string;
  cores: string[];
  flash: number;
  ram: number;
  rom: string | null;
  romVersions: readonly string[];
} {
  const total = (kind: string): number => chip.memories.filter((m) => m.kind === kind && m.zone === 'user').reduce((n, m) => n + m.size, 0);
  return {
    name: chip.name,
    cores: chip.cores.map((c) => c.type),
    flash: total('flash'),
    ram: total('ram'),
    rom: chip.rom?.id ?? null,
    romVersions: chip.rom?.versions.value ?? [],
  };
}

function list(): string {
  const rows = CHIPS.map(summary).map(
    (c) =>
      `${pad(c.name, 14)} ${pad(c.cores.join(' + '), 26)} flash ${pad(kib(c.flash), 9)} RAM ${pad(kib(c.ram), 9)} ROM ${c.romVersions.join(', ')}`,
  );
  return `${rows.join('\n')}\n\nOther packages and flash sizes of these lines: give their part numbers. The stand-in ROM models the last version listed and, with\n--rom-version, the others, except for what bootbench chips <chip> lists as missing. That command also shows the source of every number.\n`;
}

interface LedgerRow {
  readonly name: string;
  readonly value: string;
  readonly confidence: string;
  readonly source: string;
}
type Ledger = Readonly<Record<string, readonly LedgerRow[]>>;

const show = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));
const row = (name: string, fact: Sourced<unknown>, value = show(fact.value)): LedgerRow => ({
  name,
  value,
  confidence: fact.confidence,
  source: fact.source,
});
const address = (n: number): string => `0x${n.toString(16).padStart(8, '0')}`;

/** Every number with its source, by topic. */
export function ledger(chip: ChipDescription): Ledger {
  const profile = romProfileIfAny(chip);
  const rom =
    profile === null
      ? []
      : [
          row('versions', profile.versions, profile.versions.value.join(', ')),
          row(
            'vector table',
            { value: profile.base, source: profile.systemMemory.source, confidence: profile.systemMemory.confidence },
            address(profile.base),
          ),
          row('RAM used', profile.ramUse, profile.ramUse.value.map((r) => `${address(r.base)} ${kib(r.size)}`).join(', ')),
          row('initial SP', profile.initialStack, address(profile.initialStack.value)),
          row('SYSCLK (Hz)', profile.sysclkHz),
          ...(profile.dfu === null
            ? []
            : [
                row('DFU device', profile.dfu.alts, `${DFU_DIALECTS[profile.dfu.dialect].product}, ${profile.dfu.alts.value.join(', ')}`),
                row(
                  'bwPollTimeout (ms)',
                  profile.dfu.pollMs,
                  Object.entries(profile.dfu.pollMs.value)
                    .map((e) => e.join(' '))
                    .join(', '),
                ),
              ]),
          row('start-up (ms)', profile.startUpMs),
          ...(profile.dfu === null ? [] : [row('USB connect (ms)', profile.usbConnectMs)]),
          row(
            'interfaces',
            profile.interfaces,
            profile.interfaces.value.map((i) => `${i.name} (${pinsOf(i)}): ${i.detection}${noticed(profile, i)}`).join(', '),
          ),
        ];
  const options = (profile === null ? [] : resolveRomOptions(profile.options)).map((o) => {
    const others = ROM_OPTION_VALUES[o.id].filter((v) => v !== o.value);
    return { name: o.id, value: `${o.value} (else ${others.join(', ')})`, confidence: o.confidence, source: o.source };
  });
  const left = [
    ...options.filter((o) => o.name.startsWith('leave-')),
    ...(profile?.leaves ?? []).map(({ what, state }) => row(what, state)),
  ];
  const boot = (chip.boot ?? []).map((r) => ({
    name:
      r.when.length === 0 ? 'otherwise' : r.when.map((c) => `${c.signal} = ${c.is.map((v) => `0x${v.toString(16)}`).join('|')}`).join(', '),
    value: `${r.boots} ${typeof r.vectors === 'number' ? address(r.vectors) : r.vectors.field}`,
    confidence: r.confidence,
    source: r.source,
  }));
  return {
    Package: packageRows(chip),
    'Memory map': memoryMap(chip),
    'Flash and caches': flashRows(chip),
    'Parameters (times in ps)': Object.entries(chip.parameters).map(([name, fact]) => row(name, fact)),
    'Boot selection': boot,
    'Option bytes (factory)': Object.entries(chip.optionBytes ?? {}).map(([name, o]) =>
      row(name, o.factory, `0x${o.factory.value.toString(16)}`),
    ),
    'Stand-in ROM': rom,
    'Known limitations of the ROM by version': limitationsOf(profile?.id ?? '').map(({ versions, what, played }) => ({
      name: versions.join(', '),
      value: `${what} (${played ? 'modelled' : 'not modelled'})`,
      confidence: 'documented',
      source: `${AN2606}, version tables`,
    })),
    'State after a DFU leave': left,
    'ROM options (--rom-option)': options,
  };
}

/** The package, its pins, and what of the ROM it leaves out. */
function packageRows(chip: ChipDescription): LedgerRow[] {
  const found = packageOf(chip);
  if (found === null) return [];
  const fact = (name: string, value: string): LedgerRow => ({ name, value, confidence: 'documented', source: PARTS_SOURCE });
  const pins = Object.entries(found.pins).map(([port, bits]) => `P${port}${ranges(bits)}`);
  const lost = (findRomProfile(chip.rom?.id ?? '')?.interfaces.value ?? []).flatMap((i) => {
    const missing = Object.values(i.pins).filter((pin) => !hasPin(chip, pin));
    return missing.length === 0 ? [] : [`${i.name} (${missing.join(', ')})`];
  });
  return [
    fact(found.letter === null ? 'any of' : 'package', found.name),
    fact('pins', pins.join(' ')),
    ...(lost.length === 0 ? [] : [fact('interfaces of the ROM without known pins', lost.join(', '))]),
  ];
}
/** `0-5,7` of 0xbf. */
function ranges(bits: number): string {
  const list: string[] = [];
  for (let n = 0; n < 16; n++) {
    if (!((bits >>> n) & 1)) continue;
    let end = n;
    while ((bits >>> (end + 1)) & 1 && end < 15) end++;
    list.push(end === n ? `${n}` : `${n}-${end}`);
    n = end;
  }
  return list.join(',');
}

/** Wait states by clock, what the flash controller holds and reads ahead, what a line of a core's own cache costs. */
function flashRows(chip: ChipDescription): LedgerRow[] {
  const caches = (name: string, fact: ChipDescription['flashCache']): LedgerRow[] => {
    if (!fact) return [];
    const { lineBytes, rowBytes, codeRows, dataRows } = fact.value;
    const rows = codeRows + dataRows === 0 ? 'no cache' : `rows of ${rowBytes} bytes: ${codeRows} of instructions, ${dataRows} of data`;
    return [row(name, fact, `lines of ${lineBytes} bytes, ${rows}`)];
  };
  const steps = (table: readonly (readonly [number, number])[]): string =>
    table.map(([mhz, waits]) => `${waits} up to ${mhz} MHz`).join(', ');
  return [
    ...Object.entries(chip.maxHclkHz?.value ?? {}).map(([range, hz]) => row(`highest HCLK, ${range}`, chip.maxHclkHz!, `${hz / 1e6} MHz`)),
    ...Object.entries(chip.flashLatency?.value ?? {}).map(([range, table]) =>
      row(`wait states, ${range}`, chip.flashLatency!, steps(table)),
    ),
    ...caches('flash controller', chip.flashCache),
    ...chip.cores.flatMap((core) => [
      ...caches(`in front of ${core.name}`, core.flashCache),
      ...(core.lineFill ? [row(`line fill of ${core.name}, cycles of ${core.lineFill.clock}`, core.lineFill.cycles)] : []),
    ]),
  ];
}

function memoryMap(chip: ChipDescription): LedgerRow[] {
  const { source, confidence } = chip.sources!.memories;
  const rows = chip.memories.map((m) => {
    const more = [
      m.kind === 'flash' && m.programmedBy ? `programmed by ${m.programmedBy}` : '',
      m.aliases ? `also at ${m.aliases.map(address).join(', ')}` : '',
      m.core ? `seen only by ${m.core}` : '',
      m.backup ? 'keeps its contents with VBAT' : '',
    ].filter((x) => x !== '');
    const zone = m.zone === 'user' ? '' : m.zone === 'systemMemory' ? ', system memory' : ', not executable';
    return { base: m.base, name: m.name, text: `${kib(m.size)} ${m.kind}${zone}${more.map((x) => `; ${x}`).join('')}` };
  });
  if (chip.remap) {
    const shown = Object.entries(chip.remap.shows).map(([value, memory]) => `${memory} with ${value}`);
    rows.push({ base: chip.remap.base, name: 'window', text: `shows what the wire ${chip.remap.wire} chooses: ${shown.join(', ')}` });
  }
  return rows.sort((a, b) => a.base - b.base).map((r) => ({ name: `${address(r.base)} ${r.name}`, value: r.text, source, confidence }));
}

const oneSource = (rows: readonly LedgerRow[]): boolean =>
  rows.length > 1 && rows.every((r) => r.source === rows[0]!.source && r.confidence === rows[0]!.confidence);

/** Blocks that share a model, what it rests on and what is left out of it. */
export interface CoverageRow {
  readonly blocks: readonly string[];
  readonly model: string;
  readonly source: string;
  readonly confidence: string;
  /** Registers that keep their reset value and write mask and do nothing; an access is reported. */
  readonly registersOnly: readonly string[];
  readonly lacks: readonly string[];
}
/** From the models themselves, so that it is what they do. */
export function coverage(chip: ChipDescription): { readonly modelled: readonly CoverageRow[]; readonly registersOnly: readonly string[] } {
  const modelled = new Map<string, CoverageRow & { blocks: string[] }>();
  for (const b of chip.blocks) {
    if (b.model === null) continue;
    const layout = new Layout(chip.facts[b.facts ?? b.name]!);
    const model = MODELS[b.model]!(layout, { block: b.name, ...b.options });
    const all = layout.registers.map((r) => r.name);
    const registersOnly = model.modelled === 'all' ? [] : all.filter((name) => !model.modelled.includes(name));
    const { source, confidence, lacks } = model.about!;
    const key = `${b.model} ${registersOnly.join()}`;
    const same = modelled.get(key);
    if (same) same.blocks.push(b.name);
    else modelled.set(key, { blocks: [b.name], model: b.model, source, confidence, registersOnly, lacks });
  }
  return { modelled: [...modelled.values()], registersOnly: chip.blocks.filter((b) => b.model === null).map((b) => b.name) };
}

const CONFIDENCE_STYLE = {
  documented: 'green',
  measured: 'green',
  reported: 'cyan',
  inferred: 'yellow',
  fitted: 'yellow',
  assumed: 'yellow',
} as const;

function ledgerText(chip: ChipDescription, io: Io, options: ChipsOptions): string {
  const paint = paintFor(io, io.stdout, options.color !== false);
  const width = Math.max(80, Math.min(io.stdout.columns, 140));
  const s = summary(chip);
  const lines = [`${paint('bold', chip.name)}: ${s.cores.join(' + ')}, flash ${kib(s.flash)}, RAM ${kib(s.ram)}`];
  for (const [topic, rows] of Object.entries(ledger(chip))) {
    if (rows.length === 0) continue;
    lines.push('', paint('bold', topic));
    const painted = (r: LedgerRow): string =>
      `${paint(CONFIDENCE_STYLE[r.confidence as keyof typeof CONFIDENCE_STYLE] ?? 'dim', r.confidence)}  ${paint('dim', r.source)}`;
    // One source for all rows stands above them.
    const shared = oneSource(rows);
    if (shared) lines.push(...wrap(painted(rows[0]!), width, '      ', '  '));
    for (const r of rows) lines.push(...wrap(`${r.name}: ${r.value}${shared ? '' : `  ${painted(r)}`}`, width, '      ', '  '));
  }
  const { modelled, registersOnly } = coverage(chip);
  lines.push('', paint('bold', 'Peripherals that are modelled'));
  for (const m of modelled) {
    const style = CONFIDENCE_STYLE[m.confidence as keyof typeof CONFIDENCE_STYLE] ?? 'dim';
    lines.push(
      ...wrap(`${m.blocks.join(', ')}: ${m.model}  ${paint(style, m.confidence)}  ${paint('dim', m.source)}`, width, '      ', '  '),
    );
    if (m.lacks.length > 0) lines.push(...wrap(`lacks: ${m.lacks.join('; ')}`, width, '      ', '    '));
    if (m.registersOnly.length > 0) lines.push(...wrap(`registers only: ${m.registersOnly.join(', ')}`, width, '      ', '    '));
  }
  const registers = chip.sources!.registers;
  lines.push(
    '',
    paint('bold', 'Peripherals with registers only (reset values and write masks; a report names those that the firmware uses)'),
  );
  lines.push(...wrap(registersOnly.join(', '), width, '  '));
  lines.push(...wrap(`register layouts: ${registers.confidence}  ${paint('dim', registers.source)}`, width, '      ', '  '));
  lines.push(
    '',
    paint('bold', 'What the stand-in ROM lacks'),
    ...(romProfileIfAny(chip)?.leftOut ?? []).flatMap((text) => wrap(text, width, '    ', '  - ')),
  );
  return `${lines.join('\n')}\n`;
}

/** Where it lies, and what the ROM pulls: hardware at such a pin feels it. */
const pinsOf = ({ pins, pull = 'none' }: RomInterface): string =>
  Object.entries(pins)
    .map(([role, pin]) => `${role} ${pin}${role === 'rx' && pull !== 'none' ? ` pulled ${pull}` : ''}`)
    .join(', ');

/** What a flag stands for. */
function noticed(profile: RomProfile, { name, detection }: RomInterface): string {
  if (detection !== 'flag') return '';
  return name.startsWith('I2C') ? ` (address 0x${i2cAddress(profile).toString(16).toUpperCase()})` : ' (byte 0x5A)';
}
