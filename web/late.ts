/** Calls of code that the page loads when it is first needed. The build puts them in the place of some modules, whose exports are functions (tools/late-code.mjs). */
import { NotLoaded } from './facts-store.ts';
import { GROUPS } from './late-groups.ts';

type Callable = (...args: readonly unknown[]) => unknown;
const CODE = new Map<string, readonly object[]>();
const load = async (group: string): Promise<void> => {
  if (!CODE.has(group)) CODE.set(group, await GROUPS[group]!());
};

/** A function of the group's module with this number. */
export const late = (group: string, module: number, name: string): Callable =>
  Object.assign(
    (...args: readonly unknown[]): unknown => {
      const code = CODE.get(group)?.[module] as Readonly<Record<string, Callable>> | undefined;
      if (code === undefined) throw new NotLoaded(name, () => load(group));
      return code[name]!(...args);
    },
    { group },
  );
/** Throws where this function is of a group that is not there. */
export function askFor(called: unknown): void {
  const { group } = called as { readonly group?: string };
  if (group !== undefined && !CODE.has(group)) throw new NotLoaded(group, () => load(group));
}
/** Everything, for what cannot be begun again when something is missing. */
export const loadAll = async (): Promise<void> => void (await Promise.all(Object.keys(GROUPS).map(load)));
