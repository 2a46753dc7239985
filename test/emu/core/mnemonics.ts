/** Is it the same instruction? Our assembler template against the text of a foreign disassembler. */
import type { Row } from '../../../src/emu/core/rows.ts';

const CONDITION = '(?:eq|ne|[ch]s|lo|cc|mi|pl|v[sc]|hi|ls|ge|lt|gt|le|al)';
const escape = (s: string): string => s.replaceAll('.', '\\.');

/** `VMOV{S}.W <a>` → vmov, vmovs, with or without `.w`; a template may begin with several names. */
export function mnemonicsOf(asm: string): RegExp[] {
  const names: string[] = [];
  for (const token of asm.split(/,?\s+/)) {
    if (!/^[A-Z]/.test(token) || token === 'SP' || token === 'PC' || token === 'FPSCR') break;
    names.push(token);
  }
  return names.map((name) => {
    const body = name
      .toLowerCase()
      .split(/(\{[^}]*\}|<cc>)/)
      .map((part) => {
        if (part === '<cc>') return CONDITION;
        const choice = /^\{(.*)\}$/.exec(part);
        if (!choice) return escape(part.replace(/\.[wn]$/, ''));
        const options = choice[1]!.split('|').map(escape);
        return options.length > 1 ? `(?:${options.join('|')})` : `(?:${options[0]!})?`;
      })
      .join('');
    return new RegExp(`^${body}$`);
  });
}
/** Encodings that LLVM calls by a name of its own, or of an extension that these cores do not have. */
const NAMED_OTHERWISE: readonly { readonly row: string; readonly names: RegExp; readonly why: string }[] = [
  {
    row: 'Hints T2',
    names: /^(hint|sevl|esb|tsb|csdb|pac|pacbti|bti|aut)$/,
    why: 'hints that are not allocated, or belong to an extension, do nothing: DDI 0403 A5.3.4',
  },
  { row: 'Hints T1', names: /^(hint|sevl)$/, why: 'the same: DDI 0403 A5.2.5' },
  { row: 'DSB T1', names: /^p?ssbb$/, why: 'ARMv8-A names of DSB with option 0 and 4: DDI 0403 A7.7 executes reserved options as SY' },
  { row: 'UDF T1', names: /^(trap|__brkdiv0)$/, why: 'UDF #254 and #249 under the names of a debugger and of a compiler: DDI 0403 A7.7' },
  { row: 'LDRH (literal) T2', names: /^pld$/, why: 'Rt = PC is an unallocated memory hint: DDI 0403 A5.3.8' },
  { row: 'LDRSH (literal) T2', names: /^pl[di]$/, why: 'Rt = PC is an unallocated memory hint: DDI 0403 A5.3.8' },
];
const cache = new WeakMap<Row, RegExp[]>();

/** `add.w r0, r1, r2` → add, `itte eq` → it. */
export const mnemonicOf = (text: string): string =>
  text
    .split(/\s/)[0]!
    .toLowerCase()
    .replace(/\.[wn]$/, '')
    .replace(/^it[te]{1,3}$/, 'it');

export function isNamed(row: Row, text: string): boolean {
  let names = cache.get(row);
  if (!names) cache.set(row, (names = mnemonicsOf(row.asm)));
  const mnemonic = mnemonicOf(text);
  return names.some((name) => name.test(mnemonic)) || NAMED_OTHERWISE.some((x) => x.row === row.name && x.names.test(mnemonic));
}
