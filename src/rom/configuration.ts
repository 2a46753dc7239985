/**
 * The profiles and options as text for C, the linker and rom/build.sh: paths below rom/generated and their contents. Pure, so that a test can hold
 * the committed files against it.
 */
import { optionWords, resolveRomOptions, ROM_OPTION_IDS, ROM_OPTION_VALUES } from './options.ts';
import { interfaceMacros, isFdcan, serialMacros, servedCan } from './interface-macros.ts';
import { DFU_DIALECTS, ROM_PROFILES, speaksSerial, type DfuDevice, type RomProfile } from './profiles.ts';

const WRITTEN = 'Written by tools/rom-config.ts from src/rom; change it there.';
/** Bytes of the image that are kept for the option block. */
const OPTION_BLOCK_SIZE = 256;
/** Every ROM has these, with USB or without. */
const COMMON = ['inherited.c', 'interfaces.c', 'iwdg.c', 'memory.c', 'options.c', 'start.c', 'vectors.c'];
const USB = ['descriptors.c', 'dfu.c', 'identity.c', 'usb_device.c'];

const hex = (n: number): string => `0x${n.toString(16).toUpperCase().padStart(8, '0')}`;
const macro = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9]/g, '_');
const quoted = (text: string): string => `"${text}"`;

function optionsHeader(): string {
  const values = ROM_OPTION_IDS.map(
    (id) => `enum { ${ROM_OPTION_VALUES[id].map((value, i) => `${macro(id)}_${macro(value)} = ${i}`).join(', ')} };`,
  );
  return [
    `/* ${WRITTEN} */`,
    '#ifndef ROM_GENERATED_OPTIONS_H',
    '#define ROM_GENERATED_OPTIONS_H',
    'enum rom_option {',
    ...ROM_OPTION_IDS.map((id) => `  OPTION_${macro(id)},`),
    '  OPTION_COUNT',
    '};',
    ...values,
    '#endif',
    '',
  ].join('\n');
}

/** Bytes of the buffer for descriptors, rom/common/usb_device.h. */
const USUAL_DESCRIPTOR = 128;

function dfuMacros(dfu: DfuDevice): string[] {
  const d = DFU_DIALECTS[dfu.dialect];
  const poll = dfu.pollMs.value;
  // bLength, bDescriptorType, two bytes a character
  const longest = Math.max(...dfu.alts.value.map((name) => 2 + 2 * name.length));
  return [
    `#define DFU_BCD_USB ${hex(d.bcdUsb)}u`,
    `#define DFU_BCD_DEVICE ${hex(d.bcdDevice)}u`,
    `#define DFU_CONFIGURATION_STRING ${d.configurationString}`,
    `#define DFU_FIRST_ALT_STRING ${d.firstAltString}`,
    `#define DFU_PRODUCT ${quoted(d.product)}`,
    `#define DFU_TRANSFER_SIZE ${d.transferSize}`,
    `#define DFU_CLEAR_STATUS_STALLS ${Number(d.clearStatusStalls)}`,
    `#define DFU_ALTS ${dfu.alts.value.map(quoted).join(', ')}`,
    ...(longest < USUAL_DESCRIPTOR ? [] : [`#define USB_DESCRIPTOR_MAX ${4 * Math.ceil((longest + 1) / 4)}u`]),
    `#define DFU_SET_ADDRESS_MS ${poll.setAddress}`,
    `#define DFU_ERASE_PAGE_MS ${poll.erasePage}`,
    `#define DFU_MASS_ERASE_MS ${poll.massErase}`,
    `#define DFU_WRITE_MS ${poll.write}`,
  ];
}

const micros = (ms: number): string => `${Math.round(ms * 1000)}u`;
function hseMacros({ hseWait }: RomProfile): string[] {
  if (!hseWait) return [];
  const { ms, early } = hseWait;
  const before = early ? [`#define HSE_TIMEOUT_EARLY_US ${micros(early.ms)}`, `#define HSE_TIMEOUT_EARLY_TO ROM_${macro(early.to)}`] : [];
  return [`#define HSE_TIMEOUT_US ${micros(ms.value)}`, ...before];
}

function config(p: RomProfile): string {
  const words = optionWords(resolveRomOptions(p.options));
  return [
    `/* ${p.id} ${p.versions.value.at(-1)}. ${WRITTEN} */`,
    '#ifndef ROM_CONFIG_H',
    '#define ROM_CONFIG_H',
    ...p.build.defines.map((define) => (typeof define === 'string' ? `#define ${define} 1` : `#define ${define.join(' ')}`)),
    `#define ROM_BASE ${hex(p.base)}u`,
    `#define ROM_SIZE ${p.size}u`,
    ...p.versions.value.map((version, i) => `#define ROM_${macro(version)} ${i}u`),
    `#define HAS_USB ${p.dfu === null ? 0 : 1}`,
    ...hseMacros(p),
    ...(p.dfu === null ? [] : [`#define USB_IRQ ${p.usbIrq}u`, ...dfuMacros(p.dfu)]),
    ...(p.build.id === null ? [] : [`#define ROM_ID ${hex(p.build.id.value)}u`]),
    ...interfaceMacros(p),
    `#define HAS_SERIAL ${Number(speaksSerial(p))}`,
    ...(speaksSerial(p) ? serialMacros(p) : []),
    `#define OPTION_DEFAULTS ${[...words, p.versions.value.length - 1].map((word) => `${word}u`).join(', ')}`,
    '#endif',
    '',
  ].join('\n');
}

/** Variables of serial.c and the others'. */
const SERIAL_BYTES = 352;
/** What the stack needs: the variables of the smallest ROMs leave less. */
function stackBytes(p: RomProfile): number {
  const { size } = p.ramUse.value[0]!;
  return p.dfu === null ? Math.min(1024, size - (speaksSerial(p) ? SERIAL_BYTES : 64)) : Math.min(2048, size - 2656);
}

/** The image ends with the option block or, where it lies in its last bytes, the bootloader ID. */
function linkerScript(p: RomProfile): string {
  const id = p.build.id;
  const end = p.base + p.size;
  const codeEnd = Math.min(p.optionBlock, id?.address ?? end);
  const optionsEnd = Math.min(p.optionBlock + OPTION_BLOCK_SIZE, id !== null && id.address > p.optionBlock ? id.address : end);
  const ram = p.ramUse.value[0]!.base;
  return [
    `/* ${p.id}. ${WRITTEN} */`,
    'MEMORY',
    '{',
    `  ROM (rx)    : ORIGIN = ${hex(p.base)}, LENGTH = ${codeEnd - p.base}`,
    `  OPTIONS (r) : ORIGIN = ${hex(p.optionBlock)}, LENGTH = ${optionsEnd - p.optionBlock}`,
    `  ID (r)      : ORIGIN = ${hex(id?.address ?? end - 1)}, LENGTH = 1`,
    `  RAM (rw)    : ORIGIN = ${hex(ram)}, LENGTH = ${p.initialStack.value - ram}`,
    '}',
    `rom_stack_top = ${hex(p.initialStack.value)};`,
    `rom_stack_bytes = ${stackBytes(p)};`,
    'INCLUDE common/sections.ld',
    '',
  ].join('\n');
}

/** image folder cpu id version base size optionBlock flags sources… */
function buildLine(p: RomProfile): string {
  const tables = p.build.tables ? ['interface_table.c'] : [];
  const buses = speaksSerial(p) && p.interfaces.value.some((i) => i.detection === 'flag') ? ['bus.c'] : [];
  const served = speaksSerial(p) ? servedCan(p) : undefined;
  const can = served === undefined ? [] : [isFdcan(served) ? 'fdcan.c' : 'can.c'];
  const sources = p.build.alone
    ? ['options.c']
    : [
        ...(p.dfu === null ? [] : USB),
        ...COMMON,
        ...(speaksSerial(p) ? ['serial.c'] : []),
        ...tables,
        ...p.build.drivers,
        ...buses,
        ...can,
      ];
  const version = p.versions.value.at(-1)!;
  return [
    p.image,
    p.build.folder,
    p.build.cpu,
    p.id,
    version,
    hex(p.base),
    p.size,
    hex(p.optionBlock),
    p.build.tight ? 'tight' : 'plain',
    ...sources,
  ].join(' ');
}

/** Contents of rom/generated by path. */
export function romConfiguration(): Readonly<Record<string, string>> {
  const files: Record<string, string> = {
    'options.h': optionsHeader(),
    'images.txt': `${ROM_PROFILES.map(buildLine).join('\n')}\n`,
  };
  for (const p of ROM_PROFILES) {
    files[`${p.image}/config.h`] = config(p);
    files[`${p.image}/rom.ld`] = linkerScript(p);
  }
  return files;
}
