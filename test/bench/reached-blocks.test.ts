/** What is scheduled reaches some blocks and no others: a repeated run in which the ROM has gone deaf need not wait for the host to lose patience. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { attempt, type Attempt } from '../../src/bench/proof/attempt.ts';
import { proveFixedLoop } from '../../src/bench/session/fixed-loop.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import type { ShortcutName } from '../../src/emu/proofs/shortcuts.ts';
import { MS } from '../../src/emu/time.ts';
import type { Wire } from '../../src/emu/wires.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}/scenario.json`, import.meta.url));
const sessionOf = async (name: string, without: readonly ShortcutName[] = []): Promise<Session> =>
  new Session(jobInput({ ...(await loadJob([], { scenario: fixture(name) }, '')), withoutShortcuts: without }));

/** The run from its last entry on, once more. */
async function repeated(name: string, without: readonly ShortcutName[]): Promise<{ readonly again: Attempt; readonly since: number }> {
  const session = await sessionOf(name, without);
  const powerOn = session.save();
  session.run();
  const again = attempt(session, { powerOn, entry: session.entryCheckpoint, entryNumber: session.machine.history.entryCount }, []);
  const since = again.end.at - session.machine.history.entries.at(-1)!.at;
  session.release();
  return { again, since };
}

describe('A repeated run of a ROM that does not answer', () => {
  // frames go on, the CRS follows them where there is one, and the ROM polls ports that follow wires
  it.each(['h533-seed000-as-posted', 'jump-1fffc400-masked', 'jump-0bf97000-masked'])('%s: ends with the first transfer', async (name) => {
    const { again, since } = await repeated(name, []);
    expect(again.outcome).toBe('rom-silent');
    expect(since).toBeLessThan(300 * MS);
    const waited = await repeated(name, ['reached-blocks']);
    expect(waited.since).toBeGreaterThan(2000 * MS);
    expect({ ...waited.again, end: { ...waited.again.end, at: 0 } }).toEqual({ ...again, end: { ...again.end, at: 0 } });
  });
});

/** The host waits for the ROM, which stands in its main loop. */
async function deaf(name: string): Promise<Session> {
  const session = await sessionOf(name);
  session.run();
  session.restore(session.entryCheckpoint!);
  session.machine.run(session.machine.now + 300 * MS);
  session.asksReach = true;
  return session;
}

describe('A repeated run of a ROM that answers', () => {
  it('makes no checkpoint to look for an end: its interrupt may be taken', async () => {
    const session = await sessionOf('h533-seed000-fixed');
    const powerOn = session.save();
    session.run();
    const starts = { powerOn, entry: session.entryCheckpoint, entryNumber: session.machine.history.entryCount };
    const saved = vi.spyOn(session.machine, 'save');
    expect(attempt(session, starts, []).outcome).toBe('dfu');
    expect(saved).not.toHaveBeenCalled();
    session.release();
  });
});

describe('A loop of the ROM beside frames', () => {
  let session: Session;
  const proved = (): boolean => {
    // a proof restores the machine, and what is pending is looked at when it runs
    session.machine.run(session.machine.now + MS / 100);
    return proveFixedLoop(session) !== null;
  };
  beforeAll(async () => (session = await deaf('h533-seed000-as-posted')));
  afterAll(() => session.release());

  it('is proved to have no end', () => {
    expect(session.machine.system.scheduler.due.filter((due) => due !== Infinity)).not.toHaveLength(0);
    expect(proved()).toBe(true);
  });
  it('is not where anything that is scheduled counts', () => {
    session.asksReach = false;
    expect(proved()).toBe(false);
    session.asksReach = true;
  });
  it.each(['TIM2', 'RTC'])('is not where %s has a timer: nobody knows which wires it drives', (name) => {
    const { system, now } = session.machine;
    const { timerBase } = system.block(name);
    system.scheduler.arm(timerBase, now + 1000 * MS);
    expect(proved()).toBe(false);
    system.scheduler.disarm(timerBase);
    expect(proved()).toBe(true);
  });
  it('is not where something outside of the chip has a timer', () => {
    const { system, now } = session.machine;
    const slot = [...system.scheduler.due.keys()].find((i) => system.scheduler.slotName(i) === 'scenario.bus')!;
    system.scheduler.arm(slot, now + 1000 * MS);
    expect(proved()).toBe(false);
    system.scheduler.disarm(slot);
    expect(proved()).toBe(true);
  });
  it('is not where the host may wake the device up, which EXTI hears', async () => {
    const other = await deaf('jump-1fffc400-masked');
    expect(proveFixedLoop(other)).not.toBeNull();
    other.machine.run(other.machine.now + MS / 100);
    const { layout, state } = other.machine.system.block('USB');
    const { register, mask } = layout.field('CNTR.FSUSP');
    state.regs[register.index]! |= mask;
    expect(proveFixedLoop(other)).toBeNull();
    other.release();
  });
});

describe('Wires that a block says it may drive by itself', () => {
  it.each(['h533-seed000-fixed', 'f072-seed002-as-posted', 'jump-1fffc400'])('%s: it drives no other', async (name) => {
    const session = await sessionOf(name);
    const { system } = session.machine;
    const others: string[] = [];
    let driven = 0;
    for (const { component, state, env } of system.blocks) {
      if (component.drives(state, env) === null) continue;
      const { write } = component;
      let writes = 0;
      component.write = (...args) => {
        writes++;
        const answer = write.apply(component, args);
        writes--;
        return answer;
      };
      const onReset = component.onReset.bind(component);
      component.onReset = (...args) => {
        writes++;
        onReset(...args);
        writes--;
      };
      const { setWire } = env;
      Object.assign(env, {
        setWire: (w: Wire, value: number) => {
          if (writes === 0 && system.level(w) !== value) {
            driven++;
            if (!component.drives(state, env)!.includes(w)) others.push(`${env.name}: ${w.name}`);
          }
          setWire(w, value);
        },
      });
    }
    session.run();
    session.release();
    expect(driven).toBeGreaterThan(10);
    expect(others).toEqual([]);
  });
});
