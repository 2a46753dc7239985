/** The pages that the package carries lead to what it carries: there is no other copy of the repository that a user could be sent to. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const list = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT, encoding: 'utf8' });
const [packed] = JSON.parse(list) as [{ readonly files: readonly { readonly path: string }[] }];
const files = packed.files.map(({ path }) => path);
const carries = (target: string): boolean => files.some((path) => path === target || path.startsWith(`${target.replace(/\/$/, '')}/`));

describe('the package', () => {
  it.each(files.filter((path) => path.endsWith('.md')))('%s leads to what is in it', (page) => {
    const links = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)].map(([, target]) => target!);
    expect(links.filter((target) => !carries(normalize(join(dirname(page), target))))).toEqual([]);
  });
  it('carries the action and the reusable workflow of docs/ci.md, which are copied', () => {
    expect(files).toEqual(expect.arrayContaining(['README.md', 'docs/ci.md', 'action.yml', '.github/workflows/boot-tests.yml']));
  });
  it('carries the scripts that the action calls', () => {
    const called = [...readFileSync(join(ROOT, 'action.yml'), 'utf8').matchAll(/\$ACTION\/([^"']+)/g)].map(([, path]) => path!);
    expect(called.length).toBeGreaterThan(0);
    expect(called.filter((path) => !carries(path))).toEqual([]);
  });
});
