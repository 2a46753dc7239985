/** Writes docs/folklore.md: what forums say about the jump, and what the bench finds. `npm run folklore`; the text comes from runs, none of it by hand. */
import { writeFileSync } from 'node:fs';
import type { RunResult } from '../src/bench/documents/result.ts';
import { inThread } from '../src/cli/engine.ts';
import { loadJob } from '../src/cli/inputs.ts';

interface Claim {
  readonly claim: string;
  /** Firmware that does, or leaves out, what the claim is about. */
  readonly tried: readonly (readonly [fixture: string, does: string, scenario?: string])[];
}

const CLAIMS: readonly Claim[] = [
  {
    claim: 'Disable the interrupts before the jump.',
    tried: [
      ['f405-masked', 'masked and left masked'],
      ['f072-masked', 'masked and left masked'],
      ['h533-masked-o2', 'masked and left masked'],
      ['h745-masked', 'masked and left masked'],
      ['l496-critical-section', 'masked and left masked'],
      ['f405-straight', 'masked for the clean-up, then unmasked'],
    ],
  },
  {
    claim: 'The ROM goes back to flash when it sees a software reset (SFTRSTF).',
    tried: [
      ['h533-backup-register', 'jumps right after a software reset, flags left set'],
      ['f405-backup-register', 'the same'],
      ['f072-request-before-init', 'the same'],
    ],
  },
  {
    claim: 'VDDUSB has to be declared valid first.',
    tried: [
      ['h533-vddusb', 'USB33SV left 0'],
      ['h533-backup-register', 'everything of PWR as after reset'],
    ],
  },
  { claim: 'HSI48 has to run first.', tried: [['h533-hsi48', 'HSI48 switched off before the jump']] },
  {
    claim: "VTOR has to point to the ROM's table.",
    tried: [
      ['h533-vtor', 'VTOR left at the application'],
      ['f405-backup-register', 'VTOR left at the application'],
      ['f405-vectors-at-zero', 'VTOR = 0, system memory mapped to 0'],
    ],
  },
  {
    claim: 'System memory has to be mapped to 0.',
    tried: [
      ['f405-bare-jump', 'no remap'],
      ['h745-bare-jump', 'there is no remap'],
      ['l476-bus-reset-pulses', 'mapped'],
    ],
  },
  {
    claim: 'A running IWDG bites in the ROM.',
    tried: [
      ['f405-iwdg-runs', 'IWDG at 250 ms'],
      ['h533-iwdg', 'IWDG runs'],
    ],
  },
  {
    claim: 'A running WWDG resets the chip before DFU comes.',
    tried: [
      ['f405-wwdg-during-detach', 'WWDG runs during a wait of 500 ms'],
      ['h533-wwdg', 'WWDG runs'],
    ],
  },
  {
    claim: 'Never jump from an interrupt handler.',
    tried: [
      ['f405-jump-in-handler', 'in a timer handler'],
      ['f072-jump-in-tick', 'in PendSV'],
      ['h533-handler-mode', 'in a handler'],
    ],
  },
  {
    claim: 'Never jump from a thread of an RTOS (PSP).',
    tried: [
      ['f405-thread-on-psp', 'SPSEL = 1, stack above the RAM of the ROM'],
      ['h533-control-psp', 'SPSEL = 1'],
    ],
  },
  {
    claim: 'BASEPRI has to be 0.',
    tried: [
      ['f405-basepri-critical', 'BASEPRI = 0x50'],
      ['h533-basepri', 'BASEPRI set higher'],
    ],
  },
  {
    claim: "MSP has to be the word of the ROM's table.",
    tried: [
      ['f405-msp-literal', 'MSP is 0x20001000'],
      ['h533-msp', 'MSP is the address of the table'],
      ['h533-msp-kept', "MSP is the application's"],
    ],
  },
  { claim: 'ICACHE has to be switched off.', tried: [['h533-icache', 'ICACHE left on']] },
  { claim: 'SysTick has to be stopped.', tried: [['h533-systick', 'SysTick left on with its interrupt']] },
  {
    claim: 'A device on a UART of the ROM keeps DFU away.',
    tried: [['f405-receiver-on-rx', 'telemetry on USART1 RX while the ROM waits']],
  },
  { claim: 'On F4 the ROM needs a crystal for USB.', tried: [['f411-no-crystal', 'no HSE crystal']] },
];

const run = async (fixture: string, scenario = 'scenario'): Promise<RunResult> =>
  inThread(await loadJob([], { scenario: `fixtures/${fixture}/${scenario}.json` }, process.cwd()), {});
const hangs = (r: RunResult): string =>
  [
    ...new Map(
      [...r.dependsOn, ...r.diagnosis.causes.flatMap((c) => c.dependsOn)].map((d) => [d.rom, `${d.rom} = ${d.value} (${d.confidence})`]),
    ).values(),
  ].join(', ') || '–';

const lines = [
  '# Folklore',
  '',
  'Claims of forum posts about the jump into the ROM, and what bootbench finds: each line is a run of a fixture (`npm run folklore` writes this page). An outcome is what the hardware',
  'does in that state with the stand-in ROM. If the outcome depends on behaviour that ST does not publish, the last column names the ROM option and the confidence in its value. With',
  'another value, the outcome is different; only a ROM dump or a real board can decide.',
];
for (const { claim, tried } of CLAIMS) {
  lines.push('', `## ${claim}`, '', '| chip | firmware | outcome | proved cause | depends on |', '| --- | --- | --- | --- | --- |');
  for (const [fixture, does, scenario] of tried) {
    const r = await run(fixture, scenario);
    const causes = r.diagnosis.causes.filter((c) => c.proved).map((c) => c.id);
    lines.push(`| ${r.chip} | ${does} (\`${fixture}\`) | ${r.outcome} | ${causes.join(', ') || '–'} | ${hangs(r)} |`);
  }
}
writeFileSync('docs/folklore.md', `${lines.join('\n')}\n`);
