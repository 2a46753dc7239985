/** The realm that public clients run in (`npm run clients`). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { nothing, sandbox, type Clock } from '../../tools/clients/sandbox.ts';

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'client.js');
  writeFileSync(file, text);
  return file;
}
class Emulated implements Clock {
  ms = 0;
  under = false;
  now = (): number => this.ms;
  busy = (): boolean => this.under;
  pass = async (ms: number): Promise<void> => void (this.ms += ms);
}

it("a client's timers run on emulated time, in their order, and wait for a transfer", async () => {
  const clock = new Emulated();
  const box = sandbox(clock, {});
  const client = `
    setTimeout(() => console.log('late'), 20000);
    setTimeout(() => console.log('early'), 5000);
    const never = setTimeout(() => console.log('never'), 10);
    clearTimeout(never);
    let ticks = 0;
    const each = setInterval(() => { console.log('tick'); if (++ticks === 2) clearInterval(each); }, 8000);`;
  clock.under = true;
  box.script(fileWith(client));
  expect(box.idle()).toBe(false);
  await new Promise((next) => setTimeout(next, 5));
  expect([clock.ms, box.lines]).toEqual([0, []]);
  clock.under = false;
  await vi.waitFor(() => expect(box.idle()).toBe(true));
  expect(box.lines).toEqual(['early', 'tick', 'tick', 'late']);
  expect(clock.ms).toBe(20000);
});
it('what a script declares is seen by those that follow, and nothing of it outside', () => {
  const box = sandbox(new Emulated(), { navigator: { usb: 'the device' } });
  box.script(fileWith("let Client = class { usb = navigator.usb; page = window === globalThis; };\nconsole.log(new Error('told'));"));
  expect(box.value('new Client()')).toEqual({ usb: 'the device', page: true });
  expect('Client' in globalThis).toBe(false);
  expect(box.lines).toEqual(['Error: told']);
});
it('a CommonJS client gets what it requires, and the errors of its timers are told', async () => {
  const file = fileWith("exports.join = require('./other.js').text;\nsetTimeout(() => { throw new Error('fell'); }, 1);");
  writeFileSync(join(file, '../other.js'), "module.exports = { text: 'required' };");
  const box = sandbox(new Emulated(), {});
  expect(box.commonJs(file)).toEqual({ join: 'required' });
  await vi.waitFor(() => expect(box.lines).toEqual(['uncaught: Error: fell']));
});
it("a page's part that is not there takes every call", () => {
  const part = nothing() as { a: { b(text: string): { c: string } } };
  expect(String(part.a.b('x').c)).toBe('');
});
