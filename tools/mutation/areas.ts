/**
 * What is mutated, and the tests that ought to notice: the quick ones are asked first, for the first that fails ends the run. Emulator-internal speed (what is translated, skipped
 * or remembered) is not here: a change of it shows in figures, not in results, and the tests of shortcuts compare its bytes.
 */
export interface Area {
  readonly name: string;
  /** Patterns below the project's folder. */
  readonly files: readonly string[];
  /** Test files that go over most of the area, asked together with those that the mutated file has of its own. */
  readonly first?: readonly string[];
  /** Pattern of test files that are the mutated file's own where they share a word with its path. Tests that import the file itself are, too. */
  readonly namesakes?: string;
  /** Patterns of all other test files. */
  readonly tests: readonly string[];
}

/** All scenarios of all fixtures, with what is true of each: outcome, cause, line. */
const VERDICTS = 'test/fixtures/verdicts-*.test.ts';

export const AREAS: readonly Area[] = [
  {
    name: 'core semantics',
    files: ['src/emu/core/isa/*.ts', 'src/emu/core/builder.ts', 'src/emu/core/arm/system-ops.ts', 'src/emu/core/float/*.ts'],
    first: ['test/emu/core/{each-row,semantics,system-ops,differential,fp-differential}.test.ts'],
    tests: ['test/emu/core/{cycles,softfloat,fp-undefined,fp-native,bit-band,fp-qemu,timetable}.test.ts'],
  },
  {
    name: 'timing',
    files: [
      'src/emu/core/timing/*.ts',
      'src/emu/core/timing.ts',
      'src/emu/core/caches/flash-cache.ts',
      'src/emu/core/caches/branch-targets.ts',
    ],
    first: ['test/emu/core/{unaligned-cost,each-cost,each-pair,flash-cache,timetable,line-times,lines,far-bytes}.test.ts'],
    tests: ['test/emu/core/{cycles,far-bytes,fp-timing,line-times,flash-prefetch,branch-targets,stale-lines,tiers}.test.ts'],
  },
  {
    name: 'exceptions',
    files: ['src/emu/core/arm/!(system-ops|arm-view).ts', 'src/emu/core/interpreter/handlers.ts', 'src/emu/core/models/*.ts'],
    first: ['test/emu/core/{models,register-file,nvic,systick,scs,private-bus,each-register,exception-rules,system-ops,timetable}.test.ts'],
    tests: [
      'test/emu/core/{cycles,mpu,mpu-cacheable,exits,branch-nowhere,exceptions,exceptions-qemu,entry-source,frames}.test.ts',
      'test/emu/vectreset.test.ts',
      VERDICTS,
    ],
  },
  {
    name: 'checks',
    files: ['src/checks/*.ts'],
    first: ['test/checks/!(index).test.ts'],
    tests: ['test/bench/{second-core-fault,rules}.test.ts', VERDICTS],
  },
  {
    name: 'repairs',
    files: ['src/bench/proof/{repairs,variants,diagnosis,minimal-sets}.ts', 'src/bench/verdict/point-of-no-return.ts'],
    first: [
      'test/bench/{search,search-later,search-kinds,edits,watches,edits-on-chips,variant-starts,point-of-no-return,no-return-bisection,results}.test.ts',
    ],
    namesakes: 'test/bench/*.test.ts',
    tests: [
      'test/checks/!(index).test.ts',
      'test/bench/{minimal-sets,path-repairs,repairs,variants,point-of-no-return,rules,matrix,requests,first-run}.test.ts',
      VERDICTS,
    ],
  },
  {
    name: 'run end',
    files: ['src/bench/session/{outcome,fixed-loop,reset-loop,tick-period,ticking}.ts', 'src/bench/documents/duration.ts'],
    first: ['test/bench/{ends,tick-proofs,results}.test.ts'],
    namesakes: 'test/bench/*.test.ts',
    tests: ['test/bench/{expect,run-ends,fixed-loop,stray-interrupts,deaf,ticking,rounds,two-cores,steps-at-the-end}.test.ts', VERDICTS],
  },
  {
    name: 'USB',
    files: ['src/usb-sim/*.ts'],
    first: ['test/usb-sim/{answers,lives,clients}.test.ts'],
    namesakes: 'test/{usb-sim/*,web-usb*}.test.ts',
    tests: ['test/{usb-sim/*,web-usb*}.test.ts', VERDICTS],
  },
  {
    name: 'memory',
    files: ['src/emu/core/{core-memory,decode,rows}.ts', 'src/emu/core/caches/{l1-cache,core-caches,stale-lines}.ts'],
    first: ['test/emu/core/{each-row,flash-cache,stale-lines,exception-rules}.test.ts'],
    namesakes: 'test/emu/core/*.test.ts',
    tests: ['test/emu/core/{bit-band,decode,decode-space-*,l1-code,l1-data,mpu,mpu-cacheable}.test.ts', VERDICTS],
  },
  {
    name: 'translation',
    files: ['src/emu/core/translate/*.ts'],
    first: ['test/emu/core/{random-programs,slots,short-arms,reducible,held-lines,line-times}.test.ts'],
    namesakes: 'test/emu/core/*.test.ts',
    tests: ['test/emu/core/{tiers,regions-kept,repeated-code,self-modifying,stops,sequence,in-translated-mode,in-mixed-mode}.test.ts'],
  },
  {
    name: 'machine',
    files: ['src/emu/*.ts'],
    first: ['test/emu/{system,registers,arena,forks,each-run,each-wait,history,time,scheduler,wires}.test.ts'],
    tests: ['test/emu/*.test.ts', 'test/peripherals/reactions.test.ts', 'test/machines/*.test.ts', VERDICTS],
  },
  {
    name: 'proofs',
    files: ['src/emu/proofs/*.ts'],
    first: ['test/emu/{each-flow,each-loop,each-read,each-wait,known-loops,copied-words}.test.ts', 'test/bench/tick-proofs.test.ts'],
    tests: [
      'test/emu/*.test.ts',
      'test/bench/{ends,skipping,shortcuts,rounds,ticking,fixed-loop}.test.ts',
      'test/machines/random-*.test.ts',
      VERDICTS,
    ],
  },
  {
    name: 'chips',
    files: ['src/chips/*.ts'],
    first: ['test/chips/{rules,names}.test.ts', 'test/peripherals/{reactions,kinds}.test.ts', 'test/checks/minded.test.ts'],
    namesakes: 'test/chips/*.test.ts',
    tests: [
      'test/chips/*.test.ts',
      'test/peripherals/running-*.test.ts',
      'test/checks/{minded,broken,family-rows,chips}.test.ts',
      VERDICTS,
    ],
  },
  {
    name: 'ROM',
    files: ['src/rom/*.ts'],
    first: ['test/chips/rules.test.ts'],
    namesakes: 'test/rom/*.test.ts',
    tests: ['test/rom/*.test.ts', 'test/usb-sim/dfu-operations.test.ts', 'test/bench/results.test.ts', VERDICTS],
  },
  {
    name: 'reports',
    files: ['src/report/**/*.ts'],
    first: ['test/report/{random-results,patches,each-text,each-timeline,each-sequence,screens}.test.ts'],
    namesakes: 'test/{report,cli}/*.test.ts',
    tests: ['test/{report,cli,docs}/!(usbip-*|end-to-end).test.ts', 'test/board/board.test.ts'],
  },
  {
    name: 'campaigns',
    files: ['src/campaign/*.ts'],
    tests: ['test/campaign/*.test.ts', 'test/cli/commands.test.ts'],
  },
  {
    name: 'conformance',
    files: ['src/usb-sim/conform/*.ts'],
    tests: ['test/usb-sim/conform*.test.ts', 'test/usb-sim/web-usb-link.test.ts', 'test/cli/conform.test.ts'],
  },
  {
    name: 'images',
    files: ['src/image/{elf,image,attributes}.ts'],
    first: ['test/image/{each-word,each-place,elf-by-hand,formats}.test.ts'],
    namesakes: 'test/image/*.test.ts',
    tests: ['test/image/*.test.ts', 'test/bench/{image-fit,infer-chip}.test.ts'],
  },
  {
    name: 'peripherals',
    files: ['src/peripherals/**/*.ts'],
    first: ['test/peripherals/{reactions,kinds}.test.ts'],
    namesakes: 'test/peripherals/*.test.ts',
    tests: ['test/peripherals/*.test.ts', 'test/checks/!(index).test.ts', 'test/rom/{course,waits}.test.ts', VERDICTS],
  },
];
