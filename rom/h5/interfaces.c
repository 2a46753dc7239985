/* AN2606 Tables 124 and 127; LEFT OUT: FDCAN2 and I3C1. TX stays an input until its USART is chosen. */
#include "rom.h"
#include "../common/interfaces.h"
#include "../common/rom_core.h"
#include "regs.h"

static const struct pin_setup PINS[] = {
  { GPIOA, 10, PIN_ALTERNATE, 7, PULL_UP },  /* USART1 RX */
  { GPIOA, 3, PIN_ALTERNATE, 7, PULL_UP },   /* USART2 RX */
  { GPIOD, 9, PIN_ALTERNATE, 7, PULL_DOWN }, /* USART3 RX */
#if defined CHIP_H563
  { GPIOD, 12, PIN_OPEN_DRAIN, 4, PULL_UP }, { GPIOD, 13, PIN_OPEN_DRAIN, 4, PULL_UP },     /* I2C4 SCL, SDA */
#else
  { GPIOB, 8, PIN_OPEN_DRAIN, 4, PULL_UP }, { GPIOB, 9, PIN_OPEN_DRAIN, 4, PULL_UP },       /* I2C1 SCL, SDA */
#endif
  { GPIOA, 8, PIN_OPEN_DRAIN, 4, PULL_UP }, { GPIOC, 9, PIN_OPEN_DRAIN, 4, PULL_UP },       /* I2C3 */
  { GPIOA, 4, PIN_ALTERNATE, 5, PULL_NONE }, { GPIOA, 5, PIN_ALTERNATE, 5, PULL_NONE },     /* SPI1 NSS, SCK, MISO, MOSI */
  { GPIOA, 6, PIN_ALTERNATE, 5, PULL_NONE }, { GPIOA, 7, PIN_ALTERNATE, 5, PULL_NONE },
  { GPIOB, 12, PIN_ALTERNATE, 5, PULL_NONE }, { GPIOB, 10, PIN_ALTERNATE, 5, PULL_NONE },   /* SPI2 */
  { GPIOB, 14, PIN_ALTERNATE, 5, PULL_NONE }, { GPIOC, 1, PIN_ALTERNATE, 5, PULL_NONE },
  { GPIOA, 15, PIN_ALTERNATE, 6, PULL_NONE }, { GPIOC, 10, PIN_ALTERNATE, 6, PULL_NONE },   /* SPI3 */
  { GPIOC, 11, PIN_ALTERNATE, 6, PULL_NONE }, { GPIOC, 12, PIN_ALTERNATE, 6, PULL_NONE },
};
static const struct rx_pin RX[] = { { GPIOA, 10 }, { GPIOA, 3 }, { GPIOD, 9 } };
static const struct flag FLAGS[] = {
  { I2C_FIRST + I2C_ISR, I2C_ISR_ADDR }, { I2C3 + I2C_ISR, I2C_ISR_ADDR },
  { SPI1 + SPI_SR, SPI_SR_RXP }, { SPI2 + SPI_SR, SPI_SR_RXP }, { SPI3 + SPI_SR, SPI_SR_RXP },
};
const struct interface_table interface_table = { PINS, RX, FLAGS, COUNT(PINS), COUNT(RX), COUNT(FLAGS) };

void interfaces_open(void)
{
  static const uint32_t I2C[] = { I2C_FIRST, I2C3 };
  static const uint32_t SPI[] = { SPI1, SPI2, SPI3 };
  RCC_AHB2ENR |= AHB2_GPIOA | AHB2_GPIOB | AHB2_GPIOC | AHB2_GPIOD;
  RCC_APB1LENR |= APB1L_I2C_FIRST | APB1L_SPI2 | APB1L_SPI3;
  RCC_APB2ENR |= APB2_SPI1;
  RCC_APB3ENR |= APB3_I2C3 | APB3_I2C_FIRST;
  (void)RCC_APB3ENR;
  for (uint32_t i = 0; i < COUNT(I2C); i++) {
    I2C_OAR1(I2C[i]) = I2C_OAR1_OA1EN | OWN_ADDRESS << 1;
    I2C_CR1(I2C[i]) = I2C_CR1_PE;
  }
  for (uint32_t i = 0; i < COUNT(SPI); i++)
    SPI_CR1(SPI[i]) = SPI_CR1_SPE; /* slave, 8 bits, mode 0, NSS by hardware: the reset values */
}
