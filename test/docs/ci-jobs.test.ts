/** The four jobs of docs/ci.md: their commands are run in a project of each layout, in the root of a repository and in a folder of one. What a job installs is put in place. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/ci.md'), 'utf8');
const ELF = join(ROOT, 'fixtures/f405-straight/firmware.elf');
const has = (...names: readonly string[]): boolean => names.every((name) => spawnSync(name, ['--version']).status === 0);

/** The commands under this heading. */
function commandsOf(heading: string): string[] {
  const [, yaml] = new RegExp(`^### ${heading}\\n[^]*?^\`\`\`yaml\\n([^]*?)^\`\`\``, 'm').exec(PAGE)!;
  const { jobs } = parse(yaml!) as { jobs: { bootloader: { steps: { run?: string }[] } } };
  return jobs.bootloader.steps.flatMap(({ run }) => run ?? []);
}

const TOOLS: Readonly<Record<string, string>> = {
  sudo: ':',
  npm: '[ "$1" = ci ]',
  npx: `shift; exec '${process.execPath}' '${join(ROOT, 'tools/run-ts.mjs')}' '${join(ROOT, 'src/cli/bootbench.ts')}' "$@"`,
  pip: '[ "$*" = "install platformio" ]',
  pio: `[ "$1" = run ] && [ -f platformio.ini ] && mkdir -p .pio/build/fw && cp '${ELF}' .pio/build/fw/firmware.elf`,
  // as a GCC that is not ST's, on another machine than the one that wrote the makefile
  'arm-none-eabi-gcc': `case "$*" in *cyclomatic*) exit 1; esac
for a; do case "$a" in -T*) [ -f "\${a#-T}" ] || exit 1; esac; done
while [ "$1" != -o ]; do shift; done; cp '${ELF}' "$2"`,
};

interface Layout {
  readonly heading: string;
  readonly image: string;
  readonly needs: readonly string[];
  readonly files: Readonly<Record<string, string>>;
}
/** Lines as CubeIDE writes them, on Linux and on Windows. */
const cubeMakefile = (script: string): string =>
  `-include Core/Src/subdir.mk\nall: main-build\nmain-build: fw.elf\nfw.elf: $(OBJS) ${script} makefile\n\tarm-none-eabi-gcc -o "fw.elf" $(OBJS) -mcpu=cortex-m4 -T"${script}" -static\n`;
const SUBDIR =
  'OBJS += ./Core/Src/main.o\nCore/Src/%.o: ../Core/Src/%.c Core/Src/subdir.mk\n\tarm-none-eabi-gcc "$<" -mcpu=cortex-m4 -c -O0 -fstack-usage -fcyclomatic-complexity -MMD -o "$@"\n';
const cube = (script: string): Layout => ({
  heading: 'STM32CubeIDE',
  image: 'Debug/fw.elf',
  needs: ['make', 'sed', 'find'],
  files: {
    'Debug/makefile': cubeMakefile(script),
    'Debug/Core/Src/subdir.mk': SUBDIR,
    'Core/Src/main.c': 'int main(void) { for (;;); }\n',
    'STM32F405RGTX_FLASH.ld': '',
  },
});
const LAYOUTS: Readonly<Record<string, Layout>> = {
  make: {
    heading: 'GCC and make',
    image: 'build/firmware.elf',
    needs: ['make'],
    files: { Makefile: `build/firmware.elf:\n\tmkdir -p build\n\tcp '${ELF}' $@\n` },
  },
  CMake: {
    heading: 'CMake',
    image: 'build/Debug/firmware.elf',
    needs: ['cmake', 'ninja'],
    files: {
      'CMakeLists.txt': `cmake_minimum_required(VERSION 3.22)\nproject(firmware NONE)\nadd_custom_target(firmware ALL COMMAND \${CMAKE_COMMAND} -E copy ${ELF} firmware.elf)\n`,
      'CMakePresets.json': JSON.stringify({
        version: 3,
        configurePresets: [{ name: 'Debug', generator: 'Ninja', binaryDir: '${sourceDir}/build/${presetName}' }],
        buildPresets: [{ name: 'Debug', configurePreset: 'Debug' }],
      }),
    },
  },
  PlatformIO: {
    heading: 'PlatformIO project',
    image: '.pio/build/fw/firmware.elf',
    needs: [],
    files: { 'platformio.ini': '[env:fw]\nboard = genericSTM32F405RG\n' },
  },
  'STM32CubeIDE on Linux': cube('/home/ann/workspace/fw/STM32F405RGTX_FLASH.ld'),
  'STM32CubeIDE on Windows': cube(String.raw`C:\Users\ann\fw\STM32F405RGTX_FLASH.ld`),
};

function projectOf({ files, image }: Layout, folder: string): { readonly cwd: string; readonly bin: string } {
  const root = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const cwd = join(root, folder);
  const scenario = { schema: 'bootbench/scenario@1', chip: 'stm32f405rg', images: [`../${image}`], expect: { outcome: 'dfu' } };
  for (const [name, text] of Object.entries({ ...files, 'scenarios/dfu.json': JSON.stringify(scenario) })) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  const bin = join(root, 'bin');
  mkdirSync(bin);
  for (const [name, script] of Object.entries(TOOLS)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return { cwd, bin };
}

describe.each(Object.entries(LAYOUTS))('the job of %s', (_, layout) => {
  it.skipIf(!has(...layout.needs)).each(['.', 'firmware/pump'])(`builds and tests in %s`, (folder) => {
    const { cwd, bin } = projectOf(layout, folder);
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`, GITHUB_ACTIONS: '', GITHUB_STEP_SUMMARY: '' };
    let said = '';
    for (const command of commandsOf(layout.heading)) {
      const ran = spawnSync('bash', ['-e', '-c', command], { cwd, env, encoding: 'utf8' });
      expect(ran.status, `${command}\n${ran.stdout}${ran.stderr}`).toBe(0);
      said = ran.stdout;
    }
    expect(said).toContain('1 of 1 scenarios hold');
    expect(existsSync(join(cwd, 'bootbench.sarif'))).toBe(true);
    expect(existsSync(join(cwd, '.bootbench'))).toBe(true);
  });
  it('is in the table of layouts with its image', () => {
    const name = layout.image
      .replace(/fw\.elf$/, '<project>.elf')
      .replace('/fw/', '/<env>/')
      .replace(/^(build.*)firmware/, '$1<name>');
    expect(PAGE).toContain(`\`${name}\``);
  });
});

it.skipIf(!has('git'))('the lines of .gitignore leave out what the jobs make, and nothing that they need', () => {
  const [, lines] = /^```gitignore\n([^]*?)^```/m.exec(PAGE)!;
  for (const layout of Object.values(LAYOUTS)) {
    const { cwd } = projectOf(layout, '.');
    writeFileSync(join(cwd, '.gitignore'), lines!);
    mkdirSync(dirname(join(cwd, layout.image)), { recursive: true });
    copyFileSync(ELF, join(cwd, layout.image));
    spawnSync('git', ['init', '-q'], { cwd });
    const ignored = (paths: readonly string[]): string[] =>
      spawnSync('git', ['check-ignore', ...paths], { cwd, encoding: 'utf8' })
        .stdout.split('\n')
        .filter((line) => line !== '');
    const made = [layout.image, '.bootbench/a.json', 'bootbench.sarif', 'node_modules/a.js'];
    expect(ignored(made)).toEqual(made);
    // CubeIDE writes the list of objects beside its makefile, which links by it; the listing of the image is made
    const listing = layout.image.replace(/\.elf$/, '.list');
    if (listing.startsWith('Debug/')) expect(ignored([listing])).toEqual([listing]);
    expect(ignored([...Object.keys(layout.files), 'scenarios/dfu.json', 'package-lock.json', 'Debug/objects.list'])).toEqual([]);
  }
});
