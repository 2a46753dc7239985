#include "hse.h"
#include "cortex_m.h"
#include "rom_core.h"

#define TIM_CR1(t) REG((t) + 0x00u)
#define CR1_CEN BIT(0)
#define TIM_SR(t) REG((t) + 0x10u)
#define SR_UIF BIT(0)
#define SR_CC1IF BIT(1)
#define TIM_EGR(t) REG((t) + 0x14u)
#define EGR_UG BIT(0)
#define TIM_CCMR1(t) REG((t) + 0x18u)
#define CCMR1_TI1_DIV8 (1u | 3u << 2) /* CC1S = TI1, IC1PSC: every eighth edge */
#define TIM_CCER(t) REG((t) + 0x20u)
#define CCER_CC1E BIT(0)
#define TIM_PSC(t) REG((t) + 0x28u)
#define TIM_ARR(t) REG((t) + 0x2Cu)
#define TIM_CCR1(t) REG((t) + 0x34u)

#define EDGES 8u
#define INTERVALS 8u

#define TICK_US 10u

bool hse_start(volatile uint32_t *cr, uint32_t on, uint32_t ready, uint32_t timer, uint32_t timer_khz, uint32_t us)
{
  TIM_PSC(timer) = timer_khz * TICK_US / 1000u - 1u;
  TIM_ARR(timer) = us / TICK_US - 1u;
  TIM_EGR(timer) = EGR_UG; /* takes both, and sets UIF */
  TIM_SR(timer) = 0;
  *cr |= on;
  TIM_CR1(timer) = CR1_CEN;
  while (!(*cr & ready) && !(TIM_SR(timer) & SR_UIF))
    ;
  TIM_CR1(timer) = 0;
  return *cr & ready;
}

static bool capture(uint32_t timer, uint16_t *at)
{
  if (!wait_for(&TIM_SR(timer), SR_CC1IF, SR_CC1IF))
    return false;
  *at = (uint16_t)TIM_CCR1(timer); /* the read clears CC1IF */
  return true;
}

uint32_t hse_khz(uint32_t timer, uint32_t timer_khz, uint32_t divider)
{
  uint16_t before, now;
  uint32_t ticks = 0;
  TIM_PSC(timer) = 0;
  TIM_ARR(timer) = 0xFFFFu;
  TIM_EGR(timer) = EGR_UG;
  TIM_CCMR1(timer) = CCMR1_TI1_DIV8;
  TIM_CCER(timer) = CCER_CC1E;
  TIM_SR(timer) = 0;
  TIM_CR1(timer) = CR1_CEN;
  bool good = capture(timer, &before);
  for (uint32_t i = 0; i < INTERVALS && good; i++) {
    good = capture(timer, &now);
    ticks += (uint16_t)(now - before);
    before = now;
  }
  TIM_CR1(timer) = 0;
  TIM_CCER(timer) = 0;
  if (!good || ticks == 0)
    return 0;
  return timer_khz * divider * EDGES * INTERVALS / ticks;
}

uint32_t hse_mhz(uint32_t timer, uint32_t timer_khz, uint32_t divider)
{
  return (hse_khz(timer, timer_khz, divider) + 500u) / 1000u;
}
