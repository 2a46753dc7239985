/** docs/dev/security.md names the test that holds each finding; each of them is there. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../src/cli/package.ts';

const text = readFileSync(packageFile('docs/dev/security.md'), 'utf8');
const rows = [...text.matchAll(/^\|.*\| (test\/[\w./-]+\.test\.ts): (.+) \|$/gm)].map(([, file, name]) => ({ file: file!, name: name! }));

describe('the test that holds a finding is there', () => {
  it.each(rows)('$file: $name', ({ file, name }) => {
    expect(existsSync(packageFile(file)), file).toBe(true);
    expect(readFileSync(packageFile(file), 'utf8')).toContain(name);
  });
  it('all findings have one', () => {
    const table = text.slice(text.indexOf('| finding | test |')).split('\n\n')[0]!.trim().split('\n').slice(2);
    expect(table.length).toBeGreaterThan(20);
    expect(rows.length).toBe(table.length);
  });
  it('the places of the code are there', () => {
    for (const [, path] of text.matchAll(/`(src\/[\w/.-]+)`/g)) expect(existsSync(packageFile(path!)), path).toBe(true);
  });
});
