/*
 * A small preemptive kernel and what firmware builds on one: a tick each millisecond, four tasks of different priority with stacks of their own (PSP), switches
 * in PendSV with the FPU's registers where there is one, queues that block, a delay. Samples pass from a producer through a filter to a consumer; a
 * fourth task wakes at each tick. Ends with 0 if the checksum of what the consumer got is the expected one (computed by the same arithmetic on a PC).
 */
#include <stdint.h>

/* Thousands of samples; the bench writes another number here before it loads the file. */
const volatile uint32_t repeats = 1;
/* Core cycles of a tick, less one. */
const volatile uint32_t tick_reload = 79999;
#define SAMPLES 1000u

struct sample {
  uint32_t number;
  float value;
};

/* ---- arithmetic, the same on a PC ---- */
struct filter {
  float x1, x2, y1, y2;
};
static float biquad(struct filter *f, float x) {
  float y = 0.0675f * x + 0.1349f * f->x1 + 0.0675f * f->x2 + 1.1430f * f->y1 - 0.4128f * f->y2;
  f->x2 = f->x1;
  f->x1 = x;
  f->y2 = f->y1;
  f->y1 = y;
  return y;
}
static struct sample produce(uint32_t number, uint32_t *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  int32_t noise = (int32_t)(*seed >> 16) - 32768;
  return (struct sample){number, (float)noise / 32768.0f + ((number & 63u) < 32u ? 0.5f : -0.5f)};
}
static struct filter stages[4];
static struct sample transform(struct sample s) {
  for (int i = 0; i < 4; i++) s.value = biquad(&stages[i], s.value);
  return s;
}
static uint32_t consume(uint32_t sum, struct sample s) {
  int32_t level = (int32_t)(s.value * 65536.0f);
  return (((sum << 5) | (sum >> 27)) ^ ((uint32_t)level + s.number * 0x9e3779b1u));
}

#ifdef PRINT
#include <stdio.h>
int main(void) {
  uint32_t seed = 1, sum = 0;
  for (uint32_t i = 0; i < SAMPLES; i++) sum = consume(sum, transform(produce(i, &seed)));
  printf("0x%x\n", sum);
}
#else

/* ---- the kernel ---- */
#define REG(address) (*(volatile uint32_t *)(address))
#define PEND_SWITCH() (REG(0xe000ed04) = 1u << 28)
void set_up(void);
void SysTick_Handler(void);
void SVC_Handler(void);
void PendSV_Handler(void);

#if __ARM_ARCH_6M__
static inline void enter_critical(void) { __asm volatile("cpsid i" ::: "memory"); }
static inline void leave_critical(void) { __asm volatile("cpsie i" ::: "memory"); }
#else
static inline void enter_critical(void) { __asm volatile("msr basepri, %0\n isb\n dsb" ::"r"(0x40) : "memory"); }
static inline void leave_critical(void) { __asm volatile("msr basepri, %0" ::"r"(0) : "memory"); }
#endif

struct list;
struct task {
  uint32_t *sp; /* first: PendSV finds it there */
  struct task *next;
  uint32_t priority; /* 0 runs first */
  uint32_t wake;
};
struct queue {
  struct sample slots[8];
  uint32_t first, count;
  struct task *senders, *receivers;
};
enum { TICKER, CONSUMER, FILTER, PRODUCER, IDLE, TASKS };
static struct task tasks[TASKS];
static uint32_t stacks[TASKS][128] __attribute__((aligned(8)));
static struct task *ready[TASKS];
static struct task *sleeping;
struct task *volatile current;
static volatile uint32_t ticks;
static volatile uint32_t switches;

static void make_ready(struct task *t) {
  ready[t->priority] = t;
  if (t->priority < current->priority) PEND_SWITCH();
}
static void block(struct task **on) {
  struct task *t = current;
  ready[t->priority] = 0;
  t->next = *on;
  *on = t;
  PEND_SWITCH();
}
static void wake_one(struct task **on) {
  struct task *t = *on;
  if (t == 0) return;
  *on = t->next;
  make_ready(t);
}
/* Called in PendSV: the task that runs now. */
__attribute__((used)) void choose(void) {
  uint32_t i = 0;
  while (ready[i] == 0) i++;
  current = ready[i];
  switches++;
}
static void send(struct queue *q, const struct sample *s) {
  enter_critical();
  while (q->count == 8) {
    block(&q->senders);
    leave_critical();
    enter_critical();
  }
  q->slots[(q->first + q->count++) & 7] = *s;
  wake_one(&q->receivers);
  leave_critical();
}
static struct sample receive(struct queue *q) {
  enter_critical();
  while (q->count == 0) {
    block(&q->receivers);
    leave_critical();
    enter_critical();
  }
  struct sample s = q->slots[q->first];
  q->first = (q->first + 1) & 7;
  q->count--;
  wake_one(&q->senders);
  leave_critical();
  return s;
}
static void delay(uint32_t n) {
  enter_critical();
  current->wake = ticks + n;
  block(&sleeping);
  leave_critical();
}
void SysTick_Handler(void) {
  enter_critical();
  ticks++;
  for (struct task **at = &sleeping; *at;) {
    struct task *t = *at;
    if ((int32_t)(ticks - t->wake) < 0) {
      at = &t->next;
      continue;
    }
    *at = t->next;
    make_ready(t);
  }
  leave_critical();
}
#if __ARM_ARCH_6M__
__attribute__((naked)) void PendSV_Handler(void) {
  __asm volatile(
      "ldr r3, =current\n ldr r2, [r3]\n mrs r0, psp\n"
      "sub r0, #32\n str r0, [r2]\n stmia r0!, {r4-r7}\n"
      "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n stmia r0!, {r4-r7}\n"
      "push {r3, lr}\n cpsid i\n bl choose\n cpsie i\n pop {r2, r3}\n mov lr, r3\n"
      "ldr r1, [r2]\n ldr r0, [r1]\n"
      "add r0, #16\n ldmia r0!, {r4-r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n"
      "msr psp, r0\n sub r0, #32\n ldmia r0!, {r4-r7}\n bx lr\n"
      ".ltorg");
}
#else
#ifdef __ARM_FP
#define SAVE_FPU "tst lr, #0x10\n it eq\n vstmdbeq r0!, {s16-s31}\n"
#define RESTORE_FPU "tst lr, #0x10\n it eq\n vldmiaeq r0!, {s16-s31}\n"
#else
#define SAVE_FPU
#define RESTORE_FPU
#endif
__attribute__((naked)) void PendSV_Handler(void) {
  __asm volatile(
      "mrs r0, psp\n isb\n ldr r3, =current\n ldr r2, [r3]\n" SAVE_FPU "stmdb r0!, {r4-r11, lr}\n str r0, [r2]\n"
      "push {r0, r3}\n mov r0, #0x40\n msr basepri, r0\n dsb\n isb\n bl choose\n mov r0, #0\n msr basepri, r0\n pop {r0, r3}\n"
      "ldr r1, [r3]\n ldr r0, [r1]\n ldmia r0!, {r4-r11, lr}\n" RESTORE_FPU "msr psp, r0\n isb\n bx lr\n"
      ".ltorg");
}
#endif
/* The first task: what it has on its stack is dropped, its function is branched to in Thread mode. */
__attribute__((naked)) void SVC_Handler(void) {
#if __ARM_ARCH_6M__
  __asm volatile("ldr r3, =current\n ldr r1, [r3]\n ldr r0, [r1]\n add r0, #32\n msr psp, r0\n ldr r0, =0xfffffffd\n bx r0\n .ltorg");
#else
  __asm volatile("ldr r3, =current\n ldr r1, [r3]\n ldr r0, [r1]\n ldmia r0!, {r4-r11, lr}\n msr psp, r0\n isb\n bx lr\n .ltorg");
#endif
}
static void make_task(uint32_t which, void (*body)(void)) {
  uint32_t *sp = &stacks[which][128];
  *--sp = 0x01000000;
  *--sp = (uint32_t)(uintptr_t)body & ~1u;
  for (int i = 0; i < 6; i++) *--sp = 0; /* LR, R12, R3 to R0 */
#if !__ARM_ARCH_6M__
  *--sp = 0xfffffffd;
#endif
  for (int i = 0; i < 8; i++) *--sp = 0; /* R11 to R4 */
  tasks[which] = (struct task){sp, 0, which, 0};
  ready[which] = &tasks[which];
}

/* ---- the tasks ---- */
static struct queue raw, filtered;
static volatile uint32_t wakes;
static void producer(void) {
  for (;;) {
    uint32_t seed = 1;
    for (uint32_t i = 0; i < SAMPLES; i++) {
      struct sample s = produce(i, &seed);
      send(&raw, &s);
    }
  }
}
static void filter(void) {
  for (uint32_t n = 0;; n++) {
    if (n % SAMPLES == 0)
      for (int i = 0; i < 4; i++) stages[i] = (struct filter){0, 0, 0, 0};
    struct sample s = transform(receive(&raw));
    send(&filtered, &s);
  }
}
static void end(uint32_t code) {
  register uint32_t r0 __asm("r0") = 0x18;
  register uint32_t r1 __asm("r1") = code == 0 ? 0x20026u : 0x20023u;
  __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}
static void consumer(void) {
  for (uint32_t round = 0; round < repeats; round++) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < SAMPLES; i++) sum = consume(sum, receive(&filtered));
    if (sum != EXPECTED) end(1);
  }
  end(0);
  for (;;) {
  }
}
static void ticker(void) {
  for (;;) {
    delay(1);
    wakes++;
  }
}
static void idle(void) {
  for (;;) __asm volatile("wfi");
}

int main(void) {
  set_up();
#ifdef __ARM_FP
  REG(0xe000ed88) |= 0xfu << 20; /* CPACR: CP10 and CP11 */
  __asm volatile("dsb\n isb");
#endif
  static void (*const bodies[TASKS])(void) = {ticker, consumer, filter, producer, idle};
  for (uint32_t i = 0; i < TASKS; i++) make_task(i, bodies[i]);
  current = &tasks[TICKER];
  REG(0xe000ed20) = 0xffff0000; /* SHPR3: PendSV and SysTick yield to everything */
  REG(0xe000e014) = tick_reload;
  REG(0xe000e018) = 0;
  REG(0xe000e010) = 7;
  __asm volatile("svc 0");
  return 1;
}
#endif
