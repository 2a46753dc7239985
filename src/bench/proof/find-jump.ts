/**
 * Firmware that keeps running and never jumps waits for something. This finds the functions that could jump, the inputs that the firmware polls, and the outcome of
 * calling or pressing each of them. Everything runs on forks of the finished run.
 */
import { withAdvice } from '../documents/advice.ts';
import { atMost, MOST } from '../documents/bounds.ts';
import { hasPin } from '../../chips/parts.ts';
import type { ChipDescription } from '../../emu/chip.ts';
import type { Core } from '../../emu/core/core.ts';
import { handlerAt } from '../../emu/core/arm/exceptions.ts';
import { EXC } from '../../emu/core/arm/scs-state.ts';
import { codePlace, framesAt, functionName } from '../../image/image.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { keptOnTheWay } from './towards.ts';
import { callersOf, isIn, jumpCandidates, scanFunctions, type FunctionFacts, type JumpCandidate } from '../input/code-scan.ts';
import { awaitedTexts, lettersOf, LINE_ENDS } from './awaited-texts.ts';
import { onlySends } from './only-sends.ts';
import { comparersFor, sharersWith, type Comparer } from './comparers.ts';
import { decidingBit } from '../slice/deciding-bit.ts';
import { deafPinText, heardPins, isDrivenToo } from '../slice/deaf-pin.ts';
import { idleBlock } from '../slice/idle-block.ts';
import { lastWriteText } from '../slice/last-write.ts';
import {
  armedPins,
  type ArmedPin,
  hearingPorts,
  isOff,
  lineOfPin,
  portRegister,
  portSelector,
  wakers,
  wakersText,
} from '../slice/wakers.ts';
import { SERIAL_PORT } from '../documents/names.ts';
import { inputRegisters, pollsInput, type InputRegister } from '../session/input-registers.ts';
import type { Note } from '../documents/note-facts.ts';
import { hex32, type Outcome } from '../documents/result.ts';
import type { PlannedAction, Step } from '../documents/scenario-types.ts';
import { pinsMoved } from '../input/scenario.ts';
import { reaches, UNKNOWN_TEXT, type Instead, type Tried } from '../documents/tried.ts';
import { callChainOf } from '../session/call-chain.ts';
import { runTo } from '../slice/window.ts';
import { sleepsOnExit } from '../session/fixed-loop.ts';
import { stormBehind } from '../slice/starved.ts';
import { outcomeAwake } from '../slice/why.ts';
import { place } from '../slice/words.ts';
import type { Session } from '../session/session.ts';
import { Trials, type Trial, type Way } from './trials.ts';

/** How long the inputs are watched. */
const WATCH = 60 * MS;
/** Effort: and from power-on, where a look at a pin may come once, behind a long set-up. */
const WATCH_START = 2000 * MS;
/** And each poll of one executed and counted; behind that, loops may be left out. */
const EXACTLY = 1 * MS;
const LATE = 5 * MS;
/** Time that a running handler gets to return before a function is called. */
const HANDLER_ENDS = 20 * MS;

/** A register that shows an input from outside and that the firmware polls. */
export interface PolledInput {
  /** `GPIOC.IDR` */
  readonly register: string;
  /** The tested bit; null if the code does not show it. */
  readonly bit: number | null;
  readonly kind: 'pin' | 'serial';
  /** `PC13`, or the name of the port (`USART1`). */
  readonly name: string;
  /** Level of the pin now. */
  readonly level: 0 | 1 | null;
  /** The edge of an interrupt that counts: the next one, or that of a button which is let go. */
  readonly edge?: ArmedPin['edge'];
  /** Address of the read; null for an interrupt. */
  readonly pc: number | null;
  /** It was read more than once. */
  readonly again: boolean;
  /** Both its edges raise an interrupt: the handler may measure how long a press lasts. */
  readonly bothEdges?: boolean;
  /** A read was seen that shows what the board drives; later the pin may be an output. */
  readonly heard: boolean;
  /** What a serial port may wait for, the likeliest first. */
  readonly texts: readonly string[];
}

export interface FoundJump {
  readonly candidates: readonly JumpCandidate[];
  /** The image has function names, but no function can branch into system memory. */
  readonly noJump: boolean;
  readonly inputs: readonly PolledInput[];
  /** Pins that are looked at right behind power-on and not at `end`: a button that is held while the board starts. */
  readonly atStart: readonly PolledInput[];
  /** What else would end the wait: a frame, a master, a capture. */
  readonly outside: readonly string[];
  /** Why pins among them read the same whatever the board drives. */
  readonly deaf: ReadonlyMap<string, string>;
  /** Pins among them that the firmware drives, too. */
  readonly driven: ReadonlySet<string>;
  /** What a virtual COM port may wait for, which the host has bound at `end`. */
  readonly comTexts: readonly string[];
}

/** The functions that can enter system memory, and what is polled from `powerOn` and from `end` on. The session is left anywhere. */
export function findJump(s: Session, powerOn: Checkpoint, end: Checkpoint): FoundJump {
  const functions = scanFunctions(s.input.images);
  const all = jumpCandidates(functions, s.input.chip);
  s.restore(end);
  const candidates = atMost(s.input, MOST.functions, 'functions that can enter system memory', all).map(unlessRunning(s));
  const code = codeOf(
    s,
    functions,
    candidates.map((c) => c.facts),
  );
  const armed = isOff(s) ? [] : [...edges(s), ...armedPorts(s, code)];
  const { loop } = s.state;
  const rest = loop === null ? [] : wakers(s, loop.sleeping).filter(({ kind }) => kind === 'other');
  const outside = rest.map((w) => wakersText([w]));
  // from power-on itself, a single look is one at the start
  const polled = polledInputs(s, end, code).filter(({ again }) => end !== powerOn || again);
  const others = armed.filter((input) => !polled.some((p) => p.name === input.name));
  const inputs = firstInputs(s, 'inputs that it waits for', [...polled, ...others]);
  s.restore(end);
  const heard = new Set(inputs.flatMap((i) => (i.heard ? [i.name] : [])));
  const pinNames = inputs.flatMap(({ kind, name }) => (kind === 'pin' && !heard.has(name) ? [name] : []));
  const deaf = new Map(pinNames.map((name) => [name, deafPinText(s, name)] as const).filter(isKnown));
  const comTexts = s.usb.state.cdc === null || candidates.length === 0 ? [] : comTextsFor(code);
  const pinReads = new Set(polled.flatMap(({ kind, pc }) => (kind === 'pin' && pc !== null ? [pc] : [])));
  const early = polledInputs(s, powerOn, code, { watch: watchOfStart(powerOn, end), rests: pinReads }).filter(
    (e) => e.level !== null && !inputs.some((i) => i.name === e.name),
  );
  const pins = new Map(early.map((e) => [e.name, e]));
  s.restore(end);
  // of a pin that was read as an output alone the board decides nothing
  const asInputs = [...inputs, ...pins.values()].filter(({ heard: isHeard }) => isHeard);
  const driven = new Set(asInputs.map(({ name }) => name).filter((name) => isDrivenToo(s, name)));
  return {
    candidates,
    noJump: lacksJump(functions, all),
    inputs,
    atStart: atMost(s.input, MOST.pinsAtStart, 'pins that it looks at when it starts', [...pins.values()]),
    outside,
    deaf,
    driven,
    comTexts,
  };
}
/** Up to where the run itself was watched: behind that it does the same again. */
const watchOfStart = (powerOn: Checkpoint, end: Checkpoint): Ps =>
  Math.max(WATCH, Math.min(WATCH_START, end.system.now - powerOn.system.now));
const isKnown = (entry: readonly [string, string | null]): entry is readonly [string, string] => entry[1] !== null;
/** A function that has been called and waits in a call is no trigger: calling it again leads to the same wait. */
function unlessRunning(s: Session): (c: JumpCandidate) => JumpCandidate {
  const { frames } = callChainOf(s.machine.bootCore, s.input.images);
  return (c) => (frames.some(({ pc }) => isIn(c.facts, pc)) ? { ...c, runsAnyway: true } : c);
}

/** What texts are looked for in. */
interface Code {
  readonly bounded: Session['input'];
  readonly functions: readonly FunctionFacts[];
  /** Those that may compare a text which leads into the ROM. */
  readonly comparers: readonly Comparer[];
  /** Others that have to do with the same variables. */
  readonly sharers: readonly Comparer[];
}
function codeOf({ input }: Session, functions: readonly FunctionFacts[], jumping: readonly FunctionFacts[]): Code {
  const comparers = comparersFor(functions, jumping, input.chip);
  return { bounded: input, functions, comparers, sharers: sharersWith(comparers, functions, input.chip) };
}
/** Texts that a port may wait for whose byte is read in `reader`. */
function textsFor({ bounded, functions, comparers, sharers }: Code, reader: FunctionFacts | undefined): string[] {
  const near = [...(reader ? [{ facts: reader, at: null }] : []), ...comparers];
  // a function that gives the byte back compares nothing itself; one that compares some may store the others for the main loop
  const isEnough = reader !== undefined && lettersOf(reader).length > 0;
  return awaitedTexts(bounded, near, sharers, isEnough ? [] : functions);
}
/** Texts for a virtual COM port: nothing says which function reads them. */
const comTextsFor = ({ bounded, functions, comparers, sharers }: Code): string[] => awaitedTexts(bounded, comparers, sharers, functions);
const lacksJump = (functions: readonly FunctionFacts[], all: readonly JumpCandidate[]): boolean =>
  functions.length > 0 && all.every((c) => c.kind !== 'jump');

export const NO_JUMP = 'no function of the image that sets MSP and branches holds an address of system memory';
/** Behind a reset nothing of an image without a jump enters the ROM: a function that resets, an assertion for instance, is no way there. */
export const entering = (name: string, { kind, why, namesRom }: JumpCandidate, noJump: boolean): string =>
  kind === 'request' && noJump ? `${name} ${why}` : `${name} ${namesRom ? 'can' : 'may'} enter system memory: it ${why}`;
const ONLY_BY_BOOT = 'after a reset, only option bytes or BOOT0 can start the ROM';
/** Why firmware that resets the chip repeatedly does not enter the ROM, if its code shows it. */
export function whyNoJump(s: Session): string | null {
  const functions = scanFunctions(s.input.images);
  return lacksJump(functions, jumpCandidates(functions, s.input.chip)) ? `${NO_JUMP}: ${ONLY_BY_BOOT}` : null;
}

/** Of an input that leads to a handler: no read of it was seen. */
const UNREAD = { pc: null, again: false, heard: false } as const;
/** The handler may store the byte, so any function may compare it; those that can jump come first. */
function armedPorts(s: Session, code: Code): PolledInput[] {
  const { bootCore } = s.machine;
  return hearingPorts(s).map(({ name, line }) => {
    const handler = handlerAt(bootCore, EXC.IRQ0 + line);
    const reader = code.functions.find((f) => f.symbol.address === handler);
    return { ...UNREAD, register: name, bit: null, kind: 'serial', name, level: null, texts: textsFor(code, reader) };
  });
}
/** Pins of the package whose next edge leads to a handler. */
const edges = (s: Session): PolledInput[] =>
  armedPins(s)
    .filter((pin) => hasPin(s.machine.chip, pin.name) && lineOfPin(s, pin, true) !== null)
    .map(({ name, line, level, edge, both: bothEdges }) => ({
      ...UNREAD,
      register: 'EXTI',
      bit: line,
      kind: 'pin',
      name,
      level,
      edge,
      bothEdges,
      texts: [],
    }));

interface Poll {
  readonly kind: PolledInput['kind'];
  readonly block: string;
  readonly register: string;
  readonly address: number;
  readonly pc: number;
  /** Keyed by the caller, if it is known, because one function may read several pins. */
  readonly lr: number;
  readonly core: Core;
  readonly value: number;
  readonly first: Ps;
  last: Ps;
  count: number;
  /** Of a port: the pins that showed the board at a read, a bit each. */
  heard: number;
}

/** Whether the endless loop of the session waits for a pin or a received byte. */
export function waitsForInput(s: Session): boolean {
  const { loop } = s.state;
  if (loop === null || idleBlock(s, loop.reads) !== null) return false;
  if (pollsInput(s.machine, loop)) return true;
  // it looks at nothing, and several functions end in it: that is where errors end, whatever interrupts go on
  if (loop.reads.length === 0 && !loop.sleeping && callersOf(s.input.images, loop.pc).length > 1) return false;
  return loop.exception === 0 && !loop.inFault && wakers(s, loop.sleeping).length > 0;
}

/** @param rests reads of pins by which the firmware is at rest: where one of them comes again, its start is over */
function polledInputs(
  s: Session,
  end: Checkpoint,
  code: Code,
  { watch, rests }: { readonly watch: Ps; readonly rests: ReadonlySet<number> } = { watch: WATCH, rests: new Set() },
): PolledInput[] {
  const { machine } = s;
  const registers = inputRegisters(s.machine);
  const polls = new Map<string, Poll>();
  s.keepCheckpoints = false;
  s.restore(end);
  const skipping = machine.skipping;
  machine.skipping = false;
  const masks = new Map<number, number | null>();
  machine.setRepairs({
    pages: new Set([...registers.keys()].map((a) => a >>> 12)),
    read: (core, address) => {
      const input = registers.get((address & ~3) >>> 0);
      if (!input || core.zone !== 'user') return null;
      let mask = masks.get(core.pc);
      if (mask === undefined) masks.set(core.pc, (mask = core.testedMask(core.pc)));
      const poll = notePoll(polls, core, input, (address & ~3) >>> 0, mask);
      if (poll !== null && poll.kind === 'pin' && poll.last === core.now()) poll.heard |= heardPins(s, poll.block);
      // what is left out has been gone through: only how often each is polled would be counted wrongly
      if (poll !== null && isOpen(poll, core.now())) machine.skipping = false;
      return null;
    },
  });
  try {
    const [least, until] = [machine.now + WATCH, machine.now + watch];
    const counted = machine.now + EXACTLY;
    let idle = 0;
    while (machine.now < until) {
      const before = machine.now;
      machine.skipping = skipping && before >= counted && ![...polls.values()].some((p) => isOpen(p, before));
      s.advance(Math.min(until, before + EXACTLY));
      s.steps.poll();
      // right behind power-on it stops once before the first instruction
      idle = machine.now === before ? idle + 1 : 0;
      if (idle > 1) break;
      if (machine.now >= least && [...polls.values()].some((p) => p.count > 1 && rests.has(p.pc))) break;
    }
  } finally {
    machine.setRepairs(null);
    machine.skipping = skipping;
  }
  const inputs = new Map<string, PolledInput>();
  for (const p of atMost(s.input, MOST.inputReads, 'places from which it reads an input', [...polls.values()])) {
    if (SERIAL_PORT.test(p.block) && p.core.testedMask(p.pc) === null && onlySends(s, p, code.functions)) continue;
    const input = asInput(p, testedBit(s, end, p), code, s.input.chip);
    const key = `${input.register} ${input.bit}`;
    const known = inputs.get(key);
    inputs.set(key, known === undefined ? input : alsoRead(known, input));
  }
  return firstInputs(s, 'inputs that it polls', [...inputs.values()]);
}
/** An input that is read elsewhere, too. */
const alsoRead = (known: PolledInput, here: PolledInput): PolledInput => ({
  ...known,
  again: known.again || here.again,
  heard: known.heard || here.heard,
  texts: [...new Set([...known.texts, ...here.texts])],
});

/** As many inputs as are tried: a port counts once, however many of its registers are read. */
function firstInputs(s: Session, what: string, all: readonly PolledInput[]): PolledInput[] {
  const nameOf = ({ kind, name, bit }: PolledInput): string => (kind === 'pin' ? `${name} ${bit}` : name);
  const first = new Set(atMost(s.input, MOST.inputs, what, [...new Set(all.map(nameOf))]));
  return all.filter((input) => first.has(nameOf(input)));
}

/** Finds the tested bit from the mask next to the read, otherwise by inverting each bit in a fork. The position of the session afterwards is undefined. */
function testedBit(s: Session, from: Checkpoint, p: Poll): number | null {
  const mask = p.core.testedMask(p.pc);
  if (mask !== null) return (mask & (mask - 1)) === 0 && mask !== 0 ? 31 - Math.clz32(mask) : null;
  return p.kind === 'pin' && p.core === s.machine.bootCore ? decidingBit(s, from, { ...p, at: p.first }) : null;
}

/** The period of a poll is not known yet; what does not come again soon is not waited for. */
const isOpen = ({ first, last }: Poll, now: Ps): boolean => last - first < EXACTLY && now - first < LATE;
function notePoll(
  polls: Map<string, Poll>,
  core: Core,
  { kind, block, register, bits }: InputRegister,
  address: number,
  mask: number | null,
): Poll | null {
  const { lr } = core.arm;
  // the bytes that it sends are no input
  if (((mask ?? -1) & bits) === 0) return null;
  const key = `${block} ${core.pc} ${kind === 'pin' ? lr : ''}`;
  const at = core.now();
  let poll = polls.get(key);
  if (!poll) {
    const value = core.peek(address, 4) ?? 0;
    poll = { kind, block, register, address, pc: core.pc, lr, core, value, first: at, last: at, count: 1, heard: 0 };
    polls.set(key, poll);
  } else if (poll.last - poll.first < EXACTLY) {
    poll.last = at;
    poll.count++;
  }
  return poll;
}

function asInput(p: Poll, bit: number | null, code: Code, chip: ChipDescription): PolledInput {
  const holder = code.functions.find((f) => isIn(f, p.pc));
  // A pin that is not on the package cannot be pressed.
  const isPin = p.kind === 'pin' && bit !== null && bit < 16 && hasPin(chip, `P${p.block.slice(-1)}${bit}`);
  return {
    register: `${p.block}.${p.register}`,
    bit,
    kind: p.kind,
    name: isPin ? `P${p.block.slice(-1)}${bit}` : p.block,
    level: isPin ? (((p.value >>> bit) & 1) as 0 | 1) : null,
    pc: p.pc,
    again: p.count > 1,
    heard: isPin && ((p.heard >>> bit) & 1) !== 0,
    texts: p.kind === 'serial' && SERIAL_PORT.test(p.block) ? textsFor(code, holder) : [],
  };
}

/** The scenario step that triggers an input; null if it is not known. */
/** SWDIO and SWCLK: nobody has a button there. */
const WIRES_OF_DEBUG = /^PA1[34]$/;
function pressing(input: PolledInput, at = SOON): Step | null {
  if (input.kind === 'pin')
    return input.level === null || WIRES_OF_DEBUG.test(input.name)
      ? null
      : { at, do: { pin: { name: input.name, level: input.level === 1 ? 0 : 1 } } };
  const [text] = input.texts;
  return text === undefined ? null : sending(input, text, at);
}
const sending = ({ name }: PolledInput, text: string, at = SOON): Step => ({ at, do: { uart: { port: name, text } } });
/** A call step with the function's name, or its address if several images have this name, as a loader and its application often do. */
function calling({ input: { images } }: Session, { facts: { symbol } }: JumpCandidate, at = SOON): Step {
  const alone = images.every((image) => image.symbols.named(symbol.name).every((s) => s.address === symbol.address));
  return { at, do: { call: alone ? symbol.name : hex32(symbol.address) } };
}

/** A step for an input that the firmware has, the likeliest first: nothing is known of what leads on. */
function exampleFor(s: Session, from: Checkpoint, { inputs, atStart, deaf }: FoundJump): Step | undefined {
  s.keepCheckpoints = false;
  s.restore(from);
  const at = '1s';
  const text = UNKNOWN_TEXT;
  if (s.usb.state.cdc !== null) return { at, do: { cdc: { text } } };
  const port = inputs.find(({ kind, name }) => kind === 'serial' && SERIAL_PORT.test(name));
  if (port !== undefined) return sending(port, text, at);
  const [pin] = [...inputs, ...atStart].flatMap((i) =>
    i.kind === 'pin' && !deaf.has(i.name) && !byRelease(i) ? (pressing(i, at) ?? []) : [],
  );
  return pin;
}

/** A candidate is called where the firmware stands, without arguments. */
export function calledOn(s: Session, from: Checkpoint, { facts }: JumpCandidate): void {
  const { machine } = s;
  s.keepCheckpoints = false;
  s.restore(from);
  const core = machine.bootCore;
  const limit = machine.now + HANDLER_ENDS;
  while (core.arm.ipsr !== 0 && machine.now < limit) {
    const before = machine.now;
    s.advance(machine.now + MS / 100);
    if (machine.now === before) break;
  }
  core.beginCall(facts.symbol.address);
}
function callTrial(s: Session, from: Checkpoint, c: JumpCandidate, example: Step | undefined): Trial {
  const tried = { name: `call of ${candidateName(s, c)}`, kind: c.kind, step: calling(s, c), ...(example && { example }) };
  const way: Way = {
    begin: () => calledOn(s, from, c),
    takes: 0,
    end: (outcome) => {
      const kept = entered(outcome) ? null : keptOnTheWay(s);
      return { tried: { ...tried, outcome, ...(kept === null ? {} : hang(kept)) }, enough: true };
    },
  };
  return { progress: `calling ${c.facts.symbol.name}`, tried, ways: [way] };
}

/** Only the way back is an edge that counts. */
const byRelease = ({ level, edge }: PolledInput): boolean => edge !== undefined && edge === (level === 1 ? 'rising' : 'falling');
/** A finger on a button, where nothing asks for more. */
const PRESS = 200 * MS;
/** Effort: longer than what firmware asks for as a rule, which is one to three seconds. */
const LONG_PRESS = 3500 * MS;
/** Times of a press are rounded up to this, and it is held for so much longer: it may begin elsewhere in a period of looks. */
const PRESS_UNIT = 100 * MS;

/** A pin that changes its level at `from`: held until the firmware goes for the ROM or resets itself, or else let go of at once. */
function pressTrial(s: Session, from: Checkpoint, input: PolledInput, atStart: boolean, jumping: readonly JumpCandidate[]): Trial | null {
  const step = pressing(input, atStart ? AT_START : undefined);
  const { name, level } = input;
  if (input.kind !== 'pin' || level === null || step === null) return null;
  const where = atStart ? ' at the start' : '';
  const pressed = { name: `${name} = ${1 - level}${where}`, kind: 'input' as const, step };
  const tried = byRelease(input) ? { ...pressed, name: `${name} = ${1 - level}, then ${level}${where}`, held: `${PRESS / MS}ms` } : pressed;
  const begin = (): void => {
    s.keepCheckpoints = false;
    s.restore(from);
  };
  // a loader without its application: nothing of it could have gone for the ROM
  const strays = (outcome: Outcome): boolean =>
    atStart &&
    outcome === 'fault' &&
    jumping.length === 0 &&
    s.machine.history.entries.length === 0 &&
    scanFunctions(s.input.images).length > 0;
  let start = 0;
  const held: Way = {
    begin: () => {
      begin();
      start = s.machine.now;
      s.machine.system.setWire(`pin.${name}`, 1 - level);
    },
    takes: 0,
    lasts: true,
    end: (outcome) => {
      const time = heldFor(s, start);
      if (time === null || strays(outcome)) return null;
      const long = { name: `${name} = ${1 - level} for ${(time / MS / 1000).toFixed(1)} s${where}`, held: `${time / MS}ms` };
      const short = (): { readonly held?: string } =>
        outcome === 'reset-loop' && resetsQuickly(s) ? { held: `${SHORT_PRESS / MS}ms` } : {};
      const press = time > PRESS ? long : short();
      return { tried: { ...pressed, ...press, outcome, ...insteadOf(s, start, outcome, jumping) }, enough: true };
    },
  };
  const letGoAfter = (time: Ps): void => {
    begin();
    start = s.machine.now;
    s.steps.append({ kind: 'pin', name, level: level === 1 ? 0 : 1 });
    s.steps.append({ kind: 'pin', name, level }, time);
  };
  // some firmware acts when the button is let go of, and only if that was soon
  const released: Way = {
    begin: () => letGoAfter(PRESS),
    takes: PRESS,
    end: (outcome) => {
      if (strays(outcome)) return null;
      const came = insteadOf(s, start, outcome, jumping);
      return {
        tried: { ...tried, outcome, ...came },
        enough: came.instead?.is === 'hang' || s.machine.history.entries.length > 0,
      };
    },
  };
  // a handler of both edges may act on the second, by the time since the first
  const longReleased: Way = {
    begin: () => letGoAfter(LONG_PRESS),
    takes: LONG_PRESS,
    lasts: true,
    late: true,
    end: (outcome) => {
      const { entries, resets } = s.machine.history;
      if (![...entries, ...resets].some((e) => e.at >= start + LONG_PRESS)) return null;
      const long = { name: `${name} = ${1 - level} for ${LONG_PRESS / MS / 1000} s${where}`, held: `${LONG_PRESS / MS}ms` };
      return { tried: { ...pressed, ...long, outcome, ...insteadOf(s, start, outcome, jumping) }, enough: true };
    },
  };
  const ways = [held, released, ...(input.bothEdges === true && !atStart ? [longReleased] : [])];
  return { progress: atStart ? `starting with ${name} changed` : `changing ${name}`, tried, ways };
}
/** A chip that resets over and over while the button is down does so thousands of times in a press. A short one shows it, too. */
const SHORT_PRESS = 20 * MS;
/** The run has ended in a loop of resets: whether several of them come within a part of a short press. */
function resetsQuickly(s: Session): boolean {
  const { machine } = s;
  const { length } = machine.history.resets;
  runTo(s, machine.now + SHORT_PRESS / 10);
  return machine.history.resets.length - length >= 3;
}
/** How long a press since `start` has to last for what came of it; null where it led to no entry and no reset. */
function heldFor({ machine: { history } }: Session, start: Ps): Ps | null {
  const first = [...history.entries, ...history.resets].filter((e) => e.at > start).reduce((least, e) => Math.min(least, e.at), Infinity);
  if (first === Infinity) return null;
  const needed = first - start;
  return needed <= PRESS / 2 ? PRESS : (Math.ceil(needed / PRESS_UNIT) + 1) * PRESS_UNIT;
}

/** Each text for a port is a way of its own: one may lead into the ROM, and the next may not. */
function sendTrials(s: Session, from: Checkpoint, input: PolledInput, jumping: readonly JumpCandidate[]): Trial[] {
  const { name, texts } = input;
  return texts.map((text): Trial => {
    const { tried, way } = sent(
      s,
      from,
      { text, to: name, step: sending(input, text), as: (bytes) => ({ kind: 'uart', port: name, bytes, fits: true }) },
      jumping,
    );
    return {
      progress: `sending to ${name}`,
      tried,
      ways: [{ ...way, end: (outcome) => ({ ...way.end(outcome), enough: true }) }],
      oneOf: name,
    };
  });
}
/** A text and how it is sent. */
interface Sending {
  readonly text: string;
  readonly to: string;
  readonly step: Step;
  readonly as: (bytes: Uint8Array) => PlannedAction;
}
/** `"boot\r" to USART1` */
export const sentName = (text: string, to: string): string => `${JSON.stringify(text)} to ${to}`;
/** One fork with it; it is enough where something comes of it. */
function sent(s: Session, from: Checkpoint, { text, to, step, as }: Sending, jumping: readonly JumpCandidate[]) {
  const tried = { name: sentName(text, to), kind: 'input' as const, step };
  let start = 0;
  const way = {
    begin: (): void => {
      s.keepCheckpoints = false;
      s.restore(from);
      start = s.machine.now;
      s.steps.append(as(new TextEncoder().encode(text)));
    },
    takes: 0,
    end: (outcome: Outcome) => {
      const came = insteadOf(s, start, outcome, jumping);
      return { tried: { ...tried, outcome, ...came }, enough: entered(outcome) || came.instead !== undefined };
    },
  };
  return { tried, way };
}

/** With the session at the end of a fork that began at `start`: what came of it in place of an entry into the ROM. */
function insteadOf(s: Session, start: Ps, outcome: Outcome, jumping: readonly JumpCandidate[]): { readonly instead?: Instead } {
  const { machine, state } = s;
  const { entries, resets } = machine.history;
  if (entered(outcome) || entries.some((e) => e.at > start)) return {};
  const { loop } = state;
  if (outcome === 'stuck' && loop !== null && isHang(s, loop, jumping)) return hang(`it stays in ${place(s, loop.pc)}`);
  const kept = keptFromWork(s) ?? keptOnTheWay(s);
  if (kept !== null) return hang(kept);
  if (s.state.fault !== null) return hang(`a fault keeps it in ${place(s, machine.bootCore.pc)}`);
  return resets.some((r) => r.at > start && r.by === 'software') ? { instead: { is: 'reset' } } : {};
}
const hang = (how: string): { readonly instead: Instead } => ({ instead: { is: 'hang', how } });
/** Interrupts are served, and the program that they interrupted does not go on. The session stays where it is. */
function keptFromWork(s: Session): string | null {
  const at = s.save();
  const storm = stormBehind(s, at);
  s.restore(at);
  if (storm !== null) return `${storm.name} is taken again and again, and nothing but ${place(s, storm.handler)} runs`;
  const asleep = sleepsOnExit(s) && outcomeAwake(s) !== 'stuck';
  s.restore(at);
  return asleep ? 'SCB.SCR.SLEEPONEXIT keeps it asleep behind its handlers' : null;
}
/** A loop of an application may be where it rests. In a handler it keeps everything else from running, and on the way into the ROM it is no rest. */
function isHang(
  s: Session,
  { exception, inFault }: { readonly exception: number; readonly inFault: boolean },
  jumping: readonly JumpCandidate[],
): boolean {
  if (waitsForInput(s)) return false;
  if (exception !== 0 || inFault) return true;
  const { frames } = callChainOf(s.machine.bootCore, s.input.images);
  return frames.some(({ pc }) => jumping.some(({ facts }) => isIn(facts, pc)));
}

// ---- in words --------------------------------------------------------------------------------------------------------------------

const where = (s: Session, pc: number): string => {
  const { file, line, symbol } = codePlace(s.input.images, pc);
  return file === null ? `${symbol ?? ''} ${hex32(pc)}`.trim() : `${file.slice(file.lastIndexOf('/') + 1)}:${line}`;
};

/** `request_dfu (main.c:22)` */
export const candidateName = (s: Session, { facts }: JumpCandidate): string => {
  const pc = facts.symbol.address;
  return `${functionName(facts.symbol.name, framesAt(s.input.images, pc))} (${where(s, pc)})`;
};

/** `GPIOC.IDR bit 13 (PC13, now 1), main.c:31`: how often says little, for most come in bursts. */
function inputText(s: Session, input: PolledInput): string {
  if (input.pc === null && input.kind === 'serial') return `a byte at ${input.name} (interrupt or DMA)`;
  if (input.pc === null)
    return `a ${input.edge ?? 'rising or falling'} edge on ${input.name} (now ${input.level}, interrupt)${otherPort(s, input.name)}`;
  const bit = input.bit === null ? '' : ` bit ${input.bit}`;
  const pin = input.level === null ? '' : ` (${input.name}, now ${input.level})`;
  return `${input.register}${bit}${pin}, ${where(s, input.pc)}`;
}

/** The scenario moves the same pin of another port: the EXTI line listens elsewhere. */
function otherPort(s: Session, name: string): string {
  const { input, machine } = s;
  const line = Number(name.slice(2));
  const moved = pinsMoved(input.scenario.document);
  const other = moved.find((pin) => pin !== name && Number(pin.slice(2)) === line);
  if (other === undefined || moved.includes(name)) return '';
  const register = `${portSelector(machine)}.${portRegister(line)}`;
  const by = lastWriteText(s, register);
  return `; the scenario moves ${other}, which EXTI line ${line} does not listen to: ${by}`;
}

/** Pins that nobody can move: the reason of the wait, if the scenario moves the pin or the program looks at no other input. */
function deafNotes(s: Session, { inputs, deaf }: FoundJump): Note[] {
  const moved = pinsMoved(s.input.scenario.document);
  const all = inputs.every(({ name }) => deaf.has(name));
  return inputs.flatMap(({ name }) => {
    const text = deaf.get(name);
    return text === undefined ? [] : [{ kind: all || moved.includes(name) ? 'input' : 'not-triggered', text }];
  });
}

const NO_FUNCTIONS = {
  unnamed: 'the image has no function names: give the .elf to see which functions can enter system memory',
  unsized:
    'no symbol of the image is a function with a size (in assembly: .type and .size), so it is not seen which functions can enter system memory',
} as const;
const drivenText = ({ driven }: FoundJump): readonly string[] =>
  driven.size === 0
    ? []
    : [`drives ${[...driven].join(', ')} as well, as a keypad or a bus made of pins: by default nothing is connected that answers`];
/** Notes for a run that never jumped. `goesOn`: the program runs, and a step may lead it on. */
export function notTriggered(s: Session, found: FoundJump, goesOn = true): Note[] {
  const { candidates, inputs, atStart } = found;
  const notes: Note[] = [];
  const tell = (text: string, about?: Note['about']): void => void notes.push({ kind: 'not-triggered', text, ...(about && { about }) });
  if (candidates.length === 0 && scanFunctions(s.input.images).length === 0)
    tell(NO_FUNCTIONS[s.input.images.some(({ symbols }) => symbols.all.length > 0) ? 'unsized' : 'unnamed']);
  else if (candidates.length === 0) tell(`${NO_JUMP}, and none is seen to store a word and reset`, { is: 'lacks-jump' });
  for (const c of candidates) tell(entering(candidateName(s, c), c, found.noJump));
  if (candidates.length > 0 && found.noJump) tell(`${NO_JUMP}: ${ONLY_BY_BOOT}`, { is: 'lacks-jump' });
  notes.push(...deafNotes(s, found));
  // what it reads again and again it need not wait for
  const read = (i: PolledInput): string => `${i.pc === null ? 'waits for' : 'reads'} ${inputText(s, i)}`;
  for (const text of new Set(inputs.map(read))) tell(text, { is: 'waits-for-input' });
  for (const text of found.outside) tell(`waits for ${text}`, { is: 'waits-for-input' });
  for (const text of [...atStart.map((i) => `looks at its start at ${inputText(s, i)}`), ...drivenText(found)]) tell(text);
  const known = new Set((s.input.scenario.document.steps ?? []).map((step) => JSON.stringify(step.do)));
  const steps = [
    ...inputs.filter((i) => !found.deaf.has(i.name) && !byRelease(i)).flatMap((i) => pressing(i) ?? []),
    ...atStart.flatMap((i) => pressing(i, AT_START) ?? []),
    ...candidates
      .filter((c) => !c.runsAnyway)
      .slice(0, 1)
      .map((c) => calling(s, c)),
  ].filter((step) => !known.has(JSON.stringify(step.do)));
  const commands = new Set(steps.map((step) => JSON.stringify(step)));
  if (goesOn && steps.length > 0)
    notes.push({
      kind: 'not-triggered',
      about: { is: 'steps', serial: steps.some((step) => 'uart' in step.do) },
      ...withAdvice({
        is: 'other',
        said: '',
        lead: 'to try it, ',
        command: `put one of these steps into a scenario: ${[...commands].join(' or ')}`,
      }),
    });
  return notes;
}

/** When a trigger is given: most firmware is set up by then. */
const SOON = '100ms';
/** Before the first instruction. */
export const AT_START = '0ms';

/** Arduino tools open the port at 1200 baud and close it to request the bootloader; Klipper, stm32duino and others understand this. */
const TOUCH = 1200;
/** The port is opened at 1200 baud; null if the host has no CDC driver bound. */
function touchTrial(s: Session, from: Checkpoint): Trial | null {
  s.keepCheckpoints = false;
  s.restore(from);
  if (s.usb.state.cdc === null) return null;
  const step: Step = { at: SOON, do: { cdc: { baud: TOUCH } } };
  const tried = { name: `virtual COM port opened at ${TOUCH} baud`, kind: 'input' as const, step };
  const way: Way = {
    begin: () => {
      s.restore(from);
      s.steps.append({ kind: 'cdc-baud', baud: TOUCH });
    },
    takes: 0,
    end: (outcome) => ({ tried: { ...tried, outcome }, enough: true }),
  };
  return { progress: `opening the virtual COM port at ${TOUCH} baud`, tried, ways: [way] };
}

const COM_PORT = 'the virtual COM port';
/** Each text for the virtual COM port, once the host has bound it. A line may be over with its end, or with the packet that brings it. */
function comTrials(s: Session, from: Checkpoint, texts: readonly string[], jumping: readonly JumpCandidate[]): Trial[] {
  const send = (text: string) =>
    sent(s, from, { text, to: COM_PORT, step: { at: SOON, do: { cdc: { text } } }, as: (bytes) => ({ kind: 'cdc', bytes }) }, jumping);
  return texts.map((text): Trial => {
    const { tried, way } = send(text);
    const bare = text.replace(LINE_ENDS, '');
    return { progress: `sending to ${COM_PORT}`, tried, ways: [way, ...(bare === text ? [] : [send(bare).way])], oneOf: COM_PORT };
  });
}

/** Inputs come before function calls. A function that requests a reset covers the whole way, so it comes before one that only jumps. */
export function rank({ step, kind }: { readonly step: Step | null; readonly kind: string }): number {
  if (step !== null && 'do' in step && !('call' in step.do)) return 0;
  return kind === 'request' ? 1 : 2;
}
/** Whether the outcome means that the ROM was entered. */
export const entered = (outcome: Outcome): boolean => outcome !== 'no-jump' && outcome !== 'stuck';

/** What has not led anywhere yet would be chosen before what has. */
const mayBeBetter = (a: Omit<Tried, 'outcome'>, found: Tried): boolean =>
  !entered(found.outcome) || rank(a) < rank(found) || (rank(a) === rank(found) && !reaches(found));

/** Calls each candidate, presses each pin and sends bytes to each port on a fork. `whole`: each is followed to its end, whatever the others led to. */
export function tryAll(s: Session, powerOn: Checkpoint, from: Checkpoint, found: FoundJump, whole = false): Tried[] {
  const { candidates, inputs, atStart, comTexts } = found;
  const example = exampleFor(s, from, found);
  const trials = [
    ...inputs.flatMap((i) => (i.kind === 'serial' ? sendTrials(s, from, i, candidates) : [pressTrial(s, from, i, false, candidates)])),
    ...atStart.map((i) => pressTrial(s, powerOn, i, true, candidates)),
    touchTrial(s, from),
    ...comTrials(s, from, comTexts, candidates),
    ...candidates.filter((c) => !c.runsAnyway).map((c) => callTrial(s, from, c, example)),
  ];
  const tried = new Trials(s, whole).run(
    trials.filter((t) => t !== null),
    mayBeBetter,
  );
  const listens = from.system.now;
  const isLate = ({ step, outcome, instead }: Tried): boolean => step.at === SOON && (entered(outcome) || instead !== undefined);
  return tried.map((t) => (isLate(t) && listens > 0 ? { ...t, listens } : t));
}
