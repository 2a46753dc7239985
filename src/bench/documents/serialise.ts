/** Writes a result as its document: all keys, in order, in their forms. A result that cannot be written so is a defect of bootbench. */
import { jsonDocument } from './json-text.ts';
import type { SafeText } from './safe-text.ts';
import { AFTER_STEPS, type RunResult } from './result.ts';

type Form = 'any' | 'text' | 'count' | 'flag' | 'hex8' | 'hex4' | 'time';
interface ObjectShape {
  readonly keys: readonly (readonly [name: string, shape: Shape])[];
}
type Shape =
  | Form
  | 'unwritten'
  | { readonly nullable: Shape }
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly optional: Shape }
  | ObjectShape;

const nullable = (shape: Shape): Shape => ({ nullable: shape });
const list = (shape: Shape): Shape => ({ list: shape });
const map = (shape: Shape): Shape => ({ map: shape });
const object = (keys: Readonly<Record<string, Shape>>): ObjectShape => ({ keys: Object.entries(keys) });
/** Absent on chips with one core. */
const core: Shape = { optional: 'text' };

const place = { pc: 'hex8', symbol: nullable('text'), file: nullable('text'), line: nullable('count') } as const;
const lastWriter = nullable(object({ ...place, at: 'time', kind: 'text', core }));
const dependency = object({
  rom: 'text',
  value: 'text',
  other: 'text',
  confidence: 'text',
  outcomeIfOther: 'text',
  goalIfOther: { optional: 'flag' },
  usableIfOther: { optional: 'flag' },
});

const busLog = list(object({ at: 'time', kind: 'text', text: 'text' }));

const RESULT: ObjectShape = object({
  schema: 'text',
  version: 'text',
  chip: 'text',
  images: list(object({ path: 'text', sha256: 'text', core })),
  scenario: 'any',
  engine: 'text',
  seed: 'count',
  rom: object({
    kind: 'text',
    id: nullable('text'),
    version: nullable('text'),
    sha256: nullable('text'),
    options: map(object({ value: 'text', confidence: 'text', source: 'text' })),
  }),
  outcome: 'text',
  summary: 'text',
  ended: object({
    reason: 'text',
    at: 'time',
    loop: { optional: object({ pc: 'hex8', file: nullable('text'), line: nullable('count'), endsAt: 'time' }) },
  }),
  dependsOn: list(dependency),
  time: object({
    seconds: 'time',
    cycles: nullable('count'),
    instructions: 'count',
    quantum: nullable('count'),
    cores: nullable(map(object({ cycles: nullable('count'), instructions: 'count' }))),
  }),
  resets: list(object({ at: 'time', by: 'text', flags: list('text'), from: nullable(object(place)), core })),
  entries: list(
    object({ at: 'time', address: 'hex8', how: 'text', reached: 'flag', from: nullable(object(place)), registers: map('hex8'), core }),
  ),
  checks: list(
    object({
      id: 'text',
      verdict: 'text',
      observed: nullable('text'),
      expected: nullable('text'),
      because: 'text',
      source: nullable('text'),
      confidence: nullable('text'),
      lastWriter,
    }),
  ),
  diagnosis: object({
    explained: nullable('flag'),
    causes: list(
      object({
        id: 'text',
        proved: 'flag',
        at: nullable('text'),
        repair: nullable('text'),
        fix: nullable('text'),
        outcomeAfterRepair: nullable('text'),
        dependsOn: list(dependency),
        lastWriter,
        explanation: 'text',
        what: { optional: 'text' },
      }),
    ),
    sets: list(list('text')),
    harmless: list('text'),
  }),
  usb: object({
    sessions: list(
      object({
        at: 'time',
        servedBy: nullable('text'),
        attached: 'flag',
        enumerated: 'flag',
        vid: nullable('hex4'),
        pid: nullable('hex4'),
        bcdDevice: nullable('hex4'),
        product: nullable('text'),
        altSettings: list('text'),
        endedAt: nullable('time'),
        endedBy: nullable('text'),
      }),
    ),
    log: busLog,
  }),
  console: map('text'),
  semihostingExit: nullable('count'),
  stuck: nullable(
    object({
      address: nullable('hex8'),
      register: nullable('text'),
      variable: { optional: 'text' },
      value: nullable('hex8'),
      pc: 'hex8',
      force: nullable('text'),
      at: { optional: object(place) },
    }),
  ),
  symptom: nullable(
    object({
      asked: 'text',
      matches: 'flag',
      options: list(object({ rom: map('text'), board: map('any'), outcome: 'text', text: 'text' })),
    }),
  ),
  notes: list(object({ kind: 'text', text: 'text', about: 'unwritten', advice: 'unwritten' })),
  uninitialisedReads: 'count',
  unmodelled: list(object({ peripheral: 'text', register: 'text', reads: 'count', writes: 'count' })),
  timeline: list(
    object({
      at: 'time',
      cycle: nullable('count'),
      kind: 'text',
      text: 'text',
      pc: nullable('hex8'),
      file: nullable('text'),
      line: nullable('count'),
      core,
    }),
  ),
  handOvers: list(object({ at: 'time', from: 'text', to: 'text', how: 'text', goal: nullable('text'), reached: 'flag' })),
  ways: list(
    object({
      function: nullable('text'),
      caller: nullable('text'),
      trigger: nullable('text'),
      outcome: nullable('text'),
      tried: 'flag',
    }),
  ),
  goal: object({ name: 'text', reached: 'flag', at: nullable('time'), asks: { optional: 'text' } }),
  after: nullable(
    object(
      Object.fromEntries(AFTER_STEPS.map((step) => [step, object({ result: 'text', because: nullable('text'), about: 'unwritten' })])),
    ),
  ),
  repaired: nullable(object({ causes: list('text'), outcome: 'text', log: busLog })),
});

const FORMS: Record<Form, (value: unknown) => boolean> = {
  any: (v) => v !== undefined,
  text: (v) => typeof v === 'string',
  count: (v) => Number.isSafeInteger(v),
  flag: (v) => typeof v === 'boolean',
  hex8: (v) => typeof v === 'string' && /^0x[0-9a-f]{8}$/.test(v),
  hex4: (v) => typeof v === 'string' && /^0x[0-9a-f]{4}$/.test(v),
  time: (v) => typeof v === 'string' && /^\d+\.\d{9}$/.test(v),
};

function ordered(value: unknown, shape: Shape, path: string): unknown {
  if (shape === 'unwritten') return undefined;
  if (typeof shape === 'string') {
    if (!FORMS[shape](value)) throw new TypeError(`result.${path}: ${JSON.stringify(value)} is not of the form ${shape}`);
    return value;
  }
  if ('nullable' in shape) return value === null ? null : ordered(value, shape.nullable, path);
  if ('optional' in shape) return ordered(value, shape.optional, path);
  if ('list' in shape) {
    if (!Array.isArray(value)) throw new TypeError(`result.${path} is not a list`);
    return value.map((item, i) => ordered(item, shape.list, `${path}[${i}]`));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${path === '' ? 'it' : `result.${path}`} is not an object`);
  const given = value as Record<string, unknown>;
  if ('map' in shape) return Object.fromEntries(Object.entries(given).map(([k, v]) => [k, ordered(v, shape.map, `${path}.${k}`)]));
  return orderedKeys(given, shape.keys, path);
}

type Keys = Extract<Shape, { readonly keys: unknown }>['keys'];
function orderedKeys(given: Readonly<Record<string, unknown>>, keys: Keys, path: string): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, inner] of keys) {
    if (inner === 'unwritten') continue;
    const absent = given[name] === undefined;
    if (absent && typeof inner === 'object' && 'optional' in inner) continue;
    if (absent) throw new TypeError(`result.${path}${path === '' ? '' : '.'}${name} is missing`);
    out[name] = ordered(given[name], inner, path === '' ? name : `${path}.${name}`);
  }
  const known = new Set(keys.map(([name]) => name));
  for (const name of Object.keys(given)) {
    if (!known.has(name) && given[name] !== undefined)
      throw new TypeError(`result.${path}${path === '' ? '' : '.'}${name} is no key of the schema`);
  }
  return out;
}

/** Throws a TypeError that names what is missing, or of another form. */
export const mustHaveForm = (result: unknown): void => void ordered(result, RESULT, '');

/** The document as text, ended by a newline. */
export function serialise(result: RunResult): SafeText {
  return jsonDocument(ordered(result, RESULT, ''));
}
