/** Requests of a property case that are not DFU's: what the device says of itself, in whole and cut, settings, and what it has to refuse (USB 2.0 §9.4). */
import { requestCommand as request, type DfuCommand } from '../bench/dfu/dfu-command.ts';
import { freeEndpoint } from '../usb-sim/conform/descriptor-rules.ts';
import type { DfuFacts } from '../usb-sim/conform/link.ts';
import { parseDfuseLayout } from '../usb-sim/descriptors.ts';
import { DFU } from '../usb-sim/dfu-protocol.ts';
import { ABORT, set, SETTLE } from './dfu-words.ts';

const [TO_DEVICE, FROM_DEVICE, TO_INTERFACE, FROM_INTERFACE, FROM_ENDPOINT, FROM_VENDOR] = [0x00, 0x80, 0x01, 0x81, 0x82, 0xc0];
const [GET_STATUS, GET_DESCRIPTOR, GET_CONFIGURATION, SET_CONFIGURATION, GET_INTERFACE, SET_INTERFACE] = [0, 6, 8, 9, 10, 11];
const SET_FEATURE = 3;
/** Strings that are asked for, whether a descriptor names them or not. */
const STRINGS = 9;
const LONGEST_STRING = 255;

/** A standard request as a command. */
export const standardRead = (type: number, asked: number, value: number, index: number, length: number): DfuCommand => ({
  do: 'standard',
  type,
  request: asked,
  value,
  index,
  length,
});

/** GET_DESCRIPTOR of a string. */
export const stringRead = ({ langId }: DfuFacts, index: number, length: number): DfuCommand =>
  standardRead(FROM_DEVICE, GET_DESCRIPTOR, 0x0300 | index, index === 0 ? 0 : langId, length);
export const deviceRead = (length: number): DfuCommand => standardRead(FROM_DEVICE, GET_DESCRIPTOR, 0x0100, 0, length);
export const configurationRead = (length: number): DfuCommand => standardRead(FROM_DEVICE, GET_DESCRIPTOR, 0x0200, 0, length);
/** What is asked for without a length of its own. */
export const otherReads = ({ interfaceNumber }: DfuFacts): DfuCommand[] => [
  standardRead(FROM_INTERFACE, GET_DESCRIPTOR, 0x2100, interfaceNumber, 9),
  standardRead(FROM_DEVICE, GET_STATUS, 0, 0, 2),
  standardRead(FROM_DEVICE, GET_CONFIGURATION, 0, 0, 1),
  standardRead(FROM_INTERFACE, GET_INTERFACE, 0, interfaceNumber, 1),
];
/** Every descriptor, in whole and cut where devices go wrong. */
export function descriptorReads(facts: DfuFacts): DfuCommand[] {
  const total = facts.configuration.length;
  return [
    ...[64, 18, 17, 8, 1].map(deviceRead),
    ...[LONGEST_STRING, total + 1, total, total - 1, 64, 63, 9, 8, 1].map(configurationRead),
    ...Array.from({ length: STRINGS }, (_, i) => [LONGEST_STRING, 64, 18, 4, 2, 1].map((n) => stringRead(facts, i, n))).flat(),
    ...otherReads(facts),
    standardRead(FROM_INTERFACE, GET_DESCRIPTOR, 0x2100, facts.interfaceNumber, 4),
  ];
}
/** Requests that a device has to refuse. */
export function refusedRequests(facts: DfuFacts): DfuCommand[] {
  const { interfaceNumber, alternates, langId } = facts;
  const other = interfaceNumber + 5;
  return [
    standardRead(FROM_DEVICE, GET_DESCRIPTOR, 0x03f7, langId, LONGEST_STRING),
    standardRead(FROM_DEVICE, GET_DESCRIPTOR, 0x7700, 0, 64),
    standardRead(FROM_DEVICE, GET_DESCRIPTOR, 0x0600, 0, 10),
    standardRead(TO_DEVICE, SET_CONFIGURATION, 77, 0, 0),
    standardRead(FROM_DEVICE, 0x7e, 0, 0, 4),
    standardRead(FROM_VENDOR, 0x55, 0, 0, 4),
    standardRead(TO_DEVICE, SET_FEATURE, 0x77, 0, 0),
    standardRead(FROM_ENDPOINT, GET_STATUS, 0, freeEndpoint(facts), 2),
    standardRead(TO_INTERFACE, SET_INTERFACE, Math.max(99, alternates.length), interfaceNumber, 0),
    standardRead(0xa1, DFU.GETSTATE, 0, other, 1),
    standardRead(0xa1, DFU.GETSTATUS, 0, other, 6),
  ];
}
/** The device is taken out of its configuration and back; another setting is chosen, and a block of its memory read. */
export function settingVisits({ interfaceNumber, alternates, functional, configuration }: DfuFacts): DfuCommand[][] {
  const choose = (n: number): DfuCommand[] => [
    standardRead(TO_INTERFACE, SET_INTERFACE, n, interfaceNumber, 0),
    standardRead(FROM_INTERFACE, GET_INTERFACE, 0, interfaceNumber, 1),
  ];
  const others = alternates.flatMap((name, n): DfuCommand[][] => {
    const first = parseDfuseLayout(name).find((s) => s.readable);
    if (n === 0) return [];
    const chosen = [SETTLE, ABORT, ...choose(n)];
    if (!first) return [[...chosen, ...choose(0)]];
    const length = Math.min(functional.transferSize, first.end - first.start);
    return [[...chosen, ...set(first.start), ABORT, request(DFU.UPLOAD, 2, null, length), ABORT, ...choose(0)]];
  });
  const leftAndBack = [0, configuration[5] ?? 1].flatMap((value) => [
    standardRead(TO_DEVICE, SET_CONFIGURATION, value, 0, 0),
    standardRead(FROM_DEVICE, GET_CONFIGURATION, 0, 0, 1),
  ]);
  const last = alternates.length - 1;
  const again: DfuCommand[] = [
    ...choose(last),
    standardRead(TO_DEVICE, SET_CONFIGURATION, configuration[5] ?? 1, 0, 0),
    standardRead(FROM_INTERFACE, GET_INTERFACE, 0, interfaceNumber, 1),
  ];
  return [leftAndBack, ...(last > 0 ? [again] : []), ...others];
}
