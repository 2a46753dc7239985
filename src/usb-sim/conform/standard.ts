/**
 * Standard requests in the middle of a case (USB 2.0 §9.4): what a device says of itself was read when the case was opened, and is held against
 * every later answer, cut to wLength. What is wrong with what it says is wrong whenever it says it.
 */
import { DESCRIPTOR, getDescriptor, setupPacket } from '../descriptors.ts';
import { FACT_REQUIREMENTS, functionalOf, namedStrings, stringWrong, totalLengthWrong } from './descriptor-rules.ts';
import type { DfuDialect, Trait } from './dialect.ts';
import { unansweredText, type DfuFacts, type LinkAnswer } from './link.ts';

/** A request that reads, or that has no data. */
export interface StandardAsked {
  /** bmRequestType. */
  readonly type: number;
  /** bRequest. */
  readonly request: number;
  /** wValue. */
  readonly value: number;
  /** wIndex. */
  readonly index: number;
  /** wLength, bytes. */
  readonly length: number;
}
export const standardSetup = (a: StandardAsked): Uint8Array => setupPacket(a.type, a.request, a.value, a.index, a.length);

/** Descriptors as they come whole. */
export interface WholeDescriptors {
  readonly device: Uint8Array;
  readonly configuration: Uint8Array;
  /** By GET_DESCRIPTOR(DFU) of the interface; null: it is refused. */
  readonly functional: Uint8Array | null;
  /** By index; 0 has the languages. */
  readonly strings: ReadonlyMap<number, Uint8Array>;
}
const MOST_STRINGS = 16;
const LONGEST = 4096;
const NONE = new Uint8Array(0);

/** Asks for all of them; `restart` brings back a device that one of these questions has silenced. */
export function readDescriptors(ask: (setup: Uint8Array) => LinkAnswer, facts: DfuFacts, restart: () => void): WholeDescriptors {
  const read = (setup: Uint8Array): Uint8Array | null => {
    const { status, data } = ask(setup);
    if (status !== 'ok' && status !== 'stall') restart();
    return status === 'ok' ? data : null;
  };
  const device = read(getDescriptor(DESCRIPTOR.DEVICE, 0, 0, 64)) ?? NONE;
  const strings = new Map<number, Uint8Array>();
  const named = namedStrings(device, facts.configuration).map(([, index]) => index);
  for (const index of new Set([...Array.from({ length: MOST_STRINGS + 1 }, (_, i) => i), ...named])) {
    const string = read(getDescriptor(DESCRIPTOR.STRING, index, index === 0 ? 0 : facts.langId, 255));
    if (string !== null) strings.set(index, string);
  }
  return {
    device,
    configuration: read(getDescriptor(DESCRIPTOR.CONFIGURATION, 0, 0, LONGEST)) ?? NONE,
    functional: read(setupPacket(0x81, GET_DESCRIPTOR, DESCRIPTOR.DFU << 8, facts.interfaceNumber, 9)),
    strings,
  };
}

const [GET_STATUS, GET_DESCRIPTOR, GET_CONFIGURATION, SET_CONFIGURATION, GET_INTERFACE, SET_INTERFACE] = [0, 6, 8, 9, 10, 11];
const SELF_POWERED_AND_WAKEUP = 3;
const [TO_DEVICE, FROM_DEVICE, TO_INTERFACE, FROM_INTERFACE, FROM_ENDPOINT] = [0x00, 0x80, 0x01, 0x81, 0x82];
const SET_FEATURE = 3;

/** What is asked for, by document and paragraph. */
interface Rule {
  /** The requirement of `conform` that asks the same. */
  readonly requirement: string;
  readonly paragraph: string;
  /** The whole answer, of which wLength bytes come; null: STALL. */
  readonly answer: Uint8Array | null;
  /** Bits of the first byte that are the device's own business. */
  readonly own?: number;
  /** A STALL is as good. */
  readonly mayStall?: boolean;
  /** What is wrong with the answer itself; null: nothing. */
  readonly wrong?: string | null;
}
export interface StandardOptions {
  readonly dialect: DfuDialect;
  /** Requirements of `conform` that it is known to break. */
  readonly accepted: ReadonlySet<string>;
}

/** One device, as it is asked in one case. */
export class StandardMonitor {
  /** The alternate setting that is chosen. */
  setting = 0;
  /** A device that keeps its setting over SET_CONFIGURATION, as its team accepts, may have another one. */
  private settingKnown = true;
  /** SET_CONFIGURATION(0) takes the device out of its configuration. */
  private configured = true;
  private readonly facts: DfuFacts;
  private readonly whole: WholeDescriptors;
  private readonly options: StandardOptions;

  constructor(facts: DfuFacts, whole: WholeDescriptors, options: StandardOptions) {
    this.facts = facts;
    this.whole = whole;
    this.options = options;
  }

  /** The device is known to break what this asks for: what it makes of it may change its state, and a host that knows it does not ask. */
  avoids(asked: StandardAsked): boolean {
    return this.options.accepted.has(this.ruleOf(asked).requirement);
  }
  /** Takes an answer in; a text is what is wrong with it. */
  judge(asked: StandardAsked, got: LinkAnswer): string | null {
    const rule = this.ruleOf(asked);
    const wrong = this.breaks(rule, asked, got);
    if (wrong === null && got.status === 'ok' && asked.request === SET_INTERFACE) {
      this.setting = asked.value;
      this.settingKnown = true;
    }
    if (wrong === null && got.status === 'ok' && asked.type === TO_DEVICE && asked.request === SET_CONFIGURATION) {
      this.configured = asked.value !== 0;
      this.setting = 0;
      this.settingKnown = !this.options.accepted.has('chapter9.configuration-begins-anew');
    }
    return wrong === null || this.options.accepted.has(rule.requirement) ? null : `${wrong} (${rule.paragraph})`;
  }
  /** Requests to its interfaces may be made (USB 2.0 §9.1.1.5). */
  get isConfigured(): boolean {
    return this.configured;
  }
  /** Bus reset or power: as it was when it was opened. */
  reset(): void {
    this.setting = 0;
    this.settingKnown = true;
    this.configured = true;
  }
  /** iString of a status that is not OK names a string (DFU 1.1 §6.1.2). */
  istringWrong(index: number): string | null {
    if (index === 0 || this.whole.strings.has(index) || this.options.accepted.has('dfu.istring')) return null;
    return `iString is ${index}, and the device has no such string (DFU 1.1 §6.1.2)`;
  }
  /** What is broken of the requirements that the descriptors alone tell; the first, in words. */
  private factsWrong(): { readonly text: string | null; readonly paragraph: string; readonly id: string } | null {
    const { accepted } = this.options;
    for (const { id, title, paragraph, of } of FACT_REQUIREMENTS) {
      if (accepted.has(id)) continue;
      const { verdict, observed } = of(this.facts);
      if (verdict === 'fail') return { id, paragraph, text: `${title}: ${observed}` };
    }
    return null;
  }

  private breaks({ answer, mayStall, own = 0, wrong = null }: Rule, { length }: StandardAsked, got: LinkAnswer): string | null {
    if (got.status !== 'ok' && got.status !== 'stall') return unansweredText(got.status);
    if (got.status === 'stall') return answer === null || mayStall || (length === 0 && this.has('zero-length-stalls')) ? null : 'STALL';
    if (answer === null) return `acknowledged${got.data.length > 0 ? `, ${got.data.length} bytes` : ''}; asked for: STALL`;
    const want = answer.subarray(0, length);
    if (got.data.length !== want.length) return `${got.data.length} bytes came, not ${want.length}`;
    const at = want.findIndex((b, i) => ((got.data[i]! ^ b) & (i === 0 ? ~own : ~0)) !== 0);
    return at < 0 ? wrong : `byte ${at} is 0x${hex(got.data[at]!)}; the whole answer has 0x${hex(want[at]!)} there`;
  }
  private has(trait: Trait): boolean {
    return this.options.dialect.has(trait);
  }

  private ruleOf(asked: StandardAsked): Rule {
    const { type, request } = asked;
    if ((type & 0x60) === 0x20) return { requirement: 'usb.other-interface', paragraph: 'USB 2.0 §9.2.7, DFU 1.1 §3', answer: null };
    if ((type & 0x60) === 0x40) return { requirement: 'chapter9.unknown-vendor', paragraph: 'USB 2.0 §9.2.7', answer: null };
    if (request === GET_DESCRIPTOR) return this.descriptorRule(asked);
    return (
      this.ofWhatIsNotThere(asked) ??
      this.controlRule(asked) ?? { requirement: 'chapter9.unknown-request', paragraph: 'USB 2.0 §9.2.7', answer: null }
    );
  }
  /** A feature or an endpoint that the device does not have: `refusedRequests` asks for no other. */
  private ofWhatIsNotThere({ type, request }: StandardAsked): Rule | null {
    if (type === TO_DEVICE && request === SET_FEATURE)
      return { requirement: 'chapter9.unknown-feature', paragraph: 'USB 2.0 §9.4.9', answer: null };
    if (type !== FROM_ENDPOINT || request !== GET_STATUS) return null;
    const answer = this.has('any-endpoint-status') ? new Uint8Array(2) : null;
    return { requirement: 'chapter9.unknown-endpoint', paragraph: 'USB 2.0 §9.4.5', answer, own: 0xff, mayStall: true };
  }
  private controlRule({ type, request, value }: StandardAsked): Rule | null {
    const { configuration, alternates } = this.facts;
    if (type === FROM_DEVICE && request === GET_STATUS)
      return { requirement: 'chapter9.get-status', paragraph: 'USB 2.0 §9.4.5', answer: new Uint8Array(2), own: SELF_POWERED_AND_WAKEUP };
    if (type === FROM_DEVICE && request === GET_CONFIGURATION)
      return {
        requirement: 'chapter9.get-configuration',
        paragraph: 'USB 2.0 §9.4.2',
        answer: this.configured ? configuration.subarray(5, 6) : new Uint8Array(1),
      };
    if (type === FROM_INTERFACE && request === GET_INTERFACE)
      return {
        requirement: 'chapter9.get-interface',
        paragraph: 'USB 2.0 §9.4.4',
        answer: Uint8Array.of(this.setting),
        ...(this.settingKnown ? {} : { own: 0xff }),
        mayStall: alternates.length < 2,
      };
    if (type === TO_DEVICE && request === SET_CONFIGURATION) return this.configurationChosen(value);
    if (type === TO_INTERFACE && request === SET_INTERFACE) return this.settingChosen(value);
    return null;
  }
  private configurationChosen(value: number): Rule {
    return value === 0 || value === this.facts.configuration[5]
      ? { requirement: 'chapter9.unconfigured', paragraph: 'USB 2.0 §9.4.7', answer: NONE }
      : { requirement: 'chapter9.unknown-configuration', paragraph: 'USB 2.0 §9.4.7', answer: null };
  }
  private settingChosen(value: number): Rule {
    const { length } = this.facts.alternates;
    return {
      requirement: value < length ? 'chapter9.get-interface' : 'chapter9.alternate',
      paragraph: 'USB 2.0 §9.4.10',
      answer: value < length ? NONE : null,
      mayStall: length < 2,
    };
  }
  private descriptorRule({ type, value }: StandardAsked): Rule {
    const [kind, index] = [value >>> 8, value & 0xff];
    const { device, configuration, functional, strings } = this.whole;
    const paragraph = 'USB 2.0 §9.4.3';
    if (type === FROM_INTERFACE && kind === DESCRIPTOR.DFU) return this.functionalRule(functional);
    if (type === FROM_DEVICE && kind === DESCRIPTOR.DEVICE && index === 0) return this.deviceRule(device);
    if (type === FROM_DEVICE && kind === DESCRIPTOR.CONFIGURATION && index === 0) return this.configurationRule(configuration);
    const string = type === FROM_DEVICE && kind === DESCRIPTOR.STRING ? strings.get(index) : undefined;
    if (string)
      return { requirement: 'usb.strings', paragraph: 'USB 2.0 §9.6.7, §9.4.3', answer: string, wrong: stringWrong(index, string) };
    const unknown = kind === DESCRIPTOR.STRING ? 'string' : kind === DESCRIPTOR.QUALIFIER ? 'qualifier' : 'descriptor';
    return { requirement: `chapter9.unknown-${unknown}`, paragraph, answer: null };
  }
  private deviceRule(device: Uint8Array): Rule {
    const { configuration, strings } = this.whole;
    const missing = namedStrings(device, configuration).find(([, index]) => !strings.has(index));
    const whole = { answer: device, paragraph: 'USB 2.0 §9.6.1, §9.4.3' };
    if (device.length !== 18)
      return { ...whole, requirement: 'chapter9.long-read', wrong: `the whole device descriptor has ${device.length} bytes` };
    const wrong = missing ? `${missing[0]} is ${missing[1]}, and there is no such string` : null;
    return { ...whole, requirement: missing ? 'usb.strings' : 'chapter9.short-read', wrong };
  }
  private configurationRule(whole: Uint8Array): Rule {
    const total = totalLengthWrong(whole);
    if (total !== null) return { requirement: 'usb.total-length', paragraph: 'USB 2.0 §9.6.3', answer: whole, wrong: total };
    const broken = this.factsWrong();
    return {
      requirement: broken?.id ?? 'chapter9.short-read',
      paragraph: broken?.paragraph ?? 'USB 2.0 §9.4.3',
      answer: whole,
      wrong: broken?.text ?? null,
    };
  }
  private functionalRule(functional: Uint8Array | null): Rule {
    const [own] = functionalOf(this.facts.configuration);
    const same = functional === null || (own !== undefined && hexOf(own) === hexOf(functional));
    return {
      requirement: 'descriptor.functional-by-request',
      paragraph: 'USB 2.0 §9.4.3, DFU 1.1 §4.1.3',
      answer: functional,
      mayStall: this.has('functional-only-in-configuration'),
      wrong: same ? null : 'it differs from the one in the configuration',
    };
  }
}
const hex = (n: number): string => n.toString(16).padStart(2, '0');
const hexOf = (bytes: Uint8Array): string => [...bytes].map(hex).join('');
