/* AN2606 Table 45: USART1_RX on PA10, an input without a pull, as a reset leaves it. Table 47 (F105, F107): USART2_RX on PD6 too (LEFT OUT: CAN2 on PB5). */
#include "rom.h"
#include "../common/interfaces.h"
#include "../common/rom_core.h"
#include "regs.h"

/* IDR lies eight bytes lower here than in the other families' GPIO, for which interfaces.h is. */
static const struct rx_pin RX[] = {
  { GPIOA - 8u, 10 },
#if defined F105
  { GPIOD - 8u, 6 },
#endif
};
const struct interface_table interface_table = { 0, RX, 0, 0, COUNT(RX), 0 };

#define GPIOA_CRH REG(GPIOA + 4u)
#define CRH_PA10 (15u << 8)
#define CRH_PA10_FLOATING (4u << 8)

void interfaces_open(void)
{
  RCC_APB2ENR |= APB2_GPIOA;
#if defined F105
  RCC_APB2ENR |= APB2_GPIOD;
#endif
  (void)RCC_APB2ENR;
  GPIOA_CRH = (GPIOA_CRH & ~CRH_PA10) | CRH_PA10_FLOATING;
}
