/** Where an enabled DMA channel may write to, by its registers. */
import type { Subject } from './check.ts';

export interface Target {
  readonly start: number;
  /** Bytes that are left of the transfer. */
  readonly bytes: number;
}

/**
 * Of a channel by its enable bit (`DMA1.CCR2.EN`, `DMA2.S3CR.EN`, `GPDMA1.C0CR.EN`): the memory that it writes to from here on. A circular transfer has been past what is
 * left of it, and comes there again.
 */
export function targetsOf({ state }: Pick<Subject, 'state'>, enable: string): readonly Target[] {
  const [, dma = '', control = '', number = ''] = /^(\w+)\.(CCR(?=\d)|S(?=\d+CR)|C(?=\d+CR))(\d+)(?:CR)?\.EN$/.exec(enable) ?? [];
  const read = (register: string): number | null => state.field(`${dma}.${register}`);
  const to = (register: string, bytes: number): Target[] => {
    const start = read(register);
    return start === null ? [] : [{ start: start >>> 0, bytes }];
  };
  if (control === 'CCR') return plainChannel(number, read, to);
  if (control === 'S') return stream(number, read, to);
  return control === 'C' ? to(`C${number}DAR`, read(`C${number}BR1.BNDT`) ?? 0) : [];
}
type Read = (path: string) => number | null;
type To = (register: string, bytes: number) => Target[];

/** RM0440 §12.6.3: DIR = 1 reads from memory, and with MEM2MEM the other register is the destination. */
function plainChannel(n: string, read: Read, to: To): readonly Target[] {
  const size = read(`CCR${n}.DIR`) === 1 ? 'PSIZE' : 'MSIZE';
  const bytes = (read(`CNDTR${n}.NDT`) ?? 0) << (read(`CCR${n}.${size}`) ?? 0);
  if (size === 'MSIZE') return to(`CMAR${n}`, bytes);
  return read(`CCR${n}.MEM2MEM`) === 1 ? to(`CPAR${n}`, bytes) : [];
}
/** RM0090 §10.5.5: DIR = 1 reads from memory; a double buffer has two. */
function stream(n: string, read: Read, to: To): readonly Target[] {
  if (read(`S${n}CR.DIR`) === 1) return [];
  const bytes = (read(`S${n}NDTR.NDT`) ?? 0) << (read(`S${n}CR.PSIZE`) ?? 0);
  return [...to(`S${n}M0AR`, bytes), ...(read(`S${n}CR.DBM`) === 1 ? to(`S${n}M1AR`, bytes) : [])];
}
