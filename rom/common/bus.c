/*
 * AN4221 (I2C): what serial.c reads and writes, as bytes of transfers in either direction; SCL is stretched meanwhile. AN4286 (SPI): the host sends 0x5A and finds 0xA5,
 * begins each command with 0x5A, polls an answer with bytes of its own until it has it and then sends 0x79. ASSUMED: one byte that counts for nothing in front of data.
 * LEFT OUT: the commands without stretching (0x32 and others), DMA, Get Checksum.
 */
#include "rom.h"
#include "bus.h"
#include "cortex_m.h"
#include "interfaces.h"
#include "rom_core.h"

enum { SYNCHRONISATION = 0x5A, SYNCHRONISED = 0xA5, HOST_HAS_IT = 0x79 };

#define IS_SPI(flag) (SERVES_SPI && (!SERVES_I2C || ((flag)->mask & BIT(0)))) /* RXNE; I2C has ADDR there */
#if defined SPI_V3
#define SPI_SR 0x14u
#define SPI_TX 0x20u
#define SPI_RX 0x30u
#else
#define SPI_SR 0x08u
#define SPI_TX 0x0Cu
#define SPI_RX 0x0Cu
#endif
#define SPI_RXNE BIT(0)

static uint32_t base;
static bool spi;

#if SERVES_SPI
static uint8_t spi_get(void)
{
  while (!(REG(base + SPI_SR) & SPI_RXNE))
    iwdg_refresh();
  return REG8(base + SPI_RX);
}

static uint8_t spi_exchange(uint8_t byte)
{
  REG8(base + SPI_TX) = byte;
  return spi_get();
}

bool bus_synchronised(uint32_t flag)
{
  const struct flag *f = &interface_table.flags[flag];
  return !IS_SPI(f) || REG8(f->address - SPI_SR + SPI_RX) == SYNCHRONISATION;
}
#endif

#if SERVES_I2C
#if I2C_V1
#define I2C_CR1 REG(base + 0x00u)
#define I2C_DR REG(base + 0x10u)
#define I2C_SR1 REG(base + 0x14u)
#define I2C_SR2 REG(base + 0x18u)
#define I2C_STATUS 0x14u
#define SR1_ADDR BIT(1)
#define SR1_BTF BIT(2)
#define SR1_STOPF BIT(4)
#define SR1_RXNE BIT(6)
#define SR1_TXE BIT(7)
#define SR1_AF BIT(10)

/* Waits for one of the flags; what the bus does meanwhile is acknowledged. */
static void i2c_wait(uint32_t flags)
{
  for (;;) {
    uint32_t sr1 = I2C_SR1;
    if (sr1 & SR1_ADDR)
      (void)I2C_SR2;
    if (sr1 & flags)
      return;
    if (sr1 & SR1_AF)
      I2C_SR1 = ~SR1_AF;
    if (sr1 & SR1_STOPF)
      I2C_CR1 = I2C_CR1;
    iwdg_refresh();
  }
}

static uint8_t i2c_get(void)
{
  i2c_wait(SR1_RXNE);
  return (uint8_t)I2C_DR;
}

/* DR is lost with the next address: the byte has gone when the host wants another or no more. */
static void i2c_put(uint8_t byte)
{
  i2c_wait(SR1_TXE);
  I2C_DR = byte;
  i2c_wait(SR1_BTF | SR1_AF);
  if (I2C_SR1 & SR1_AF)
    I2C_SR1 = ~SR1_AF;
}
#else
#define I2C_ISR REG(base + 0x18u)
#define I2C_ICR REG(base + 0x1Cu)
#define I2C_RXDR REG(base + 0x24u)
#define I2C_TXDR REG(base + 0x28u)
#define I2C_STATUS 0x18u
#define ISR_TXIS BIT(1)
#define ISR_RXNE BIT(2)
#define ISR_ADDR BIT(3)
#define ISR_NACKF BIT(4)
#define ISR_STOPF BIT(5)

static void i2c_wait(uint32_t flags)
{
  uint32_t isr;
  while (!((isr = I2C_ISR) & flags)) {
    if (isr & (ISR_ADDR | ISR_NACKF | ISR_STOPF))
      I2C_ICR = isr & (ISR_ADDR | ISR_NACKF | ISR_STOPF);
    iwdg_refresh();
  }
}

static uint8_t i2c_get(void)
{
  i2c_wait(ISR_RXNE);
  return (uint8_t)I2C_RXDR;
}

/* What the host does not fetch in this transfer it gets in the next. */
static void i2c_put(uint8_t byte)
{
  i2c_wait(ISR_TXIS);
  I2C_TXDR = byte;
}
#endif
#endif

void bus_open(uint32_t flag)
{
  const struct flag *f = &interface_table.flags[flag];
  spi = IS_SPI(f);
#if SERVES_SPI
  if (spi) {
    base = f->address - SPI_SR;
    (void)spi_exchange(SYNCHRONISED);
    bus_answer(HOST_HAS_IT); /* ACK is the same byte */
    return;
  }
#endif
#if SERVES_I2C
  base = f->address - I2C_STATUS;
#endif
}

uint8_t bus_get(void)
{
#if SERVES_SPI
  if (spi)
    return spi_get();
#endif
#if SERVES_I2C
  return i2c_get();
#else
  return 0;
#endif
}

void bus_put(uint8_t byte)
{
#if SERVES_SPI
  if (spi) {
    (void)spi_exchange(byte);
    return;
  }
#endif
#if SERVES_I2C
  i2c_put(byte);
#endif
}

void bus_answer(uint8_t code)
{
#if SERVES_SPI
  if (spi) {
    while (spi_exchange(code) != HOST_HAS_IT)
      ;
    return;
  }
#endif
  bus_put(code);
}

uint8_t bus_command(void)
{
  while (spi && bus_get() != SYNCHRONISATION)
    ;
  return bus_get();
}

void bus_data(void)
{
  if (spi)
    bus_put(0);
}
