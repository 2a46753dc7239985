/** Which test files run when, and how. Patterns below the project; test/suites.test.ts holds that each matches a file. */

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
  'test/campaign/{queue,pool}.test.ts',
  'test/debug/**/*.test.ts',
  'test/board/*.test.ts',
];

/** Long lists, oracles and real clients: `npm run test:all`. All others together take `npm test` three minutes on two cores. */
export const EXHAUSTIVE: readonly string[] = [
  'test/bench/{acceptance-lines,after-goals,budget-any-look,deaf,deciding-bit,first-run,given-up,held-button,learn-more,learn-stand-ins,many-entries,requests,results,rounds,rules,shortcuts,skipping,slow-crystal,solver,steps-at-the-end,superloop,ticking,two-cores,variants,why}.test.ts',
  'test/board/{board,dfu-test,dialects,peers,records,serial-watch,settle,silicon,stranger}.test.ts',
  'test/campaign/{campaign,queue,spec}.test.ts',
  'test/cli/{any-look,built,conform,end-to-end,evidence,opened,rom-learn,surroundings,trigger,uart,uart-lines,usbip-guest,usbip-server}.test.ts',
  'test/checks/minded.test.ts',
  'test/chips/icache-factor.test.ts',
  'test/debug/{gdb-multiarch,gdb-server}.test.ts',
  'test/debug/probe/*.test.ts',
  'test/docs/docs.test.ts',
  'test/emu/core/{branch-targets,device-reads,differential,each-register,engine,exceptions-qemu,flash-cache,flash-prefetch,fp-differential,fp-qemu,random-programs,regions-kept,same-address,sequence,short-arms,slots,tiers,timetable}.test.ts',
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
