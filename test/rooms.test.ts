/** Who may import whom (see docs/dev/structure.md), read from the import lines. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

/** Later rows may import earlier ones, rooms of one row not each other. The root files (index.ts) may import all. */
const FLOORS: readonly (readonly string[])[] = [
  ['emu', 'image'],
  ['peripherals', 'engines'],
  ['chips'],
  ['checks', 'usb-sim', 'rom'],
  ['bench'],
  ['debug'],
  ['library'],
  ['board'],
  ['report'],
  ['campaign'],
  ['cli'],
];
/** Folders of src/bench in the same way; what stands in none of them (run.ts) joins them all. */
const BENCH: readonly (readonly string[])[] = [
  ['documents'],
  ['input'],
  ['session'],
  ['slice', 'dfu', 'serial'],
  ['proof'],
  ['difference'],
  ['verdict', 'learn'],
  [''],
];
const NODE_ROOMS = new Set(['cli', 'board', 'campaign']);
/** The library's entries for Node; all others run in a browser. */
const NODE_FILES: readonly string[] = ['node.ts', 'node-host.ts'];

interface Import {
  readonly file: string;
  readonly from: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
const imports: Import[] = files.flatMap((file) => {
  const text = readFileSync(join(SRC, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
  const found = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)];
  return found.map((m) => ({ file: file.replaceAll('\\', '/'), from: m[1]! }));
});
const roomOf = (file: string): string => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '');
const floorOf = (room: string): number => FLOORS.findIndex((rooms) => rooms.includes(room));
const target = ({ file, from }: Import): string => relative(SRC, resolve(SRC, dirname(file), from)).replaceAll('\\', '/');
const relativeImports = imports.filter((i) => i.from.startsWith('.'));

/** Sets of files that reach one another, each in order of name (Tarjan's strongly connected components). */
function circlesOf(next: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    lowest.set(file, order.get(file)!);
    open.push(file);
    for (const other of next.get(file) ?? []) {
      if (!order.has(other)) visit(other);
      if (open.includes(other)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(other)!));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const circle = open.splice(open.indexOf(file));
    if (circle.length > 1 || next.get(file)?.includes(file)) circles.push(circle.sort());
  };
  for (const file of next.keys()) if (!order.has(file)) visit(file);
  return circles;
}

describe('imports', () => {
  test('are found at all', () => {
    expect(relativeImports.length).toBeGreaterThan(100);
    expect(relativeImports).toContainEqual({ file: 'cli/engine.ts', from: '../bench/run.ts' });
  });

  test('point one way between rooms', () => {
    const wrong = relativeImports.filter((i) => {
      const [own, other] = [roomOf(i.file), roomOf(target(i))];
      // Files outside src: the published schemas; files at its root: the version.
      if (own === '' || own === other || target(i).startsWith('..') || target(i) === 'version.ts') return false;
      return !(floorOf(other) >= 0 && floorOf(other) < floorOf(own));
    });
    expect(wrong).toEqual([]);
  });

  test('point one way between the folders of the bench', () => {
    const folder = (file: string): string => file.split('/').slice(1, -1).join('/');
    const floor = (file: string): number => BENCH.findIndex((folders) => folders.includes(folder(file)));
    const inside = relativeImports.filter((i) => roomOf(i.file) === 'bench' && roomOf(target(i)) === 'bench');
    expect(inside.length).toBeGreaterThan(100);
    const wrong = inside.filter(
      (i) => folder(i.file) !== folder(target(i)) && !(floor(target(i)) >= 0 && floor(target(i)) < floor(i.file)),
    );
    expect(wrong).toEqual([]);
  });

  test('make no circles between files, types included', () => {
    const next = new Map<string, string[]>();
    for (const i of relativeImports) next.set(i.file, [...(next.get(i.file) ?? []), target(i)]);
    expect([...next.values()].flat().length).toBeGreaterThan(1000);
    expect(circlesOf(next)).toEqual([]);
  });

  test('make no circles between files at run time', () => {
    const next = new Map<string, string[]>();
    for (const file of files.map((f) => f.replaceAll('\\', '/'))) {
      const text = readFileSync(join(SRC, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
      const found = [...text.matchAll(/^(?:import|export)\s(?!type\b)([^;']*?)\bfrom\s+'(\.[^']+)';/gm)]
        .filter(([, names]) => !/^\{(\s*type\s[^,}]+,?)+\s*\}\s*$/.test(names!))
        .map(([, , from]) => target({ file, from: from! }));
      next.set(file, found);
    }
    expect([...next.values()].flat().length).toBeGreaterThan(500);
    expect(circlesOf(next)).toEqual([]);
  });

  test('the core knows nothing of what leaves instructions out', () => {
    const proofs = files.map((f) => f.replaceAll('\\', '/')).filter((f) => f.startsWith('emu/proofs/'));
    expect(proofs).toContain('emu/proofs/loop-skipper.ts');
    const asks = relativeImports.filter((i) => i.file.startsWith('emu/core/') && target(i).startsWith('emu/proofs/'));
    expect(asks).toEqual([]);
    // the machine alone uses it
    const users = relativeImports.filter((i) => /^emu\/[^/]+$/.test(i.file) && target(i).startsWith('emu/proofs/'));
    expect([...new Set(users.map((i) => i.file))]).toEqual(['emu/machine.ts']);
  });

  test("what stands outside of a core asks in Arm's words", () => {
    const outside = relativeImports.filter((i) => !i.file.startsWith('emu/') && target(i) === 'emu/core/state.ts');
    // the way of a value through the state is a way through its words, and so are its parts; another engine executes on the same words
    expect(outside.map((i) => i.file).sort()).toEqual([
      'bench/difference/core-parts.ts',
      'bench/difference/transplant.ts',
      'bench/slice/window.ts',
      'engines/unicorn.ts',
    ]);
  });

  test('chips know of models what their options are and nothing that runs', () => {
    const uses = files.flatMap((file) => {
      if (!file.startsWith('chips')) return [];
      const text = readFileSync(join(SRC, file), 'utf8');
      return [...text.matchAll(/^import (.*) from '\.\.\/peripherals\/(.*)';/gm)].map((m) => ({ names: m[1], from: m[2] }));
    });
    expect(uses.length).toBeGreaterThan(3);
    expect(uses.filter((u) => u.from !== 'index.ts' || !u.names!.startsWith('type {'))).toEqual([]);
  });

  test('every room stands on a floor', () => {
    const rooms = new Set(files.map((f) => roomOf(f.replaceAll('\\', '/'))).filter((r) => r !== ''));
    expect([...rooms].filter((r) => floorOf(r) < 0)).toEqual([]);
  });

  test('instructions are registered by their list alone, whose order counts', () => {
    // system.ts is its first
    const registersNone = /^emu\/core\/isa\/(index|system|operands|expand-imm)\.ts$/;
    const outside = relativeImports.filter((i) => !i.file.startsWith('emu/core/isa/') && target(i).startsWith('emu/core/isa/'));
    expect(outside.filter((i) => !registersNone.test(target(i)))).toEqual([]);
  });

  test('a peripheral imports no other peripheral model', () => {
    // index.ts lists the models, usb-ports.ts those with a bus; files of one block may stand beside each other under a common name.
    const lists = ['peripherals/index.ts', 'peripherals/usb/usb-ports.ts'];
    const models = relativeImports.filter(
      (i) => roomOf(i.file) === 'peripherals' && !lists.includes(i.file) && roomOf(target(i)) === 'peripherals',
    );
    const listed = readFileSync(join(SRC, 'peripherals/index.ts'), 'utf8');
    expect(models.filter((i) => listed.includes(`'./${target(i).slice('peripherals/'.length)}'`))).toEqual([]);
  });

  test('node: modules only where files and processes are the subject', () => {
    const wrong = imports.filter((i) => i.from.startsWith('node:') && !NODE_ROOMS.has(roomOf(i.file)) && !NODE_FILES.includes(i.file));
    expect(wrong).toEqual([]);
  });

  test('relative imports end in .ts or .json, and nothing imports a barrel', () => {
    expect(relativeImports.filter((i) => !/\.(ts|json)$/.test(i.from))).toEqual([]);
  });

  test('nothing below the command line imports the library entry', () => {
    expect(relativeImports.filter((i) => target(i) === 'index.ts')).toEqual([]);
  });
});
