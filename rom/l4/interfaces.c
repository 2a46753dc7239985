/* AN2606 Table 168 (L476 V10.x: no SPI, no CAN) and Table 172 (L496). TX stays an input until its USART is chosen. */
#include "rom.h"
#if !HAS_TABLES
#include "../common/interfaces.h"
#include "../common/rom_core.h"
#include "regs.h"

#define RX_PULL (HAS_SPI ? PULL_NONE : PULL_UP)

static const struct pin_setup PINS[] = {
  { GPIOA, 10, PIN_INPUT, 0, PULL_NONE }, /* USART1 RX */
  { GPIOA, 3, PIN_INPUT, 0, RX_PULL },    /* USART2 RX */
  { GPIOC, 11, PIN_INPUT, 0, RX_PULL },   /* USART3 RX */
  { GPIOB, 6, PIN_OPEN_DRAIN, 4, PULL_NONE }, { GPIOB, 7, PIN_OPEN_DRAIN, 4, PULL_NONE },   /* I2C1 SCL, SDA */
  { GPIOB, 10, PIN_OPEN_DRAIN, 4, PULL_NONE }, { GPIOB, 11, PIN_OPEN_DRAIN, 4, PULL_NONE }, /* I2C2 */
  { GPIOC, 0, PIN_OPEN_DRAIN, 4, PULL_NONE }, { GPIOC, 1, PIN_OPEN_DRAIN, 4, PULL_NONE },   /* I2C3 */
#if HAS_SPI
  { GPIOA, 4, PIN_ALTERNATE, 5, PULL_DOWN }, { GPIOA, 5, PIN_ALTERNATE, 5, PULL_DOWN }, /* SPI1 NSS, SCK, MISO, MOSI */
  { GPIOA, 6, PIN_ALTERNATE, 5, PULL_DOWN }, { GPIOA, 7, PIN_ALTERNATE, 5, PULL_DOWN },
  { GPIOB, 12, PIN_ALTERNATE, 5, PULL_DOWN }, { GPIOB, 13, PIN_ALTERNATE, 5, PULL_DOWN }, /* SPI2 */
  { GPIOB, 14, PIN_ALTERNATE, 5, PULL_DOWN }, { GPIOB, 15, PIN_ALTERNATE, 5, PULL_DOWN },
#endif
#if SERVES_CAN
  { GPIOB, 8, PIN_INPUT, 0, PULL_UP }, /* CAN1 RX */
#endif
};
#if SERVES_CAN
static const struct rx_pin RX[] = { { GPIOA, 10 }, { GPIOA, 3 }, { GPIOC, 11 }, { GPIOB, 8 } };
#else
static const struct rx_pin RX[] = { { GPIOA, 10 }, { GPIOA, 3 }, { GPIOC, 11 } };
#endif
static const struct flag FLAGS[] = {
  { I2C1 + I2C_ISR, I2C_ISR_ADDR },
  { I2C2 + I2C_ISR, I2C_ISR_ADDR },
  { I2C3 + I2C_ISR, I2C_ISR_ADDR },
#if HAS_SPI
  { SPI1 + SPI_SR, SPI_SR_RXNE },
  { SPI2 + SPI_SR, SPI_SR_RXNE },
#endif
};
const struct interface_table interface_table = { PINS, RX, FLAGS, COUNT(PINS), COUNT(RX), COUNT(FLAGS) };

void interfaces_open(void)
{
  static const uint32_t I2C[] = { I2C1, I2C2, I2C3 };
  RCC_AHB2ENR |= AHB2_GPIOA | AHB2_GPIOB | AHB2_GPIOC;
  RCC_APB1ENR1 |= APB1_I2C1 | APB1_I2C2 | APB1_I2C3;
  (void)RCC_APB1ENR1;
  for (uint32_t i = 0; i < COUNT(I2C); i++) {
    I2C_OAR1(I2C[i]) = I2C_OAR1_OA1EN | OWN_ADDRESS << 1;
    I2C_CR1(I2C[i]) = I2C_CR1_PE;
  }
#if HAS_SPI
  static const uint32_t SPI[] = { SPI1, SPI2 };
  RCC_APB1ENR1 |= APB1_SPI2;
  RCC_APB2ENR |= APB2_SPI1;
  (void)RCC_APB2ENR;
  for (uint32_t i = 0; i < COUNT(SPI); i++) {
    SPI_CR2(SPI[i]) = SPI_CR2_FRXTH_8BIT;
    SPI_CR1(SPI[i]) = SPI_CR1_SPE; /* slave, mode 0, NSS by hardware */
  }
#endif
}
#endif
