/** Descriptors and standard requests: USB 2.0 chapter 9 and DFU 1.1 §4. */
import { DESCRIPTOR, getDescriptor, setupPacket } from '../descriptors.ts';
import { DFU, DFU_STATE, dfuStateName, dfuTold } from '../dfu-protocol.ts';
import { FACT_REQUIREMENTS, freeEndpoint, functionalOf, namedStrings, stringWrong } from './descriptor-rules.ts';
import { isDfuse, type LinkAnswer } from './link.ts';
import type { Recorder } from './recorder.ts';
import { dialect, fail, must, notApplicable, PASS, type Finding, type Requirement } from './requirement.ts';
import { saysCorrupt } from './states.ts';

const NONE = new Uint8Array(0);
const standard = (r: Recorder, text: string, ...setup: Parameters<typeof setupPacket>): Promise<LinkAnswer> =>
  r.control(setupPacket(...setup), NONE, text);
const descriptor = (r: Recorder, type: number, index: number, length: number, name: string): Promise<LinkAnswer> =>
  r.control(
    getDescriptor(type, index, type === DESCRIPTOR.STRING && index > 0 ? r.facts.langId : 0, length),
    NONE,
    `GET_DESCRIPTOR(${name}, ${length})`,
  );
/** Still there, in dfuIDLE: what a refused request must leave behind. */
async function alive(r: Recorder): Promise<Finding> {
  const state = await r.state();
  return must(
    state === DFU_STATE.IDLE || state === DFU_STATE.ERROR,
    state === null ? 'GETSTATE is not answered any more' : `${dfuStateName(state)} afterwards`,
  );
}
async function refused(r: Recorder, answer: LinkAnswer): Promise<Finding> {
  if (answer.status !== 'stall') return fail(answer.status === 'ok' ? `${answer.data.length} bytes` : answer.status);
  return alive(r);
}

const BY_REQUEST: readonly Requirement[] = [
  {
    id: 'descriptor.functional-by-request',
    title: 'GET_DESCRIPTOR(DFU) of the interface gives the functional descriptor',
    paragraph: 'USB 2.0 §9.4.3, DFU 1.1 §4.1.3',
    tellsDialect: true,
    check: async (r, facts) => {
      const answer = await standard(r, 'GET_DESCRIPTOR(DFU, 9) of the interface', 0x81, 6, DESCRIPTOR.DFU << 8, facts.interfaceNumber, 9);
      if (answer.status === 'stall') return dialect('functional-only-in-configuration', 'STALL');
      const [own] = functionalOf(facts.configuration);
      const same = own !== undefined && answer.data.length === own.length && own.every((b, i) => answer.data[i] === b);
      if (answer.status === 'ok' && answer.data[1] === DESCRIPTOR.DFU && !same) return fail('it differs from the one in the configuration');
      return must(answer.status === 'ok' && same, `${answer.status}, ${answer.data.length} bytes`);
    },
  },
];

const REQUESTS: readonly Requirement[] = [
  {
    id: 'chapter9.short-read',
    title: 'a descriptor is cut to wLength, byte by byte',
    paragraph: 'USB 2.0 §9.4.3',
    check: async (r) => {
      for (const length of [1, 8, 17]) {
        const { status, data } = await descriptor(r, DESCRIPTOR.DEVICE, 0, length, 'DEVICE');
        if (status !== 'ok' || data.length !== length) return fail(`wLength ${length}: ${status}, ${data.length} bytes`);
      }
      return PASS;
    },
  },
  {
    id: 'chapter9.long-read',
    title: 'a descriptor asked for with a longer wLength ends with a short packet',
    paragraph: 'USB 2.0 §5.5.3, §9.4.3',
    check: async (r, facts) => {
      for (const length of [64, 255, 4096]) {
        const { status, data } = await descriptor(r, DESCRIPTOR.DEVICE, 0, length, 'DEVICE');
        if (status !== 'ok' || data.length !== 18) return fail(`DEVICE, wLength ${length}: ${status}, ${data.length} bytes`);
      }
      const whole = await descriptor(r, DESCRIPTOR.CONFIGURATION, 0, 4096, 'CONFIGURATION');
      return must(whole.data.length === facts.configuration.length, `CONFIGURATION: ${whole.status}, ${whole.data.length} bytes`);
    },
  },
  {
    id: 'chapter9.zero-length',
    title: 'a read with wLength 0 has no data stage and is acknowledged',
    paragraph: 'USB 2.0 §9.3.5',
    tellsDialect: true,
    check: async (r) => {
      const { status } = await descriptor(r, DESCRIPTOR.DEVICE, 0, 0, 'DEVICE');
      return status === 'ok' ? alive(r) : status === 'stall' ? dialect('zero-length-stalls', 'STALL') : fail(status);
    },
  },
  {
    id: 'chapter9.unknown-string',
    title: 'a string that is not there is refused with STALL, and the device goes on',
    paragraph: 'USB 2.0 §9.4.3',
    check: async (r, facts) => {
      // the last string that anything answers is not known: those behind the last that a descriptor names may be there
      const device = await descriptor(r, DESCRIPTOR.DEVICE, 0, 18, 'DEVICE');
      const last = Math.max(0, ...namedStrings(device.data, facts.configuration).map(([, index]) => index));
      for (const index of [0xf7, last + 1]) {
        const answer = await descriptor(r, DESCRIPTOR.STRING, index, 255, `STRING ${index}`);
        if (answer.status === 'ok' && index !== 0xf7 && stringWrong(index, answer.data) === null) continue;
        const found = await refused(r, answer);
        if (found.verdict === 'fail') return fail(`string ${index}: ${found.observed}`);
      }
      return PASS;
    },
  },
  ...(
    [
      ['descriptor', 'a descriptor type that is not there', 'USB 2.0 §9.4.3', [0x80, 6, 0x7700, 0, 64]],
      ['qualifier', 'DEVICE_QUALIFIER of a device that is full-speed only', 'USB 2.0 §9.6.2', [0x80, 6, 0x0600, 0, 10]],
      ['configuration', 'a configuration that is not there (SET_CONFIGURATION 77)', 'USB 2.0 §9.4.7', [0x00, 9, 77, 0, 0]],
      ['request', 'a standard request that is not defined', 'USB 2.0 §9.2.7', [0x80, 0x7e, 0, 0, 4]],
      ['vendor', 'a vendor request', 'USB 2.0 §9.2.7', [0xc0, 0x55, 0, 0, 4]],
      ['feature', 'SET_FEATURE of a feature that is not there', 'USB 2.0 §9.4.9', [0x00, 3, 0x77, 0, 0]],
    ] as const
  ).map(([name, what, paragraph, setup]): Requirement => ({
    id: `chapter9.unknown-${name}`,
    title: `${what} is refused with STALL, and the device goes on`,
    paragraph,
    check: async (r) =>
      refused(
        r,
        await standard(r, `request ${setup.map((n) => n.toString(16)).join(' ')}`, setup[0], setup[1], setup[2], setup[3], setup[4]),
      ),
  })),
  {
    id: 'chapter9.unknown-endpoint',
    title: 'GET_STATUS of an endpoint that is not there is refused with STALL',
    paragraph: 'USB 2.0 §9.4.5',
    tellsDialect: true,
    check: async (r, facts) => {
      const endpoint = freeEndpoint(facts);
      const answer = await standard(r, `GET_STATUS(endpoint 0x${endpoint.toString(16)})`, 0x82, 0, 0, endpoint, 2);
      if (answer.status === 'ok') return dialect('any-endpoint-status', `${answer.data.length} bytes`);
      return refused(r, answer);
    },
  },
  {
    id: 'chapter9.alternate',
    title: 'an alternate setting that is not there is refused with STALL',
    paragraph: 'USB 2.0 §9.4.10',
    check: async (r, facts) => refused(r, await standard(r, 'SET_INTERFACE(99)', 0x01, 11, 99, facts.interfaceNumber, 0)),
  },
  {
    id: 'chapter9.get-interface',
    title: 'GET_INTERFACE tells the alternate setting that was chosen',
    paragraph: 'USB 2.0 §9.4.4, §9.4.10',
    check: async (r, facts) => {
      const last = Math.max(0, facts.alternates.length - 1);
      const set = await standard(r, `SET_INTERFACE(${last})`, 0x01, 11, last, facts.interfaceNumber, 0);
      // USB 2.0 §9.4.10: an interface with one setting may STALL it
      if (set.status !== 'ok' && !(set.status === 'stall' && last === 0)) return fail(`SET_INTERFACE: ${set.status}`);
      const { status, data } = await standard(r, 'GET_INTERFACE', 0x81, 10, 0, facts.interfaceNumber, 1);
      return must(status === 'ok' && data[0] === last, status === 'ok' ? `setting ${data[0]}` : status);
    },
  },
  {
    id: 'chapter9.configuration-begins-anew',
    title: 'SET_CONFIGURATION takes the interface back to setting 0',
    paragraph: 'USB 2.0 §9.1.1.5, §9.4.7',
    check: async (r, facts) => {
      const last = facts.alternates.length - 1;
      if (last < 1) return notApplicable('the interface has one setting');
      const set = await standard(r, `SET_INTERFACE(${last})`, 0x01, 11, last, facts.interfaceNumber, 0);
      if (set.status !== 'ok') return fail(`SET_INTERFACE: ${set.status}`);
      const value = facts.configuration[5] ?? 1;
      const chosen = await standard(r, `SET_CONFIGURATION(${value})`, 0x00, 9, value, 0, 0);
      if (chosen.status !== 'ok') return fail(`SET_CONFIGURATION: ${chosen.status}`);
      const { status, data } = await standard(r, 'GET_INTERFACE', 0x81, 10, 0, facts.interfaceNumber, 1);
      return must(status === 'ok' && data[0] === 0, status === 'ok' ? `setting ${data[0]}` : status);
    },
  },
  {
    id: 'chapter9.get-configuration',
    title: 'GET_CONFIGURATION tells the value that was set',
    paragraph: 'USB 2.0 §9.4.2',
    check: async (r, facts) => {
      const { status, data } = await standard(r, 'GET_CONFIGURATION', 0x80, 8, 0, 0, 1);
      return must(status === 'ok' && data[0] === facts.configuration[5], status === 'ok' ? `value ${data[0]}` : status);
    },
  },
  {
    id: 'chapter9.unconfigured',
    title: 'SET_CONFIGURATION(0) and back: GET_CONFIGURATION tells each, and the device goes on',
    paragraph: 'USB 2.0 §9.4.7, §9.4.2',
    skip: (link) => (link.claimedOnly ? 'this link keeps the configuration' : null),
    check: async (r, facts) => {
      for (const value of [0, facts.configuration[5]!]) {
        const set = await standard(r, `SET_CONFIGURATION(${value})`, 0x00, 9, value, 0, 0);
        if (set.status !== 'ok') return fail(`SET_CONFIGURATION(${value}): ${set.status}`);
        const { status, data } = await standard(r, 'GET_CONFIGURATION', 0x80, 8, 0, 0, 1);
        if (status !== 'ok' || data[0] !== value)
          return fail(`behind SET_CONFIGURATION(${value}): ${status === 'ok' ? `value ${data[0]}` : status}`);
      }
      return alive(r);
    },
  },
  {
    id: 'chapter9.get-status',
    title: 'GET_STATUS of the device gives two bytes',
    paragraph: 'USB 2.0 §9.4.5',
    check: async (r) => {
      const { status, data } = await standard(r, 'GET_STATUS', 0x80, 0, 0, 0, 2);
      return must(status === 'ok' && data.length === 2 && (data[0]! & ~3) === 0 && data[1] === 0, `${status}, ${[...data].join(' ')}`);
    },
  },
  {
    id: 'chapter9.setup-in-data-stage',
    title: 'a SETUP in the middle of a data stage starts the new request',
    paragraph: 'USB 2.0 §5.5.5, §8.5.3',
    skip: (link) => (link.abandon ? null : 'this link cannot break a transfer off'),
    check: async (r, facts) => {
      r.sequence.push('GET_DESCRIPTOR(CONFIGURATION, 255), broken off after its first packet');
      await r.link.abandon!(getDescriptor(DESCRIPTOR.CONFIGURATION, 0, 0, 255));
      const { status, data } = await descriptor(r, DESCRIPTOR.DEVICE, 0, 18, 'DEVICE');
      return must(status === 'ok' && data.length === 18 && (data[8]! | (data[9]! << 8)) === facts.vid, `${status}, ${data.length} bytes`);
    },
  },
  {
    id: 'chapter9.reset',
    title: 'a bus reset brings the device back to dfuIDLE',
    paragraph: 'DFU 1.1 §A.1, USB 2.0 §9.1.1.3 (ST: DFU mode stays)',
    tellsDialect: true,
    check: async (r, facts) => {
      await r.request(DFU.DNLOAD, 0, isDfuse(facts) ? Uint8Array.of(0x77) : new Uint8Array(8));
      r.sequence.push('bus reset');
      const back = await r.link.reset();
      if (back === 'gone') return fail('the device stays on the bus, and does not answer at address 0');
      if (back === 'other') return dialect('reset-leaves', 'the device is not in DFU mode any more');
      const s = await r.status();
      if (s !== null && saysCorrupt(s)) return dialect('reset-finds-error', dfuTold(s));
      return must(s?.bState === DFU_STATE.IDLE, s === null ? 'no status' : dfuStateName(s.bState));
    },
  },
];

export const CHAPTER9_REQUIREMENTS: readonly Requirement[] = [...FACT_REQUIREMENTS, ...BY_REQUEST, ...REQUESTS];
