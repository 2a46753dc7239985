/** The interpreter's modules, made once per profile and core number. */
import type { Profile } from '../builder.ts';
import { Handlers } from './handlers.ts';
import { HELPERS } from '../helpers.ts';
import { buildInterpreter } from './interpreter.ts';
import '../isa/index.ts';
import { PREBUILT } from './prebuilt.ts';

const moduleCache = new Map<string, WebAssembly.Module>();
let handlersOnce: Handlers | null = null;
/** Handler numbering, shared by all cores. */
export const theHandlers = (): Handlers => (handlersOnce ??= new Handlers());

export function interpreterBytes(profile: Profile, core: number): Uint8Array<ArrayBuffer> {
  return PREBUILT.get(`${profile.name}:${core}`) ?? buildInterpreter(profile, core, theHandlers(), HELPERS);
}
export function interpreterModule(profile: Profile, core: number): WebAssembly.Module {
  const key = `${profile.name}:${core}`;
  let m = moduleCache.get(key);
  if (!m) moduleCache.set(key, (m = new WebAssembly.Module(interpreterBytes(profile, core))));
  return m;
}
