/** Which files of the disk a report may show, whatever an image's line table names. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectFolders, sourcesOf } from '../../src/cli/sources.ts';
import type { Sources } from '../../src/report/source-lines.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { primaskResult, writer } from '../samples/results.ts';
import { cli, folder, FIRMWARE, IMAGE } from './helpers.ts';

/** Files by path, with folders made as needed. */
function tree(files: Readonly<Record<string, string>>): string {
  const root = folder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
const sourcesIn = (cwd: string, more: { env?: Record<string, string>; roots?: string[]; images?: string[] } = {}): Sources =>
  sourcesOf({ images: more.images ?? [], folder: cwd, io: { cwd, env: more.env ?? {} }, ...(more.roots ? { roots: more.roots } : {}) });
/** What is known of a file: its text, else why it is left out. */
const told = (sources: Sources, name: string): string | null => sources(name)?.lines[0] ?? sources.leftOut!(name);

const SECRET = Array.from({ length: 60 }, (_, i) => `secret ${i}`).join('\n');
/** The line that is blamed lies in this file. */
const blaming = (file: string) => (): RunResult => {
  const result = primaskResult();
  const lastWriter = { ...writer, file };
  return {
    ...result,
    entries: result.entries.map((e) => ({ ...e, from: e.from && { ...e.from, file } })),
    checks: result.checks.map((c) => (c.id === 'primask' ? { ...c, lastWriter } : c)),
    diagnosis: { ...result.diagnosis, causes: result.diagnosis.causes.map((c) => ({ ...c, lastWriter })) },
  };
};

it('of an image that lies elsewhere it is told why its sources are not looked for', () => {
  const root = tree({ 'p/a.txt': '', 'q/app.elf': '', 'q/main.c': 'text' });
  const from = (cwd: string, image: string): Sources => sourcesIn(join(root, cwd), { images: [image], env: { HOME: join(root, 'home') } });
  expect(told(from('p', '../q/app.elf'), 'main.c')).toContain('the image lies outside of the project folder: stand there');
  expect([told(from('q', 'app.elf'), 'main.c'), told(from('q', 'app.elf'), 'b.c')]).toEqual(['text', null]);
});

describe('a report shows no file from outside of the project folder', () => {
  it.each(['absolute', 'climbing'])('%s path', async (kind) => {
    const root = tree({ 'project/fw.bin': '', 'other/main.c': SECRET });
    writeFileSync(join(root, 'project', 'fw.bin'), FIRMWARE);
    const result = blaming(kind === 'absolute' ? join(root, 'other', 'main.c') : '../other/main.c');
    const cwd = join(root, 'project');
    const ran = await cli(['run', IMAGE, '--chip', 'h533re', '--html', 'r.html', '--junit', 'r.xml', '--fix'], { cwd, result });
    const page = readFileSync(join(cwd, 'r.html'), 'utf8');
    for (const text of [ran.out, ran.err, page, readFileSync(join(cwd, 'r.xml'), 'utf8')]) expect(text).not.toContain('secret');
    for (const text of [ran.err, page]) expect(text.replace(/\s+/g, ' ')).toContain('it lies outside of the project folder');
  });

  it.each(['--sarif', '--codequality', '--html', '--junit'])('test %s', async (option) => {
    const root = tree({
      'project/s/a.json': '{"schema":"bootbench/scenario@1","images":["fw.bin@0x08000000"],"chip":"h533re","expect":{"outcome":"dfu"}}',
      'other/main.c': SECRET,
    });
    writeFileSync(join(root, 'project', 's', 'fw.bin'), FIRMWARE);
    const cwd = join(root, 'project');
    const ran = await cli(['test', 's', option, 'file', '--reporter', 'github'], { cwd, result: blaming(join(root, 'other', 'main.c')) });
    expect(ran.code).toBe(1);
    const file = readFileSync(join(cwd, 'file'), 'utf8');
    for (const text of [ran.out, ran.err, file]) expect(text).not.toContain('secret');
    expect(ran.out).toContain('::error file=s/a.json,line=1');
  });

  it('--source-root names another folder, and a folder that is none is an error', async () => {
    const root = tree({ 'project/x': '', 'other/main.c': SECRET });
    writeFileSync(join(root, 'project', 'fw.bin'), FIRMWARE);
    const cwd = join(root, 'project');
    const run = (more: string) =>
      cli(['run', IMAGE, '--chip', 'h533re', '--source-root', more], { cwd, result: blaming(join(root, 'other', 'main.c')) });
    expect((await run('../other')).out).toContain('secret 41');
    expect(await run('nowhere')).toMatchObject({ code: 2, err: expect.stringContaining('--source-root: there is no folder nowhere') });
  });
});

describe('which folder the project folder is', () => {
  const repository = { 'repo/.git/HEAD': '', 'repo/sub/a.c': 'a' };
  it('the repository that the working folder lies in', () => {
    const root = tree(repository);
    expect(projectFolders({ cwd: join(root, 'repo', 'sub'), env: {} })).toEqual([join(root, 'repo')]);
  });
  it('the working folder where the repository is the home folder or above it', () => {
    const root = tree(repository);
    for (const home of ['repo', 'repo/home']) {
      mkdirSync(join(root, home), { recursive: true });
      const env = { HOME: join(root, home) };
      expect(projectFolders({ cwd: join(root, 'repo', 'sub'), env })).toEqual([join(root, 'repo', 'sub')]);
    }
  });
  it('the same where HOME is empty: it names no folder', () => {
    const root = tree(repository);
    expect(projectFolders({ cwd: join(root, 'repo', 'sub'), env: { HOME: '' } })).toEqual([join(root, 'repo')]);
  });
  it('in which the rules of that repository count', () => {
    const root = tree({
      'home/.git/info/exclude': 'excl.c\n',
      'home/.gitignore': 'ign.c\n/p/here.c\n/here2.c\nbuilt/\n',
      'home/p/.gitignore': 'own.c\n',
      ...Object.fromEntries(
        ['excl', 'ign', 'here', 'here2', 'own', 'built/b', 'shown'].map((name) => [`home/p/${name}.c`, `text ${name}`]),
      ),
      'home/built/b.c': 'text b',
    });
    const env = { HOME: join(root, 'home') };
    const sources = sourcesIn(join(root, 'home/p'), { env });
    for (const name of ['excl', 'ign', 'here', 'own', 'built/b']) expect(told(sources, `${name}.c`), name).toBe('git ignores it');
    for (const name of ['here2', 'shown']) expect(told(sources, `${name}.c`), name).toBe(`text ${name}`);
    expect(told(sourcesIn(join(root, 'home/built'), { env }), 'b.c')).toBe('git ignores it');
  });
  it('none where the user stands in his home folder or above it', () => {
    const root = tree({ 'home/a.c': 'mine' });
    expect(projectFolders({ cwd: root, env: { HOME: join(root, 'home') } })).toEqual([]);
    expect(told(sourcesIn(join(root, 'home'), { env: { HOME: join(root, 'home') } }), 'a.c')).toContain('outside of the project folder');
  });
});

describe('in the project folder', () => {
  it('a file below is found from the working folder, from the image, and without the leading parts of another machine', () => {
    const root = tree({ '.git/HEAD': '', 'Core/Src/main.c': 'text', 'build/Debug/fw.elf': '' });
    const sources = sourcesIn(join(root, 'build'), { images: ['Debug/fw.elf'] });
    for (const name of ['../Core/Src/main.c', '/builds/p/Core/Src/main.c', join(root, 'Core/Src/main.c')])
      expect(told(sources, name)).toBe('text');
  });

  it('a link that leads out of it is not followed, one inside is', () => {
    const root = tree({ 'p/src/main.c': 'inside', 'other/key.c': 'secret' });
    symlinkSync(join(root, 'other'), join(root, 'p', 'lib'));
    symlinkSync(join(root, 'other', 'key.c'), join(root, 'p', 'key.c'));
    symlinkSync(join(root, 'p', 'src'), join(root, 'p', 'alias'));
    const sources = sourcesIn(join(root, 'p'));
    for (const name of ['lib/key.c', 'key.c']) expect(told(sources, name)).toBe('a link leads out of the project folder');
    expect(told(sources, 'alias/main.c')).toBe('inside');
  });

  it('files of dot folders, and links to them, are left out', () => {
    const root = tree({ '.secret/a.c': 'secret', 'src/.b.c': 'secret' });
    symlinkSync('.secret', join(root, 'plain'));
    for (const name of ['.secret/a.c', 'src/.b.c', 'plain/a.c']) expect(told(sourcesIn(root), name)).toContain('begins with a dot');
  });

  it('only what is called as source files are is shown, by its own name and that of a link', () => {
    const root = tree({ id_rsa: 'secret', 'a.env': 'secret', 'b.c': 'text', 'START.S': 'text' });
    symlinkSync('id_rsa', join(root, 'key.c'));
    for (const name of ['id_rsa', 'a.env', 'key.c']) expect(told(sourcesIn(root), name)).toBe('it is not called as source files are');
    for (const name of ['b.c', 'START.S']) expect(told(sourcesIn(root), name)).toBe('text');
  });
  it('a name of a hundred thousand folders is not looked for folder by folder', () => {
    const root = folder({ 'a.c': 'int a;' });
    const long = `${'x/'.repeat(100_000)}a.c`;
    expect(told(sourcesIn(root), long)).toBe('its name is longer than that of a file can be');
    expect(told(sourcesIn(root), `${'x/'.repeat(2000)}../a.c`)).toBe('int a;');
  });

  it('a file that is nowhere is not called left out, and one outside is not looked at', () => {
    const root = tree({ 'p/a.c': 'a', 'there.c': 'b' });
    const sources = sourcesIn(join(root, 'p'));
    expect(told(sources, 'b.c')).toBe(null);
    // the same words whether there is one or not
    expect(told(sources, '../there.c')).toBe(told(sources, '../nowhere.c'));
  });
});

describe('files that git ignores are left out', () => {
  const RULES: Readonly<Record<string, string>> = {
    '.gitignore': '# comment\nbuild/\n/top.c\n*.inc\n!keep.inc\ngen/**/x.h\ndoc/*.c\n[ab]?.c\nspace.c  \n\\!bang.c\nlib/\n!lib/in.c\n',
    'sub/.gitignore': '!top.c\nown.c\n',
    '.git/info/exclude': 'mine.c\n',
  };
  const FILES = (
    'build/a.c sub/build/a.c build.c top.c sub/top.c a.inc keep.inc gen/x.h gen/1/2/x.h gen/y.h doc/a.c doc/sub/c.c ' +
    'a1.c b2.c c3.c a.c sub/own.c own.c mine.c sub/mine.c space.c !bang.c lib/in.c'
  ).split(' ');

  it.skipIf(spawnSync('git', ['--version']).status !== 0)('as git itself does', () => {
    const root = tree({ ...RULES, ...Object.fromEntries(FILES.map((name) => [name, name])) });
    execFileSync('git', ['init', '-q', root]);
    writeFileSync(join(root, '.git/info/exclude'), RULES['.git/info/exclude']!);
    const ignored = FILES.filter((name) => told(sourcesIn(root), name) === 'git ignores it');
    const git = execFileSync('git', ['-C', root, 'check-ignore', '--stdin'], { input: FILES.join('\n'), encoding: 'utf8' });
    expect(ignored).toEqual(git.trim().split('\n'));
    expect(ignored).toContain('gen/1/2/x.h');
  });

  it.each([
    [64 << 10, 'text'],
    [(64 << 10) + 1, 'git ignores it'],
  ])('all of them where the rules are more than anybody writes: %i bytes', (length, said) => {
    const root = tree({ '.gitignore': `own.c\n${'#'.repeat(length - 6)}`, 'own.c': 's', 'main.c': 'text' });
    const sources = sourcesIn(root);
    expect(['own.c', 'main.c'].map((name) => told(sources, name))).toEqual(['git ignores it', said]);
  });
  it("also by the user's own rules, and in a worktree by those of its clone", () => {
    const root = tree({
      'home/.config/git/ignore': 'secret.c\n',
      'clone/.git/info/exclude': 'local.c\n',
      'clone/.git/worktrees/w/commondir': '../..\n',
      'w/.git': 'gitdir: ../clone/.git/worktrees/w\n',
      'w/secret.c': 's',
      'w/local.c': 's',
      'w/main.c': 'text',
    });
    const sources = sourcesIn(join(root, 'w'), { env: { HOME: join(root, 'home') } });
    expect(['secret.c', 'local.c', 'main.c'].map((name) => told(sources, name))).toEqual(['git ignores it', 'git ignores it', 'text']);
  });
  it.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>]>([
    ['info/exclude of GIT_DIR', { 'git/info/exclude': 's.c\n' }, { GIT_DIR: '../../git' }],
    ['core.excludesFile of GIT_DIR', { 'git/config': '[core]\nexcludesFile = mine\n', 'p/mine': 's.c\n' }, { GIT_DIR: '../../git' }],
    ['info/exclude of GIT_COMMON_DIR', { 'git/info/exclude': 's.c\n' }, { GIT_COMMON_DIR: '../../git' }],
    ['a folder of GIT_WORK_TREE', { '.gitignore': 's.c\n' }, { GIT_DIR: '../../git', GIT_WORK_TREE: '../..' }],
    ['`git -c`', { 'p/mine': 's.c\n' }, { GIT_CONFIG_PARAMETERS: "'core.excludesFile'='mine'" }],
    ['`git -c` of older versions', { 'p/mine': 's.c\n' }, { GIT_CONFIG_PARAMETERS: "'core.excludesfile=mine'" }],
  ])('by what the environment says: %s', (_what, files, env) => {
    const root = tree({ ...files, 'p/d/s.c': 's', 'p/d/main.c': 'text', 'p/.git/HEAD': '' });
    const sources = sourcesIn(join(root, 'p', 'd'), { env: { HOME: join(root, 'home'), ...env } });
    expect(['s.c', 'main.c'].map((name) => told(sources, name))).toEqual(['git ignores it', 'text']);
  });
  it('by the configuration of a worktree, and where a .git file leads to a repository elsewhere', () => {
    const root = tree({
      'clone/.git/worktrees/w/commondir': '../..\n',
      'clone/.git/worktrees/w/config.worktree': '[core]\n  excludesFile = mine\n',
      'w/.git': 'gitdir: ../clone/.git/worktrees/w\n',
      'w/mine': 's.c\n',
      'modules/m/info/exclude': 's.c\n',
      'w/m/.git': 'gitdir: ../../modules/m\n',
      ...Object.fromEntries(['w/s.c', 'w/m/s.c', 'w/m/main.c'].map((name) => [name, 'text'])),
    });
    const sources = sourcesIn(join(root, 'w'), { env: { HOME: join(root, 'home') } });
    expect(['s.c', 'm/s.c', 'm/main.c'].map((name) => told(sources, name))).toEqual(['git ignores it', 'git ignores it', 'text']);
  });
  const HEAD = '.git/HEAD';
  it.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>?]>([
    ['core.excludesFile of the user', { 'home/.gitconfig': '[core]\n\texcludesFile = ~/mine\n', 'home/mine': 's.c\n' }],
    [
      'one with a name in quotes',
      { 'home/.gitconfig': '[CORE] ExcludesFile = "~/my \\"own\\" rules" ; a comment\n', 'home/my "own" rules': 's.c\n' },
    ],
    [
      'one that is included',
      { 'home/.gitconfig': '[include]\npath = other\n', 'home/other': '[core]\nexcludesfile = ~/mine\n', 'home/mine': 's.c\n' },
    ],
    [
      'one that is included for some folders',
      {
        'home/.gitconfig': '[includeIf "gitdir:/x/"]\npath = other\n',
        'home/other': '[core]\nexcludesfile=~/mine\n',
        'home/mine': 's.c\n',
      },
    ],
    ['one of the clone', { 'p/.git/config': '[core]\n\texcludesfile = rules\n', 'p/rules': 's.c\n' }],
    [
      'one of the environment',
      { 'p/rules': 's.c\n' },
      { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.excludesFile', GIT_CONFIG_VALUE_0: 'rules' },
    ],
    ['XDG_CONFIG_HOME', { 'p/xdg/git/ignore': 's.c\n' }, { XDG_CONFIG_HOME: 'p/xdg' }],
    ['a repository within this one', { 'p/d/.git/info/exclude': 's.c\n' }],
    ['core.ignoreCase', { 'p/.git/config': '[core]\nignorecase\n', 'p/.gitignore': 'S.C\n' }],
    ['classes of characters', { 'p/.gitignore': '*.[[:lower:]]\n' }],
    ['a bracket that a list names', { 'p/.gitignore': '[\\]s].c\n' }],
    ['a hyphen in a list that stands for itself', { 'p/.gitignore': '[r\\-s].c\n' }],
    ['what a list with a bracket leaves out', { 'p/.gitignore': '[!\\]].c\n' }],
    ['a letter in a list behind a backslash', { 'p/.gitignore': '[\\s].c\n' }],
    ['a list that leaves a slash out', { 'p/.gitignore': 'd/[!/].c\n' }],
    ['a file that begins with a byte order mark', { 'p/.gitignore': '\uFEFFs.c\n' }],
    ['three stars in place of two', { 'p/.gitignore': '***/d/***/s.c\n' }],
    ['four stars between slashes', { 'p/.gitignore': 'd/****/s*\n' }],
    ['stars right behind what is no pattern', { 'p/.gitignore': 'd***/s.c\n' }],
    ['a rule that a NUL ends', { 'p/.gitignore': 's.c\0x\n' }],
  ])('by %s', (_by, files, env = {}) => {
    const root = tree({ [`p/${HEAD}`]: '', 'p/d/s.c': 'secret', 'p/d/t.cc': 'text', ...files });
    const absolute = Object.fromEntries(
      Object.entries(env).map(([key, value]) => [key, value.startsWith('p/') ? join(root, value) : value]),
    );
    const sources = sourcesIn(join(root, 'p'), { env: { HOME: join(root, 'home'), GIT_CONFIG_SYSTEM: '/nowhere', ...absolute } });
    expect([told(sources, 'd/s.c'), told(sources, 'd/t.cc')]).toEqual(['git ignores it', 'text']);
  });
  const STARS = ['*', '**', '***', '/', '/', 's', 'd', 'e', 'k', '.c', '?', '[!/]', '\\/', '[a-z]', '\\*', '[]d]', '[^d]', 's?.c', '****'];
  // a letter of two bytes, of upper case, a name with blanks; lists that are odd, empty, backwards or have no end
  const LISTS = ['é', '??', '[é]', '[à-ü]', '[^é]', '[z-a]', '[!]', '[^]-a]', '[a-]', '[--/]', '[\\]', '[[:alpha:]]', '[^[:space:]]', '[[:upper:]]', '[[:foo:]]', '[A-Z]', '[', ']', '\\', ' ', '\t', ' .c', '\\ ', ' \\#', 'S', '#', '!', '\r']; // prettier-ignore
  it.skipIf(spawnSync('git', ['--version']).error !== undefined).each([
    ['stars and slashes', STARS, 'false'],
    ['lists', [...STARS, ...LISTS, ...LISTS], 'false'],
    ['lists, letters in any case', [...STARS, ...LISTS, ...LISTS], 'true'],
  ])('as git itself ignores them, whatever %s a rule has', (_what, parts, ignoreCase) => {
    const plain = ['s.c', 'd/s1.c', 'd/e/s2.c', 'd/e/k.c', 'e/d/s3.c', 'ds/s4.c', 'ds.c', 'd/ss.c', 'k/k/k1.c', 's/s/s/s5.c'];
    const files = [...plain, 'é.c', 'dé/sÉ.c', 'S/K.c', 's .c', 'a b.c', '-.c', ']e.c', '#s.c', '!s.c', 'd\\.c'];
    const root = tree(Object.fromEntries(files.map((file) => [file, 'text'])));
    const env = { HOME: '/nowhere', GIT_CONFIG_SYSTEM: '/nowhere' };
    execFileSync('git', ['init', '-q', root]);
    execFileSync('git', ['-C', root, 'config', 'core.ignoreCase', ignoreCase]);
    let chance = 42;
    const below = (most: number): number => ((chance = (Math.imul(chance, 1664525) + 1013904223) >>> 0) >>> 8) % most;
    const rule = (): string => Array.from({ length: 1 + below(6) }, () => parts[below(parts.length)]).join('');
    for (let i = 0; i < 100; i++) {
      const rules = [rule(), ...(i % 2 === 0 ? [`!${rule()}`] : [])].join('\n');
      writeFileSync(join(root, '.gitignore'), `${rules}\n`);
      const asked = spawnSync('git', ['check-ignore', '-z', '--stdin'], { cwd: root, input: files.join('\0'), encoding: 'utf8', env: { ...process.env, ...env } });
      const sources = sourcesIn(root, { env });
      const hidden = files.filter((file) => told(sources, file) !== 'text');
      expect(hidden, rules).toEqual(asked.stdout.split('\0').filter((name) => name !== ''));
    }
  }); // prettier-ignore
  it('by rules with many stars, which take no longer', () => {
    const name = `${'a'.repeat(50)}.c`;
    const root = tree({
      [`p/${HEAD}`]: '',
      'p/.gitignore': `${'*a'.repeat(40)}.h\n${'*a'.repeat(40)}.c\n`,
      [`p/${name}`]: '',
      'p/b.c': 'text',
    });
    const sources = sourcesIn(join(root, 'p'), { env: { HOME: join(root, 'home') } });
    expect([told(sources, name), told(sources, 'b.c')]).toEqual(['git ignores it', 'text']);
  });
});

it("what CMSIS calls an interrupt is told by the handler that the image's vector table has for it", () => {
  const names = sourcesIn(process.cwd(), { images: ['fixtures/f030-timer-left-on/firmware.elf'] }).lineNames!;
  expect([names(8), names(7), names(500)]).toEqual([['USB_IRQn'], [], []]);
});

describe('whether an image uses CMSIS', () => {
  it.each([
    ['a type of it in the debug data', '.debug_info\0int\0SCB_Type\0', true],
    ['other types alone', '.debug_info\0int\0regs_t\0', false],
    ['compressed debug data', '.debug_info\0x9c4b', null],
    ['no debug data', '.text\0', null],
  ])('is told by %s', (_, text, uses) => {
    const cwd = tree({ 'app.elf': text });
    expect(sourcesIn(cwd, { images: ['app.elf'] }).usesCmsis!()).toBe(uses);
  });
  it('is not known without an image', () => expect(sourcesIn(tree({})).usesCmsis!()).toBeNull());
});
