/*
 * The interfaces beside USB as the chip's generated configuration has them: ROM_PINS, ROM_RX, ROM_I2C, ROM_SPI and the gates and resets of their blocks.
 */
#include "rom.h"
#include "cortex_m.h"
#include "interfaces.h"
#include "rom_core.h"

/* Registers of I2C and SPI: the first versions (F1, F2, F4, L1) and the later ones. */
#define I2C_CR1(base) REG((base) + 0x00u)
#define I2C_CR1_PE BIT(0)
#if I2C_V1
#define I2C_CR1_ACK BIT(10)
#define I2C_CR2(base) REG((base) + 0x04u)
#define I2C_OAR1(base) REG((base) + 0x08u)
#define I2C_OAR1_BIT14 BIT(14) /* to be kept at 1 */
#define I2C_FLAGS 0x14u
#define I2C_ADDR BIT(1)
#else
#define I2C_OAR1(base) REG((base) + 0x08u)
#define I2C_OAR1_OA1EN BIT(15)
#define I2C_FLAGS 0x18u
#define I2C_ADDR BIT(3)
#endif
#define SPI_CR1(base) REG((base) + 0x00u)
#if defined SPI_V3 /* H5, H7, U5 */
#define SPI_CR1_SPE BIT(0)
#define SPI_SR 0x14u
#else
#define SPI_CR1_SPE BIT(6)
#define SPI_CR2(base) REG((base) + 0x04u)
#define SPI_CR2_FRXTH_8BIT BIT(12)
#define SPI_SR 0x08u
#endif
#define SPI_SR_RXNE BIT(0) /* RXP */

struct gate {
  uint32_t address;
  uint32_t bits;
};
static const struct gate CLOCKS[] = { ROM_CLOCKS };
static const struct gate RESETS[] = { ROM_RESETS };
static const struct pin_setup PINS[] = { ROM_PINS };
static const struct rx_pin RX[] = { ROM_RX };
static const struct flag FLAGS[] = { ROM_FLAGS };
const struct interface_table interface_table = { PINS, RX, FLAGS, COUNT(PINS), COUNT(RX), COUNT(FLAGS) };

void interfaces_reset(void)
{
  for (uint32_t i = 0; i < COUNT(RESETS); i++)
    reset_pulse((volatile uint32_t *)RESETS[i].address, RESETS[i].bits);
}

void interfaces_open(void)
{
  for (uint32_t i = 0; i < COUNT(CLOCKS); i++) {
    REG(CLOCKS[i].address) |= CLOCKS[i].bits;
    (void)REG(CLOCKS[i].address);
  }
#if HAS_I2C
  static const uint32_t I2C[] = { ROM_I2C };
  for (uint32_t i = 0; i < COUNT(I2C); i++) {
#if I2C_V1
    I2C_CR2(I2C[i]) = 30u; /* MHz of APB1 */
    I2C_OAR1(I2C[i]) = I2C_OAR1_BIT14 | OWN_ADDRESS << 1;
    I2C_CR1(I2C[i]) = I2C_CR1_PE;
    I2C_CR1(I2C[i]) = I2C_CR1_PE | I2C_CR1_ACK;
#else
    I2C_OAR1(I2C[i]) = I2C_OAR1_OA1EN | OWN_ADDRESS << 1;
    I2C_CR1(I2C[i]) = I2C_CR1_PE;
#endif
  }
#endif
#if HAS_SPI
  static const uint32_t SPI[] = { ROM_SPI };
  for (uint32_t i = 0; i < COUNT(SPI); i++) {
#if !I2C_V1 && !defined SPI_V3
    SPI_CR2(SPI[i]) = SPI_CR2_FRXTH_8BIT;
#endif
    SPI_CR1(SPI[i]) = SPI_CR1_SPE; /* slave, 8 bits, mode 0, NSS by hardware */
  }
#endif
}

void interfaces_close(void)
{
  for (uint32_t i = 0; i < COUNT(CLOCKS); i++)
    REG(CLOCKS[i].address) &= ~CLOCKS[i].bits;
}
