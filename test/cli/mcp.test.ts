/** `bootbench mcp` as an agent uses it: the SDK's own client, the built program, a firmware of `bootbench demo`. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../src/cli/package.ts';
import { builtProgram } from '../built.ts';

let dist = '';
let client: Client;
beforeAll(async () => {
  dist = builtProgram();
  client = new Client({ name: 'test', version: '1' });
  const args = [join(dist, 'bootbench.js'), 'mcp'];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, cwd: packageFile('demo/firmware') }));
});
afterAll(async () => {
  await client.close();
  rmSync(dist, { recursive: true, force: true });
});

interface Called {
  readonly content: readonly { readonly text: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly isError?: boolean;
}
const call = async (name: string, given: Record<string, unknown>): Promise<Called> =>
  (await client.callTool({ name, arguments: given })) as unknown as Called;

describe('mcp', () => {
  it('offers its tools with the arguments that they know', async () => {
    const { tools } = await client.listTools();
    expect(tools.map((t) => t.name).sort()).toEqual(['chips', 'explain', 'fix', 'run', 'test', 'trace']);
    expect(tools.find((t) => t.name === 'test')!.inputSchema.required).toEqual(['paths']);
  });
  it('run: the first screen, and what it says as data', async () => {
    const { content, structuredContent, isError } = await call('run', { images: ['build/firmware.elf'] });
    expect(isError).toBeUndefined();
    expect(content[0]!.text).toMatch(/^FAIL +rom-silent/);
    expect(structuredContent).toMatchObject({
      exitCode: 1,
      outcome: 'rom-silent',
      causes: [{ id: 'primask', proved: true, lastWriter: { file: 'src/bootloader.c', line: 10 } }],
      story: content[0]!.text,
    });
  });
  it('fix: a patch', async () => {
    const { content } = await call('fix', { images: ['build/firmware.elf'] });
    expect(content[0]!.text).toMatch(/^--- a\/.*src\/bootloader\.c$/m);
    expect(content[0]!.text).toMatch(/^\+ .*__enable_irq\(\);/m);
  });
  it('test: which scenarios hold', async () => {
    const { structuredContent } = await call('test', { paths: ['scenarios/button.json'] });
    expect(structuredContent).toMatchObject({ exitCode: 1, scenarios: [{ path: 'scenarios/button.json', state: 'fail' }] });
  });
  it('explain and chips: text', async () => {
    expect((await call('explain', { word: 'primask' })).content[0]!.text).toContain('Can the ROM take interrupts');
    expect((await call('chips', { chip: 'stm32f446re' })).content[0]!.text).toContain('512 KiB');
  });
  it.each([
    ['run', { images: ['missing.elf'] }, /^bootbench: .*missing\.elf/],
    ['run', { images: ['--help'] }, /^bootbench: .*--help/],
    ['run', { images: ['build/firmware.elf'], chip: '--json' }, /^bootbench: there is no chip "--json"/],
    ['run', { image: 'build/firmware.elf' }, /^unknown: image; run knows images, /],
    ['explain', { word: 'no-such-word' }, /^bootbench: there is no explanation/],
  ])('%s %o is an error in words', async (name, given, said) => {
    const { content, isError } = await call(name, given);
    expect(content[0]!.text).toMatch(said);
    expect(isError).toBe(true);
  });
  it('a call that is cancelled ends its process, and the next is answered', async () => {
    const cancel = new AbortController();
    const ran = client.callTool({ name: 'run', arguments: { images: ['build/firmware.elf'], until: '9000s' } }, undefined, { signal: cancel.signal });
    cancel.abort();
    await expect(ran).rejects.toThrow();
    expect((await call('explain', { word: 'msp' })).isError).toBeUndefined();
  });
}); // prettier-ignore
