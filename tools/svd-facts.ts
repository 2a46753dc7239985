/**
 * Makes src/chips/generated/<chip>.json from ST's SVD files: names, offsets, sizes, reset values, masks, fields; no descriptions.
 *   node tools/run-ts.mjs tools/svd-facts.ts [--data <folder>] <file.svd|file.svd.gz>…
 * With `--data`, the folder `data` of embassy-rs/stm32-data-generated: clock gates, resets and interrupts of each peripheral are taken from
 * there, and fields that the SVD cuts in pieces are joined as they are there. Form of the result: see src/chips/facts.ts.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { XMLParser } from 'fast-xml-parser';
import type { GeneratedFacts, GeneratedPeripheral } from '../src/chips/facts.ts';
import { chipData, joinPieces, type ChipData } from './stm32-data.ts';
import { EVERYWHERE, FIXES } from './svd-fixes.ts';
import { withForgotten } from './svd-forgotten.ts';
import type { Field, Reg, SvdFixes } from './svd-types.ts';

/** An XML element as fast-xml-parser gives it with the options below: all texts are strings, `@x` is an attribute. */
interface Xml {
  readonly [key: string]: string | Xml | readonly Xml[] | undefined;
}
interface Peripheral {
  svdName: string;
  name: string;
  base: number;
  size: number;
  registers: Reg[];
  irqs: Map<number, string>;
}

const LISTS = new Set(['peripheral', 'register', 'cluster', 'field', 'interrupt', 'addressBlock']);
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: true,
  isArray: (name) => LISTS.has(name),
});

const text = (x: Xml, key: string): string | undefined => (typeof x[key] === 'string' ? (x[key] as string) : undefined);
const list = (x: Xml | undefined, key: string): readonly Xml[] => {
  const v = x?.[key];
  return Array.isArray(v) ? (v as readonly Xml[]) : [];
};
const child = (x: Xml, key: string): Xml | undefined => (typeof x[key] === 'object' ? (x[key] as Xml) : undefined);

function integer(s: string | undefined): number | undefined {
  if (s === undefined) return undefined;
  const t = s.trim().toLowerCase();
  const n = t.startsWith('#') ? parseInt(t.slice(1), 2) : Number(t);
  if (!Number.isFinite(n)) throw new Error(`not a number: ${s}`);
  return n;
}
function need(x: Xml, key: string): number {
  const n = integer(text(x, key));
  if (n === undefined) throw new Error(`${text(x, 'name') ?? '?'} has no ${key}`);
  return n;
}

/** Inherited defaults of the SVD: device → peripheral → cluster → register → field. */
interface Defaults {
  size: number;
  access: string;
  reset: number;
}
const inherit = (d: Defaults, x: Xml): Defaults => ({
  size: integer(text(x, 'size')) || d.size,
  access: text(x, 'access') ?? d.access,
  reset: integer(text(x, 'resetValue')) ?? d.reset,
});

/** Elements of a dim array as [name, offset] pairs; one pair without dim. */
function elements(x: Xml): { name: string; offset: number }[] {
  const name = text(x, 'name') ?? '';
  const dim = integer(text(x, 'dim'));
  if (dim === undefined) return [{ name, offset: 0 }];
  const step = need(x, 'dimIncrement');
  const index = text(x, 'dimIndex');
  const range = index?.match(/^(\d+)-(\d+)$/);
  const names = range ? Array.from({ length: dim }, (_, i) => String(Number(range[1]) + i)) : index?.split(',');
  return Array.from({ length: dim }, (_, i) => ({
    name: name.replace('[%s]', '%s').replace('%s', (names?.[i] ?? String(i)).trim()),
    offset: i * step,
  }));
}

/**
 * Bits that a plain write changes and a read shows: neither read-only nor write-only ones.
 */
const storable = (access: string): boolean => access === 'read-write' || access === 'read-writeOnce';

function readFields(r: Xml, access: string, width: number): Field[] {
  const out: Field[] = [];
  for (const f of list(child(r, 'fields'), 'field')) {
    const range = text(f, 'bitRange')?.match(/\[(\d+):(\d+)\]/);
    const low = range ? Number(range[2]) : (integer(text(f, 'bitOffset')) ?? need(f, 'lsb'));
    const bits = range ? Number(range[1]) - low + 1 : (integer(text(f, 'bitWidth')) ?? need(f, 'msb') - low + 1);
    for (const e of elements(f)) {
      const bit = low + e.offset;
      const w = Math.min(bits, width - bit);
      if (w > 0) out.push({ name: e.name, bit, width: w, writable: storable(text(f, 'access') ?? access) });
    }
  }
  return out.sort((a, b) => a.bit - b.bit);
}

const maskOf = (f: Field): number => ((f.width >= 32 ? 0xffffffff : (1 << f.width) - 1) << f.bit) >>> 0;

function readRegisters(x: Xml | undefined, d: Defaults, base: number, prefix: string, out: Reg[]): void {
  for (const r of list(x, 'register')) {
    const own = inherit(d, r);
    for (const e of elements(r)) {
      const fields = readFields(r, own.access, own.size);
      const all = own.size >= 32 ? 0xffffffff : (1 << own.size) - 1;
      const writable = fields.length
        ? fields.reduce((m, f) => (f.writable ? (m | maskOf(f)) >>> 0 : m), 0)
        : storable(own.access)
          ? all
          : 0;
      out.push({
        name: prefix + e.name,
        offset: base + need(r, 'addressOffset') + e.offset,
        size: own.size / 8,
        reset: (own.reset & all) >>> 0,
        writable,
        fields,
      });
    }
  }
  for (const c of list(x, 'cluster'))
    for (const e of elements(c)) readRegisters(c, inherit(d, c), base + need(c, 'addressOffset') + e.offset, `${prefix}${e.name}_`, out);
}

/** The manual's register name: without the peripheral's own name in front. */
function shortName(name: string, prefixes: readonly string[], taken: ReadonlySet<string>): string {
  for (const p of prefixes) {
    if (!name.startsWith(`${p}_`)) continue;
    const short = name.slice(p.length + 1);
    if (/^[A-Za-z]/.test(short) && !taken.has(short)) return short;
  }
  return name;
}

const ALTERNATE = /_(ALTERNATE\d*|Output|Input|output|input|Host|Device)$/;

/** Registers at one offset are one register with several readings: fields are joined under the first one's name. */
function joinAlternates(registers: readonly Reg[]): Reg[] {
  const at = new Map<number, Reg>();
  for (const r of registers) {
    const first = at.get(r.offset);
    if (!first) {
      at.set(r.offset, { ...r, name: r.name.replace(ALTERNATE, ''), fields: [...r.fields] });
      continue;
    }
    first.writable = (first.writable | r.writable) >>> 0;
    for (const f of r.fields) if (!first.fields.some((g) => g.name === f.name)) first.fields.push(f);
  }
  return [...at.values()].sort((a, b) => a.offset - b.offset);
}

/** The last rule whose pattern holds decides. */
const rewritten = (path: string, rules: SvdFixes['rewrite'] = []): string | undefined =>
  rules.filter(([pattern]) => pattern.test(path)).at(-1)?.[1];

function readDevice(xml: Xml, fixes: SvdFixes, data: ChipData | null): Peripheral[] {
  const device = child(xml, 'device')!;
  const d: Defaults = { ...inherit({ size: 32, access: 'read-write', reset: 0 }, device), size: 32 };
  const all = list(child(device, 'peripherals'), 'peripheral');
  const byName = new Map(all.map((p) => [text(p, 'name'), p]));
  const rootOf = (p: Xml): Xml => {
    let root = p;
    while (typeof root['@derivedFrom'] === 'string' && !child(root, 'registers')) root = byName.get(root['@derivedFrom'])!;
    return root;
  };
  const out: Peripheral[] = [];
  for (const p of all) {
    const svdName = text(p, 'name')!;
    const base = need(p, 'baseAddress');
    // Secure aliases of TrustZone parts: the same registers once more, 0x10000000 higher.
    const lower = all.find((q) => integer(text(q, 'baseAddress')) === base - 0x10000000);
    if (lower && rootOf(p) === rootOf(lower)) continue;
    const root = rootOf(p);
    const name = fixes.rename[svdName] ?? EVERYWHERE.rename[svdName] ?? svdName;
    if (data && EVERYWHERE.ofTheCore.has(name)) continue;
    const rootName = text(root, 'name')!;
    const raw: Reg[] = [];
    readRegisters(child(root, 'registers'), inherit(d, root), 0, '', raw);
    const group = text(root, 'groupName') ?? '';
    const shared = raw[0]?.name.match(/^([A-Za-z]+\d*)_/)?.[1] ?? '';
    const prefixes = [rootName, name, rootName.replace(/\d+$/, ''), rootName.replace(/_.*$/, ''), group].filter((s) => s !== '');
    if (/^OTG/.test(rootName)) prefixes.unshift('OTG_FS', 'OTG_HS', 'FS', 'HS', 'OTG');
    else if (shared && rootName.startsWith(shared.replace(/\d+$/, '')) && raw.every((r) => r.name.startsWith(`${shared}_`)))
      prefixes.push(shared);
    const taken = new Set<string>();
    for (const r of raw) taken.add((r.name = shortName(r.name, prefixes, taken)));
    for (const r of raw) r.offset = fixes.offsets?.[`${name}.${r.name}`] ?? r.offset;
    for (const [path, more] of Object.entries(fixes.addRegisters ?? {})) {
      const [pn, rn] = path.split('.') as [string, string];
      if (pn !== name) continue;
      const fields = more.fields.map(([fn, bit, width, writable]) => ({ name: fn, bit, width, writable }));
      raw.push({
        name: rn,
        offset: more.offset,
        size: 4,
        reset: more.reset,
        writable: fields.reduce((m, f) => (f.writable ? (m | maskOf(f)) >>> 0 : m), 0),
        fields,
      });
    }
    for (const copy of fixes.copies ?? []) {
      if (copy.peripheral !== name) continue;
      for (const r of raw.filter((x) => x.name.startsWith(copy.from)))
        raw.push({
          ...r,
          name: copy.to + r.name.slice(copy.from.length),
          offset: r.offset + copy.by,
          fields: r.fields.map((f) => ({ ...f })),
        });
    }
    const registers = joinAlternates(raw.filter((r) => !fixes.dropRegisters?.test(`${name}.${r.name}`)));
    for (const r of registers) {
      const family = name.replace(/^GPIO.$/, 'GPIO*');
      r.reset =
        fixes.resets?.[`${name}.${r.name}`] ??
        fixes.resets?.[`${family}.${r.name}`] ??
        fixes.resetsWhere?.filter(([pattern]) => pattern.test(`${name}.${r.name}`)).at(-1)?.[1] ??
        r.reset;
      r.name = fixes.registers?.[`${name}.${r.name}`] ?? rewritten(`${name}.${r.name}`, fixes.rewrite) ?? r.name;
      if (data) r.fields = joinPieces(r, data.fieldsAt(base, r.offset));
      r.fields = r.fields.filter((f) => {
        if (!fixes.remove?.includes(`${name}.${r.name}.${f.name}`)) return true;
        r.writable = (r.writable & ~maskOf(f)) >>> 0;
        return false;
      });
      for (const f of r.fields)
        f.name =
          fixes.fields?.[`${name}.${r.name}.${f.name}`] ??
          fixes.fields?.[`${rootName}.${r.name}.${f.name}`] ??
          rewritten(`${name}.${r.name}.${f.name}`, fixes.rewrite) ??
          f.name;
      for (const f of r.fields) if (fixes.written?.test(`${name}.${r.name}.${f.name}`)) r.writable = (r.writable | maskOf(f)) >>> 0;
      for (const [path, [bit, width, writable]] of Object.entries(fixes.add ?? {})) {
        const [pn, rn, fn] = path.split('.');
        if ((pn === name || pn === rootName) && rn === r.name) {
          const field = { name: fn!, bit, width, writable };
          r.fields.push(field);
          if (writable) r.writable = (r.writable | maskOf(field)) >>> 0;
        }
      }
    }
    const block = list(p, 'addressBlock')[0] ?? list(root, 'addressBlock')[0];
    const end = registers.reduce((m, r) => Math.max(m, r.offset + r.size), 0);
    const size = Math.max((block && integer(text(block, 'size'))) || 0, end);
    const irqs = new Map(list(p, 'interrupt').map((i) => [need(i, 'value'), text(i, 'name')!]));
    out.push({ svdName, name, base: fixes.bases?.[name] ?? base, size, registers, irqs });
  }
  return out;
}

const hex = (n: number): string => n.toString(16);
const encode = (registers: readonly Reg[]): string =>
  registers
    .map((r) =>
      [r.name, hex(r.offset), r.size, hex(r.reset), hex(r.writable), r.fields.map((f) => `${f.name}:${f.bit}:${f.width}`).join(',')].join(
        ' ',
      ),
    )
    .join(';');

function generate(file: string, folder: string | null): { path: string; peripherals: number; blocks: number; bytes: number } {
  const bytes = readFileSync(file);
  const xml = parser.parse((bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8')) as Xml;
  const device = child(xml, 'device')!;
  const svd = text(device, 'name')!;
  const stem = file.replace(/^.*[\\/]/, '').replace(/\.svd(\.gz)?$/, '');
  const entry = FIXES[stem] ?? FIXES[svd];
  if (!entry) throw new Error(`${file}: no entry for ${stem} in tools/svd-fixes.ts`);
  const fixes = withForgotten(entry);
  const data = folder && fixes.part ? chipData(folder, fixes.part, fixes.ungated) : null;
  const peripherals = readDevice(xml, fixes, data);
  const rcc = peripherals.find((p) => p.name === 'RCC');
  const blocks: Record<string, string> = {};
  const byCode = new Map<string, string>();
  const rows: GeneratedPeripheral[] = [];
  // First, for it adds to RCC's registers.
  const placed = new Map(peripherals.map((p) => [p, data?.peripheralAt(p.base, p.name, rcc?.registers ?? [])]));
  for (const p of peripherals) {
    const code = fixes.alike?.test(p.name) ? '' : encode(p.registers);
    const block = code === '' ? p.name : (byCode.get(code) ?? p.name);
    if (code !== '' && !byCode.has(code)) {
      byCode.set(code, block);
      blocks[block] = code;
    }
    const from = placed.get(p);
    const irqs = from?.irqs ?? [...p.irqs.keys()].sort((a, b) => a - b);
    const gates = { ...(from?.clock ? { clock: from.clock } : {}), ...(from?.reset ? { reset: from.reset } : {}) };
    rows.push({ name: p.name, base: hex(p.base), size: hex(p.size), block, irqs, ...gates });
  }
  rows.sort((a, b) => parseInt(a.base, 16) - parseInt(b.base, 16));
  const facts: GeneratedFacts = {
    note: 'Generated by tools/svd-facts.ts from STMicroelectronics SVD data (Apache-2.0, see LICENSE-SVD.md). Modified: reduced and re-encoded.',
    svd: `${stem} v${text(device, 'version') ?? '?'}${data ? `; gates, interrupts and whole fields: ${data.source}` : ''}`,
    peripherals: rows,
    blocks,
  };
  const target = resolve('src/chips/generated');
  mkdirSync(target, { recursive: true });
  const path = join(target, `${fixes.chip}.json`);
  const json = `${JSON.stringify(facts, null, 1).replace(/\{\s+"name"[^{}]*\}/g, (row) => row.replace(/\s+/g, ' '))}\n`;
  writeFileSync(path, json);
  return { path, peripherals: rows.length, blocks: Object.keys(blocks).length, bytes: json.length };
}

const files = process.argv.slice(2);
const folder = files[0] === '--data' ? files.splice(0, 2)[1]! : null;
if (files.length === 0) {
  console.error('usage: node tools/run-ts.mjs tools/svd-facts.ts [--data <folder>] <file.svd|file.svd.gz>…');
  process.exit(2);
}
for (const file of files) {
  const r = generate(file, folder);
  console.log(`${r.path}: ${r.peripherals} peripherals, ${r.blocks} blocks, ${r.bytes} bytes`);
}
