/** Instructions as text, from the assembler templates of the rows (rows.ts). Names and operands as Arm's unified syntax writes them. */
import type { Instruction } from './decode.ts';
import type { Decoded, Variant } from './rows.ts';

export interface Disassembled {
  /** `ldr.w`, `bne`, `itt`. */
  readonly name: string;
  /** `r0, [r1, #4]`; empty: none. A branch has none but its registers: `target` has the rest. */
  readonly operands: string;
  /** Where a branch goes that says so itself; null = it does not. */
  readonly target: number | null;
  /** Address of the word that a literal load reads, or whose address it makes; null = none. */
  readonly literal: number | null;
}

const CONDITIONS = ['eq', 'ne', 'hs', 'lo', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le', 'al'] as const;
/** ITSTATE as the assembler writes it: IT and T or E for each instruction behind the first (DDI 0403 A7.7.38). */
function itName(imm: number): string {
  const [first, mask] = [imm >>> 4, imm & 15];
  let name = 'it';
  for (let bit = 3; (mask & ((1 << bit) - 1)) !== 0; bit--) name += ((mask >>> bit) & 1) === (first & 1) ? 't' : 'e';
  return name;
}

const CORE_NAMES = ['sp', 'lr', 'pc'] as const;
const core = (n: number): string => CORE_NAMES[n - 13] ?? `r${n}`;
/** SYSm (DDI 0553 B5.1). */
const SPECIAL: Readonly<Record<number, string>> = {
  ...{ 0: 'apsr', 1: 'iapsr', 2: 'eapsr', 3: 'xpsr', 5: 'ipsr', 6: 'epsr', 7: 'iepsr', 8: 'msp', 9: 'psp', 10: 'msplim', 11: 'psplim' },
  ...{ 16: 'primask', 17: 'basepri', 18: 'basepri_max', 19: 'faultmask', 20: 'control' },
};
const HINTS = ['nop', 'yield', 'wfe', 'wfi', 'sev'] as const;
const BARRIERS: Readonly<Record<number, string>> = {
  15: 'sy',
  14: 'st',
  11: 'ish',
  10: 'ishst',
  7: 'nsh',
  6: 'nshst',
  3: 'osh',
  2: 'oshst',
};

const ones = (word: number): number => {
  let n = 0;
  for (let rest = word >>> 0; rest !== 0; rest &= rest - 1) n++;
  return n;
};
const lowest = (word: number): number => 31 - Math.clz32(word & -word);

/** `{r4-r7, lr}` without what stands between two others. */
function coreList(bits: number): string {
  const parts: string[] = [];
  for (let n = 0; n < 16; n++) {
    if (((bits >>> n) & 1) === 0) continue;
    let last = n;
    while (n < 13 && last < 12 && ((bits >>> (last + 1)) & 1) === 1) last++;
    parts.push(last > n ? `${core(n)}-${core(last)}` : core(n));
    n = last;
  }
  return `{${parts.join(', ')}}`;
}
function fpList(first: number, words: number, isDouble: boolean): string {
  const [letter, from, count] = isDouble ? ['d', first / 2, words / 2] : ['s', first, words];
  return `{${letter}${from}${count > 1 ? `-${letter}${from + count - 1}` : ''}}`;
}

/** VFPExpandImm has made the upper word of it. */
function fpConstant(high: number, isDouble: boolean): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, high);
  return String(isDouble ? view.getFloat64(0) : view.getFloat32(0));
}

/** Which of the names in front of a template it is: the first one, unless the operation says otherwise. */
// eslint-disable-next-line complexity -- one case for each row with several names
function nameIn(names: readonly string[], i: Instruction, first: number, second: number): string {
  const { op, v, a, b, d } = i.decoded;
  const named = (name: string): string => names.find((n) => n.startsWith(name)) ?? names[0]!;
  switch (names[0]) {
    case 'NOP':
      return HINTS[(first >>> 4) & 15] ?? 'nop';
    case 'NOP.W':
      return (second & 0xf0) === 0xf0 ? 'dbg' : `${HINTS[second & 0xff] ?? 'nop'}.w`;
    case 'LSLS':
      return op === 'MOV_reg' ? 'MOVS' : 'LSLS';
    case 'MOV{S}.W':
      return names.length > 1 ? named(op.slice(0, 3)) : names[0];
    case 'PKHBT':
      return v?.tb === true ? 'PKHTB' : 'PKHBT';
    case 'LDM{IA}.W':
      return a === 13 && v?.wback === true ? 'POP.W' : 'LDM.W';
    case 'STM{IA}.W':
      return 'STM.W';
    case 'STMDB':
      return a === 13 && v?.wback === true ? 'PUSH.W' : 'STMDB';
    case 'LDRB.W':
    case 'LDRSB.W':
    case 'LDRH.W':
    case 'LDRSH.W':
      // a load into the PC of less than a word is a hint (DDI 0403 A5.3.8, A5.3.9)
      return op !== 'NOP' ? names[0] : (names[1] ?? 'NOP');
    case 'VSTMIA':
    case 'VSTMDB':
    case 'VLDMIA':
    case 'VLDMDB':
      return d === 1 ? names[1]! : b === 13 && v?.wback === true && names.length > 2 ? names[2]! : names[0];
    default:
      return names[0]!;
  }
}

const LETTER = (yes: boolean, letter: string): string => (yes ? letter : '');
const SINGLE: Readonly<Record<string, (v: Variant) => string>> = {
  S: (v) => LETTER(v['S'] === true, 's'),
  N: (v) => LETTER(v['nonzero'] === true, 'n'),
  X: (v) => LETTER(v['X'] === true, 'x'),
  E: (v) => LETTER(v['E'] === true, 'e'),
  A: (v) => LETTER(v['A'] === true, 'a'),
  T: (v) => LETTER(v['T'] === true, 't'),
  // SMMUL rounds; VCVTR rounds as FPSCR says
  R: (v) => LETTER(v['R'] === true || v['mode'] === 'fpscr', 'r'),
  'U|S': (v) => (v['unsigned'] === true ? 'u' : 's'),
  'S|U': (v) => (v['unsigned'] === true ? 'u' : 's'),
  'MAX|MIN': (v) => (v['min'] === true ? 'min' : 'max'),
  'A|N|P|M': (v) => 'anpm'[['away', 'nearest', 'up', 'down'].indexOf(String(v['mode']))] ?? '',
};
/** `ADD{S}.W` → `adds.w`. */
function filled(name: string, { a, v = {} }: Decoded): string {
  // SMULxy has N and M, all others one half
  let halves = 0;
  const two = name.includes('{B|T}{B|T}');
  return name
    .replace('<cc>', () => CONDITIONS[Number(v['cc'])]!)
    .replaceAll(/\{([^}]*)\}/g, (_all, choice: string) => {
      if (choice === 'IE|ID') return a === 1 ? 'id' : 'ie';
      if (choice === 'B|T') return v[two && halves++ === 0 ? 'N' : 'top' in v ? 'top' : 'M'] === true ? 't' : 'b';
      return SINGLE[choice]?.(v) ?? '';
    })
    .toLowerCase();
}
/** Between a fixed-point number and a floating one: which is first, and of how many bits. */
function fixedName({ v = {} }: Decoded, type: string): string {
  const fixed = `${v['unsigned'] === true ? 'u' : 's'}${v['half'] === true ? 16 : 32}`;
  return v['to'] === true ? `vcvt.${fixed}.${type}` : `vcvt.${type}.${fixed}`;
}

const FIELD = /<(S|D)?([abcd])>/g;
function withRegisters(template: string, d: Decoded): string {
  return template.replaceAll(FIELD, (_all, kind: string | undefined, field: 'a' | 'b' | 'c' | 'd') => {
    const n = d[field];
    if (kind !== undefined) return `${kind.toLowerCase()}${n}`;
    // what goes to the PC names no register
    return n === undefined ? 'pc' : core(n);
  });
}

/** Constants by the rows that write them otherwise. */
// eslint-disable-next-line complexity -- one case for each kind of constant
function constantOf(i: Instruction): string {
  const { op, imm = 0, a, b = 0 } = i.decoded;
  const { asm } = i.row;
  if (op === 'BFC' || op === 'BFI') return `#${lowest(imm)}, #${ones(imm)}`;
  if (op.startsWith('VMOV_imm')) return `#${fpConstant(imm, op.endsWith('64'))}`;
  if (asm.startsWith('DSB') || asm.startsWith('DMB') || asm.startsWith('ISB')) return BARRIERS[imm] ?? `#0x${imm.toString(16)}`;
  if (asm.startsWith('MRS')) return SPECIAL[imm] ?? String(imm);
  if (asm.startsWith('MSR')) {
    const name = SPECIAL[imm] ?? String(imm);
    return imm > 3 || a === undefined || b === 0 ? name : `${name}_${b === 2 ? 'nzcvq' : b === 1 ? 'g' : 'nzcvqg'}`;
  }
  // SUB SP has a sum below zero
  return `#${op === 'ADD_SP' || asm.includes('SUBW <a>, PC') ? Math.abs(imm) : imm}`;
}

function shiftText({ op, v = {}, imm = 0 }: Decoded): string {
  const shift = v['shift'];
  if (typeof shift !== 'string' || (op.endsWith('SAT') && imm === 0)) return '';
  return shift === 'rrx' ? ', rrx' : `, ${shift} #${imm}`;
}

/** `[<b>, #<imm>]` with how the base is written back. */
function addressed(template: string, { op, v = {}, imm = 0 }: Decoded): string {
  const mode = v['mode'];
  const at = template.indexOf('[');
  const front = template.slice(0, at);
  if (mode === 'post') return `${front}[<b>], #${imm}`;
  if (mode === 'pre') return `${front}[<b>, #${imm}]!`;
  if (template.includes('LSL #<imm>')) return `${front}[<b>, <c>${imm === 0 ? '' : `, lsl #${imm}`}]`;
  if (op === 'TBH') return `${front}[<b>, <c>, lsl #1]`;
  if (!template.includes('#<imm>')) return template;
  const base = template.includes('[SP') ? 'sp' : '<b>';
  return `${front}[${base}${imm === 0 ? '' : `, #${imm}`}]`;
}

function listText(i: Instruction): string {
  const { op, a = 0, imm = 0 } = i.decoded;
  return op.startsWith('V') ? fpList(a, imm, i.row.name.endsWith('F64')) : coreList(imm);
}
/** The base is left out where the name says it. */
const baseless = (name: string, template: string): string =>
  /^v?(push|pop)/i.test(name) ? template.replace(/^<[ab]>\{!\}, /, '') : template;

function operandsOf(i: Instruction, name: string, template: string): string {
  const { decoded: d } = i;
  let text = baseless(name, template)
    .replace('{!}', d.v?.['wback'] === true ? '!' : '')
    .replace('<list>', () => listText(i))
    .replace('{, ROR #<imm>}', () => ((d.imm ?? 0) === 0 ? '' : `, ror #${d.imm}`));
  if (text.includes('[')) text = addressed(text, d);
  text = text
    .replace('{, <shift> #<imm>}', () => shiftText(d))
    .replace('{, <shift>}', () => shiftText(d))
    .replace('#<c>', () => `#${d.c}`)
    .replace(/#?<imm>/, () => constantOf(i));
  return withRegisters(text, d).replaceAll(/\b(SP|PC|FPSCR)\b/g, (n) => n.toLowerCase());
}

/** Operations whose constant is a distance from the PC, and those where it is one from the PC's word. */
const GOES: ReadonlySet<string> = new Set(['B', 'B_cond', 'BL', 'CBZ']);
const isLiteral = ({ op, v }: Decoded): boolean => /_lit|^ADR$/.test(op) || v?.['mode'] === 'lit';

/** What the templates do not write out. */
// eslint-disable-next-line complexity -- one case for each kind of instruction
function odd(i: Instruction): readonly [name: string, operands: string] | null {
  const { op, a = 0, b = 0, c = 0, imm = 0 } = i.decoded;
  const pair = `${core(b)}, ${core(c)}`;
  if (op === 'COPROC') return ['coprocessor', `p${imm}`];
  if (op === 'IT') return [itName(imm), CONDITIONS[imm >>> 4] ?? 'al'];
  if (op === 'CPS') return [a === 1 ? 'cpsid' : 'cpsie', `${b & 2 ? 'i' : ''}${b & 1 ? 'f' : ''}`];
  if (op === 'VMRS_flags') return ['vmrs', 'apsr_nzcv, fpscr'];
  if (op.startsWith('VCVT_fixed')) {
    const [letter, type] = op.endsWith('64') ? ['d', 'f64'] : ['s', 'f32'];
    return [fixedName(i.decoded, type), `${letter}${a}, ${letter}${a}, #${imm}`];
  }
  if (op === 'VMOV_to_SS' || op === 'VMOV_from_SS') {
    const fp = i.row.pattern.includes('101100z1') ? `d${a / 2}` : `s${a}, s${a + 1}`;
    return ['vmov', op === 'VMOV_to_SS' ? `${fp}, ${pair}` : `${pair}, ${fp}`];
  }
  if (i.row.asm.startsWith('VMOV.32')) {
    const half = `d${a >>> 1}[${a & 1}]`;
    return ['vmov.32', op === 'VMOV_to_S' ? `${half}, ${core(b)}` : `${core(b)}, ${half}`];
  }
  return null;
}

/** The names in front of a template, and what follows them. */
function parted(asm: string): readonly [names: readonly string[], rest: string] {
  const names: string[] = [];
  let rest = asm;
  for (;;) {
    const [name] = /^[A-Z][^\s,]*/.exec(rest) ?? [];
    if (name === undefined || name === 'SP' || name === 'PC' || name === 'FPSCR') return [names, rest];
    names.push(name);
    rest = rest.slice(name.length).replace(/^,?\s*/, '');
  }
}

/**
 * @param at address of the instruction
 * @param first its half-word; `second` the one behind it
 * @param condition of the IT block that it stands in, 0 to 14; null: in none
 */
export function disassemble(i: Instruction, at: number, first: number, second: number, condition: number | null): Disassembled {
  const { vIT, op, imm = 0 } = i.decoded;
  const here: Instruction = condition === null || vIT === undefined ? i : { ...i, decoded: { ...i.decoded, v: vIT } };
  const [names, template] = parted(here.row.asm);
  const [name, operands] = odd(here) ?? plain(here, names, template, first, second);
  const pc = at + 4;
  return {
    name: condition === null ? name : conditional(name, CONDITIONS[condition] ?? '', vIT),
    operands,
    target: GOES.has(op) ? (pc + imm) >>> 0 : null,
    literal: isLiteral(i.decoded) ? (((pc & ~3) >>> 0) + imm) >>> 0 : null,
  };
}
/** `movs` → `movne`: templates of 16-bit data processing have the S that they have outside. */
function conditional(name: string, suffix: string, vIT: Variant | undefined): string {
  const end = name.indexOf('.') < 0 ? name.length : name.indexOf('.');
  const stem = name.slice(0, end);
  return `${vIT === undefined ? stem : stem.replace(/s$/, '')}${suffix}${name.slice(end)}`;
}

function plain(i: Instruction, names: readonly string[], template: string, first: number, second: number): readonly [string, string] {
  const { decoded: d } = i;
  const name = filled(nameIn(names, i, first, second), d);
  if (name === 'dbg') return [name, `#${second & 15}`];
  // of a preload nothing is left but that it is one
  if (template === '' || d.op === 'NOP') return [name, ''];
  if (GOES.has(d.op)) return [name, withRegisters(template.replace(/,? ?<imm>/, ''), d)];
  if (d.op === 'ADR') return [name, withRegisters(`<a>, #${d.imm}`, d)];
  if (isLiteral(d)) return [name, withRegisters(`${template.replace(/(\[.*\](, #<imm>)?|<imm>)$/, '')}[pc, #${d.imm}]`, d)];
  if (names[0] === 'MOV{S}.W' && names.length > 1)
    return [name, withRegisters(d.op === 'MOV_reg' || d.op === 'RRX' ? '<a>, <b>' : `<a>, <b>, #${d.imm}`, d)];
  // MOVS is LSLS by nothing
  if (names[0] === 'LSLS' && d.op === 'MOV_reg') return [name, withRegisters('<a>, <b>', d)];
  return [name, operandsOf(i, name, template)];
}
