/** Corrections that the SVD files of several families need. */
/** Full after reset (manuals and later SVDs); the SVDs print 0. */
export const TIMERS_FULL: readonly (readonly [RegExp, number])[] = [
  [/^TIM\d+\.ARR$/, 0xffff],
  [/^TIM[25]\.ARR$/, 0xffffffff],
];
/** The SVDs of F2, F4 and F7: names as in the headers, resets as in RM0090. */
export const F2_F4_NAMES: readonly (readonly [RegExp, string])[] = [
  [/^RTC\.CR\.WCKSEL$/, 'WUCKSEL'],
  [/^CRC\.CR\.CR$/, 'RESET'],
  [/^SPI\d\.SR\.TIFRFE$/, 'FRE'],
  [/^U(S)?ART\d+\.SR\.NF$/, 'NE'],
  [/^TIM\d+\.CNT\.CNT_L$/, 'CNT'],
  [/^TIM\d+\.ARR\.ARR_L$/, 'ARR'],
  [/^TIM11\.OR\.RMP$/, 'TI1_RMP'],
  [/^TIM5\.OR\.IT4_RMP$/, 'TI4_RMP'],
  [/^RCC\.CSR\.PADRSTF$/, 'PINRSTF'],
  [/^RCC\.CSR\.WDGRSTF$/, 'IWDGRSTF'],
  [/^RCC\.PLLI2SCFGR\.PLLI2SNx?$/, 'PLLI2SN'],
  [/^RCC\.PLLI2SCFGR\.PLLI2SRx$/, 'PLLI2SR'],
  [/^RCC\.PLLI2SCFGR\.PLLI2SQx$/, 'PLLI2SQ'],
  [/^RCC\.APB1RSTR\.UART2RST$/, 'USART2RST'],
  [/^RCC\.APB1RSTR\.UART3RST$/, 'USART3RST'],
  [/^SYSCFG\.MEMRM$/, 'MEMRMP'],
  [/^DBGMCU\.DBGMCU_IDCODE$/, 'IDCODE'],
  [/^DBGMCU\.DBGMCU_CR$/, 'CR'],
  [/^DBGMCU\.DBGMCU_APB1_FZ$/, 'APB1FZ'],
  [/^DBGMCU\.DBGMCU_APB2_FZ$/, 'APB2FZ'],
  [/^FLASH\.OPTKEYR\.OPTKEY$/, 'OPTKEYR'],
];
