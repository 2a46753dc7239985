/** What a device says of itself: rules of its descriptors, by their bytes alone (USB 2.0 §9.6, DFU 1.1 §4). */
import { DESCRIPTOR, descriptorsOf, parseDfuseLayout } from '../descriptors.ts';
import { DFUSE_VERSION, isDfuse, type DfuFacts } from './link.ts';
import { dialect, fail, must, notApplicable, PASS, type Finding, type Requirement } from './requirement.ts';

/** A rule of what `facts` say. */
export interface FactRequirement extends Requirement {
  /** The same as `check`, at once. */
  of(facts: DfuFacts): Finding;
}

interface Interface {
  readonly number: number;
  readonly endpoints: number;
}
const interfacesOf = (configuration: Uint8Array): Interface[] =>
  [...descriptorsOf(configuration)].filter((d) => d[1] === DESCRIPTOR.INTERFACE).map((d) => ({ number: d[2]!, endpoints: d[4]! }));
/** An IN endpoint that no descriptor names. */
export function freeEndpoint({ configuration }: DfuFacts): number {
  const named = new Set([...descriptorsOf(configuration)].filter((d) => d[1] === DESCRIPTOR.ENDPOINT).map((d) => d[2]! & 0xf));
  return 0x80 | (Array.from({ length: 15 }, (_, i) => i + 1).find((n) => !named.has(n)) ?? 15);
}
/** Its DFU functional descriptors. */
export const functionalOf = (configuration: Uint8Array): Uint8Array[] =>
  [...descriptorsOf(configuration)].filter((d) => d[1] === DESCRIPTOR.DFU);

const RULES: readonly Omit<FactRequirement, 'check'>[] = [
  {
    id: 'descriptor.functional',
    title: 'the configuration has one DFU functional descriptor of 9 bytes, or the same one behind each alternate setting',
    paragraph: 'DFU 1.1 §4.1.3',
    of: (facts) => {
      const functional = functionalOf(facts.configuration);
      const same = functional.every((d) => d.length === 9 && d.every((b, i) => b === functional[0]![i]));
      return must(
        same && (functional.length === 1 || functional.length === facts.alternates.length),
        `${functional.length} of them, ${functional.map((d) => d.length).join(', ') || 'no'} bytes`,
      );
    },
  },
  {
    id: 'descriptor.version',
    title: 'bcdDFUVersion is 1.1',
    paragraph: 'DFU 1.1 §4.1.3',
    of: ({ functional: { version } }) => {
      const text = `0x${version.toString(16).padStart(4, '0')}`;
      if (version === 0x0110) return PASS;
      if (version === DFUSE_VERSION) return dialect('dfuse', `${text}: ST's extension`);
      return version === 0x0100 || version === 0x0101 ? dialect('dfu-1.0', text) : fail(text);
    },
  },
  {
    id: 'descriptor.transfer-size',
    title: 'wTransferSize is at least bMaxPacketSize0',
    paragraph: 'DFU 1.1 §4.1.3 (as dfu-util reads it)',
    of: ({ functional, packet0 }) => must(functional.transferSize >= packet0, `${functional.transferSize}, bMaxPacketSize0 is ${packet0}`),
  },
  {
    id: 'descriptor.memory',
    title: "the name of a DfuSe device's setting 0 names memory",
    paragraph: 'UM0424 (memory layout), DFU 1.1 §4.2.3',
    of: (facts) => {
      if (!isDfuse(facts)) return notApplicable('the device has no DfuSe (bcdDFUVersion is not 0x011A)');
      const { layout, alternates } = facts;
      const last = layout.at(-1);
      if (!last) return fail(`its name is ${JSON.stringify(alternates[0] ?? '')}`);
      const erasable = layout.some((s) => s.erasable && s.writable);
      const other = alternates.slice(1).some((name) => parseDfuseLayout(name).some((s) => s.erasable && s.writable));
      return must(erasable || !other, 'nothing of it can be erased and written, and another setting has such memory');
    },
  },
  {
    id: 'descriptor.version-and-name',
    title: 'a device whose setting names memory says that it speaks DfuSe',
    paragraph: 'DFU 1.1 §4.1.3, UM0424 (memory layout)',
    of: ({ functional, alternates }) =>
      must(
        functional.version === DFUSE_VERSION || !alternates.some((name) => parseDfuseLayout(name).length > 0),
        `bcdDFUVersion is 0x${functional.version.toString(16).padStart(4, '0')}`,
      ),
  },
  {
    id: 'descriptor.no-endpoints',
    title: 'the DFU interface has no endpoint but endpoint 0',
    paragraph: 'DFU 1.1 §4.2.3',
    of: (facts) => {
      const own = interfacesOf(facts.configuration).filter((i) => i.number === facts.interfaceNumber);
      return must(
        own.every((i) => i.endpoints === 0),
        'bNumEndpoints is not 0',
      );
    },
  },
  {
    id: 'descriptor.one-interface',
    title: 'a device in DFU mode has one interface',
    paragraph: 'DFU 1.1 §4.2.3',
    of: (facts) => {
      const numbers = new Set(interfacesOf(facts.configuration).map((i) => i.number));
      return numbers.size === 1 ? PASS : dialect('composite', `${numbers.size} interfaces`);
    },
  },
  {
    id: 'descriptor.alternate-numbers',
    title: 'alternate settings are numbered 0, 1, 2 …, all of the DFU class in DFU mode',
    paragraph: 'USB 2.0 §9.6.5, DFU 1.1 §4.2.3',
    of: ({ configuration, interfaceNumber }) => {
      const seen: string[] = [];
      for (const d of descriptorsOf(configuration)) {
        if (d[1] !== DESCRIPTOR.INTERFACE || d[2] !== interfaceNumber) continue;
        if (d[3] !== seen.length) return fail(`the setting behind ${seen.length} others has the number ${d[3]}`);
        if (d[5] !== 0xfe || d[6] !== 1 || d[7] !== 2) return fail(`setting ${d[3]} is of class ${d[5]}, ${d[6]}, ${d[7]}`);
        seen.push(String(d[3]));
      }
      return PASS;
    },
  },
];
/** Rules of what the descriptors say, as they were read; nothing is asked of the device. */
export const FACT_REQUIREMENTS: readonly FactRequirement[] = RULES.map((rule): FactRequirement => ({
  ...rule,
  tellsDialect: true,
  check: (_r, facts) => Promise.resolve(rule.of(facts)),
}));

/** What is wrong with a configuration that came whole; null: nothing. */
export function totalLengthWrong(whole: Uint8Array): string | null {
  const total = (whole[2] ?? 0) | ((whole[3] ?? 0) << 8);
  const sum = [...descriptorsOf(whole)].reduce((n, d) => n + d[0]!, 0);
  return whole.length === total && sum === total ? null : `wTotalLength ${total}, ${whole.length} bytes came, descriptors of ${sum}`;
}
/** What is wrong with a string that came whole; null: nothing. */
export function stringWrong(index: number, whole: Uint8Array): string | null {
  const [length = 0, type] = whole;
  if (type !== DESCRIPTOR.STRING) return `string ${index}: bDescriptorType is ${type}`;
  if (length !== whole.length) return `string ${index}: bLength is ${length}, and ${whole.length} bytes came`;
  return length % 2 === 0 ? null : `string ${index}: bLength is ${length}, and a character has two bytes`;
}

/** Strings that descriptors name, by the field. */
export function namedStrings(device: Uint8Array, configuration: Uint8Array): [field: string, index: number][] {
  const named: [string, number][] = ['iManufacturer', 'iProduct', 'iSerialNumber'].map((field, i) => [field, device[14 + i] ?? 0]);
  for (const d of descriptorsOf(configuration)) {
    if (d[1] === DESCRIPTOR.CONFIGURATION) named.push(['iConfiguration', d[6] ?? 0]);
    if (d[1] === DESCRIPTOR.INTERFACE) named.push([`iInterface of setting ${d[3] ?? 0}`, d[8] ?? 0]);
  }
  return named.filter(([, index]) => index !== 0);
}
