/** Which test files run when, and how. Patterns below the project; test/suites.test.ts holds that each matches a file. */
import { globSync } from 'tinyglobby';

/**
 * Files that need a process of their own: they import other test files once more, or look at what nobody has loaded yet; or they make many machines, which takes several times as
 * long in a process where many were before (answers.test.ts 38 s in place of 3.5, web-usb.test.ts 12 in place of 1.2): V8 never frees a module that imports a table.
 */
export const ALONE: readonly string[] = [
  'test/emu/core/{in-*-mode,sequence,differential,tiers}.test.ts',
  'test/chips/lazy.test.ts',
  'test/usb-sim/{answers,lives,clients,web-usb}.test.ts',
  'test/peripherals/{reactions,quiet-reads,kinds}.test.ts',
  'test/machines/restored.test.ts',
  'test/bench/rules.test.ts',
  'test/fixes/fixes.test.ts',
];

/** Files that wait for a page, a server or another process. A test of them that fails is tried once more; one that needed it is told as flaky, and is a defect. */
export const WAITING: readonly string[] = [
  'test/web/*.test.ts',
  'test/cli/{built,end-to-end,evidence,opened,surroundings,uart,uart-lines,usbip-guest,usbip-server}.test.ts',
  'test/campaign/{full-server,queue,pool}.test.ts',
  'test/debug/**/*.test.ts',
  'test/board/*.test.ts',
];

/**
 * What takes seconds, and each commit needs: the program as a process, searches and their proofs, pages. `npm test` leaves it to `npm run test:all`. What stands for it there: verdicts of all
 * scenarios, and the short tests of each folder.
 */
const LONG: readonly string[] = [
  'test/bench/{after,assumed,bounds,budget,busy,counted-crystal,crash,difference,double-tap,ecc-loss,edits-on-chips,empty-table,ends,find-jump,finite-loop,fork-steps,gave-up-told,goals,held-back,infer-chip,json-slips,kept-behind-reset,kept-request,late-ends,late-resets,late-watchdog,learn,learn-limits,leave-verdict,locked-pins,lost-flag,matrix,not-asked,note-facts,on-the-way,others-table,outside-memory,path-repairs,pattern,point-of-no-return,proved-reasons,reached-blocks,received,requests,reservations,results,rules,search,search-kinds,serial-rom,starved,symptom,tick-entry,tick-proofs,towards,trace,tried-once,uart-rate,unfit,unreachable,unrun-handler,variant-starts,wakers,ways,wrong-supply,wrong-turn}.test.ts',
  'test/board/{clock-tree,settle-size,usb-watch}.test.ts',
  'test/campaign/{forged-queue,full-server,hostile-server,merge,pool,space}.test.ts',
  'test/checks/{broken,minded}.test.ts',
  'test/chips/{boot-l4-f0,boot-patterns}.test.ts',
  'test/cli/{ci-files,conform,deaf,demo,end-to-end,fix,mcp,orphans,outputs,paced,question,report-schemas,sources}.test.ts',
  'test/debug/reconnect.test.ts',
  'test/docs/{ci-jobs,docs,pictures}.test.ts',
  'test/emu/{console-text,copied-words,download-shortcuts,each-flow,each-loop,each-read,each-run,each-wait,gated-memory,idle,known-loops,polls-in-loops,quiet-rounds,skewed-memory}.test.ts',
  'test/emu/core/{bit-band,cycles,differential,each-cost,each-pair,each-row,exception-rules,exits,fp-undefined,frames,l1-code,l1-data,repeated-code,softfloat,system-ops,timing-reach}.test.ts',
  'test/image/{each-word,elf,elf-by-hand,formats,line-by-hand}.test.ts',
  'test/library/client-examples.test.ts',
  'test/{pack-manifest,planted,run-ts,seeded,web-usb}.test.ts',
  'test/peripherals/{all-registers,crc,display,tim-capture,usb-otg-fs}.test.ts',
  'test/report/{evidence,random-results,short,story}.test.ts',
  'test/rom/{image,own-clock,usart-code,usart-conform,waits}.test.ts',
  'test/tools/ab.test.ts',
  'test/usb-sim/{descriptors,hostile-layout,otg-fs,quirks,suspend}.test.ts',
];

/** Long lists, oracles and real clients. Of these files CI runs every third, others with the next commit (BOOTBENCH_THIRD, 0 to 2). */
const LISTS: readonly string[] = [
  'test/bench/{acceptance-lines,after-goals,budget-any-look,deaf,deciding-bit,first-run,given-up,held-button,learn-more,learn-stand-ins,many-entries,rounds,shortcuts,skipping,slow-crystal,solver,steps-at-the-end,superloop,ticking,two-cores,variants,why}.test.ts',
  'test/board/{board,dfu-test,dialects,peers,records,serial-watch,settle,silicon,stranger}.test.ts',
  'test/campaign/{campaign,queue,spec}.test.ts',
  'test/cli/{any-look,built,evidence,opened,rom-learn,surroundings,trigger,uart,uart-lines,usbip-guest,usbip-server}.test.ts',
  'test/chips/icache-factor.test.ts',
  'test/debug/{gdb-multiarch,gdb-server}.test.ts',
  'test/debug/probe/*.test.ts',
  'test/emu/core/{branch-targets,device-reads,each-register,engine,exceptions-qemu,flash-cache,flash-prefetch,fp-differential,fp-qemu,random-programs,regions-kept,same-address,sequence,short-arms,slots,tiers,timetable}.test.ts',
  'test/emu/core/{decode-space,decode-space-*,in-*-mode}.test.ts',
  'test/emu/{counting,outputs-as-they-are,task-switches,turned-outputs,two-cores}.test.ts',
  'test/fixes/fixes.test.ts',
  'test/machines/*.test.ts',
  'test/peripherals/{clock-trees,flash-sequences,kinds,quiet-reads,rcc-h5,reactions,running-*,svd-registers,variants}.test.ts',
  'test/property*.test.ts',
  'test/rom/{course,course-f4,dfuse,flash-sizes,hse,other-hosts,pieces,serial}.test.ts',
  'test/tools/{depth,fuzz}.test.ts',
  'test/usb-sim/{answers,clients,dfu,lives,web-usb}.test.ts',
  'test/web/*.test.ts',
];

/** `npm run test:all`. All others together are `npm test`: three minutes on two cores. */
export const EXHAUSTIVE: readonly string[] = [...LONG, ...LISTS];

/** The files of a run of all tests: of `npm test`, or of `npm run test:all`, all or with that third of LISTS. */
export function filesOfRun(exhaustive: boolean, third?: string): string[] {
  if (third !== undefined && !/^[012]$/.test(third)) throw new Error(`BOOTBENCH_THIRD=${third} is none of 0, 1, 2`);
  const lists = globSync([...LISTS]).toSorted();
  const left = new Set(third === undefined ? [] : lists.filter((_, i) => i % 3 !== Number(third)));
  const long = new Set([...globSync([...LONG]), ...lists]);
  return globSync('test/**/*.test.ts').filter((file) => long.has(file) === exhaustive && !left.has(file));
}
