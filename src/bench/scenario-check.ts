/** Checks a document against the published schema and says which key is wrong. Ajv is loaded only when there is something to check. */
import type { ErrorObject, ValidateFunction } from 'ajv';
import schema from '../../schemas/scenario-1.schema.json' with { type: 'json' };
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

function describe(error: ErrorObject, document: unknown, whole: string): { message: string; hint: string | null } {
  const params = error.params as ErrorParams;
  const path = keyPath(error.instancePath);
  const at = path === '' ? whole : path;
  const below = (key: string): string => (path === '' ? key : `${path}.${key}`);
  const parent = error.parentSchema as
    { readonly properties?: Readonly<Record<string, unknown>>; readonly description?: string } | undefined;
  const value = shown(error.data);
  if (error.propertyName !== undefined)
    return { message: `${at} has the key ${shown(error.propertyName)}, which has not the right form`, hint: null };
  switch (error.keyword) {
    case 'additionalProperties': {
      const keys = Object.keys(parent?.properties ?? {}).filter((k) => !k.startsWith('$'));
      const key = params.additionalProperty ?? '';
      return { message: `unknown key ${below(key)}`, hint: didYouMean(key, keys) ?? `known here: ${keys.join(', ')}` };
    }
    case 'required':
      return { message: `${at} lacks the key ${params.missingProperty}`, hint: null };
    case 'enum': {
      const allowed = params.allowedValues ?? [];
      return { message: `${at} is ${value}`, hint: `it must be one of ${allowed.map(shown).join(', ')}` };
    }
    case 'const':
      return { message: `${at} is ${value}`, hint: `it must be ${shown(params.allowedValue)}` };
    case 'type': {
      const types = [params.type ?? 'something else'].flat().join(' or ');
      return { message: `${at} is ${document === undefined ? 'absent' : value}`, hint: `it must be of type ${types}` };
    }
    case 'pattern':
      if (path.endsWith('expect.outcome')) return { message: `${at} is ${value}`, hint: outcomeHint(error.data) };
      return {
        message: `${at} is ${value}`,
        hint: parent?.description === undefined ? 'it does not have the right form' : `it must be ${parent.description}`,
      };
    case 'minProperties':
    case 'maxProperties': {
      const keys = Object.keys(parent?.properties ?? {});
      return { message: `${at} must hold exactly one key`, hint: keys.length === 0 ? null : `one of ${keys.join(', ')}` };
    }
    case 'minimum':
    case 'maximum':
      return { message: `${at} is ${value}`, hint: `it must be ${error.keyword === 'minimum' ? 'at least' : 'at most'} ${params.limit}` };
    default:
      return { message: `${at} ${error.message ?? 'is wrong'}`, hint: null };
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
