/* AN2606 Tables 133 and 135. TX stays an input until its USART is found (V9.1 and later). */
#include "rom.h"
#include "../common/interfaces.h"
#include "../common/rom_core.h"
#include "regs.h"

static const struct pin_setup PINS[] = {
  { GPIOA, 10, PIN_ALTERNATE, 7, PULL_UP }, /* USART1 RX */
#if !defined CHIP_H723
  { GPIOB, 15, PIN_INPUT, 0, PULL_UP },     /* USART1 RX, second place */
#endif
  { GPIOA, 3, PIN_ALTERNATE, 7, PULL_UP },  /* USART2 RX */
#if defined CHIP_H723
  { GPIOB, 11, PIN_ALTERNATE, 7, PULL_DOWN }, /* USART3 RX */
  { GPIOD, 9, PIN_ALTERNATE, 7, PULL_DOWN },  /* USART3 RX, second place */
#else
  { GPIOB, 11, PIN_ALTERNATE, 7, PULL_UP }, /* USART3 RX */
#endif
  { GPIOB, 6, PIN_OPEN_DRAIN, 4, PULL_NONE }, { GPIOB, 9, PIN_OPEN_DRAIN, 4, PULL_NONE }, /* I2C1 SCL, SDA */
  { GPIOF, 1, PIN_OPEN_DRAIN, 4, PULL_NONE }, { GPIOF, 0, PIN_OPEN_DRAIN, 4, PULL_NONE }, /* I2C2 */
  { GPIOA, 8, PIN_OPEN_DRAIN, 4, PULL_NONE }, { GPIOC, 9, PIN_OPEN_DRAIN, 4, PULL_NONE }, /* I2C3 */
  { GPIOA, 4, PIN_ALTERNATE, 5, PULL_NONE }, { GPIOA, 5, PIN_ALTERNATE, 5, PULL_NONE },   /* SPI1 NSS, SCK, MISO, MOSI */
  { GPIOA, 6, PIN_ALTERNATE, 5, PULL_NONE }, { GPIOA, 7, PIN_ALTERNATE, 5, PULL_NONE },
#if !defined CHIP_H723
  { GPIOI, 0, PIN_ALTERNATE, 5, PULL_NONE }, { GPIOI, 1, PIN_ALTERNATE, 5, PULL_NONE }, /* SPI2 */
  { GPIOI, 2, PIN_ALTERNATE, 5, PULL_NONE }, { GPIOI, 3, PIN_ALTERNATE, 5, PULL_NONE },
#endif
  { GPIOA, 15, PIN_ALTERNATE, 6, PULL_NONE }, { GPIOC, 10, PIN_ALTERNATE, 6, PULL_NONE }, /* SPI3 */
  { GPIOC, 11, PIN_ALTERNATE, 6, PULL_NONE }, { GPIOC, 12, PIN_ALTERNATE, 6, PULL_NONE },
  { GPIOE, 11, PIN_ALTERNATE, 5, PULL_NONE }, { GPIOE, 12, PIN_ALTERNATE, 5, PULL_NONE }, /* SPI4 */
  { GPIOE, 13, PIN_ALTERNATE, 5, PULL_NONE }, { GPIOE, 14, PIN_ALTERNATE, 5, PULL_NONE },
  { GPIOH, 14, PIN_INPUT, 0, PULL_UP }, /* FDCAN1 RX */
};
#if defined CHIP_H723
static const struct rx_pin RX[] = { { GPIOA, 10 }, { GPIOA, 3 }, { GPIOB, 11 }, { GPIOD, 9 }, { GPIOH, 14 } };
#else
static const struct rx_pin RX[] = { { GPIOA, 10 }, { GPIOB, 15 }, { GPIOA, 3 }, { GPIOB, 11 }, { GPIOH, 14 } };
#endif
static const struct flag FLAGS[] = {
  { I2C1 + I2C_ISR, I2C_ISR_ADDR }, { I2C2 + I2C_ISR, I2C_ISR_ADDR }, { I2C3 + I2C_ISR, I2C_ISR_ADDR }, { SPI1 + SPI_SR, SPI_SR_RXP },
#if !defined CHIP_H723
  { SPI2 + SPI_SR, SPI_SR_RXP },
#endif
  { SPI3 + SPI_SR, SPI_SR_RXP }, { SPI4 + SPI_SR, SPI_SR_RXP },
};
const struct interface_table interface_table = { PINS, RX, FLAGS, COUNT(PINS), COUNT(RX), COUNT(FLAGS) };

void kernel_clocks(void);

void interfaces_open(void)
{
  static const uint32_t I2C[] = { I2C1, I2C2, I2C3 };
#if defined CHIP_H723
  static const uint32_t SPI[] = { SPI1, SPI3, SPI4 };
  RCC_AHB4ENR |= AHB4_GPIOA | AHB4_GPIOB | AHB4_GPIOC | AHB4_GPIOD | AHB4_GPIOE | AHB4_GPIOF | AHB4_GPIOH;
  RCC_APB1LENR |= APB1L_I2C1 | APB1L_I2C2 | APB1L_I2C3 | APB1L_SPI3;
#else
  static const uint32_t SPI[] = { SPI1, SPI2, SPI3, SPI4 };
  RCC_AHB4ENR |= AHB4_GPIOA | AHB4_GPIOB | AHB4_GPIOC | AHB4_GPIOE | AHB4_GPIOF | AHB4_GPIOH | AHB4_GPIOI;
  RCC_APB1LENR |= APB1L_I2C1 | APB1L_I2C2 | APB1L_I2C3 | APB1L_SPI2 | APB1L_SPI3;
#endif
  RCC_APB2ENR |= APB2_SPI1 | APB2_SPI4;
  (void)RCC_APB2ENR;
  kernel_clocks();
  for (uint32_t i = 0; i < COUNT(I2C); i++) {
    I2C_OAR1(I2C[i]) = I2C_OAR1_OA1EN | OWN_ADDRESS << 1;
    I2C_CR1(I2C[i]) = I2C_CR1_PE;
  }
  for (uint32_t i = 0; i < COUNT(SPI); i++)
    SPI_CR1(SPI[i]) = SPI_CR1_SPE; /* slave, 8 bits, mode 0, NSS by hardware: the reset values */
}
