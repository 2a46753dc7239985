/**
 * Every register with behaviour, of every chip: reset value and write mask are those of ST's SVD (F4: of the manual's register tables, as there is no SVD file here),
 * and the register behaves so from power-on. Deviations stand in the lists below with their exact bits and a reason; an entry that no register needs fails.
 */
import { describe, expect, it } from 'vitest';
import { CHIPS } from '../../src/chips/index.ts';
import type { Register, RegisterBlock } from '../../src/emu/registers.ts';
import { StChip } from './st-chip.ts';

interface Deviation {
  /** `STM32H745XI RCC.CR`. */
  readonly on: RegExp;
  readonly why: string;
}
interface MaskDeviation extends Deviation {
  /** Bits that the SVD lets software write and the model does not, and the other way round. */
  readonly missing: number;
  readonly extra: number;
}
const FLAGS = 'flags of the hardware; the SVD calls them read-write';
const OPTIONS = 'shows the option bytes in force; the SVD calls it read-write';
const mask = (on: RegExp, missing: number, extra: number, why: string): MaskDeviation => ({ on, missing, extra, why });

const MASKS: readonly MaskDeviation[] = [
  mask(/L4\w+ OPAMP\.OPAMP\d_CSR$/, 0x8000, 0, 'CALOUT is the hardware’s'),
  mask(/(G4\w+|H745XI) OPAMP\.OPAMP\d_CSR$/, 0x40000000, 0, 'CALOUT is the hardware’s'),
  mask(/(L4\w+|WB\w+) COMP\.COMP\d_CSR$/, 0, 0x80000000, 'LOCK is set by software; the SVD calls it read-only'),
  mask(/F303CC USB\.EP\dR$/, 0, 0x800, 'SETUP is the hardware’s; other SVDs call it read-write'),
  mask(/STM32F1.* RCC\.CSR$/, 0xfd000000, 0, FLAGS),
  mask(/H745XI FDCAN\d\.DBTP$/, 0, 0x009f1fff, 'RM0399 57.5: written with CCE; the SVD has it read-only'),
  mask(/H745XI FDCAN\d\.IE$/, 0, 0x3fffffff, 'RM0399 57.5; the SVD has it read-only'),
  mask(/H745XI FDCAN\d\.(PSR|RXF[01]S)$/, -1, 0, FLAGS),
  mask(
    /G0B1RE USB\.CHEP\dR$/,
    0x07ff0000,
    0x7870,
    'bits that toggle or are cleared by what is written are dealt with by the model; the half above is the host mode’s',
  ),
  mask(/G0B1RE RCC\.CR$/, 0x20000, 0, FLAGS),
  mask(/C071RB RCC\.CR$/, 0x800000, 0, FLAGS),
  mask(/L072CZ RCC\.CR$/, 0x4, 0, FLAGS),
  mask(/U575ZI RCC\.BDCR$/, 0x08000000, 0, FLAGS),
  mask(/L152RE RCC\.CSR$/, 0x1000, 0, FLAGS),
  mask(/WB\d5.. RCC\.CR$/, 0, 0x80000, 'CSSON can be set but not cleared: write-only in the SVD, kept by the model'),
  mask(/WB\d5.. HSEM\.(C1ICR|CR)$/, -1, 0, 'clear bits read 0'),
  mask(
    /(H5[036]3..|C071RB) USB\.CHEP\dR$/,
    0x7fff0000,
    0x7870,
    'bits that toggle or are cleared by what is written are dealt with by the model; the half above is the host mode’s',
  ),
  mask(/(H5[036]3..|H745XI) RCC\.CICR$/, -1, 0, 'clear bits read 0'),
  mask(/H5[036]3.. RCC\.BDCR$/, 0x08000042, 0, FLAGS),
  mask(/H5[036]3.. RCC\.RSR$/, 0xfc000000, 0, FLAGS),
  mask(
    /L4(\d6|32|[15]2|R5).. RCC\.CR$/,
    0,
    0x00080008,
    'CSSON and MSIRGSEL can be set but not cleared: write-only in the SVD, kept by the model',
  ),
  mask(/(F07[02]RB|F303CC|STM32F[247].*) RCC\.CSR$/, 0xff000000, 0, FLAGS),
  mask(/STM32F722.* PWR\.CSR1$/, 0x34000, 0, FLAGS),
  mask(/STM32F746.* PWR\.CSR1$/, 0x34000, 0, FLAGS),
  mask(/H745XI FLASH\.(KEYR1|OPTKEYR)$/, 0xffffffff, 0, 'write-only'),
  mask(/H745XI FLASH\.SR[12]$/, 0x0fef000f, 0, FLAGS),
  mask(/H745XI FLASH\.CCR[12]$/, 0x0fef0000, 0, 'clear bits read 0'),
  mask(/H745XI FLASH\.OPTSR_CUR$/, 0xf43effdd, 0, OPTIONS),
  mask(/H745XI FLASH\.SCAR_CUR[12]$/, 0x8fff0fff, 0, OPTIONS),
  mask(/H745XI FLASH\.BOOT7_PRG$/, 0, 0xffffffff, 'the SVD calls it read-only; it is how the boot addresses are programmed'),
  mask(/H745XI SYSCFG\.CCCSR$/, 0x100, 0, FLAGS),
  mask(/H745XI SYSCFG\.UR1$/, 0x00010001, 0, OPTIONS),
  mask(/H745XI SYSCFG\.UR2$/, 0xffff0000, 0, OPTIONS),
  mask(/H745XI SYSCFG\.UR3$/, 0xffffffff, 0, OPTIONS),
  mask(/H745XI SYSCFG\.UR4$/, 0x0000ffff, 0, OPTIONS),
  mask(/H745XI EXTI\.C[12]PR1$/, 0x003fffff, 0, 'cleared by writing one'),
  mask(/H745XI EXTI\.C[12][IE]MR3$/, 0, 0x01f5ffff, 'the SVD has lost the access of lines 64 to 88'),
  mask(/H745XI RCC\.CR$/, 0x2a02e124, 0, FLAGS),
  mask(/H745XI RCC\.CFGR$/, 0x38, 0, FLAGS),
  mask(/H745XI RCC\.CIFR$/, 0x7ff, 0, FLAGS),
  mask(/H745XI RCC\.BDCR$/, 0x42, 0, FLAGS),
  mask(/H745XI RCC\.CSR$/, 0x2, 0, FLAGS),
  mask(/H745XI RCC\.(C[12]_)?RSR$/, 0x55fa0000, 0, FLAGS),
  mask(/H745XI PWR\.CR3$/, 0, 0x01000000, 'the SVD lets software write USBREGEN but not USB33DEN, which ST’s drivers set'),
  mask(/H745XI SPI\d\.CR1$/, 0, 0x200, 'the SVD has lost that CSTART can be set'),
  mask(/H745XI HSEM\.C[12]ICR$/, 0xffffffff, 0, 'clear bits read 0'),
];
const RESETS: readonly (Deviation & { readonly is: number })[] = [
  {
    on: /H5[036]3.. CRS\.CR$/,
    is: 0x2000,
    why: 'TRIM starts at its centre, 32 (SVD of the H563); the H533’s SVD has the value of a 7-bit field',
  },
  { on: /FS?MC\.BCR1$/, is: 0x30db, why: 'bank 1 is enabled after reset (RM0090 37.5.6); the SVDs print 0x30d0' },
  { on: /FS?MC\.BCR[234]$/, is: 0x30d2, why: 'RM0090 37.5.6; the SVDs print 0x30d0' },
  { on: /DCACHE\.SR$/, is: 0, why: 'BUSYF is 1 while the invalidation out of reset lasts, which is left out' },
  { on: /TIM[25]\.ARR$/, is: 0xffffffff, why: 'full after reset (manuals, and other SVDs); this SVD prints 0' },
  { on: /TIM\d+\.ARR$/, is: 0xffff, why: 'full after reset (manuals, and other SVDs); this SVD prints 0' },
  { on: /CAN\d?\.MCR$/, is: 0x10002, why: 'asleep after reset (RM0090 32.9, and other SVDs); this SVD prints 0' },
  { on: /CAN\d?\.MSR$/, is: 0xc02, why: 'as MCR' },
  { on: /CAN\d?\.TSR$/, is: 0x1c000000, why: 'the mailboxes are empty after reset; this SVD prints 0' },
  { on: /CAN\d?\.BTR$/, is: 0x01230000, why: 'RM0090 32.9.2, RM0351; the SVDs print 0' },
  { on: /CAN\d?\.FMR$/, is: 0x2a1c0e01, why: 'filters are in initialisation after reset; this SVD prints 0' },
  { on: /H745XI FDCAN\d\.CCCR$/, is: 1, why: 'in initialisation after reset (RM0399 57.5); the SVD prints 0' },
  { on: /H745XI FDCAN\d\.DBTP$/, is: 0xa33, why: 'RM0399 57.5; the SVD prints 0' },
  { on: /H745XI FDCAN\d\.XIDAM$/, is: 0x1fffffff, why: 'masks nothing out of reset (RM0399 57.5); the SVD prints 0' },
  { on: /H745XI FDCAN\d\.NBTP$/, is: 0x06000a03, why: 'RM0399 57.5; the SVD prints 0' },
  { on: /H745XI FDCAN\d\.PSR$/, is: 0x707, why: 'RM0399 57.5; the SVD prints 0' },
  { on: /ADC\d\.CR$/, is: 0x20000000, why: 'in deep power-down after reset (RM0351, RM0399); the SVD prints 0' },
  { on: /(F07[02]RB|F303CC) ADC\.CFGR2$/, is: 0, why: 'RM0091; the SVD prints 0x8000, which is no bit of it' },
  { on: /H745XI FLASH\.CR[12]$/, is: 0x31, why: 'locked with PSIZE = 3 after reset (RM0399); the SVD prints 0' },
  { on: /H745XI FLASH\.OPTCR$/, is: 1, why: 'locked after reset (RM0399); the SVD prints 0' },
  { on: /H745XI RCC\.(C[12]_)?RSR$/, is: 0x00fe0000, why: 'the flags of a power-on reset; the SVD prints 0' },
];
/** Registers that do not show their reset value when the chip has been switched on. */
const AFTER_POWER: readonly Deviation[] = [
  { on: /[CG]0\w+ FLASH\.(OPTR|WRP\d[AB]R|SECR)$/, why: 'option bytes' },
  { on: /WB\d5.. FLASH\.(OPTR|PCROP1[AB][SE]R|WRP1[AB]R|SFR|SRRVR)$/, why: 'option bytes' },
  { on: /U575ZI FLASH\.(OPTR|(NS|SEC)BOOTADD\dR|SECWM\dR1|WRP\d[AB]R)$/, why: 'option bytes' },
  { on: /WB\d5.. (FLASH\.ACR|PWR\.SR2)$/, why: 'EMPTY: the flash is; supplies that the board has' },
  { on: /L152RE FLASH\.(SR|OBR)$/, why: 'READY: supplied; option bytes' },
  { on: /L072CZ (FLASH\.(SR|OPTR)|PWR\.CSR)$/, why: 'READY and VREFINTRDYF: supplied; option bytes' },
  { on: /[CG]0\w+ FLASH\.ACR$|L4(?!96)\w+ FLASH\.SR$/, why: 'EMPTY, PEMPTY: the flash is' },
  { on: /G0\w+ PWR\.SR2$/, why: 'supplies and reference that the board has' },
  { on: /FLASH\.(OPTS?R2?|NSBOOTR|SECBOOTR|WRP\dR|HDP\dR|PRAR|SCAR|BOOT[47]|WPSN)_(CUR|PRG)/, why: 'option bytes' },
  { on: /[LG]4\w+ FLASH\.(OPTR|PCROP\d[SE]R|WRP\d[AB]R)$/, why: 'option bytes' },
  { on: /((F07[02]RB|F303CC) FLASH\.OBR|F[247].* FLASH\.OPTCR)$/, why: 'option bytes' },
  { on: /H745XI SYSCFG\.UR\d+$/, why: 'option bytes' },
  { on: /H745XI SYSCFG\.PKGR$/, why: 'the package' },
  { on: /RTC\.SSR$/, why: 'the sub-second counter is loaded from the prescaler' },
  { on: /L4\d6.. (USART\d|UART\d|LPUART1)\.ISR$/, why: 'no transmit FIFO: the SVD prints TXFT of parts that have one' },
  { on: /(H5[036]3..|U575ZI) LPUART1\.ISR$/, why: 'TXFT with the FIFO off: the same SVD prints it for LPUART1 and not for the USARTs' },
  { on: /(H5[036]3.. PWR\.VMSR|[LG]4\w+ PWR\.SR2|F07[02]RB PWR\.CSR|F303CC PWR\.CSR)$/, why: 'supplies and reference that the board has' },
  { on: /H745XI RCC\.CR$/, why: 'HSI and both domains are up before a core can look' },
];
/** Bits outside the mask that such a write itself starts or ends. */
const HARDWARE: readonly (Deviation & { readonly bits: number })[] = [
  { on: / COMP\.(COMP\d_|C\d)CSR$/, bits: 0x40000000, why: 'VALUE follows the polarity' },
  { on: /L4\w+ OPAMP\.OPAMP\d_CSR$|U575ZI OPAMP1\.(CSR|OPAMP2_CRS)$/, bits: 0x8000, why: 'CALOUT follows the trimming' },
  { on: /(H745XI|H503RB) OPAMP1?\.(OPAMP\d_)?CSR$/, bits: 0x40000000, why: 'CALOUT follows the trimming' },
  { on: /STM32F1.* FLASH\.ACR$/, bits: 0x20, why: 'PRFTBS follows PRFTBE' },
  { on: /STM32F1.* FLASH\.AR$/, bits: 0xffffffff, why: 'write-only in the SVD; the model keeps what is written' },
  { on: /L072CZ SYSCFG\.CFGR3$/, bits: 0x40000000, why: 'VREFINT_RDYF follows' },
  { on: /U575ZI PWR\.VOSR$/, bits: 0x8000, why: 'VOSRDY falls until the range is reached' },
  { on: /H745XI PWR\.CR3$/, bits: 0x10000, why: 'SMPSEXTRDY follows SMPSEXTHP' },
  { on: /U575ZI RCC\.CR$/, bits: 0x20, why: 'MSIKRDY follows' },
  { on: /L072CZ RCC\.CR$/, bits: 0x10, why: 'HSI16DIVF follows' },
  { on: /(G0B1|C071)R. USB\.CNTR$/, bits: 0x4, why: 'SUSPRDY follows' },
  { on: /H5[036]3.. USB\.CNTR$/, bits: 0x4, why: 'SUSPRDY follows' },
  { on: /(H5[036]3..|H745XI) RCC\.CR$/, bits: 0x20, why: 'HSIDIVF falls' },
  { on: /RCC\.(CSR|(C[12]_)?RSR)$/, bits: 0xfefe0000, why: 'RMVF clears the reset flags' },
  { on: /OTG_[FH]S\.GOTGCTL$/, bits: 0x00080000, why: 'B-session valid follows its override' },
  { on: /OTG_[FH]S\.GINTSTS$/, bits: 0x10000000, why: 'connector change is cleared by one' },
  { on: /OTG_[FH]S\.D[IO]EPCTL\d$/, bits: 0x80220000, why: 'EPENA, STALL and NAK status follow the commands' },
  { on: /(F07[02]RB|F303CC) FLASH\.ACR$/, bits: 0x20, why: 'PRFTBS follows PRFTBE' },
  { on: /(F07[02]RB|F303CC) FLASH\.AR$/, bits: 0xffffffff, why: 'write-only in the SVD; the model keeps what is written' },
  { on: /WB\d5.. GPIO[EH]\.LCKR$/, bits: 0xffff, why: 'the model locks pins that the port lacks' },
  { on: /FDCAN\d\.CCCR$/, bits: 0x8, why: 'CSA follows CSR' },
  { on: /HASH\.DIN$/, bits: 0xffffffff, why: 'a data register, read-only in the SVD' },
];
/** Registers of which a plain write right after power-on does not change every bit of the mask. */
const NOT_PLAIN: readonly Deviation[] = [
  { on: /H5\w+ GTZC1_TZSC\.SECCFGR[123]$/, why: 'secure code alone writes them' },
  { on: /STM32F1.* RTC\.(CRL|CNT[HL])$/, why: 'flags fall by zeros; the counter is written in configuration mode' },
  { on: / CAN\d?\.(MCR|MSR|TSR|RF[01]R|BTR)$/, why: 'requests, flags cleared by ones, and timing that initialisation alone can change' },
  { on: /FDCAN\d\.(CCCR|IR|TXBAR|TXBCR)$/, why: 'bits guarded by INIT and CCE, flags cleared by ones, commands' },
  {
    on: /FDCAN\d\.(DBTP|NBTP|RWD|TSCC|TOCC|TXBC|RXGFC|XIDAM|TDCR|CKDIV|GFC|SIDFC|XIDFC|RXF[01]C|RXBC|RXESC|TXESC|TXEFC)$/,
    why: 'written while INIT and CCE are 1 only',
  },
  { on: /STM32F1.* (U?S?ART\d\.SR|FLASH\.SR|I2C\d\.SR1)$/, why: 'flags: cleared by what is written, or by reading' },
  {
    on: /WB\d5.. FLASH\.(SR|OPTR|PCROP1[AB][SE]R|WRP1[AB]R|IPCCBR|SFR|SRRVR)$/,
    why: 'flags cleared by ones; option registers behind the keys',
  },
  { on: /[CG]0\w+ FLASH\.(SR|OPTR|WRP\d[AB]R|SECR)$/, why: 'flags cleared by ones; option registers behind the keys' },
  { on: /TIM\d+\.SR$/, why: 'flags: cleared by writing 0' },
  { on: /TIM\d+\.CNT$/, why: '16-bit timers share the facts of the 32-bit one; UIFCPY is read-only' },
  { on: /TIM\d+\.EGR$/, why: 'commands' },
  { on: / HRTIM_Common\.DLLCR$/, why: 'CAL is a command' },
  { on: /F[247].* DMA\d\.[LH]IFCR$/, why: 'clear bits read 0' },
  { on: /(F[1247]|L1).* (U?S?ART\d+\.SR|FLASH\.SR|I2C\d\.SR1|ADC\d\.SR)$/, why: 'flags: cleared by what is written, or by reading' },
  {
    on: /WWDG\d?\.SR$|USB\.ISTR$|EXTI\.(PR\d?|RPR\d|FPR\d|SWIER\d)$|CRS\.ICR$|US?ART\d\.(RQR|ICR)$/,
    why: 'cleared by what is written, or commands',
  },
  { on: /USART\d\.DR$|UART\d+\.DR$/, why: 'a data register' },
  { on: /IWDG\d?\.(KR|PR|RLR|WINR|EWCR)$/, why: 'behind the key' },
  {
    on: /RTC\.(TR|DR|CR|ISR|ICSR|PRER|WPR|WUTR|SHIFTR|ALRM[AB]S?S?R)$/,
    why: 'behind the key and the initialisation mode; alarms and timer only while off',
  },
  { on: /CRS\.CR$/, why: 'SWSYNC is a command' },
  {
    on: /U575ZI FLASH\.(NSSR|OPTR|(NS|SEC)BOOTADD\dR|SECWM\dR\d|WRP\d[AB]R)$/,
    why: 'flags cleared by ones; option registers behind the keys',
  },
  { on: /U575ZI PWR\.BDCR1$/, why: 'behind DBP' },
  { on: /(L4.*|U575ZI) RCC\.CSR$/, why: 'reserved values of MSISRANGE are ignored' },
  { on: /USB\.(CHEP|EP)\dR$/, why: 'toggle bits' },
  { on: /SD(IO|MMC\d)\.ICR$/, why: 'its ones clear flags' },
  { on: /(LTDC\.SRCR|DMA2D\.(CR|IFCR)|DSIHOST\.WIFCR)$/, why: 'commands, and ones that clear flags' },
  { on: /USB\.DADDR$/, why: 'held in reset by FRES' },
  { on: /FLASH\.(OPTCR1?|NSCR|CR[12]?|KEYR|OPTKEYR|.*_PRG\d?R?)$/, why: 'behind the keys' },
  {
    on: /([LG]4\w+|F07[02]RB|F303CC) FLASH\.(SR|OPTR|SEC\dR|PCROP\d[SE]R|WRP\d[AB]R)$/,
    why: 'flags cleared by ones; option registers behind the keys',
  },
  { on: /GPIO.\.(LCKR|BSRR|BRR)$/, why: 'the lock key takes a sequence; BSRR and BRR are commands' },
  { on: /H5[036]3.. PWR\.BDCR$/, why: 'behind DBP' },
  { on: /H5[036]3.. PWR\.PMCR$|H7.* PWR\.(CPU2?CR|WKUPCR|WKUPFR)$/, why: 'clear bits are commands' },
  { on: /PWR\.(CR1?|CR2|CSR1?)$/, why: 'VOS needs conditions, commands read 0, the backup domain’s bits stand behind DBP' },
  { on: /RCC\.CR$/, why: 'the oscillator that SYSCLK comes from cannot be stopped; frozen bits' },
  { on: /F[247].* RCC\.CFGR$/, why: 'SW = 3 is refused' },
  { on: /L152RE FLASH\.(PECR|WRPR\d)$/, why: 'locked' },
  { on: /L152RE FLASH\.ACR$/, why: 'LATENCY and PRFTEN come after ACC64' },
  { on: /(L072CZ|L152RE) RCC\.ICSCR$/, why: 'MSIRANGE = 7 is refused' },
  { on: /(L072CZ|L152RE) RCC\.CSR$/, why: 'the RTC’s domain stands behind DBP; RMVF is a command' },
  { on: /L072CZ FLASH\.(PECR|SR)$/, why: 'locked; flags cleared by ones' },
  { on: /RCC\.(BDCR|CSR1)$/, why: 'all ones also ask for the backup domain’s reset' },
  { on: /H745XI RCC\.APB4ENR$/, why: 'RTCAPBEN stays while the other core has it' },
  { on: /OTG_[FH]S\.GRSTCTL$/, why: 'commands that end at once' },
  { on: /Ethernet_DMA\.DMABMR$|(ETH|Ethernet_MAC)\.DMAMR$/i, why: 'SR and SWR end by themselves' },
  { on: /CRC\.CR$/, why: 'RESET is a command' },
  { on: /G4\w+ CORDIC\.(CSR|WDATA)$/, why: 'RRDY is the hardware’s, arguments are write-only' },
  { on: /SPI\d\.(SR|DR)$/, why: 'CRCERR never rises; DR shows the receiver’s side' },
  { on: /I2C\d\.ISR$/, why: 'TXE and TXIS can only be set' },
  { on: /ADC\d?\.(ISR|CR|CR2)$/, why: 'flags cleared by ones; commands' },
  { on: /H745XI DMA\d\.[LH]IFCR$/, why: 'commands' },
  { on: /DAC\d?\.SR$/, why: 'flags: cleared by ones' },
  { on: /LPTIM\d\.CR$/, why: 'the counter is started once it is enabled; COUNTRST is a command' },
  { on: /LPTIM\d\.(CMP|ARR)$/, why: 'written while the counter is enabled' },
  { on: /HASH\.(CR|STR|SR)$/, why: 'INIT and DCAL are commands, flags are cleared by 0' },
  { on: /(QUAD|OCTO)SPI\d?\.(CR|DR|FCR)$/, why: 'ABORT is a command, DR leads to the FIFO, FCR reads 0' },
  { on: /TSC\.(ICR|ISR|IOGCSR)$/, why: 'ICR is a command, flags are the hardware’s' },
  { on: /RAMCFG\.(RAM|M)\dCR$/, why: 'SRAMER needs its keys' },
  { on: /DCACHE\.CR$/, why: 'resets of the monitors are commands' },
  { on: /RNG\.SR$/, why: 'flags: cleared by writing 0' },
  { on: /(H5[036]3..|U575ZI) RNG\.CR$/, why: 'the configuration needs CONDRST in the same access' },
  { on: /(GP|LP)DMA\d\.C\d+CR$/, why: 'all ones also ask for the channel’s reset' },
  { on: /HSEM\.R\d+$/, why: 'taken by a core’s own number only' },
];
/** A part of every SVD file. */
/** Lines that have another one's file, beside those below. */
const SAME_FILE =
  /F031|F038|F051|F058|H523|U585|F301|F318|F328|F334|F358|F398|F105|F423|F479|L07[13]|L05|L06|L08|L151|L162|L100|G0[3-8]|C0[13]1|G0B0|G0C/;
const TESTED = CHIPS.map((c) => c.name).filter(
  (name) =>
    !SAME_FILE.test(name) &&
    !/F20[57]|F215|F4[123][57]|F427|H745ZI|F7(23|32|33|45|56|65|69|77|79)|H562|H573|F302|F042|F030|F091|G441|G471|G473|G48|L433|L44|L422|L431|L451|L462|G4A1|L4R[79]|L4S|H7(23|25|30|33|35|42|43|50|53|47|55|57)|L475|L48|L4A6/.test(
      name,
    ),
);

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;
const used = new Set<Deviation>();
function deviation<D extends Deviation>(list: readonly D[], where: string): D | undefined {
  const found = list.find((d) => d.on.test(where));
  if (found) used.add(found);
  return found;
}

describe.each(TESTED)('%s', (name) => {
  const chip = new StChip(CHIPS.find((c) => c.name === name)!);
  const registers: { where: string; block: string; r: Register; facts: RegisterBlock }[] = [];
  for (const { row, component } of chip.system.blocks) {
    const facts = component as unknown as RegisterBlock;
    for (const r of facts.layout.registers)
      if (facts.isModelled(r)) registers.push({ where: `${name} ${row.name}.${r.name}`, block: row.name, r, facts });
  }
  /** The chip as switched on, the block clocked, the backup domain open. */
  const fresh = (block: string): ((r: Register) => number) => {
    chip.again();
    const b = chip.system.block(block);
    if (b.row.clock) chip.set(`RCC.${b.row.clock}`, 1);
    chip.system.setWire('dbp', 1);
    return (r) => b.component.peek(b.state, b.env, r.offset, r.size);
  };

  it('every register with behaviour has the SVD’s write mask and reset value', () => {
    const bad: string[] = [];
    for (const { where, block, r, facts } of registers) {
      const [is, svd] = [facts.writableMask(r), r.writable];
      const known = is === svd ? undefined : deviation(MASKS, where);
      const missing = known?.missing === -1 ? svd : (known?.missing ?? 0);
      if ((svd & ~is) >>> 0 !== missing || (is & ~svd) >>> 0 !== (known?.extra ?? 0)) bad.push(`${where} mask ${hex(is)}, SVD ${hex(svd)}`);
      const reset = facts.resetValue(r);
      // The SVDs have placeholders, or the first revision.
      if (block === 'DBGMCU' && r.offset === 0) {
        const { devId, revId } = chip.system.block(block).row.options as { devId: number; revId: number };
        if (reset !== ((revId << 16) | devId) >>> 0) bad.push(`${where} reset ${hex(reset)}`);
      } else if (reset !== (reset === r.reset ? reset : deviation(RESETS, where)?.is))
        bad.push(`${where} reset ${hex(reset)}, SVD ${hex(r.reset)}`);
    }
    expect(registers.length).toBeGreaterThan(250);
    expect(bad).toEqual([]);
  });

  it('shows its reset value when the chip has been switched on', () => {
    const bad: string[] = [];
    for (const { where, block, r, facts } of registers) {
      chip.again();
      const b = chip.system.block(block);
      const value = b.component.peek(b.state, b.env, r.offset, r.size);
      if (value !== facts.resetValue(r) && !deviation(AFTER_POWER, where))
        bad.push(`${where} = ${hex(value)}, not ${hex(facts.resetValue(r))}`);
    }
    expect(bad).toEqual([]);
  });

  it('a write changes the bits of the mask, all of them and no others', () => {
    const bad: string[] = [];
    for (const { where, block, r, facts } of registers) {
      const writable = facts.writableMask(r);
      let changed = 0;
      for (const value of [0xffffffff, 0]) {
        const peek = fresh(block);
        const before = peek(r);
        chip.system.write(chip.system.block(block).row.base + r.offset, r.size, value);
        changed |= peek(r) ^ before;
      }
      const outside = (changed & ~writable) >>> 0;
      const allowed = outside === 0 ? 0 : (deviation(HARDWARE, where)?.bits ?? 0);
      if ((outside & ~allowed) !== 0) bad.push(`${where}: a write changes ${hex(outside & ~allowed)} outside the mask ${hex(writable)}`);
      const still = (writable & ~changed) >>> 0;
      if (still !== 0 && !deviation(NOT_PLAIN, where)) bad.push(`${where}: ${hex(still)} of ${hex(writable)} cannot be written`);
    }
    expect(bad).toEqual([]);
  });
});

it('every deviation in the lists is one', () => {
  const stale = [...MASKS, ...RESETS, ...AFTER_POWER, ...HARDWARE, ...NOT_PLAIN]
    .filter((d) => !used.has(d))
    .map((d) => `${d.on.source}: ${d.why}`);
  expect(stale).toEqual([]);
});
