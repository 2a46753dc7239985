/*
 * AN3155: the host sends 0x7F with even parity, whose pulse of seven bits gives the baud rate (AN2606 4.5: from the rising edge of the first bit to the falling edge
 * of the last one, not rounded to a standard rate); then commands, each with its complement. The pulse is timed with SysTick (AN2606, configuration tables; ASSUMED
 * where they do not name it).
 * AN4221 and AN4286 have the same commands on I2C and SPI; their bytes travel through bus.c.
 * LEFT OUT: Write Protect, Readout Protect (answered with NACK), erase of one bank, Get Checksum, special commands.
 */
#include "rom.h"
#include "bus.h"
#include "cortex_m.h"
#include "course.h"
#include "interfaces.h"
#include "memory.h"
#include "rom_core.h"
#include "serial.h"

enum { ACK = 0x79, NACK = 0x1F };
enum {
  GET = 0x00,
  GET_VERSION = 0x01,
  GET_ID = 0x02,
  READ_MEMORY = 0x11,
  GO = 0x21,
  WRITE_MEMORY = 0x31,
  ERASE = 0x43,
  EXTENDED_ERASE = 0x44,
  WRITE_PROTECT = 0x63,
  WRITE_UNPROTECT = 0x73,
  READOUT_PROTECT = 0x82,
  READOUT_UNPROTECT = 0x92,
};

/* Version of the protocol: the one of most parts (AN2606 Table 3). From 3.0 on erase counts pages in two bytes. */
#if !defined SERIAL_VERSION
#define SERIAL_VERSION 0x31u
#endif
#if !defined SERIAL_SHIFT
#define SERIAL_SHIFT(base) 0u /* kernel clock of the USART: HCLK >> it */
#endif

/* Registers of the USART: the first version, with SR and DR, and the later ones. */
#if I2C_V1
#define USART_STATUS 0x00u
#define USART_RX 0x04u
#define USART_TX 0x04u
#define USART_BRR 0x08u
#define USART_CR1 0x0Cu
#define CR1_UE BIT(13)
#else
#define USART_STATUS 0x1Cu
#define USART_RX 0x24u
#define USART_TX 0x28u
#define USART_BRR 0x0Cu
#define USART_CR1 0x00u
#define CR1_UE BIT(0)
#endif
#define CR1_RE BIT(2)
#define CR1_TE BIT(3)
#define CR1_PCE BIT(10)
#define CR1_M BIT(12)
#define STATUS_RXNE BIT(5)
#define STATUS_TC BIT(6)
#define STATUS_TXE BIT(7)

static const struct {
  uint32_t base;
  struct {
    uint32_t address;
    uint32_t bit;
  } gate;
  uint32_t tx_port;
  uint8_t tx_pin;
  uint8_t tx_function;
  uint8_t rx_function;
} SERIAL[] = { ROM_SERIAL };

static uint32_t base;
SHARED_WITH_CAN uint8_t serial_buffer[256];

#if SERVES_I2C || SERVES_SPI
static bool on_bus;
#define BUS_VERSION 0x11u /* ASSUMED for all parts: AN2606 Table 3 has 1.0 for some */
#else
#define on_bus false
#define BUS_VERSION 0u
#endif

static uint8_t get(void)
{
  if (on_bus)
    return bus_get();
  while (!(REG(base + USART_STATUS) & STATUS_RXNE))
    iwdg_refresh();
  return (uint8_t)REG(base + USART_RX);
}

static void put(uint8_t byte)
{
  if (on_bus) {
    bus_put(byte);
    return;
  }
  while (!(REG(base + USART_STATUS) & STATUS_TXE))
    ;
  REG(base + USART_TX) = byte;
}

static void put_all(const uint8_t *bytes, uint32_t count)
{
  while (count--)
    put(*bytes++);
}

static void answer(uint8_t code)
{
  if (on_bus)
    bus_answer(code);
  else
    put(code);
}

/* ACK, and bytes of data follow. */
static void answer_with_data(void)
{
  answer(ACK);
  if (on_bus)
    bus_data();
}

static void flush(void)
{
  if (on_bus)
    return;
  while (!(REG(base + USART_STATUS) & STATUS_TC))
    ;
}

/* Clocks of the core from the rising edge of the first bit to the falling edge of the last; 0 = the line never moved. */
static uint32_t seven_bits(const struct rx_pin *rx)
{
  uint32_t mask = BIT(rx->pin);
  volatile uint32_t *levels = &GPIO_IDR(rx->port);
  SYST_RVR = SYST_MAX;
  SYST_CSR = SYST_CSR_CLKSOURCE | SYST_CSR_ENABLE;
  while (!(*levels & mask))
    iwdg_refresh();
  SYST_CVR = 0;
  while (*levels & mask)
    if (SYST_CVR != 0 && SYST_CVR < SYST_MAX / 16u)
      return 0;
  uint32_t clocks = SYST_MAX - SYST_CVR;
  while (!(*levels & mask))
    ;
  SYST_CSR = 0;
  return clocks;
}

#if GPIO_V1
#define RX_MODE PIN_INPUT
#else
#define RX_MODE PIN_ALTERNATE
#endif

static void usart_open(uint32_t index, uint32_t clocks)
{
  const struct rx_pin *rx = &interface_table.rx[index];
  struct pin_setup pin = { rx->port, rx->pin, RX_MODE, SERIAL[index].rx_function, PULL_UP };
  pin_setup(&pin);
  pin = (struct pin_setup){ SERIAL[index].tx_port, SERIAL[index].tx_pin, PIN_ALTERNATE, SERIAL[index].tx_function, PULL_UP };
  pin_setup(&pin);
  REG(SERIAL[index].gate.address) |= SERIAL[index].gate.bit;
  (void)REG(SERIAL[index].gate.address);
  base = SERIAL[index].base;
#if defined SERIAL_REMAP
  SERIAL_REMAP(base);
#endif
  uint32_t divisor = 7u << SERIAL_SHIFT(base);
  REG(base + USART_CR1) = 0;
  REG(base + USART_BRR) = (clocks + divisor / 2u) / divisor;
  REG(base + USART_CR1) = CR1_M | CR1_PCE | CR1_TE | CR1_RE; /* eight bits and an even parity bit */
  REG(base + USART_CR1) |= CR1_UE;
}

/* `count` bytes and their XOR, to which `start` belongs. */
static bool get_checked(uint8_t *to, uint32_t count, uint8_t start)
{
  uint8_t sum = start;
  for (uint32_t i = 0; i < count; i++)
    sum ^= to[i] = get();
  return get() == sum;
}

static bool get_address(uint32_t *address)
{
  uint8_t bytes[4];
  bool good = get_checked(bytes, sizeof bytes, 0);
  *address = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
  return good;
}

static bool get_commands(void)
{
  static const uint8_t COMMANDS[] = {
    GET,
    GET_VERSION,
    GET_ID,
    READ_MEMORY,
    GO,
    WRITE_MEMORY,
    SERIAL_VERSION < 0x30u ? ERASE : EXTENDED_ERASE,
    WRITE_PROTECT,
    WRITE_UNPROTECT,
    READOUT_PROTECT,
    READOUT_UNPROTECT,
  };
  answer_with_data();
  put(sizeof COMMANDS);
  put(on_bus ? BUS_VERSION : SERIAL_VERSION);
  put_all(COMMANDS, sizeof COMMANDS);
  return true;
}

static bool get_version(void)
{
  static const uint8_t OPTIONS[] = { 0, 0 };
  answer_with_data();
  put(on_bus ? BUS_VERSION : SERIAL_VERSION);
  if (!on_bus)
    put_all(OPTIONS, sizeof OPTIONS);
  return true;
}

uint32_t serial_pid(void)
{
#if defined CHIP_PID /* by the part: one image for several dies */
  return CHIP_PID;
#else
  return ROM_PID;
#endif
}

static bool get_id(void)
{
  uint32_t pid = serial_pid();
  answer_with_data();
  put(1);
  put((uint8_t)(pid >> 8));
  put((uint8_t)pid);
  return true;
}

static bool read_memory(void)
{
  uint32_t address;
  answer(ACK);
  if (!get_address(&address) || !chip_address_known(address))
    return false;
  answer(ACK);
  uint8_t count = get();
  if ((count ^ get()) != 0xFF)
    return false;
  answer_with_data();
  uint32_t length = chip_read(address, serial_buffer, count + 1u);
  while (length <= count)
    serial_buffer[length++] = 0xFF; /* behind the end of the memory (ASSUMED) */
  put_all(serial_buffer, length);
  return true;
}

static bool write_memory(void)
{
  uint32_t address;
  answer(ACK);
  if (!get_address(&address) || !chip_address_known(address))
    return false;
  answer(ACK);
  uint8_t count = get();
  return get_checked(serial_buffer, count + 1u, count) && chip_write(address, serial_buffer, count + 1u) == DFU_OK;
}

static bool go(void)
{
  uint32_t address;
  answer(ACK);
  if (!get_address(&address) || !chip_code_valid(address | 1u))
    return false;
  answer(ACK);
  flush();
  if (!on_bus)
    REG(base + USART_CR1) = 0;
  leave_to(address);
}

static uint32_t page_address(uint32_t page)
{
#if defined HAS_SECTOR_TABLE
  return chip_sector_address(page);
#elif defined FLASH_PAGE_SIZE
  return FLASH_BASE + page * FLASH_PAGE_SIZE;
#else
  return FLASH_BASE + page * FLASH_SECTOR_SIZE;
#endif
}

SHARED_WITH_CAN bool serial_erase(const uint8_t *pages, uint32_t count, uint32_t width)
{
  for (uint32_t i = 0; i < count; i++) {
    uint32_t page = width == 1 ? pages[i] : (uint32_t)pages[2 * i] << 8 | pages[2 * i + 1];
    if (chip_erase_page(page_address(page)) != DFU_OK)
      return false;
  }
  return true;
}

/* One byte each; 0xFF = all of it. */
static bool erase(void)
{
  answer(ACK);
  uint8_t count = get();
  if (count == 0xFF)
    return get() == 0x00 && chip_mass_erase() == DFU_OK;
  return get_checked(serial_buffer, count + 1u, count) && serial_erase(serial_buffer, count + 1u, 1);
}

/* Two bytes each; 0xFFFF = all of it. More pages than the buffer holds are refused (ASSUMED: no host sends so many). */
static bool extended_erase(void)
{
  answer(ACK);
  uint8_t high = get();
  uint8_t low = get();
  uint32_t count = ((uint32_t)high << 8 | low) + 1u;
  uint8_t sum = high ^ low;
  if (high == 0xFF)
    return get() == sum && low == 0xFF && chip_mass_erase() == DFU_OK;
  if (2u * count > sizeof serial_buffer)
    return false;
  /* AN4221, AN4286: the count has a checksum of its own, and is acknowledged. */
  if (on_bus) {
    if (get() != sum)
      return false;
    answer(ACK);
    sum = 0;
  }
  return get_checked(serial_buffer, 2u * count, sum) && serial_erase(serial_buffer, count, 2);
}

/* The second ACK tells of the end; here it goes out before, because the hardware's way ends in a reset. */
static bool readout_unprotect(void)
{
  answer(ACK);
  answer(ACK);
  flush();
  chip_read_unprotect();
  system_reset();
}

/* The stand-in never protects pages: there is nothing to take back but the reset. */
static bool write_unprotect(void)
{
  answer(ACK);
  answer(ACK);
  flush();
  system_reset();
}

/* AN3155: with read protection these alone are executed. */
static bool always_allowed(uint8_t command)
{
  return command <= GET_ID || command == READOUT_UNPROTECT;
}

static bool execute(uint8_t command)
{
  if (chip_read_protected() && !always_allowed(command))
    return false;
  switch (command) {
  case GET:
    return get_commands();
  case GET_VERSION:
    return get_version();
  case GET_ID:
    return get_id();
  case READ_MEMORY:
    return read_memory();
  case GO:
    return go();
  case WRITE_MEMORY:
    return write_memory();
  case ERASE:
    return SERIAL_VERSION < 0x30u && erase();
  case EXTENDED_ERASE:
    return SERIAL_VERSION >= 0x30u && extended_erase();
  case WRITE_UNPROTECT:
    return write_unprotect();
  case READOUT_UNPROTECT:
    return readout_unprotect();
  default:
    return false;
  }
}

/* Read Memory ends with its data; all others with ACK. */
__attribute__((noreturn)) static void serve(void)
{
  for (;;) {
    uint8_t command = on_bus ? bus_command() : get();
    bool good = (command ^ get()) == 0xFF && execute(command);
    if (!good)
      answer(NACK);
    else if (command != READ_MEMORY)
      answer(ACK);
  }
}

void serial_serve(uint32_t index)
{
  uint32_t clocks;
  do
    clocks = seven_bits(&interface_table.rx[index]);
  while (clocks == 0);
#if HAS_USB
  usb_stop();
#endif
  usart_open(index, clocks);
  put(ACK);
  serve();
}

#if SERVES_I2C || SERVES_SPI
void serial_serve_bus(uint32_t flag)
{
  on_bus = true;
  bus_open(flag);
  serve();
}
#endif
