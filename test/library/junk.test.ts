/** The library takes anything from a caller in JavaScript: a UsageError or an ImageError comes of it, or it works. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ImageError, openMachine, UsageError, type BenchMachine } from '../../src/index.ts';
import * as library from '../../src/index.ts';
import * as node from '../../src/node.ts';
import * as property from '../../src/property.ts';
import * as usb from '../../src/usb.ts';
import { libraryJob, machineJob } from '../../src/library/options.ts';
import { firmware } from './firmware.ts';

const GOOD = { chip: 'stm32h533re', images: [firmware('h533-straight')] };
const JUNK: readonly unknown[] = [
  null,
  0,
  -1,
  1.5,
  NaN,
  Infinity,
  2 ** 53,
  '',
  'x',
  true,
  [],
  {},
  () => 1,
  Symbol('s'),
  10n,
  new Uint8Array(3),
  [null],
  // holes, and entries of one's own
  new Array<unknown>(2),
  { a: 1 },
  // nothing makes a text of it
  Object.create(null),
  [Object.create(null)],
  { toString: 1 },
  { a: Object.create(null) as unknown },
  // names that every object inherits
  '__proto__',
  'constructor',
  'toString',
  ['__proto__'],
  new Proxy(
    {},
    {
      ownKeys: () => {
        throw new UsageError('of the caller');
      },
    },
  ),
];
type Any = (...given: readonly unknown[]) => unknown;
const { openDfu } = property;
const { openDfuRom, openUsb } = usb;
let machine: BenchMachine;
beforeAll(async () => {
  machine = await openMachine(GOOD);
});
afterAll(() => machine.close());

/** What came of a call that is neither allowed error nor success. */
async function other(what: string, call: () => unknown): Promise<string[]> {
  try {
    await call();
    return [];
  } catch (error) {
    return error instanceof UsageError || error instanceof ImageError ? [] : [`${what}: ${String(error)}`];
  }
}
function nameOf(junk: unknown): string {
  try {
    return `${typeof junk} ${String(junk)}`;
  } catch {
    return `${typeof junk} without toString`;
  }
}

/** Private, or internal: no caller has them. */
const OWN = ['constructor', 'emit', 'known', 'operation', 'addReport', 'dispose', 'heardText'];
/** Of an object and of its class. */
function methodsOf(thing: object): string[] {
  const descriptors = {
    ...Object.getOwnPropertyDescriptors(Object.getPrototypeOf(thing) as object),
    ...Object.getOwnPropertyDescriptors(thing),
  };
  return Object.keys(descriptors).filter(
    (name) => !OWN.includes(name) && !(name in Object.prototype) && typeof descriptors[name]!.value === 'function',
  );
}

it('as arguments of functions', async () => {
  const functions: Readonly<Record<string, unknown>> = { ...library, ...usb, ...property, ...node };
  const names = Object.keys(functions).filter((name) => typeof functions[name] === 'function' && !/^[A-Z]/.test(name));
  expect(names).toEqual(expect.arrayContaining(['bench', 'inferChip', 'judge', 'openRomSerial', 'serialise']));
  const wrong: string[] = [];
  for (const name of names)
    for (const junk of JUNK)
      for (const given of [[], [junk], [[junk]], [junk, junk]]) wrong.push(...(await other(`${name} ${nameOf(junk)}`, () => (functions[name] as Any)(...given))));
  expect([...new Set(wrong)].slice(0, 200)).toEqual([]);
}); // prettier-ignore

it('as arguments of classes', async () => {
  const classes: Readonly<Record<string, unknown>> = { ...library, ...usb, ...property };
  const names = Object.keys(classes).filter(
    (name) => /^[A-Z]/.test(name) && typeof classes[name] === 'function' && !/(Error|Event|Violation)$/.test(name),
  );
  expect(names).toEqual(expect.arrayContaining(['BenchMachine', 'ReferenceDfu', 'WebUsb', 'WebUsbDevice']));
  const wrong: string[] = [];
  for (const name of names)
    for (const junk of JUNK) {
      const made = await other(`${name} ${nameOf(junk)}`, () => new (classes[name] as new (...given: readonly unknown[]) => unknown)(junk));
      // as a browser says it of its own
      wrong.push(...made.filter((text) => !/Illegal constructor|is made of/.test(text)));
    }
  expect([...new Set(wrong)].slice(0, 200)).toEqual([]);
});

it('as options', async () => {
  const wrong: string[] = [];
  const keys = ['chip', 'images', 'scenario', 'seed', 'until', 'romOptions', 'force', 'romDump', 'semihosting', 'bootAt', 'files'];
  for (const junk of JUNK) {
    for (const key of keys) wrong.push(...(await other(`${key} ${nameOf(junk)}`, () => machineJob({ ...GOOD, [key]: junk }))));
    for (const key of ['symptom', 'limits', 'signal', 'onProgress', 'trigger'])
      wrong.push(...(await other(`${key} ${nameOf(junk)}`, () => libraryJob({ ...GOOD, [key]: junk }))));
    for (const key of ['board', 'host', 'steps', 'expect', 'romOptions', 'force'])
      wrong.push(...(await other(`scenario.${key} ${nameOf(junk)}`, () => libraryJob({ ...GOOD, scenario: { [key]: junk } }))));
    for (const open of [openMachine, openUsb, openDfuRom, openDfu] as unknown as Any[])
      wrong.push(...(await other(`${open.name} ${nameOf(junk)}`, () => open(junk))));
    for (const port of [junk, [junk]])
      wrong.push(...(await other(`port ${nameOf(junk)}`, () => usb.openRomSerial({ chip: 'stm32f072rb', port: port as never }))));
    for (const quirks of [junk, [junk]])
      wrong.push(...(await other(`quirks ${nameOf(junk)}`, () => openDfuRom({ chip: 'stm32f072rb', quirks: quirks as never }))));
    if (typeof junk !== 'function')
      wrong.push(...(await other(`blocks ${nameOf(junk)}`, () => openMachine({ ...GOOD, blocks: [junk as never] }))));
  }
  expect([...new Set(wrong)].slice(0, 200)).toEqual([]);
});

const ACTIONS = ['pin', 'nrst', 'power', 'uart', 'i2c', 'spi', 'can', 'cdc', 'poke', 'call', 'optionBytes', 'dfu', 'adc', 'usb', 'press'];
it('as arguments of a machine', async () => {
  const wrong: string[] = [];
  const m = machine as unknown as Record<string, Any>;
  const methods = methodsOf(machine).filter((name) => !['close', 'fork'].includes(name));
  expect(methods).toEqual(expect.arrayContaining(['breakpoint', 'readMemory', 'runUntil', 'stepLine', 'writeByte']));
  for (const junk of JUNK) {
    for (const method of methods)
      wrong.push(...(await other(`${method} ${nameOf(junk)}`, async () => (await m[method]!(junk, junk)) as void)));
    for (const key of ['at', 'for', 'symbol', 'address', 'reset', 'exception', 'usb', 'console'])
      wrong.push(...(await other(`${key} ${nameOf(junk)}`, () => m['runUntil']!({ [key]: junk }, { limit: '1us' }))));
    for (const action of ACTIONS)
      for (const what of [junk, undefined, { download: undefined, error: undefined }])
        wrong.push(...(await other(`act ${action} ${nameOf(what)}`, () => m['act']!({ [action]: what }))));
    for (const method of ['runUntil', 'finish']) {
      const given = method === 'finish' ? [{ signal: junk }] : [{ for: '1us' }, { signal: junk }];
      wrong.push(...(await other(`${method} signal ${nameOf(junk)}`, async () => (await m[method]!(...given)) as void)));
    }
    wrong.push(...(await other(`length ${nameOf(junk)}`, () => m['readMemory']!(0x20000000, junk) as void)));
    wrong.push(...(await other(`limit ${nameOf(junk)}`, () => m['runUntil']!({ entry: true }, { limit: junk }))));
    for (const part of [machine.usb, machine.usb.cdc, machine.board] as unknown as Record<string, Any>[])
      for (const method of methodsOf(part))
        wrong.push(...(await other(`${method} ${nameOf(junk)}`, () => part[method]!(junk, junk, junk))));
    wrong.push(...(await other(`drive ${nameOf(junk)}`, () => machine.pin('PA0').drive(junk as 0))));
  }
  expect([...new Set(wrong)].slice(0, 200)).toEqual([]);
});

it('as arguments of a DFU device', async () => {
  const wrong: string[] = [];
  const rom = { chip: 'stm32f072rb', images: [], scenario: { board: { boot0: 1 as const } } };
  const [dfu, held] = [await openDfu(rom), await openMachine(rom)];
  await held.runUntil({ usb: 'dfu' });
  for (const junk of JUNK) {
    for (const method of ['commands', 'examples', 'check', 'scenario'] as const)
      wrong.push(...(await other(`${method} ${nameOf(junk)}`, () => (dfu[method] as Any)(junk))));
    for (const [method, call] of Object.entries(held.usb.dfu) as [string, Any][])
      for (const given of [[junk], [0x08000000, junk], [junk, junk]])
        wrong.push(...(await other(`${method} ${nameOf(junk)}`, () => call(...given))));
  }
  dfu.close();
  held.close();
  expect([...new Set(wrong)].slice(0, 200)).toEqual([]);
}, 120_000);
