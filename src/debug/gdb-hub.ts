/**
 * The GDB servers of one machine, one for each core. Halted is what a client has halted; a core without a client goes along with the others. Without any
 * client the machine stands still.
 */
import type { Session } from '../bench/session/session.ts';
import type { Core } from '../emu/core/core.ts';
import { MS, type Ps } from '../emu/time.ts';
import { DebugTarget } from './debug-target.ts';
import { GdbServer } from './gdb-server.ts';
import { TimeTravel } from './time-travel.ts';

/** Virtual time between two looks at the clients. */
const TURN: Ps = 10 * MS;

export class GdbHub {
  readonly target: DebugTarget;
  private readonly past: TimeTravel;
  private readonly servers = new Map<Core, GdbServer>();
  /** Called when the machine wants to run: `advance` until it returns false. */
  onWake: () => void = () => undefined;

  /** @param history bytes that the way back may hold */
  constructor(session: Session, history?: number) {
    this.target = new DebugTarget(session);
    this.past = new TimeTravel(this.target, history);
    this.target.onConsole = (text) => {
      for (const server of this.servers.values()) server.output(text);
    };
  }
  get cores(): readonly Core[] {
    return this.target.machine.cores;
  }

  /** A client for a core; null if it has one already. */
  connect(core: Core, send: (bytes: Uint8Array) => void): GdbServer | null {
    if (this.servers.has(core)) return null;
    const server = new GdbServer(
      { target: this.target, past: this.past, wake: () => this.onWake(), follow: () => this.follow() },
      core,
      send,
    );
    this.servers.set(core, server);
    this.follow();
    return server;
  }
  disconnect(server: GdbServer): void {
    server.leave();
    const held = this.servers.size;
    for (const [core, other] of this.servers) if (other === server) this.servers.delete(core);
    this.follow();
    // a session is over: what comes next has a past of its own
    if (held > 0 && this.servers.size === 0) this.past.restart();
  }
  private follow(): void {
    const running = [...this.servers.keys()].some((core) => !this.target.isHalted(core));
    for (const core of this.cores) if (!this.servers.has(core)) this.target.setHalted(core, !running);
  }

  /** Runs for a turn. False when nothing wants to run any more. */
  advance(): boolean {
    const { searcher } = this.past;
    if (searcher !== null) {
      const stop = this.past.continueBack();
      if (stop === null) return true;
      this.servers.get(searcher)?.stopped(stop);
    }
    if (!this.target.running) return false;
    const found = this.past.advance(TURN);
    if (found) {
      const server = this.servers.get(found.core);
      // a core without a client has stopped: whoever holds the machine is told
      const told = server ? [server] : [...this.servers.values()];
      for (const core of this.cores) if (!server || core === found.core) this.target.setHalted(core, true);
      for (const s of told) s.stopped(found.stop);
    }
    return this.target.running;
  }
}
