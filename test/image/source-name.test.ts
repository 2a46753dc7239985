/** Names of C++ and Rust symbols, as c++filt and rustfilt spell them (without arguments). */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codePlace, loadImage } from '../../src/image/image.ts';
import { sourceName } from '../../src/image/source-name.ts';

describe('a symbol of C++ or Rust', () => {
  it.each([
    ['_ZN4boot6Jumper2goEv', 'boot::Jumper::go'],
    ['_ZNK4boot6Jumper3getEi', 'boot::Jumper::get'],
    ['_Z10disconnectv', 'disconnect'],
    ['_ZL4jumpj', 'jump'],
    ['_ZN12_GLOBAL__N_14jumpEPKj', '(anonymous namespace)::jump'],
    ['_ZN4boot6JumperC2EPVKNS_11VectorTableE', 'boot::Jumper::Jumper'],
    ['_ZN4boot6JumperD1Ev', 'boot::Jumper::~Jumper'],
    ['_ZNSt6thread4joinEv', 'std::thread::join'],
    ['_ZN7fw_h7433app8usb_task17h0f3c2b1a99d0e847E', 'fw_h743::app::usb_task'],
    ['_ZN38_$LT$app..Dfu$u20$as$u20$app..Mode$GT$5enter17h0123456789abcdefE', '<app::Dfu as app::Mode>::enter'],
    ['_RNvNtCs4fqI2P2rA04_7fw_h7433app4jump', 'fw_h743::app::jump'],
    ['_RNvCs1234_7mycrate4main', 'mycrate::main'],
    ['_RNCNvCs1234_7mycrate4main0', 'mycrate::main::{closure}'],
  ])('%s is %s', (symbol, name) => expect(sourceName(symbol)).toBe(name));
  it.each(['_ZN3FooIiLj4EE3barEv', '_Z3maxIiET_S0_S0_', '_ZN99bootE', '_ZZ4mainENKUlvE_clEv', '_RINvC1a1bEx', '_ZNSt6vectorpLEi'])(
    'what has more than a path in it, or less, keeps its symbol: %s',
    (symbol) => expect(sourceName(symbol)).toBe(symbol),
  );
  it.each(['main', 'HAL_GPIO_ReadPin', '_start', '_Zone', '_Reset', '', '_Z', '_R'])('%s is none', (symbol) =>
    expect(sourceName(symbol)).toBe(symbol),
  );
  it('any text has some name, and a number in it is never believed', () => {
    const letters = fc.string({ unit: fc.constantFrom('N', 'E', 'I', 'C', 'S', 't', '1', '9', '0', '_', 'a', 's'), maxLength: 40 });
    fc.assert(fc.property(fc.constantFrom('_ZN', '_Z', '_R', '_RNv'), letters, (start, rest) => sourceName(start + rest).length > 0));
  });
});

it('a place in a program of C++ has the name of the source', () => {
  const image = loadImage(new Uint8Array(readFileSync(new URL('../../fixtures/f405-cpp-class/firmware.elf', import.meta.url))), 'fw.elf');
  const { address } = image.symbols.named('_ZNK4boot6Loader5startEv')[0]!;
  expect(codePlace([image], address & ~1).symbol).toBe('boot::Loader::start');
});
