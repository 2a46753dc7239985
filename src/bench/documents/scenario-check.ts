/** Checks a document against the published schema and says which key is wrong. Ajv is loaded only when there is something to check. */
import type { ErrorObject, ValidateFunction } from 'ajv';
import schema from '../../../schemas/scenario-1.schema.json' with { type: 'json' };
import { checkScenarioSize } from './document-bounds.ts';
import { meant } from './meanings.ts';
import { OUTCOMES } from './result.ts';
import { shown, UsageError, didYouMean } from './usage-error.ts';

/** strictRequired and strictTypes: conditions on unions (`string | object`) are wanted here. */
export const AJV_OPTIONS = {
  allErrors: true,
  verbose: true,
  strict: true,
  strictRequired: false,
  strictTypes: false,
  allowUnionTypes: true,
} as const;
/** The validator that the build made (loading Ajv and compiling the schema takes longer than some runs); without it Ajv makes one at the first check. */
export const PREBUILT_VALIDATOR: { load: () => Promise<ValidateFunction | null> } = { load: () => Promise.resolve(null) };

let validator: Promise<ValidateFunction> | null = null;

async function compile(): Promise<ValidateFunction> {
  const prebuilt = await PREBUILT_VALIDATOR.load();
  if (prebuilt) return prebuilt;
  const { Ajv } = await import('ajv');
  return new Ajv(AJV_OPTIONS).compile(schema);
}

export async function checkSchema(document: unknown, name: string): Promise<void> {
  checkScenarioSize(document, name);
  throwIfWrong(await (validator ??= compile()), document, name, 'the scenario');
}

/** Throws a UsageError that names the key. `whole`: what the document is called. */
export function throwIfWrong(validate: ValidateFunction, document: unknown, name: string, whole: string): void {
  if (validate(document)) return;
  const error = mostTelling(validate.errors ?? []);
  const { message, hint } = describe(error, document, whole);
  throw new UsageError(`${name}: ${message}`, hint);
}

/** An unknown key is most often a typing mistake and explains a missing one beside it. Otherwise the deepest error. */
function mostTelling(errors: readonly ErrorObject[]): ErrorObject {
  const unknown = errors.find((e) => e.keyword === 'additionalProperties');
  const deepest = [...errors].sort((a, b) => b.instancePath.split('/').length - a.instancePath.split('/').length)[0];
  return (unknown ?? deepest)!;
}

/** `/steps/0/do` → `steps[0].do`. */
function keyPath(pointer: string): string {
  let out = '';
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    out += /^\d+$/.test(key) ? `[${key}]` : out === '' ? key : `.${key}`;
  }
  return out;
}

interface ErrorParams {
  readonly additionalProperty?: string;
  readonly missingProperty?: string;
  readonly allowedValues?: readonly unknown[];
  readonly allowedValue?: unknown;
  readonly type?: string | readonly string[];
  readonly limit?: number;
}

type Parent = { readonly properties?: Readonly<Record<string, unknown>>; readonly description?: string } | undefined;

function describe(error: ErrorObject, document: unknown, whole: string): { message: string; hint: string | null } {
  const params = error.params as ErrorParams;
  const path = keyPath(error.instancePath);
  const at = path === '' ? whole : path;
  const keys = Object.keys((error.parentSchema as Parent)?.properties ?? {});
  if (error.propertyName !== undefined)
    return { message: `${at} has the key ${shown(error.propertyName)}, which does not have the right form`, hint: null };
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(params.additionalProperty ?? '', path, keys);
    case 'required':
      return { message: `${at} has no key ${params.missingProperty}, which is required`, hint: null };
    case 'minProperties':
    case 'maxProperties':
      return { message: `${at} must hold exactly one key`, hint: keys.length === 0 ? null : `one of ${keys.join(', ')}` };
    case 'type':
      return { message: `${at} is ${document === undefined ? 'absent' : shown(error.data)}`, hint: wantedValue(error, path) };
    default: {
      const wanted = wantedValue(error, path);
      return { message: `${at} ${wanted === null ? (error.message ?? 'is wrong') : `is ${shown(error.data)}`}`, hint: wanted };
    }
  }
}

function unknownKey(key: string, path: string, keys: readonly string[]): { message: string; hint: string } {
  const known = keys.filter((k) => !k.startsWith('$'));
  const hint = didYouMean(key, known) ?? `known here: ${known.join(', ')}`;
  return { message: `unknown key ${path === '' ? key : `${path}.${key}`}`, hint };
}

/** What a value has to be that is not right; null where the schema's own words have to do. */
function wantedValue(error: ErrorObject, path: string): string | null {
  const params = error.params as ErrorParams;
  const { description } = (error.parentSchema as Parent) ?? {};
  switch (error.keyword) {
    case 'enum':
      return `it must be one of ${(params.allowedValues ?? []).map(shown).join(', ')}`;
    case 'const':
      return `it must be ${shown(params.allowedValue)}`;
    case 'type':
      return `it must be of type ${[params.type ?? 'something else'].flat().join(' or ')}`;
    case 'pattern':
      if (path.endsWith('expect.outcome')) return outcomeHint(error.data);
      return description === undefined ? 'it does not have the right form' : `it must be ${description}`;
    case 'minimum':
      return `it must be at least ${params.limit}`;
    case 'maximum':
      return `it must be at most ${params.limit}`;
    default:
      return null;
  }
}

/** The outcomes, and the one that was meant: by its letters, or by what people call it. */
function outcomeHint(value: unknown): string {
  const typed = typeof value === 'string' ? value : '';
  const near = meant(typed, OUTCOMES);
  const guess = near.length > 0 ? `did you mean ${near.join(' or ')}?` : didYouMean(typed, OUTCOMES);
  const all = `it is one of ${OUTCOMES.join(', ')}, or a list of them`;
  return guess === null ? all : `${guess} ${all}`;
}
