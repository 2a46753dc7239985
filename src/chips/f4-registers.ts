/**
 * Register facts of STM32F405 and STM32F411, made by hand: no SVD of these chips lies beside the project. A line is
 *   offset NAME reset writable FIELD:bit[:width]…      (offset, reset and writable hexadecimal; `*` = every bit of the fields)
 *
 * Sources: RM0090 and RM0383 register chapters with the names of ST's headers (STMicroelectronics/cmsis_device_f4@cdbad76), offsets, reset values and masks compared
 * with modm-io/cmsis-svd-stm32:stm32f4 (documented). Where that SVD is wrong the manual stands here: PWR_CR (VOS), FLASH_OPTCR's reset value, USART_SR's reset
 * value (0xC0, not 0xC00000), TIM CCR4 and BDTR, RCC_CSR's flag names.
 */
import type { BlockFacts } from '../emu/registers.ts';
import { handFacts } from './facts.ts';

/** The text is put together when it is asked for. */
const merge = (name: string, texts: () => readonly string[]): BlockFacts => handFacts(name, () => texts().join('\n'));

/** Enable, reset and low-power registers from one list of names: `GPIOA:0 …`; a name with `!` has no reset bit, with `+` low-power only. */
interface Gates {
  readonly enr: number;
  readonly name: string;
  readonly bits: string;
  readonly reset?: number;
}
function gateLines(gates: readonly Gates[]): string {
  const lines: string[] = [];
  const bitsOf = (g: Gates): { name: string; bit: string; reset: boolean; enable: boolean }[] =>
    g.bits.split(' ').map((x) => {
      const [name, bit] = x.split(':');
      return { name: name!.replace(/[!+]$/, ''), bit: bit!, reset: !/[!+]$/.test(name!), enable: !name!.endsWith('+') };
    });
  const at = (offset: number): string => offset.toString(16);
  // The three ADCs share one reset bit.
  const resetName = (name: string): string => name.replace(/^ADC1$/, 'ADC');
  for (const g of gates)
    lines.push(
      `${at(g.enr - 0x20)} ${g.name}RSTR 0 * ${bitsOf(g)
        .filter((b) => b.reset)
        .map((b) => `${resetName(b.name)}RST:${b.bit}`)
        .join(' ')}`,
    );
  for (const g of gates)
    lines.push(
      `${at(g.enr)} ${g.name}ENR ${at(g.reset ?? 0)} * ${bitsOf(g)
        .filter((b) => b.enable)
        .map((b) => `${b.name}EN:${b.bit}`)
        .join(' ')}`,
    );
  for (const g of gates)
    lines.push(
      `${at(g.enr + 0x20)} ${g.name}LPENR * * ${bitsOf(g)
        .filter((b) => b.name !== 'CCMDATARAM')
        .map((b) => `${b.name}LPEN:${b.bit}`)
        .join(' ')}`,
    );
  return lines.join('\n');
}

const RCC_HEAD = `
0 CR 83 50d00f9 HSION:0 HSIRDY:1 HSITRIM:3:5 HSICAL:8:8 HSEON:16 HSERDY:17 HSEBYP:18 CSSON:19 PLLON:24 PLLRDY:25 PLLI2SON:26 PLLI2SRDY:27
4 PLLCFGR 24003010 * PLLM:0:6 PLLN:6:9 PLLP:16:2 PLLSRC:22 PLLQ:24:4
8 CFGR 0 fffffcf3 SW:0:2 SWS:2:2 HPRE:4:4 PPRE1:10:3 PPRE2:13:3 RTCPRE:16:5 MCO1:21:2 I2SSRC:23 MCO1PRE:24:3 MCO2PRE:27:3 MCO2:30:2
c CIR 0 3f00 LSIRDYF:0 LSERDYF:1 HSIRDYF:2 HSERDYF:3 PLLRDYF:4 PLLI2SRDYF:5 CSSF:7 LSIRDYIE:8 LSERDYIE:9 HSIRDYIE:10 HSERDYIE:11 PLLRDYIE:12 PLLI2SRDYIE:13 LSIRDYC:16 LSERDYC:17 HSIRDYC:18 HSERDYC:19 PLLRDYC:20 PLLI2SRDYC:21 CSSC:23`;
const RCC_CSR = `
74 CSR e000000 1 LSION:0 LSIRDY:1 RMVF:24 BORRSTF:25 PINRSTF:26 PORRSTF:27 SFTRSTF:28 IWDGRSTF:29 WWDGRSTF:30 LPWRRSTF:31
80 SSCGR 0 * MODPER:0:13 INCSTEP:13:15 SPREADSEL:30 SSCGEN:31`;

const RCC_F405 = merge('RCC', () => [
  RCC_HEAD,
  gateLines([
    {
      enr: 0x30,
      name: 'AHB1',
      reset: 0x00100000,
      bits: 'GPIOA:0 GPIOB:1 GPIOC:2 GPIOD:3 GPIOE:4 GPIOF:5 GPIOG:6 GPIOH:7 GPIOI:8 CRC:12 FLITF+:15 SRAM1+:16 SRAM2+:17 BKPSRAM!:18 CCMDATARAM!:20 DMA1:21 DMA2:22 OTGHS:29 OTGHSULPI!:30',
    },
    { enr: 0x34, name: 'AHB2', bits: 'RNG:6 OTGFS:7' },
    { enr: 0x38, name: 'AHB3', bits: 'FSMC:0' },
    {
      enr: 0x40,
      name: 'APB1',
      bits: 'TIM2:0 TIM3:1 TIM4:2 TIM5:3 TIM6:4 TIM7:5 TIM12:6 TIM13:7 TIM14:8 WWDG:11 SPI2:14 SPI3:15 USART2:17 USART3:18 UART4:19 UART5:20 I2C1:21 I2C2:22 I2C3:23 CAN1:25 CAN2:26 PWR:28 DAC:29',
    },
    {
      enr: 0x44,
      name: 'APB2',
      bits: 'TIM1:0 TIM8:1 USART1:4 USART6:5 ADC1:8 ADC2!:9 ADC3!:10 SDIO:11 SPI1:12 SYSCFG:14 TIM9:16 TIM10:17 TIM11:18',
    },
  ]),
  `
70 BDCR 0 18305 LSEON:0 LSERDY:1 LSEBYP:2 RTCSEL:8:2 RTCEN:15 BDRST:16`,
  RCC_CSR,
  `
84 PLLI2SCFGR 20003000 * PLLI2SN:6:9 PLLI2SR:28:3`,
]);

const RCC_F411 = merge('RCC', () => [
  RCC_HEAD,
  gateLines([
    {
      enr: 0x30,
      name: 'AHB1',
      reset: 0x00100000,
      bits: 'GPIOA:0 GPIOB:1 GPIOC:2 GPIOD:3 GPIOE:4 GPIOH:7 CRC:12 FLITF+:15 SRAM1+:16 DMA1:21 DMA2:22',
    },
    { enr: 0x34, name: 'AHB2', bits: 'OTGFS:7' },
    { enr: 0x40, name: 'APB1', bits: 'TIM2:0 TIM3:1 TIM4:2 TIM5:3 WWDG:11 SPI2:14 SPI3:15 USART2:17 I2C1:21 I2C2:22 I2C3:23 PWR:28' },
    {
      enr: 0x44,
      name: 'APB2',
      bits: 'TIM1:0 USART1:4 USART6:5 ADC1:8 SDIO:11 SPI1:12 SPI4:13 SYSCFG:14 TIM9:16 TIM10:17 TIM11:18 SPI5:20',
    },
  ]),
  `
70 BDCR 0 1830d LSEON:0 LSERDY:1 LSEBYP:2 LSEMOD:3 RTCSEL:8:2 RTCEN:15 BDRST:16`,
  RCC_CSR,
  `
84 PLLI2SCFGR 24003010 * PLLI2SM:0:6 PLLI2SN:6:9 PLLI2SR:28:3
8c DCKCFGR 0 * TIMPRE:24`,
]);

const PWR_CR = 'LPDS:0 PDDS:1 CWUF:2 CSBF:3 PVDE:4 PLS:5:3 DBP:8 FPDS:9';
const PWR_CSR = '4 CSR 0 300 WUF:0 SBF:1 PVDO:2 BRR:3 EWUP:8 BRE:9 VOSRDY:14';
const flash = (latency: number, sectorBits: number, wrp: string, optcr: string, read: string): BlockFacts =>
  merge('FLASH', () => [
    `
0 ACR 0 * LATENCY:0:${latency} PRFTEN:8 ICEN:9 DCEN:10 ICRST:11 DCRST:12
4 KEYR 0 * KEY:0:32
8 OPTKEYR 0 * OPTKEYR:0:32
c SR 0 0 EOP:0 OPERR:1 WRPERR:4 PGAERR:5 PGPERR:6 PGSERR:7${read} BSY:16
10 CR 80000000 * PG:0 SER:1 MER:2 SNB:3:${sectorBits} PSIZE:8:2 STRT:16 EOPIE:24 ERRIE:25 LOCK:31
14 OPTCR ${optcr} * OPTLOCK:0 OPTSTRT:1 BOR_LEV:2:2 WDG_SW:5 nRST_STOP:6 nRST_STDBY:7 RDP:8:8 nWRP:16:${wrp}`,
  ]);

const perPin = (name: string, width: number, first = 0, count = 16): string =>
  Array.from({ length: count }, (_, i) => `${name}${first + i}:${i * width}${width === 1 ? '' : `:${width}`}`).join(' ');
const gpio = (moder = '0', ospeedr = '0', pupdr = '0'): BlockFacts =>
  merge('GPIO', () => [
    `
0 MODER ${moder} * ${perPin('MODER', 2)}
4 OTYPER 0 * ${perPin('OT', 1)}
8 OSPEEDR ${ospeedr} * ${perPin('OSPEED', 2)}
c PUPDR ${pupdr} * ${perPin('PUPD', 2)}
10 IDR 0 0 ${perPin('ID', 1)}
14 ODR 0 * ${perPin('OD', 1)}
18 BSRR 0 * ${perPin('BS', 1)} ${Array.from({ length: 16 }, (_, i) => `BR${i}:${16 + i}`).join(' ')}
1c LCKR 0 * ${perPin('LCK', 1)} LCKK:16
20 AFRL 0 * ${perPin('AFSEL', 4, 0, 8)}
24 AFRH 0 * ${perPin('AFSEL', 4, 8, 8)}`,
  ]);

const syscfg = (pmc: string): BlockFacts =>
  merge('SYSCFG', () => [
    `
0 MEMRMP 0 * MEM_MODE:0:2
4 PMC 0 * ${pmc}`,
    [1, 2, 3, 4].map((n) => `${(4 + 4 * n).toString(16)} EXTICR${n} 0 * ${perPin('EXTI', 4, 4 * (n - 1), 4)}`).join('\n'),
    `
20 CMPCR 0 1 CMP_PD:0 READY:8`,
  ]);

const EXTI = merge('EXTI', () => [
  ['IMR', 'EMR', 'RTSR', 'FTSR', 'SWIER', 'PR']
    .map(
      (r, i) =>
        `${(4 * i).toString(16)} ${r} 0 * ${perPin(r === 'IMR' || r === 'EMR' ? 'MR' : r === 'PR' ? 'PR' : r === 'SWIER' ? 'SWIER' : 'TR', 1, 0, 23)}`,
    )
    .join('\n'),
]);

const dbgmcu = (apb1: string, apb2: string): BlockFacts =>
  merge('DBGMCU', () => [
    `
0 IDCODE 10006411 0 DEV_ID:0:12 REV_ID:16:16
4 CR 0 * DBG_SLEEP:0 DBG_STOP:1 DBG_STANDBY:2 TRACE_IOEN:5 TRACE_MODE:6:2
8 APB1FZ 0 * ${apb1} DBG_RTC_STOP:10 DBG_WWDG_STOP:11 DBG_IWDG_STOP:12 DBG_I2C1_SMBUS_TIMEOUT:21 DBG_I2C2_SMBUS_TIMEOUT:22 DBG_I2C3_SMBUS_TIMEOUT:23
c APB2FZ 0 * ${apb2} DBG_TIM9_STOP:16 DBG_TIM10_STOP:17 DBG_TIM11_STOP:18`,
  ]);

/** Without `full`: UART4 and UART5, which have no clock pin and no flow control. */
const usart = (full: boolean): BlockFacts =>
  merge('USART', () => [
    `
0 SR c0 0 PE:0 FE:1 NE:2 ORE:3 IDLE:4 RXNE:5 TC:6 TXE:7 LBD:8${full ? ' CTS:9' : ''}
4 DR 0 * DR:0:9
8 BRR 0 * DIV_Fraction:0:4 DIV_Mantissa:4:12
c CR1 0 bfff SBK:0 RWU:1 RE:2 TE:3 IDLEIE:4 RXNEIE:5 TCIE:6 TXEIE:7 PEIE:8 PS:9 PCE:10 WAKE:11 M:12 UE:13 OVER8:15
10 CR2 0 ${full ? '7f6f' : '706f'} ADD:0:4 LBDL:5 LBDIE:6 ${full ? 'LBCL:8 CPHA:9 CPOL:10 CLKEN:11 ' : ''}STOP:12:2 LINEN:14
14 CR3 0 * EIE:0 IREN:1 IRLP:2 HDSEL:3 ${full ? 'NACK:4 SCEN:5 ' : ''}DMAR:6 DMAT:7 ${full ? 'RTSE:8 CTSE:9 CTSIE:10 ' : ''}ONEBIT:11`,
    full ? '18 GTPR 0 * PSC:0:8 GT:8:8' : '',
  ]);

const IWDG = merge('IWDG', () => [
  `
0 KR 0 * KEY:0:16
4 PR 0 * PR:0:3
8 RLR fff * RL:0:12
c SR 0 0 PVU:0 RVU:1`,
]);
const WWDG = merge('WWDG', () => [
  `
0 CR 7f * T:0:7 WDGA:7
4 CFR 7f * W:0:7 WDGTB:7:2 EWI:9
8 SR 0 * EWIF:0`,
]);
const RTC = merge('RTC', () => [
  `
0 TR 0 * SU:0:4 ST:4:3 MNU:8:4 MNT:12:3 HU:16:4 HT:20:2 PM:22
4 DR 2101 * DU:0:4 DT:4:2 MU:8:4 MT:12 WDU:13:3 YU:16:4 YT:20:4
8 CR 0 f7ffff WUCKSEL:0:3 TSEDGE:3 REFCKON:4 BYPSHAD:5 FMT:6 DCE:7 ALRAE:8 ALRBE:9 WUTE:10 TSE:11 ALRAIE:12 ALRBIE:13 WUTIE:14 TSIE:15 ADD1H:16 SUB1H:17 BKP:18 COSEL:19 POL:20 OSEL:21:2 COE:23
c ISR 7 80 ALRAWF:0 ALRBWF:1 WUTWF:2 SHPF:3 INITS:4 RSF:5 INITF:6 INIT:7 ALRAF:8 ALRBF:9 WUTF:10 TSF:11 TSOVF:12 TAMP1F:13 TAMP2F:14 RECALPF:16
10 PRER 7f00ff * PREDIV_S:0:15 PREDIV_A:16:7
14 WUTR ffff * WUT:0:16
18 CALIBR 0 * DC:0:5 DCS:7
1c ALRMAR 0 * SU:0:4 ST:4:3 MSK1:7 MNU:8:4 MNT:12:3 MSK2:15 HU:16:4 HT:20:2 PM:22 MSK3:23 DU:24:4 DT:28:2 WDSEL:30 MSK4:31
20 ALRMBR 0 * SU:0:4 ST:4:3 MSK1:7 MNU:8:4 MNT:12:3 MSK2:15 HU:16:4 HT:20:2 PM:22 MSK3:23 DU:24:4 DT:28:2 WDSEL:30 MSK4:31
24 WPR 0 * KEY:0:8
28 SSR 0 0 SS:0:16
2c SHIFTR 0 * SUBFS:0:15 ADD1S:31
30 TSTR 0 0 SU:0:4 ST:4:3 MNU:8:4 MNT:12:3 HU:16:4 HT:20:2 PM:22
34 TSDR 0 0 DU:0:4 DT:4:2 MU:8:4 MT:12 WDU:13:3
38 TSSSR 0 0 SS:0:16
3c CALR 0 * CALM:0:9 CALW16:13 CALW8:14 CALP:15
40 TAFCR 0 * TAMP1E:0 TAMP1TRG:1 TAMPIE:2 TAMP2E:3 TAMP2TRG:4 TAMPTS:7 TAMPFREQ:8:3 TAMPFLT:11:2 TAMPPRCH:13:2 TAMPPUDIS:15 TAMP1INSEL:16 TSINSEL:17 ALARMOUTTYPE:18
44 ALRMASSR 0 * SS:0:15 MASKSS:24:4
48 ALRMBSSR 0 * SS:0:15 MASKSS:24:4`,
  Array.from({ length: 20 }, (_, i) => `${(0x50 + 4 * i).toString(16)} BKP${i}R 0 ffffffff`).join('\n'),
]);

interface Timer {
  readonly channels: 0 | 1 | 2 | 4;
  readonly bits?: 16 | 32;
  readonly advanced?: boolean;
  readonly or?: string;
}
const timer = (t: Timer): BlockFacts => merge('TIM', () => timerLines(t));
function timerLines(t: Timer): readonly string[] {
  const wide = t.bits === 32 ? 32 : 16;
  const cc = t.channels;
  const each = (make: (n: number) => string, count: number = cc): string => Array.from({ length: count }, (_, i) => make(i + 1)).join(' ');
  const halves = cc > 1;
  const full = cc === 4;
  const brk = t.advanced === true;
  const compare = (first: number): string =>
    Array.from({ length: Math.min(2, cc - first + 1) }, (_, i) => {
      const n = first + i;
      return `CC${n}S:${8 * i}:2 OC${n}FE:${8 * i + 2} OC${n}PE:${8 * i + 3} OC${n}M:${8 * i + 4}:3${full ? ` OC${n}CE:${8 * i + 7}` : ''}`;
    }).join(' ');
  const events = `UIF:0${cc ? ` ${each((n) => `CC${n}IF:${n}`)}` : ''}${brk ? ' COMIF:5' : ''}${halves ? ' TIF:6' : ''}${brk ? ' BIF:7' : ''}`;
  const overs = cc ? ` ${each((n) => `CC${n}OF:${8 + n}`)}` : '';
  return [
    `0 CR1 0 * CEN:0 UDIS:1 URS:2${cc === 1 ? '' : ' OPM:3'}${full ? ' DIR:4 CMS:5:2' : ''} ARPE:7${cc ? ' CKD:8:2' : ''}`,
    full
      ? `4 CR2 0 * ${brk ? 'CCPC:0 CCUS:2 ' : ''}CCDS:3 MMS:4:3 TI1S:7${brk ? ' OIS1:8 OIS1N:9 OIS2:10 OIS2N:11 OIS3:12 OIS3N:13 OIS4:14' : ''}`
      : cc === 1
        ? ''
        : '4 CR2 0 * MMS:4:3',
    halves ? `8 SMCR 0 * SMS:0:3 TS:4:3 MSM:7${full ? ' ETF:8:4 ETPS:12:2 ECE:14 ETP:15' : ''}` : '',
    `c DIER 0 * UIE:0${cc ? ` ${each((n) => `CC${n}IE:${n}`)}` : ''}${brk ? ' COMIE:5' : ''}${halves ? ' TIE:6' : ''}${brk ? ' BIE:7' : ''}${full || cc === 0 ? ' UDE:8' : ''}${full ? ` ${each((n) => `CC${n}DE:${8 + n}`)}${brk ? ' COMDE:13' : ''} TDE:14` : ''}`,
    `10 SR 0 * ${events}${overs}`,
    `14 EGR 0 * UG:0${cc ? ` ${each((n) => `CC${n}G:${n}`)}` : ''}${brk ? ' COMG:5' : ''}${halves ? ' TG:6' : ''}${brk ? ' BG:7' : ''}`,
    cc ? `18 CCMR1 0 ${halves ? 'ffff' : 'ff'} ${compare(1)}` : '',
    full ? `1c CCMR2 0 ffff ${compare(3)}` : '',
    cc
      ? `20 CCER 0 * ${each((n) => `CC${n}E:${4 * n - 4} CC${n}P:${4 * n - 3}${brk && n < 4 ? ` CC${n}NE:${4 * n - 2}` : ''}${brk && n === 4 ? '' : ` CC${n}NP:${4 * n - 1}`}`)}`
      : '',
    `24 CNT 0 * CNT:0:${wide}`,
    '28 PSC 0 * PSC:0:16',
    `2c ARR ${wide === 32 ? 'ffffffff' : 'ffff'} * ARR:0:${wide}`,
    brk ? '30 RCR 0 * REP:0:8' : '',
    ...Array.from({ length: cc }, (_, i) => `${(0x34 + 4 * i).toString(16)} CCR${i + 1} 0 * CCR${i + 1}:0:${wide}`),
    brk ? '44 BDTR 0 * DTG:0:8 LOCK:8:2 OSSI:10 OSSR:11 BKE:12 BKP:13 AOE:14 MOE:15' : '',
    full ? '48 DCR 0 * DBA:0:5 DBL:8:5\n4c DMAR 0 * DMAB:0:16' : '',
    t.or ? `50 OR 0 * ${t.or}` : '',
  ];
}

const SPI = merge('SPI', () => [
  `
0 CR1 0 * CPHA:0 CPOL:1 MSTR:2 BR:3:3 SPE:6 LSBFIRST:7 SSI:8 SSM:9 RXONLY:10 DFF:11 CRCNEXT:12 CRCEN:13 BIDIOE:14 BIDIMODE:15
4 CR2 0 * RXDMAEN:0 TXDMAEN:1 SSOE:2 FRF:4 ERRIE:5 RXNEIE:6 TXEIE:7
8 SR 2 10 RXNE:0 TXE:1 CHSIDE:2 UDR:3 CRCERR:4 MODF:5 OVR:6 BSY:7 FRE:8
c DR 0 * DR:0:16
10 CRCPR 7 * CRCPOLY:0:16
14 RXCRCR 0 0 RXCRC:0:16
18 TXCRCR 0 0 TXCRC:0:16
1c I2SCFGR 0 * CHLEN:0 DATLEN:1:2 CKPOL:3 I2SSTD:4:2 PCMSYNC:7 I2SCFG:8:2 I2SE:10 I2SMOD:11
20 I2SPR a * I2SDIV:0:8 ODD:8 MCKOE:9`,
]);
const I2C = merge('I2C', () => [
  `
0 CR1 0 * PE:0 SMBUS:1 SMBTYPE:3 ENARP:4 ENPEC:5 ENGC:6 NOSTRETCH:7 START:8 STOP:9 ACK:10 POS:11 PEC:12 ALERT:13 SWRST:15
4 CR2 0 * FREQ:0:6 ITERREN:8 ITEVTEN:9 ITBUFEN:10 DMAEN:11 LAST:12
8 OAR1 0 c3ff ADD0:0 ADD:1:9 ADDMODE:15
c OAR2 0 * ENDUAL:0 ADD2:1:7
10 DR 0 * DR:0:8
14 SR1 0 0 SB:0 ADDR:1 BTF:2 ADD10:3 STOPF:4 RXNE:6 TXE:7 BERR:8 ARLO:9 AF:10 OVR:11 PECERR:12 TIMEOUT:14 SMBALERT:15
18 SR2 0 0 MSL:0 BUSY:1 TRA:2 GENCALL:4 SMBDEFAULT:5 SMBHOST:6 DUALF:7 PEC:8:8
1c CCR 0 * CCR:0:12 DUTY:14 FS:15
20 TRISE 2 * TRISE:0:6
24 FLTR 0 * DNF:0:4 ANOFF:4`,
]);
const DMA = merge('DMA', () => [
  `
0 LISR 0 0
4 HISR 0 0
8 LIFCR 0 0
c HIFCR 0 0`,
  Array.from({ length: 8 }, (_, n) => {
    const at = (i: number): string => (0x10 + 0x18 * n + 4 * i).toString(16);
    return `
${at(0)} S${n}CR 0 * EN:0 DMEIE:1 TEIE:2 HTIE:3 TCIE:4 PFCTRL:5 DIR:6:2 CIRC:8 PINC:9 MINC:10 PSIZE:11:2 MSIZE:13:2 PINCOS:15 PL:16:2 DBM:18 CT:19 PBURST:21:2 MBURST:23:2 CHSEL:25:3
${at(1)} S${n}NDTR 0 * NDT:0:16
${at(2)} S${n}PAR 0 * PA:0:32
${at(3)} S${n}M0AR 0 * M0A:0:32
${at(4)} S${n}M1AR 0 * M1A:0:32
${at(5)} S${n}FCR 21 87 FTH:0:2 DMDIS:2 FS:3:3 FEIE:7`;
  }).join(''),
]);
const CRC = merge('CRC', () => [
  `
0 DR ffffffff * DR:0:32
4 IDR 0 * IDR:0:8
8 CR 0 0 RESET:0`,
]);
const RNG = merge('RNG', () => [
  `
0 CR 0 * RNGEN:2 IE:3
4 SR 0 60 DRDY:0 CECS:1 SECS:2 CEIS:5 SEIS:6
8 DR 0 0 RNDATA:0:32`,
]);
const ADC = merge('ADC', () => [
  `
0 SR 0 0 AWD:0 EOC:1 JEOC:2 JSTRT:3 STRT:4 OVR:5
4 CR1 0 7c0ffff
8 CR2 0 3f7f0f03 ADON:0 CONT:1 DMA:8 DDS:9 EOCS:10 ALIGN:11
c SMPR1 0 7ffffff
10 SMPR2 0 3fffffff
14 JOFR1 0 fff
18 JOFR2 0 fff
1c JOFR3 0 fff
20 JOFR4 0 fff
24 HTR fff fff
28 LTR 0 fff
2c SQR1 0 ffffff
30 SQR2 0 3fffffff
34 SQR3 0 3fffffff
38 JSQR 0 3fffff
3c JDR1 0 0
40 JDR2 0 0
44 JDR3 0 0
48 JDR4 0 0
4c DR 0 0`,
]);
const ADC_COMMON = merge('ADC_Common', () => ['0 CSR 0 0\n4 CCR 0 c3ef1f\n8 CDR 0 0']);
const DAC = merge('DAC', () => [
  '0 CR 0 3fff3fff EN1:0 EN2:16\n4 SWTRIGR 0 0\n8 DHR12R1 0 fff\nc DHR12L1 0 fff0\n10 DHR8R1 0 ff\n14 DHR12R2 0 fff\n18 DHR12L2 0 fff0\n1c DHR8R2 0 ff\n20 DHR12RD 0 fff0fff\n24 DHR12LD 0 fff0fff0\n28 DHR8RD 0 ffff\n2c DOR1 0 0\n30 DOR2 0 0\n34 SR 0 0',
]);
/** Blocks of which nothing but the place is given: reads give 0, writes are lost, both are reported. */
const EMPTY = merge('(no register facts)', () => ['']);

const COMMON: Readonly<Record<string, BlockFacts>> = {
  EXTI,
  IWDG,
  WWDG,
  RTC,
  CRC,
  DMA1: DMA,
  DMA2: DMA,
  SPI,
  I2C,
  ADC1: ADC,
  ADC_Common: ADC_COMMON,
  SDIO: EMPTY,
  USART: usart(true),
  GPIOA: gpio('a8000000', '0', '64000000'),
  GPIOB: gpio('280', 'c0', '100'),
  GPIO: gpio(),
  TIM_ADVANCED: timer({ channels: 4, advanced: true }),
  TIM2: timer({ channels: 4, bits: 32, or: 'ITR1_RMP:10:2' }),
  TIM5: timer({ channels: 4, bits: 32, or: 'TI4_RMP:6:2' }),
  TIM_GENERAL: timer({ channels: 4 }),
  TIM_TWO: timer({ channels: 2 }),
  TIM_ONE: timer({ channels: 1 }),
  TIM11: timer({ channels: 1, or: 'TI1_RMP:0:2' }),
};

export const F405_FACTS: Readonly<Record<string, BlockFacts>> = {
  ...COMMON,
  RCC: RCC_F405,
  PWR: merge('PWR', () => [`0 CR 4000 43f3 ${PWR_CR} VOS:14`, PWR_CSR]),
  FLASH: flash(3, 4, '12', 'fffaaed', ''),
  SYSCFG: syscfg('MII_RMII_SEL:23'),
  DBGMCU: dbgmcu(
    'DBG_TIM2_STOP:0 DBG_TIM3_STOP:1 DBG_TIM4_STOP:2 DBG_TIM5_STOP:3 DBG_TIM6_STOP:4 DBG_TIM7_STOP:5 DBG_TIM12_STOP:6 DBG_TIM13_STOP:7 DBG_TIM14_STOP:8 DBG_CAN1_STOP:25 DBG_CAN2_STOP:26',
    'DBG_TIM1_STOP:0 DBG_TIM8_STOP:1',
  ),
  TIM_BASIC: timer({ channels: 0 }),
  UART: usart(false),
  RNG,
  DAC,
  ADC2: ADC,
  ADC3: ADC,
  CAN1: EMPTY,
  CAN2: EMPTY,
  FSMC: EMPTY,
  OTG_HS: EMPTY,
};
export const F411_FACTS: Readonly<Record<string, BlockFacts>> = {
  ...COMMON,
  RCC: RCC_F411,
  PWR: merge('PWR', () => [`0 CR 8000 30eff3 ${PWR_CR} LPLVDS:10 MRLVDS:11 ADCDC1:13 VOS:14:2 FMSSR:20 FISSR:21`, PWR_CSR]),
  FLASH: flash(4, 4, '8', 'ffaaed', ' RDERR:8'),
  SYSCFG: syscfg('ADC1DC2:16'),
  DBGMCU: dbgmcu('DBG_TIM2_STOP:0 DBG_TIM3_STOP:1 DBG_TIM4_STOP:2 DBG_TIM5_STOP:3', 'DBG_TIM1_STOP:0'),
};
