/*
 * The ROMs that have USARTs alone and two or three kilobytes: AN3155 as ST's own code of them was seen to do it, where AN3155 is silent too. The addresses are of that
 * code: F103 = STM32F103C8 V2.2, F051 = STM32F051 V2.1. It masks interrupts, runs on its own stack and never looks at what its caller has left.
 */
#include <stdbool.h>
#include <stdint.h>
#include "rom.h"
#include "../common/options.h"

enum { ACK = 0x79, NACK = 0x1F };
enum {
  GET = 0x00,
  GET_VERSION = 0x01,
  GET_ID = 0x02,
  READ_MEMORY = 0x11,
  GO = 0x21,
  WRITE_MEMORY = 0x31,
  WRITE_PROTECT = 0x63,
  WRITE_UNPROTECT = 0x73,
  READOUT_PROTECT = 0x82,
  READOUT_UNPROTECT = 0x92,
};
/* What an address names (F103 0x1FFFF2BC, F051 0x1FFFEEE0). */
/* F051 leaves its last byte out (0x1FFFEF14). */
#if defined F1
#define ROM_READABLE ROM_SIZE
#else
#define ROM_READABLE (ROM_SIZE - 1u)
#endif
enum place { NOTHING, IN_FLASH, IN_RAM, IN_OPTIONS, IN_ROM };

extern uint8_t rom_stack_top[];
/* F103: where ST's code has it, for what stands behind the data of a first write is what the RAM held at power-on. F051 has cleared its RAM. */
#if defined F1
#define BUFFER ((uint8_t *)0x200000D8u)
#else
#define BUFFER ((uint8_t *)((uint32_t)rom_stack_top - 1024u))
/* ST's code takes 70 clocks longer from the pulse to its ACK (0x1FFFED82 to 0x1FFFF15A); what it hears until the ACK is out is no command. */
#define ACK_ROUNDS 14u
#endif
#if !defined F1
void rcc_reset(void);
#endif
void rom_serve(uint32_t base, uint8_t *buffer) __attribute__((noreturn));

/* ---- vectors: four words, then code (measured) ---- */
__attribute__((noreturn, used)) static void restart(void)
{
  for (;;)
    SCB_AIRCR = AIRCR_SYSRESETREQ;
}

#if defined F1
__attribute__((used)) static void nmi(void)
{
}
#define fault restart
#else
/* It pushes first: where the stack of a program that Go has called is none, the core locks up instead (F051 0x1FFFECEC). */
__attribute__((naked, noreturn, used)) static void fault(void)
{
  __asm volatile(
    "push {r4, lr}\n\t"
    "ldr r0, =restart\n\t"
    "bx r0\n\t"
    ".ltorg");
}
#define nmi fault
#endif

/* The stack pointer is the ROM's own, whatever the caller has loaded (F103 0x1FFFF010, F051 0x1FFFF70C). */
__attribute__((naked, noreturn, used)) void rom_entry(void)
{
  __asm volatile(
    ".syntax unified\n\t"
    "cpsid i\n\t"
    "ldr r0, =rom_stack_top\n\t"
    "mov sp, r0\n\t"
#if !defined F1
    /* F051 clears the RAM that it uses */
    "movs r1, #1\n\t"
    "lsls r1, r1, #29\n\t"
    "movs r2, #0\n"
    "1:\n\t"
    "stmia r1!, {r2}\n\t"
    "cmp r1, r0\n\t"
    "bne 1b\n\t"
#endif
    "ldr r0, =rom_main\n\t"
    "bx r0\n\t"
    ".ltorg");
}

typedef void (*vector)(void);
__attribute__((section(".vectors"), used)) static const vector vectors[4] = { (vector)rom_stack_top, rom_entry, nmi, fault };

/* ---- USART ---- */
static void put(uint32_t base, uint8_t byte)
{
  USART_TX(base) = byte;
  while (!(USART_STATUS(base) & STATUS_TC))
    ;
}

static void put_all(uint32_t base, const uint8_t *bytes, uint32_t count)
{
  while (count--)
    put(base, *bytes++);
}

/* The watchdog is refreshed here and nowhere else (F103 0x1FFFF1EC, F051 0x1FFFF174). */
static uint8_t get(uint32_t base)
{
  while (!(USART_STATUS(base) & STATUS_RXNE))
    IWDG_KR = KR_REFRESH;
  return (uint8_t)USART_RX(base);
}

/* `count` bytes and their XOR, to which `sum` belongs; answers NACK itself. What does not fit is not kept. */
static bool get_checked(uint32_t base, uint8_t *to, uint32_t count, uint8_t sum)
{
  for (uint32_t i = 0; i < count; i++) {
    uint8_t byte = get(base);
    sum ^= byte;
    if (i < 1024u)
      to[i & 1023u] = byte;
  }
  if (get(base) == sum)
    return true;
  put(base, NACK);
  return false;
}

/* ---- flash ---- */
static void idle(void)
{
#if defined F1
  while (FLASH_SR & SR_BSY)
    ;
#else
  /* F051 0x1FFFEF4A: some 1.7 ms, enough because the fetches of this code wait while the flash is busy */
  for (uint32_t rounds = 0xFFF; FLASH_SR & SR_BSY; rounds--)
    if (rounds == 0)
      restart();
#endif
}

static void unlock(void)
{
  FLASH_KEYR = KEY_1;
  FLASH_KEYR = KEY_2;
}

/* Keys at an open lock are harmless. */
static void unlock_all(void)
{
  unlock();
  FLASH_OPTKEYR = KEY_1;
  FLASH_OPTKEYR = KEY_2;
}

static void run(uint32_t bit)
{
  idle();
  FLASH_CR |= bit;
  FLASH_CR |= CR_STRT;
  idle();
  FLASH_CR &= ~bit;
}

static void erase_page(uint32_t page)
{
#if defined F1
  unlock();
#endif
  idle();
  FLASH_CR = CR_PER;
  FLASH_AR = FLASH_BASE + (page << PAGE_BITS);
  FLASH_CR = CR_PER | CR_STRT;
  idle();
  FLASH_CR = 0;
}

static void mass_erase(void)
{
  unlock_all();
  run(CR_MER);
}

static void program_half_word(volatile uint16_t *at, uint16_t value)
{
  *at = value;
  idle();
}

/* A word as two half-words; the second is left out after an error of the first (F103 0x1FFFF27C, F051 0x1FFFEF6A). */
static void program_word(uint32_t address, uint32_t word)
{
  idle();
  FLASH_CR |= CR_PG;
  program_half_word(&REG16(address), (uint16_t)word);
  if (!(FLASH_SR & SR_PGERR))
    program_half_word(&REG16(address + 2u), (uint16_t)(word >> 16));
  if (FLASH_SR & SR_PGERR)
    FLASH_SR |= SR_PGERR;
  FLASH_CR &= ~CR_PG;
}

static void options_begin(void)
{
  unlock_all();
  run(CR_OPTER);
  unlock_all();
  idle();
  FLASH_CR |= CR_OPTPG;
}

enum protection { WRITES, READS, NO_READS };
/*
 * WRITES: the pages of a mask, and DATA0 and DATA1 are kept on F103 alone (F103 0x1FFFF140, F051 0x1FFFF018). NO_READS leaves every other option byte erased; READS keeps
 * WRP0, in whose place the WRP bytes behind it are written too, which fails (F103 0x1FFFF090, F051 0x1FFFF076).
 */
static void protect(enum protection what, uint32_t mask)
{
  uint8_t kept[WRP3 + 1];
  for (uint32_t i = 0; i <= WRP3; i++)
    kept[i] = (uint8_t)OPTIONS[i];
#if defined F1
  if (what == WRITES)
    FLASH_SR = SR_FLAGS;
#endif
  options_begin();
  for (uint32_t i = what == WRITES ? RDP : USER; i <= LAST_WRP && what != NO_READS; i++) {
    if (what == WRITES) {
      if (i >= WRP0) {
        kept[i] = (uint8_t)~mask;
        mask >>= 8;
        if (kept[i] == 0xFF)
          continue;
      } else if (i > LAST_KEPT)
        continue;
    }
    program_half_word(&OPTIONS[what == READS && i > WRP0 ? WRP0 : i], kept[i]);
  }
  if (what != WRITES)
    program_half_word(OPTIONS, what == READS ? 0 : UNPROTECTED);
  FLASH_CR &= ~CR_OPTPG;
}

/* New option bytes count from a reset on. The code goes on until it comes. */
static void reload(void)
{
#if defined F1
  SCB_AIRCR = AIRCR_SYSRESETREQ;
#else
  FLASH_CR |= CR_OBL_LAUNCH;
#endif
}

/* ---- commands ---- */
static bool is_protected(void)
{
  return FLASH_OBR & OBR_RDPRT;
}

static enum place place_of(uint32_t address)
{
  if (address - FLASH_BASE < FLASH_LIMIT)
    return IN_FLASH;
  if (address - RAM_ROM_END < RAM_LIMIT - RAM_ROM_END)
    return IN_RAM;
  if (address - OPTION_BASE < OPTION_LIMIT)
    return IN_OPTIONS;
  if (address - ROM_BASE < ROM_READABLE)
    return IN_ROM;
  return NOTHING;
}

/* Acknowledges the command and any address; what it names is looked at behind that. */
static enum place get_address(uint32_t base, uint32_t *address)
{
  if (!is_protected()) {
    uint32_t word = 0;
    uint8_t sum = 0;
    put(base, ACK);
    for (uint32_t i = 0; i < 4; i++) {
      uint8_t byte = get(base);
      word = word << 8 | byte;
      sum ^= byte;
    }
    *address = word;
    if (get(base) == sum) {
      put(base, ACK);
      return place_of(word);
    }
  }
  put(base, NACK);
  return NOTHING;
}

/* What comes of a command. */
enum end { SAID, GOOD, BAD };
/* F103 goes back to its loop without a word (0x1FFFF502), F051 answers NACK, behind another one where the address was refused (0x1FFFF306). */
#if defined F1
#define NOWHERE SAID
#else
#define NOWHERE BAD
#endif

static enum end read_memory(uint32_t base)
{
  uint32_t address;
  if (get_address(base, &address) == NOTHING)
    return NOWHERE;
  uint8_t count = get(base);
  if ((count ^ get(base)) != 0xFF)
    return BAD;
  put(base, ACK);
  put_all(base, (const uint8_t *)address, count + 1u);
  return SAID;
}

/* The clocks go back, interrupts are on again, and what stands at the address is called: nothing is checked (F103 0x1FFFF54E, F051 0x1FFFF348). */
static enum end go(uint32_t base)
{
  uint32_t address;
  enum place place = get_address(base, &address);
  if (place != IN_FLASH && place != IN_RAM)
    return BAD;
#if defined F1
  RCC_CFGR &= 0xF8FF0000u;
  RCC_CR &= 0xFEF6FFFFu;
  RCC_CR &= ~BIT(18);
  RCC_CFGR &= ~0x7F0000u;
  SYST_CSR = 0;
#else
  rcc_reset();
  RCC_APB2RSTR = ~0u;
  RCC_APB2RSTR = 0;
  RCC_APB1RSTR = ~0u;
  RCC_APB1RSTR = 0;
  REG(0x40021028u) = ~0u; /* AHBRSTR */
  REG(0x40021028u) = 0;
  RCC_APB2ENR = 0;
  RCC_APB1ENR = 0;
  RCC_AHBENR = 0x14;
#endif
  register uint32_t r0 __asm("r0") = base;
  register uint32_t r4 __asm("r4") = address;
  /* a program that returns comes back to the commands, on its own stack and with a buffer there (F103 0x1FFFF582, F051 0x1FFFF35A) */
  __asm volatile(
    "cpsie i\n\t"
    "ldr r1, [r4, #4]\n\t"
    "ldr r2, [r4]\n\t"
    "mov r4, r0\n\t"
    "msr msp, r2\n\t"
    "blx r1\n\t"
    "mov r0, r4\n\t"
    "add r1, sp, #20\n\t"
    "ldr r2, =rom_serve\n\t"
    "bx r2\n\t"
    ".ltorg"
    ::"r"(r0), "r"(r4) : "r1", "r2", "memory");
  __builtin_unreachable();
}

/* Whole words of the buffer, whatever stands behind the data; any result is acknowledged. */
static enum end write_memory(uint32_t base, uint8_t *buffer)
{
  uint32_t address;
  enum place place = get_address(base, &address);
  if (place == NOTHING)
    return NOWHERE;
  uint8_t count = get(base);
  if (!get_checked(base, buffer, count + 1u, count))
    return SAID;
  uint32_t length = (count + 4u) & ~3u;
  if (place == IN_FLASH) {
    unlock();
    for (uint32_t i = 0; i < length; i += 4)
      program_word(address + i, *(uint32_t *)(buffer + i));
  } else if (place == IN_RAM) {
    for (uint32_t i = 0; i < length; i += 4)
      REG(address + i) = *(uint32_t *)(buffer + i);
  } else if (address == OPTION_BASE) {
    length = (count + 2u) & ~1u;
    options_begin();
    for (uint32_t i = 0; i < length; i += 2)
      program_half_word(&REG16(address + i), buffer[i]);
    FLASH_CR &= ~CR_OPTPG;
    put(base, ACK);
#if !defined F1
    reload();
#endif
    SCB_AIRCR = AIRCR_SYSRESETREQ;
  }
  return GOOD;
}

#if defined F1
/* A byte each; 0xFF and a sum of 0 = all of it, and with another sum nothing, acknowledged (0x1FFFF68E). */
static enum end erase(uint32_t base, uint8_t *buffer)
{
  uint8_t count = get(base);
  if (count == 0xFF) {
    if (get(base) == 0)
      mass_erase();
    return GOOD;
  }
  if (!get_checked(base, buffer, count + 1u, count))
    return BAD;
  for (uint32_t i = 0; i <= count; i++)
    erase_page(buffer[i]);
  return GOOD;
}
#else
/* Two bytes each; 0xFFFF = all of it, other counts from 0xFFF0 on are refused behind their sum (0x1FFFF454). */
static enum end erase(uint32_t base, uint8_t *buffer)
{
  uint8_t high = get(base);
  uint8_t low = get(base);
  uint32_t count = (uint32_t)high << 8 | low;
  if (count >= 0xFFF0u) {
    if (get(base) != 0 || count != 0xFFFFu)
      return BAD;
    mass_erase();
    return GOOD;
  }
  /* they stay in the buffer as half-words (0x1FFFF1D4), for a later write of less than a word */
  uint16_t *pages = (uint16_t *)buffer;
  uint8_t sum = high ^ low;
  for (uint32_t i = 0; i <= count; i++) {
    high = get(base);
    low = get(base);
    sum ^= high ^ low;
    if (i < 512u)
      pages[i] = (uint16_t)(high << 8 | low);
  }
  if (get(base) != sum) {
    put(base, NACK);
    return BAD;
  }
  for (uint32_t i = 0; i <= count && i < 512u; i++)
    erase_page(pages[i]);
  return GOOD;
}
#endif

static enum end protection(uint32_t base, enum protection what, uint32_t mask)
{
  protect(what, mask);
  put(base, ACK);
  reload();
  return SAID;
}

static enum end write_protect(uint32_t base, uint8_t *buffer)
{
  uint8_t count = get(base);
  if (!get_checked(base, buffer, count + 1u, count))
    return SAID;
  uint32_t mask = 0;
  for (uint32_t i = 0; i <= count; i++)
    mask |= buffer[i] < 32u ? BIT(buffer[i]) : 0u;
  return protection(base, WRITES, mask);
}

/* The RAM goes with it (F103 0x1FFFF730, before; F051 0x1FFFEF20, behind the second ACK: all of it). */
static enum end readout_unprotect(uint32_t base)
{
  put(base, ACK);
#if defined F1
  /* as fast as there (0x1FFFF73C): three clocks more a word make the reset 0.6 ms later, and a host that goes on is heard otherwise */
  uint32_t at = RAM_LIMIT;
  do
    REG(at -= 4u) = 0;
  while (at != RAM_ROM_END);
  return protection(base, NO_READS, 0);
#else
  protect(NO_READS, 0);
  put(base, ACK);
  for (uint32_t at = RAM_LIMIT - 4u; at != RAM_BASE; at -= 4u)
    REG(at) = 0;
  reload();
  for (;;)
    ; /* nothing of the stack is left */
  return SAID;
#endif
}

static void get_commands(uint32_t base)
{
  static const uint8_t ANSWER[] = {
    ACK,
    11,
    PROTOCOL,
    GET,
    GET_VERSION,
    GET_ID,
    READ_MEMORY,
    GO,
    WRITE_MEMORY,
    ERASE_CODE,
    WRITE_PROTECT,
    WRITE_UNPROTECT,
    READOUT_PROTECT,
    READOUT_UNPROTECT,
    ACK,
  };
  put_all(base, ANSWER, sizeof ANSWER);
}

static enum end changes(uint8_t command, uint32_t base, uint8_t *buffer)
{
  if (is_protected())
    return BAD;
  put(base, ACK);
  if (command == ERASE_CODE)
    return erase(base, buffer);
  if (command == WRITE_PROTECT)
    return write_protect(base, buffer);
  return protection(base, command == READOUT_PROTECT ? READS : NO_READS, 0);
}

static const uint8_t VERSION[] = { ACK, PROTOCOL, 0, 0 };
static const uint8_t ID[] = { ACK, 1, 4 }; /* all of these dies are 0x4.. */

static enum end execute(uint8_t command, uint32_t base, uint8_t *buffer)
{
  switch (command) {
  case GET:
    get_commands(base);
    return SAID;
  case GET_VERSION:
    put_all(base, VERSION, sizeof VERSION);
    return GOOD;
  case GET_ID:
    put_all(base, ID, sizeof ID);
    put(base, (uint8_t)PID);
    return GOOD;
  case READ_MEMORY:
    return read_memory(base);
  case GO:
    return go(base);
  case WRITE_MEMORY:
    return write_memory(base, buffer);
  case ERASE_CODE:
  case WRITE_PROTECT:
  case WRITE_UNPROTECT:
  case READOUT_PROTECT:
    return changes(command, base, buffer);
  case READOUT_UNPROTECT:
    return readout_unprotect(base);
  default:
    return BAD;
  }
}

__attribute__((used, noinline)) void rom_serve(uint32_t base, uint8_t *buffer)
{
  for (;;) {
    IWDG_KR = KR_REFRESH;
    uint8_t command = get(base);
    enum end end = (command ^ get(base)) == 0xFF ? execute(command, base, buffer) : BAD;
    if (end != SAID)
      put(base, end == GOOD ? ACK : NACK);
  }
}

/* ---- start ---- */
#if defined F1
/* HSION is never written, and PLLRDY is waited for without an end (0x1FFFF37E). */
static void clocks(void)
{
  RCC_CFGR = CFGR_PLL_BY_6;
  RCC_CR |= CR_PLLON;
  while (!(RCC_CR & CR_PLLRDY))
    ;
  RCC_CFGR = CFGR_PLL_BY_6 | CFGR_SW_PLL;
  RCC_APB2ENR = BIT(14) | BIT(2); /* USART1, GPIOA: nothing else of APB2 */
  SCB_VTOR = 0;
}

static void pins(void)
{
  REG(0x40010804u) = 0x444444B4u; /* PA9 TX, PA10 a floating input */
}

/* SYST_CVR is never written: what the caller has left in it spoils the measurement, if the counter goes on from there (0x1FFFF3A2 to 3CE). */
static uint32_t measure(uint32_t *base)
{
  *base = USART_1;
  SYST_CSR = SYST_CSR_CLKSOURCE;
  SYST_RVR = SYST_LOAD;
  while (!(IDR & RX_1))
    ;
  while (IDR & RX_1)
    ;
  while (!(IDR & RX_1))
    ;
  SYST_CSR = SYST_CSR_CLKSOURCE | SYST_CSR_ENABLE;
  while (IDR & RX_1)
    ;
  return SYST_LOAD - SYST_CVR;
}

static void open(uint32_t base, uint32_t divider)
{
  USART_TX(base) = 0;
  USART_BRR(base) = divider;
  REG(base + 0x10u) = 0; /* CR2 */
  REG(base + 0x18u) = 0; /* GTPR */
  REG(base + 0x0Cu) = 0x340Cu; /* CR1: UE, nine bits with an even parity bit, TE, RE */
}
#else
/* All of RCC but the enables, in bytes and half-words: HSITRIM becomes 0 (0x1FFFEE58). */
void rcc_reset(void)
{
#if defined KEEPS_HSITRIM
  RCC_CR |= BIT(0);
#else
  REG8(0x40021000u) = 1;
#endif
  REG16(0x40021004u) = 0;
  REG8(0x40021007u) = 0;
  REG16(0x40021002u) = 0;
  REG8(0x40021006u) = 0;
  REG8(0x4002102Cu) = 0;
  REG16(0x40021030u) = 0;
  REG8(0x40021034u) = 0x80;
  REG(0x40021008u) = 0;
}

static void clocks(void)
{
  rcc_reset();
  FLASH_ACR = 0;
  REG8(0x40021006u) = CFGR_PLL_BY_6 >> 16;
  REG8(0x40021003u) = CR_PLLON >> 24;
  for (uint32_t rounds = 0x1FFFF; REG8(0x40021003u) != (CR_PLLON | CR_PLLRDY) >> 24; rounds--)
    if (rounds == 0)
      restart();
  REG8(0x40021004u) = CFGR_SW_PLL;
}

static void counter(void)
{
  SYST_CSR = 0;
  SYST_CVR = 0;
  SYST_RVR = SYST_LOAD;
}

/* PA9, PA10, PA14, PA15 as the USARTs', all of them and PA13 pulled up: a debugger on PA14 is cut off (0x1FFFED2E). */
static void pins(void)
{
  SCB_VTOR = ROM_BASE;
  counter();
  SYST_CSR = SYST_CSR_CLKSOURCE;
  RCC_APB2ENR = BIT(14);
  RCC_APB1ENR = BIT(17);
  RCC_AHBENR = 0x20014u;
  unlock();
  REG(0x48000000u) = 0xA8280000u;
  REG16(0x48000004u) = 0;
  REG(0x48000008u) = 0xFC3C0000u;
  REG(0x4800000Cu) = 0x54140000u;
  REG(0x48000024u) = 0x11000110u;
}

/* The pulse of seven bits on a pin that has been low; 0 where it takes too long. It is looked at about as often as there (0x1FFFED70). */
static uint32_t pulse(volatile uint32_t *levels, uint32_t rx)
{
  SYST_CSR = SYST_CSR_CLKSOURCE | SYST_CSR_ENABLE;
  for (uint32_t rounds = 0x5FFF; rounds; rounds--)
    if (!(*levels & rx))
      return SYST_LOAD - SYST_CVR;
  counter();
  return 0;
}

/* The first of the two pins that rises from low, and has a pulse. An idle line leaves the loop as it was. */
static uint32_t measure(uint32_t *base)
{
  uint32_t low = 0;
  volatile uint32_t *levels = &IDR;
  __asm("" : "+l"(levels)); /* one address in a register: how often the pin is looked at decides the divider */
  for (;;) {
    uint32_t now = *levels;
    uint32_t risen = low & now;
    low |= ~now & (RX_1 | RX_2);
    if (!risen)
      continue;
    uint32_t rx = risen & RX_1 ? RX_1 : RX_2;
    uint32_t clocks = pulse(levels, rx);
    if (clocks) {
      *base = rx == RX_1 ? USART_1 : USART_SECOND;
      counter();
      for (uint32_t rounds = ACK_ROUNDS; rounds; rounds--)
        __asm volatile("");
      return clocks;
    }
    low &= ~rx;
  }
}

static void open(uint32_t base, uint32_t divider)
{
  USART_BRR(base) = divider;
  REG(base) = 0x140Du; /* CR1: UE, nine bits with an even parity bit, TE, RE */
}
#endif

__attribute__((noreturn, used)) void rom_main(void)
{
  IWDG_KR = KR_UNLOCK;
  IWDG_PR = PR_MAX;
  IWDG_KR = KR_REFRESH;
  clocks();
  pins();
  uint32_t base;
  uint32_t pulse = measure(&base);
  open(base, pulse / 7u);
  put(base, ACK);
  (void)USART_RX(base);
  /* the stack is below the buffer from here on */
  register uint32_t r0 __asm("r0") = base;
  register uint8_t *r1 __asm("r1") = BUFFER;
  __asm volatile("mov sp, r1\n\tbl rom_serve" ::"r"(r0), "r"(r1) : "memory");
  __builtin_unreachable();
}
