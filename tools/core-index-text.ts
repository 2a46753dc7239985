/** What tools/core-index.ts writes. */
import { readdirSync, readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

/** From the root of the project: tests and tools run there. */
export const MODELS = 'src/emu/core/models';
const OTHERS = ['features.ts', 'index.ts', 'model.ts', 'names.ts'];
const HEAD = '// Made by tools/core-index.ts from the other files of this folder.\n';

/** Text by file name. Throws an Error for a file of the folder that is no row. */
export async function coreIndex(): Promise<Record<'names.ts' | 'index.ts', string>> {
  const names = readdirSync(MODELS)
    .filter((f) => f.endsWith('.ts') && !OTHERS.includes(f))
    .map((f) => f.slice(0, -'.ts'.length))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const types = names.map((name) => {
    const text = readFileSync(`${MODELS}/${name}.ts`, 'utf8');
    const type = /^ {2}type: '([\w-]+)',$/m.exec(text)?.[1];
    if (type === undefined || !text.includes(`export const ${name}: CoreModel = `))
      throw new Error(`${MODELS}/${name}.ts: no row of a core: it needs \`export const ${name}: CoreModel\` with a line \`type\``);
    return type;
  });
  const union = (of: readonly string[]): string => of.map((x) => `'${x}'`).join(' | ');
  const style = { ...(await resolveConfig(`${MODELS}/index.ts`)), parser: 'typescript' };
  return {
    'names.ts': await format(
      `${HEAD}
/** As code and tests name a core. */
export type CoreName = ${union(names)};
/** As the rows of chips name it. */
export type CoreType = ${union(types)};
`,
      style,
    ),
    'index.ts': await format(
      `${HEAD}import type { CoreModel } from './model.ts';
import type { CoreName, CoreType } from './names.ts';
${names.map((n) => `import { ${n} } from './${n}.ts';\n`).join('')}
/** All cores by name. */
export const PROFILES: Readonly<Record<CoreName, CoreModel>> = { ${names.join(', ')} };

const BY_TYPE = new Map(Object.values(PROFILES).map((model) => [model.type, model]));
export const modelOf = (type: CoreType): CoreModel => BY_TYPE.get(type)!;
`,
      style,
    ),
  };
}
