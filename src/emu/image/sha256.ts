/**
 * SHA-256 (FIPS 180-4), synchronous, so that image loading needs neither Node nor promises. The rounds are WebAssembly: a run hashes an image and a ROM once each
 * and is done with both before V8 has optimised the same in TypeScript.
 */
import { ModuleWriter, type FunctionBody } from '../wasm/module.ts';
import { OP, OPERATORS } from '../wasm/opcodes.ts';

const ROUNDS = 64;
const BLOCK = 64;
/** The one page of memory: round constants, schedule of a block, hash, message. */
const K = 0;
const W = K + 4 * ROUNDS;
const HASH = W + 4 * ROUNDS;
const MESSAGE = HASH + 64;
const PAGE = 65536;
/** Bytes of message that are hashed at once. */
const PIECE = Math.floor((PAGE - MESSAGE) / BLOCK) * BLOCK;

const constants = new Int32Array(ROUNDS);
const start = new Int32Array(8);
{
  // The constants are the leading 32 bits of the fractional parts of cube and square roots of the first primes.
  let found = 0;
  for (let n = 2; found < ROUNDS; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (found < 8) start[found] = fraction(Math.sqrt(n));
    constants[found++] = fraction(Math.cbrt(n));
  }
}

function fraction(x: number): number {
  return Math.floor((x - Math.floor(x)) * 2 ** 32);
}

type Names = Readonly<Record<string, number>>;

/** Code in postfix notation: numbers, locals by name, `=x` sets one, `@8` loads the word at an address + 8, operators as WebAssembly calls them. */
function emit(f: FunctionBody, names: Names, text: string): void {
  for (const word of text.split(/\s+/)) {
    const operator = OPERATORS[`i32.${word}`];
    if (operator) f.op(operator.code);
    else if (word in names) f.get(names[word]!);
    else if (word.startsWith('=')) f.set(names[word.slice(1)]!);
    else if (word.startsWith('@')) f.memory(OP['i32.load'], Number(word.slice(1)));
    else f.i32(Number(word));
  }
}

/** Hashes the blocks from address `at` to `end`. */
function compression(f: FunctionBody): void {
  const names: Names = { at: 0, end: 1, p: f.newLocal('i32'), x: f.newLocal('i32'), y: f.newLocal('i32') };
  const state = Array.from('abcdefgh', () => f.newLocal('i32'));
  const code = (text: string): void => emit(f, names, text);
  const repeat = (condition: string, body: () => void): void => {
    const loop = f.loop();
    body();
    code(condition);
    f.brIf(loop);
    f.end(loop);
  };
  repeat('at end lt_u', () => {
    code('0 =p');
    repeat(`p ${4 * 16} lt_u`, () => {
      // the message is big-endian
      code(`p  at p add @0 =x  x 8 rotl ${0x00ff00ff} and x 8 rotr ${0xff00ff00} and or`);
      f.memory(OP['i32.store'], W);
      code('p 4 add =p');
    });
    repeat(`p ${4 * ROUNDS} lt_u`, () => {
      code(`p @${W - 4 * 15} =x  p @${W - 4 * 2} =y  p`);
      code(`p @${W - 4 * 16}  x 7 rotr x 18 rotr xor x 3 shr_u xor add`);
      code(`p @${W - 4 * 7} add  y 17 rotr y 19 rotr xor y 10 shr_u xor add`);
      f.memory(OP['i32.store'], W);
      code('p 4 add =p');
    });
    state.forEach((local, i) => {
      code(`0 @${HASH + 4 * i}`);
      f.set(local);
    });
    code('0 =p');
    repeat(`p ${4 * ROUNDS} lt_u`, () => {
      // eight rounds, after which each variable is in its own local again
      for (let round = 0; round < 8; round++) {
        const turned = Object.fromEntries(Array.from('abcdefgh', (name, i) => [name, state[(i - round) & 7]!]));
        const step = (text: string): void => emit(f, { ...names, ...turned }, text);
        step('h  e 6 rotr e 11 rotr xor e 25 rotr xor add  f g xor e and g xor add');
        step(`p @${K + 4 * round} add  p @${W + 4 * round} add =x  d x add =d`);
        step('x  a 2 rotr a 13 rotr xor a 22 rotr xor add  a b and a b or c and or add =h');
      }
      code(`p ${4 * 8} add =p`);
    });
    state.forEach((local, i) => {
      code(`0  0 @${HASH + 4 * i}`);
      f.get(local);
      code('add');
      f.memory(OP['i32.store'], HASH + 4 * i);
    });
    code(`at ${BLOCK} add =at`);
  });
}

interface Machinery {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly compress: (at: number, end: number) => void;
}
let machinery: Machinery | null = null;

function makeMachinery(): Machinery {
  const writer = new ModuleWriter();
  const compress = writer.declare(['i32', 'i32'], null);
  compression(writer.body(compress));
  writer.export('compress', compress);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(writer.finish()), { env: { memory } });
  const words = new Int32Array(memory.buffer);
  words.set(constants, K >> 2);
  return { bytes: new Uint8Array(memory.buffer), words, compress: exports['compress'] as Machinery['compress'] };
}

/** The end of a message: what does not fill a block, a one, zeros, and the length in bits. */
function lastBlocks(message: Uint8Array): Uint8Array {
  const rest = message.subarray(message.length - (message.length % BLOCK));
  const last = new Uint8Array(rest.length + 9 > BLOCK ? 2 * BLOCK : BLOCK);
  last.set(rest);
  last[rest.length] = 0x80;
  const view = new DataView(last.buffer);
  view.setUint32(last.length - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(last.length - 4, (message.length << 3) >>> 0);
  return last;
}

export function sha256(message: Uint8Array): string {
  const { bytes, words, compress } = (machinery ??= makeMachinery());
  const hash = (blocks: Uint8Array): void => {
    bytes.set(blocks, MESSAGE);
    compress(MESSAGE, MESSAGE + blocks.length);
  };
  words.set(start, HASH >> 2);
  const whole = message.length - (message.length % BLOCK);
  for (let at = 0; at < whole; at += PIECE) hash(message.subarray(at, Math.min(at + PIECE, whole)));
  hash(lastBlocks(message));
  return Array.from(words.subarray(HASH >> 2, (HASH >> 2) + 8), (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
