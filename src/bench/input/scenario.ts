/** Reads a scenario: JSON or an object → checked against the published schema → defaults filled in → a plan for the machine. */
import { hasPin, packageOf, partNumber } from '../../chips/parts.ts';
import type { ChipDescription } from '../../emu/chip.ts';
import type { LoadedImage } from '../../image/image.ts';
import { boardDocument, boardParameters } from './board.ts';
import { withKnownBoard } from './boards.ts';
import { APP_GOAL, USB_GOAL } from '../documents/goal.ts';
import { durationPs, formatDuration, parseDuration } from '../documents/duration.ts';
import { namesOf, SERIAL_PORT, type Names } from '../documents/names.ts';
import { checkSchema } from '../documents/scenario-check.ts';
import {
  SCENARIO_SCHEMA,
  type AdcInputs,
  type Board,
  type DfuStep,
  type Duration,
  type ForcedField,
  type PlannedAction,
  type PlannedStep,
  type Scenario,
  type ScenarioDocument,
  type ScenarioPlan,
  type Step,
  type StepAction,
  type UsbStep,
  type StepWhen,
  type WordValue,
} from '../documents/scenario-types.ts';
import { shown, parseJson, UsageError, didYouMean } from '../documents/usage-error.ts';

/** Text of a scenario file. `name` stands in messages. */
export async function parseScenario(text: string, name: string): Promise<Scenario> {
  const document = parseJson(text, name);
  return checkScenario(document, name);
}

function checkCrystal(hse: Board['hse']): void {
  if (hse?.ready !== undefined && hse.kind === 'bypass')
    throw new UsageError('board.hse.ready: an external clock has no start-up time', 'leave it out, or set "kind": "crystal"');
}
function checkCoreSupply(chip: ChipDescription, wired: string | undefined): void {
  if (wired !== undefined && chip.family !== 'STM32H7')
    throw new UsageError('board.coreSupply: only STM32H7 chips select the core regulator', 'leave it out');
}

/** Throws a UsageError that names the key. */
export async function checkScenario(document: unknown, name: string): Promise<Scenario> {
  await checkSchema(document, name);
  const scenario = document as Scenario;
  scenario.steps?.forEach((step, i) => {
    const given = (['at', 'after', 'atSymbol'] as const).filter((key) => step[key] !== undefined);
    if (given.length !== 1) {
      const what = given.length === 0 ? 'has no time' : `has both ${given.join(' and ')}`;
      throw new UsageError(`${name}: steps[${i}] ${what}`, 'give exactly one of at, after and atSymbol');
    }
  });
  checkOrder(scenario.steps ?? [], name);
  return scenario;
}
/** Steps happen one behind the other: a time that has passed when the step before is over would be another one than it says. */
function checkOrder(steps: readonly Step[], name: string): void {
  let earliest = 0;
  steps.forEach(({ at, after }, i) => {
    const ps = durationPs(at ?? after ?? '0s') ?? 0;
    if (at !== undefined && ps < earliest)
      throw new UsageError(
        `${name}: steps[${i}].at is ${at}, but the step before it happens at ${formatDuration(earliest)} or later`,
        'steps run in the order of the list: sort them by time',
      );
    earliest = at === undefined ? earliest + ps : ps;
  });
}

/** What the command line says on top of a scenario. */
export interface ScenarioOverrides {
  readonly images: readonly string[];
  readonly board?: 'default' | 'none';
  readonly seed?: number;
  readonly until?: Duration;
  readonly goal?: string;
  readonly romOptions?: Readonly<Record<string, string>>;
  readonly force?: Readonly<Record<string, WordValue>>;
}

const DEFAULT_SEED = 1;

/** Fills in the chip's and board's defaults and looks up every name; `images` need only be given where steps name symbols. */
export function expandScenario(
  scenario: Scenario,
  chip: ChipDescription,
  overrides: ScenarioOverrides,
  images: readonly LoadedImage[] = [],
): ScenarioPlan {
  const names = namesOf(images, chip);
  const board = boardDocument(chip, withKnownBoard(scenario.board ?? {}), overrides.board);
  const until = overrides.until ?? scenario.until ?? null;
  const goal = overrides.goal ?? scenario.goal;
  const document: ScenarioDocument = {
    schema: SCENARIO_SCHEMA,
    chip: partNumber(chip),
    images: [...overrides.images],
    board,
    host: expandHost(scenario.host, goal),
    seed: overrides.seed ?? scenario.seed ?? DEFAULT_SEED,
    until,
    romOptions: { ...scenario.romOptions, ...overrides.romOptions },
    force: { ...scenario.force, ...overrides.force },
    steps: scenario.steps ?? [],
    expect: scenario.expect ?? null,
    ...goalOf(goal),
  };
  checkCrystal(board.hse);
  checkCoreSupply(chip, board.coreSupply);
  checkOptionBytes(chip, board.optionBytes, 'board.optionBytes');
  checkOscillators(chip, Object.keys(board.ppm));
  checkChannels(chip, Object.keys(document.expect?.console ?? {}));
  for (const pin of Object.keys(board.pins)) checkPin(chip, pin, 'board.pins');
  document.steps.forEach((step, i) => 'pin' in step.do && checkPin(chip, step.do.pin.name, `steps[${i}].do.pin`));
  const adc = adcInputs(chip, board.adc ?? {}, board.vdda, 'board.adc');
  return {
    document,
    board,
    adc,
    parameters: boardParameters(chip, board),
    host: document.host,
    seed: document.seed,
    untilPs: until === null ? null : parseDuration(until, 'until'),
    force: Object.entries(document.force).map(([path, value]) => forcedField(chip, path, value)),
    steps: document.steps.map((step, i) => plannedStep(chip, names, step, `steps[${i}]`, board.vdda)),
    expect: document.expect,
  };
}

const goalOf = (goal: string | undefined): Pick<ScenarioDocument, 'goal'> => (goal === undefined ? {} : { goal: goal.toLowerCase() });

function plannedStep(chip: ChipDescription, names: Names, step: Step, where: string, vdda: number): PlannedStep {
  const when = plannedTime(names, step, where);
  if ('adc' in step.do) return { when, action: { kind: 'adc', inputs: adcInputs(chip, step.do.adc, vdda, `${where}.do.adc`) } };
  if ('i2c' in step.do || 'spi' in step.do || 'can' in step.do) return { when, action: plannedBus(chip, step.do, `${where}.do`) };
  if ('usb' in step.do) return { when, action: plannedUsb(step.do.usb, `${where}.do.usb`) };
  return { when, action: plannedAction(chip, names, step.do, `${where}.do`) };
}

/** The action of a single step, looked up in the images; its schema is checked already. */
export function planAction(action: StepAction, chip: ChipDescription, images: readonly LoadedImage[], vdda: number): PlannedAction {
  return plannedStep(chip, namesOf(images, chip), { after: '0s', do: action }, 'step', vdda).action;
}

/** A UsageError where a driver is asked for that this operating system has not. Who wants another interface than USB has that cable in, and no USB host that the ROM would follow first. */
function expandHost(host: Scenario['host'] = {}, goal: string = USB_GOAL): ScenarioDocument['host'] {
  const {
    kind = 'linux',
    driver = 'dfu',
    cable = goal.toLowerCase() === USB_GOAL || goal.toLowerCase() === APP_GOAL ? 'in' : 'out',
  } = host;
  if (kind !== 'windows' && (driver === 'winusb' || driver === 'sttub30'))
    throw new UsageError(`host.driver: ${driver} is a Windows driver, but host.kind is ${kind}`, 'use dfu, or host.kind "windows"');
  if (kind !== 'linux' && driver === 'no-access')
    throw new UsageError(`host.driver: no-access is a matter of Linux, but host.kind is ${kind}`, 'use none, or host.kind "linux"');
  return { kind, driver, cable };
}

function plannedTime(names: Names, step: Step, where: string): StepWhen {
  if (step.atSymbol !== undefined) {
    return { kind: 'atSymbol', symbol: step.atSymbol, address: names.symbol(step.atSymbol, `${where}.atSymbol`).address };
  }
  if (step.at !== undefined) return { kind: 'at', ps: parseDuration(step.at, `${where}.at`) };
  return { kind: 'after', ps: parseDuration(step.after ?? '', `${where}.after`) };
}

function plannedAction(
  chip: ChipDescription,
  names: Names,
  action: Exclude<StepAction, { adc: unknown } | { usb: unknown } | BusStep>,
  where: string,
): PlannedAction {
  const word = (value: WordValue, key: string): number => wordValue(value, `${where}.${key}`);
  if ('pin' in action) return { kind: 'pin', name: action.pin.name, level: action.pin.level };
  if ('nrst' in action) return { kind: 'nrst', forPs: parseDuration(action.nrst.for, `${where}.nrst.for`) };
  if ('power' in action) return { kind: 'power', offPs: parseDuration(action.power.off, `${where}.power.off`) };
  if ('cable' in action) return { kind: 'cable', position: action.cable };
  if ('uart' in action) return plannedUart(chip, action.uart, `${where}.uart`);
  if ('cdc' in action && action.cdc.baud !== undefined) return { kind: 'cdc-baud', baud: action.cdc.baud };
  if ('cdc' in action) return { kind: 'cdc', bytes: bytesOf(action.cdc, `${where}.cdc`) };
  if ('poke' in action) return plannedPoke(names, action.poke, `${where}.poke`);
  if ('call' in action) {
    const call = typeof action.call === 'string' ? { symbol: action.call } : action.call;
    const { address } = names.symbol(call.symbol, `${where}.call`);
    return { kind: 'call', symbol: call.symbol, address, args: (call.args ?? []).map((value, i) => word(value, `call.args[${i}]`)) };
  }
  if ('optionBytes' in action) {
    checkOptionBytes(chip, action.optionBytes, `${where}.optionBytes`);
    const values = Object.entries(action.optionBytes).map(([name, value]) => [name, word(value, `optionBytes.${name}`)] as const);
    return { kind: 'optionBytes', values: Object.fromEntries(values) };
  }
  if ('dfu' in action) return plannedDfu(action.dfu, `${where}.dfu`);
  return { kind: 'debugger', attach: action.debugger === 'attach' };
}

function plannedUart(chip: ChipDescription, step: Extract<StepAction, { uart: unknown }>['uart'], where: string): PlannedAction {
  const { port, baud } = step;
  return { kind: 'uart', port: knownPort(chip, port, `${where}.port`), bytes: bytesOf(step, where), ...(baud !== undefined && { baud }) };
}

type BusStep = Extract<StepAction, { i2c: unknown } | { spi: unknown } | { can: unknown }>;
const SECOND = 1_000_000_000_000;
/** What the ROMs speak: AN3154, AN5405. */
const [CAN_BITRATE, FDCAN_BITRATE] = [125_000, 250_000];

function plannedBus(chip: ChipDescription, step: BusStep, where: string): PlannedAction {
  if ('i2c' in step) {
    const { port, address, hex = '', read = 0 } = step.i2c;
    const value = wordValue(address, `${where}.i2c.address`);
    if (value > 0x7f)
      throw new UsageError(`${where}.i2c.address: 0x${value.toString(16)} has more than seven bits`, 'give it without the R/W bit');
    return { kind: 'i2c', port: busPort(chip, port, /^i2c/, `${where}.i2c.port`), address: value, bytes: hexBytes(hex), read };
  }
  if ('spi' in step) return { kind: 'spi', port: busPort(chip, step.spi.port, /^spi/, `${where}.spi.port`), bytes: hexBytes(step.spi.hex) };
  const { port, id, hex = '', extended = false } = step.can;
  const [value, bytes] = [wordValue(id, `${where}.can.id`), hexBytes(hex)];
  if (value >= (extended ? 2 ** 29 : 2 ** 11))
    throw new UsageError(`${where}.can.id: 0x${value.toString(16)} has more than ${extended ? 29 : '11 bits, and extended is not true'}`);
  if (bytes.length > 8) throw new UsageError(`${where}.can.hex: ${bytes.length} bytes; a frame has at most 8`);
  const name = busPort(chip, port, /^(bx|fd)can/, `${where}.can.port`);
  const { bitrate = /^FD/.test(name) ? FDCAN_BITRATE : CAN_BITRATE } = step.can;
  return { kind: 'can', port: name, id: value, extended, bytes, bit: Math.round(SECOND / bitrate) };
}

/** The chip's block of that name, which has one of these models. */
function busPort(chip: ChipDescription, port: string, model: RegExp, where: string): string {
  const ports = chip.blocks.filter((b) => model.test(b.model ?? '')).map((b) => b.name);
  const found = ports.find((name) => name.toLowerCase() === port.toLowerCase());
  if (found === undefined)
    throw new UsageError(
      `${where}: ${chip.name} has no ${port}`,
      didYouMean(port, ports) ?? (ports.length > 0 ? `it has ${ports.join(', ')}` : 'it has none'),
    );
  return found;
}

function plannedUsb(step: UsbStep, where: string): PlannedAction {
  if ('error' in step) return { kind: 'usb-error', error: step.error.kind, after: step.error.after ?? 0 };
  if ('unplug' in step) return { kind: 'usb-unplug', bit: step.unplug.bit, after: step.unplug.after ?? 0 };
  if ('suspend' in step) return { kind: 'usb-suspend', ps: parseDuration(step.suspend, `${where}.suspend`) };
  return { kind: 'usb-reset' };
}

function plannedPoke(names: Names, poke: Extract<StepAction, { poke: unknown }>['poke'], where: string): PlannedAction {
  const value = wordValue(poke.value, `${where}.value`);
  if ((poke.symbol === undefined) === (poke.address === undefined)) throw new UsageError(`${where} needs either symbol or address`);
  if (poke.symbol === undefined) {
    const address = wordValue(poke.address ?? 0, `${where}.address`);
    names.checkAddress(address, `${where}.address`);
    return { kind: 'poke', symbol: null, address, value, size: poke.size ?? 4 };
  }
  const symbol = names.symbol(poke.symbol, `${where}.symbol`);
  const size = poke.size ?? (symbol.size === 1 || symbol.size === 2 ? symbol.size : 4);
  return { kind: 'poke', symbol: symbol.name, address: symbol.address, value, size };
}

function plannedDfu(step: Extract<StepAction, { dfu: unknown }>['dfu'], where: string): PlannedAction {
  if ('download' in step) {
    const { file, hex, address } = step.download;
    if ((file === undefined) === (hex === undefined)) throw new UsageError(`${where}.download needs either file or hex`);
    const bytes = hex === undefined ? null : hexBytes(hex);
    return { kind: 'dfu-download', file: file ?? null, bytes, address: wordValue(address, `${where}.download.address`) };
  }
  if ('upload' in step)
    return { kind: 'dfu-upload', address: wordValue(step.upload.address, `${where}.upload.address`), length: step.upload.length };
  if ('erase' in step) return { kind: 'dfu-erase', address: step.erase === 'mass' ? 'mass' : wordValue(step.erase, `${where}.erase`) };
  if ('request' in step) return plannedRequest(step.request, `${where}.request`);
  return { kind: 'dfu-leave', address: wordValue(step.leave, `${where}.leave`) };
}

function plannedRequest(
  { request, type, value = 0, index, hex, length }: Extract<DfuStep, { request: unknown }>['request'],
  where: string,
): PlannedAction {
  if (hex !== undefined && length !== undefined) throw new UsageError(`${where} has both hex and length: it either sends or reads`);
  if (type !== undefined && ((type & 0x80) !== 0) !== (length !== undefined))
    throw new UsageError(`${where}: a type from 0x80 on reads, and needs length; one below sends, and has none`);
  return { kind: 'dfu-request', request, value, payload: length ?? hexBytes(hex ?? ''), type: type ?? null, index: index ?? null };
}

/** 32-bit value of a number or of hex or decimal text; negative ones in two's complement. */
export function wordValue(value: WordValue, where: string): number {
  const text = typeof value === 'string' ? value.trim() : '';
  const n = typeof value === 'number' ? value : /^(0[xX][0-9a-fA-F]+|-?\d+)$/.test(text) ? Number(text) : NaN;
  if (!Number.isInteger(n) || n < -(2 ** 31) || n >= 2 ** 32) throw new UsageError(`${where}: ${shown(value)} is not a 32-bit value`);
  return n >>> 0;
}

function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.replace(/\s+/g, '').match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function bytesOf(data: { readonly text?: string; readonly hex?: string }, where: string): Uint8Array {
  if ((data.text === undefined) === (data.hex === undefined)) throw new UsageError(`${where} needs either text or hex`);
  return data.text === undefined ? hexBytes(data.hex ?? '') : new TextEncoder().encode(data.text);
}

/** A pin that the package has not cannot be driven. */
function checkPin(chip: ChipDescription, pin: string, where: string): void {
  if (hasPin(chip, pin)) return;
  const { name, pins } = packageOf(chip)!;
  const bits = pins[pin[1]!] ?? 0;
  const there = Array.from({ length: 16 }, (_, n) => n).filter((n) => (bits >>> n) & 1);
  const port = there.length > 0 ? `of port ${pin[1]} it has ${there.join(', ')}` : `it has the ports ${Object.keys(pins).join(', ')}`;
  throw new UsageError(`${where}: ${partNumber(chip)} (${name}) has no pin ${pin}`, port);
}

/** Names of blocks that a step can send bytes to. */
function knownPort(chip: ChipDescription, port: string, where: string): string {
  const ports = chip.blocks.map((b) => b.name).filter((name) => SERIAL_PORT.test(name));
  const found = ports.find((name) => name.toLowerCase() === port.toLowerCase());
  if (found === undefined)
    throw new UsageError(`${where}: ${chip.name} has no ${port}`, didYouMean(port, ports) ?? `it has ${ports.join(', ')}`);
  return found;
}

/** Highest channel of any converter, those inside the chip included. */
const ADC_CHANNELS = 20;
const FULL_SCALE = 4095;
/** Millivolts by channel; a UsageError where the chip has no such converter or channel. */
function adcInputs(chip: ChipDescription, inputs: AdcInputs, vdda: number, where: string): Record<string, number> {
  const converters = chip.blocks.filter((b) => /^adc-(v2|f4)$/.test(b.model ?? '')).map((b) => b.name);
  const planned = Object.entries(inputs).map(([name, value]): [string, number] => {
    const [converter = '', channel = ''] = name.split('.');
    if (!converters.includes(converter))
      throw new UsageError(
        `${where}: ${chip.name} has no ${converter} that bootbench models`,
        didYouMean(converter, converters) ?? (converters.join(', ') || 'none'),
      );
    if (Number(channel) >= ADC_CHANNELS)
      throw new UsageError(`${where}: ${converter} has no channel ${channel}`, `0 to ${ADC_CHANNELS - 1}`);
    return [name, typeof value === 'number' ? value * 1000 : (value.raw / FULL_SCALE) * vdda * 1000];
  });
  return Object.fromEntries(planned);
}

/** Oscillators of one frequency have it as a parameter; MSI has a range register. */
const MSI = ['msi', 'msis', 'msik'];
function checkOscillators({ name: part, parameters, clocks }: ChipDescription, names: readonly string[]): void {
  const known = [...Object.keys(parameters).flatMap((p) => /^(\w+)\.hz$/.exec(p)?.[1] ?? []), ...MSI.filter((m) => clocks.includes(m))];
  for (const name of names)
    if (!known.includes(name))
      throw new UsageError(`board.ppm: ${part} has no oscillator ${name}`, didYouMean(name, known) ?? `it has ${known.join(', ')}`);
}

function checkChannels({ name: part, blocks }: ChipDescription, names: readonly string[]): void {
  const ports = blocks.map((b) => b.name).filter((name) => /^(?:(?:LP)?US?ART\d+|I2C\d+|SPI\d+|(?:FD)?CAN\d*)$/.test(name));
  const known = ['semihosting', 'itm', 'cdc', ...ports.map((name) => name.toLowerCase())];
  for (const name of names)
    if (!known.includes(name)) throw new UsageError(`expect.console: ${part} has no channel ${name}`, `it has ${known.join(', ')}`);
}

function checkOptionBytes(chip: ChipDescription, values: Readonly<Record<string, WordValue>>, where: string): void {
  const known = Object.keys(chip.optionBytes ?? {});
  for (const [name, value] of Object.entries(values)) {
    if (!known.includes(name)) throw new UsageError(`${where}.${name}: ${chip.name} has no such option byte`, didYouMean(name, known));
    const word = wordValue(value, `${where}.${name}`);
    const row = chip.optionBytes?.[name];
    const shown = row === undefined ? null : bitsOf(chip, row.field);
    // F0, F1 and F3 show the level of a protection byte, not the byte (RM0008 §3.3.3 and the like)
    const bits = shown !== null && row!.factory.value >= 2 ** shown ? 8 : shown;
    if (bits !== null && word >= 2 ** bits)
      throw new UsageError(`${where}.${name}: ${word} does not fit into its ${bits === 1 ? 'one bit' : `${bits} bits`}`);
    const off = row?.factory.value ?? word;
    if (name === 'TZEN' && word !== off)
      throw new UsageError(`${where}.TZEN: ${chip.name} is modelled with TrustZone off`, `it is 0x${off.toString(16)} here`);
  }
}

/** Width of a field of the chip's registers; null where the path is none of them. */
function bitsOf(chip: ChipDescription, path: string): number | null {
  const [peripheral, register, field] = path.split('.');
  const block = chip.blocks.find((b) => b.name === peripheral);
  const facts = block && chip.facts[block.facts ?? block.name];
  return facts?.registers.find((r) => r.name === register)?.fields.find((f) => f.name === field)?.width ?? null;
}

/** `ETH.DMAMR.SWR` and its value, checked against the chip's registers. */
export function forcedField(chip: ChipDescription, path: string, value: WordValue): ForcedField {
  const [peripheral = '', register = '', field = '', ...rest] = path.split('.');
  if (field === '' || rest.length > 0)
    throw new UsageError(`force: ${path} is not PERIPHERAL.REGISTER.FIELD`, 'for example ETH.DMAMR.SWR=0');
  const block = chip.blocks.find((b) => b.name === peripheral);
  const facts = block && chip.facts[block.facts ?? block.name];
  if (block === undefined || facts === undefined) {
    const names = chip.blocks.map((b) => b.name);
    throw new UsageError(`force: ${chip.name} has no peripheral ${peripheral}`, didYouMean(peripheral, names));
  }
  const reg = facts.registers.find((r) => r.name === register);
  if (reg === undefined) {
    const names = facts.registers.map((r) => r.name);
    throw new UsageError(`force: ${peripheral} has no register ${register}`, didYouMean(register, names));
  }
  const bits = reg.fields.find((f) => f.name === field);
  if (bits === undefined) {
    const names = reg.fields.map((f) => f.name);
    throw new UsageError(`force: ${peripheral}.${register} has no field ${field}`, didYouMean(field, names));
  }
  const n = wordValue(value, `force.${path}`);
  if (n >= 2 ** bits.width)
    throw new UsageError(`force: ${n} does not fit into ${path}, which has ${bits.width} bit${bits.width === 1 ? '' : 's'}`);
  return { peripheral, register, field, value: n };
}

/** Pins that the steps of a scenario drive. */
export const pinsMoved = ({ steps = [] }: Pick<Scenario, 'steps'>): readonly string[] =>
  steps.flatMap(({ do: action }) => ('pin' in action ? [action.pin.name] : []));
