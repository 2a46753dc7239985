/** What a worker takes from a queue: whoever reaches the server may have written it. Each key is checked, and no others are taken. */
import type { ValidateFunction } from 'ajv';
import { AJV_OPTIONS, checkSchema, throwIfWrong } from '../bench/documents/scenario-check.ts';
import { EFFORTS } from '../bench/documents/effort.ts';
import { OUTCOMES, SYMPTOMS } from '../bench/documents/result.ts';
import { parseJson, shown, UsageError } from '../bench/documents/usage-error.ts';
import { SHORTCUT_NAMES } from '../emu/proofs/shortcuts.ts';
import { MOST_IRQS } from './spec.ts';
import type { StoredTarget } from './store.ts';
import type { Manifest, QueuedWork } from './queued.ts';

/** Cases of a piece of work: what `--batch` may say, and some. */
const MOST_CASES = 20_000;
/** Milliseconds of real time for one case of a piece of work: no campaign over a queue may ask for more. */
export const MOST_WALL = 3_600_000;
/** Files that a target may name, and the size of one and of all: more than any chip and any scenario need. */
export const MOST_BLOBS = 256;
export const LARGEST_BLOB = 2 ** 27;
export const LARGEST_TARGET = 2 ** 28;
/** Bytes of what names them: a scenario has a million letters at most. */
const LARGEST_MANIFEST = 2 ** 23;

const text = { type: 'string', maxLength: 4096 };
const hash = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const id = { type: 'string', pattern: '^[0-9a-f]{32}$' };
const yes = { type: 'boolean' };
const word = { type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 };
const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const orNull = (schema: object): object => ({ anyOf: [{ type: 'null' }, schema] });
const list = (items: object, maxItems: number): object => ({ type: 'array', items, maxItems });
/** Without the names that every object inherits. */
const named = (value: object): object => ({
  type: 'object',
  maxProperties: 1024,
  propertyNames: { maxLength: 128, pattern: '^(?!(constructor|prototype|toString|valueOf|hasOwnProperty)$)[A-Za-z0-9]' },
  additionalProperties: value,
});
function record(properties: Readonly<Record<string, object>>, left: readonly string[] = []): object {
  const required = Object.keys(properties).filter((key) => !left.includes(key));
  return { type: 'object', additionalProperties: false, required, properties };
}

const fault = record({
  kind: { type: 'string', pattern: '^(systick|pendsv|nmi|nrst|power|irq\\d{1,3})$' },
  unit: { enum: ['instructions', 'cycles'] },
  before: { ...count, minimum: 1 },
});
const workCase = record({ no: count, id, leave: list(word, 4096), fault: orNull(fault) });
const part = record({ seed: orNull(word), delays: named(count), cases: list(workCase, MOST_CASES) });
const work = record({
  id,
  engine: text,
  target: hash,
  parts: list(part, MOST_CASES),
  expected: list({ enum: [...OUTCOMES, 'absent'] }, OUTCOMES.length + 1),
  wall: { type: 'integer', minimum: 1, maximum: MOST_WALL },
});
const queued = record({ campaign: id, work });

const rom = record(
  {
    kind: { enum: ['stand-in', 'dump'] },
    version: orNull(text),
    options: named(text),
    sha256: hash,
    beside: list(record({ address: word, sha256: hash }), 64),
  },
  ['beside'],
);
const overrides = record(
  {
    images: list(text, MOST_BLOBS),
    board: { enum: ['default', 'none'] },
    seed: word,
    until: text,
    goal: text,
    romOptions: named(text),
    force: named({ type: ['string', 'integer'] }),
  },
  ['board', 'seed', 'until', 'goal', 'romOptions', 'force'],
);
/** `devices` and `unicornJs` name code to load; a campaign has neither. */
const OPTIONAL = {
  findJump: yes,
  noReturn: yes,
  onlyExpected: yes,
  after: yes,
  trigger: yes,
  surroundings: yes,
  chipFrom: text,
  chipBecause: text,
  chipGuess: yes,
  chipNoRegister: yes,
  chipOpen: yes,
  boardSays: text,
  effort: { enum: [...EFFORTS] },
  withoutShortcuts: list({ enum: [...SHORTCUT_NAMES] }, SHORTCUT_NAMES.length),
};
const manifest = record(
  {
    version: text,
    chip: text,
    images: list(record({ path: text, sha256: hash }), MOST_BLOBS),
    scenario: { type: 'object' },
    overrides,
    limits: record({ maxInstructions: orNull(count), wallMs: orNull(count), maxMemory: orNull(count) }),
    rom,
    symptoms: list({ enum: [...SYMPTOMS] }, SYMPTOMS.length),
    engine: { const: 'bootbench' },
    semihosting: yes,
    bootAt: orNull(word),
    files: list({ type: 'array', minItems: 2, maxItems: 2, items: [text, hash], additionalItems: false }, MOST_BLOBS),
    ...OPTIONAL,
  },
  Object.keys(OPTIONAL),
);

const stored = list(
  record({
    name: { type: 'string' },
    chip: text,
    hash,
    facts: record({
      outcome: { enum: [...OUTCOMES] },
      jumps: yes,
      steps: list(record({ pc: word, what: text }), 2 ** 16),
      delays: named(count),
    }),
  }),
  2 ** 16,
);

const made = new Map<object, Promise<ValidateFunction>>();
function validatorOf(schema: object): Promise<ValidateFunction> {
  let found = made.get(schema);
  if (!found) {
    // `verbose` keeps each wrong value: a queue may hold many. The first error is enough.
    found = import('ajv').then(({ Ajv }) => new Ajv({ ...AJV_OPTIONS, allErrors: false }).compile(schema));
    made.set(schema, found);
  }
  return found;
}

/** Throws a UsageError that names what is wrong. */
export async function queuedWork(data: unknown, engine: string): Promise<QueuedWork> {
  throwIfWrong(await validatorOf(queued), data, 'an entry of the queue', 'it');
  const found = data as QueuedWork;
  if (found.work.engine !== engine) throw new UsageError(`work of version ${shown(found.work.engine)} given to ${engine}`);
  const cases = found.work.parts.flatMap((p) => p.cases);
  if (cases.length > MOST_CASES) throw new UsageError(`an entry of the queue has ${cases.length} cases, more than ${MOST_CASES}`);
  for (const { fault: one } of cases)
    if (one?.kind.startsWith('irq') === true && Number(one.kind.slice(3)) >= MOST_IRQS)
      throw new UsageError(`an entry of the queue has the interrupt line ${one.kind}, which no core has`);
  return found;
}

/** Throws a UsageError that names what is wrong. */
export async function manifestIn(bytes: Uint8Array): Promise<Manifest> {
  const name = 'a target of the queue';
  if (bytes.length > LARGEST_MANIFEST) throw new UsageError(`${name} is described in more than ${LARGEST_MANIFEST / 2 ** 20} MiB`);
  const document = parseJson(new TextDecoder().decode(bytes), name);
  throwIfWrong(await validatorOf(manifest), document, name, 'it');
  const found = document as Manifest;
  await checkSchema(found.scenario, name);
  return found;
}

/** The targets that a file of results names. Throws a UsageError that names what is wrong. */
export async function targetsIn(text: string, name: string): Promise<StoredTarget[]> {
  const document = parseJson(text, name);
  throwIfWrong(await validatorOf(stored), document, name, 'it');
  return document as StoredTarget[];
}
