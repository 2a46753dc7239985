/*
 * Random MPU setups, probed privileged and unprivileged by loads, stores and branches; prints which probes fault and how. Built for
 * Cortex-M4 and M7 (PMSAv7) and M33 (PMSAv8).
 */
typedef unsigned int u32;
#define REG(a) (*(volatile u32 *)(a))
#define SHCSR REG(0xE000ED24)
#define CFSR REG(0xE000ED28)
#define MMFAR REG(0xE000ED34)
#define MPU_CTRL REG(0xE000ED94)
#define MPU_RNR REG(0xE000ED98)
#define MPU_RBAR REG(0xE000ED9C)
#define MPU_RASR REG(0xE000EDA0)

void start(void);
void entry(void);
__attribute__((section(".vectors"), used)) void *const vectors[16] = {
  (void *)0x20008000, start, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry };

static char line[4096];
static u32 used;
static void semi(u32 op, const void *arg) {
  register u32 r0 __asm__("r0") = op; register const void *r1 __asm__("r1") = arg;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}
static void word(u32 v) {
  line[used++] = ' ';
  for (int i = 28; i >= 0; i -= 4) line[used++] = "0123456789abcdef"[(v >> i) & 15];
}
static void begin(const char *name) { used = 0; while (*name) line[used++] = *name++; }
static void end(void) { line[used++] = '\n'; line[used] = 0; semi(4, line); }
static u32 seed, area;
static u32 rnd(void) { seed = seed * 1664525u + 1013904223u; return seed >> 8; }

/* Result of the last probe: CFSR, and MMFAR if valid. The handler goes on at `resume` in privileged mode. */
static volatile u32 seen, where, resume;
__attribute__((used)) void handler(u32 *frame) {
  u32 ipsr; __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
  if (ipsr != 11) {
    seen = CFSR; where = CFSR & 0x80 ? MMFAR : 0;
    CFSR = 0xffffffff;
    frame[6] = resume;
    frame[7] |= 1u << 24;
  }
  __asm__ volatile("msr control, %0; isb" :: "r"(0));
}
__attribute__((naked)) void entry(void) { __asm__ volatile("mrs r0, msp\n push {r4, lr}\n bl handler\n pop {r4, pc}"); }

/* kind: 0 load, 1 store (of BX LR twice), 2 branch to it */
__attribute__((noinline, naked)) static void probe(u32 address, u32 kind, u32 unprivileged) {
  __asm__ volatile(
    "push {r4-r7, lr}\n"
    "ldr r3, =resume\n adr r4, 1f\n str r4, [r3]\n"
    "msr control, r2\n isb\n"
    "cmp r1, #1\n bgt 3f\n beq 2f\n"
    "ldr r5, [r0]\n b 4f\n"
    "2: ldr r5, =0x47704770\n str r5, [r0]\n b 4f\n"
    "3: adds r0, #1\n blx r0\n"
    "4: svc #0\n"
    ".align 2\n"
    "1: pop {r4-r7, pc}\n .ltorg\n");
}
static void setup(u32 v8) {
  u32 regions = 8;
  for (u32 n = 0; n < regions; n++) {
    MPU_RNR = n;
    if (v8) {
      MPU_RASR = 0;
      u32 base = area + 0x1000 + (rnd() & 0x3fe0), limit = base + (rnd() & 0x1fe0);
      MPU_RBAR = base | (rnd() & 0x1f & ~0x18);
      MPU_RASR = n < 5 ? (limit & ~31u) | (rnd() & 1) : 0;
    } else {
      u32 log2 = 5 + rnd() % 10;
      MPU_RASR = 0;
      MPU_RBAR = (area + (rnd() & 0x7fe0)) & ~((1u << log2) - 1);
      u32 ap = rnd() & 7;
      if (ap == 4) ap = 3;
      MPU_RASR = n < 6 ? (rnd() & 1) << 28 | ap << 24 | 0x00050000 | (log2 >= 8 ? (rnd() & rnd() & 0xff) << 8 : 0) | (log2 - 1) << 1 | (rnd() & 3 ? 1 : 0) : 0;
    }
  }
  /* the program itself: flash and the low part of RAM, for everyone */
  MPU_RNR = 6;
  if (v8) { MPU_RBAR = ((u32)vectors & 0x10000000) | 2; MPU_RASR = ((u32)vectors & 0x10000000) | 0x3ffe1; }
  else { MPU_RBAR = 0; MPU_RASR = 3u << 24 | 0x00050000 | 17 << 1 | 1; }
  MPU_RNR = 7;
  if (v8) { MPU_RBAR = 0x20000000 | 3; MPU_RASR = 0x20007fe1; }
  else { MPU_RBAR = 0x20000000; MPU_RASR = 1u << 28 | 3u << 24 | 0x00050000 | 14 << 1 | 1; }
}
void start(void) {
  seed = 99;
  SHCSR = 7 << 16;
  u32 v8 = (REG(0xE000ED00) & 0xfff0) == 0xd210;
  /* the Cortex-M33 board has more memory elsewhere */
  area = v8 ? 0x38008000 : 0x20008000;
  for (u32 a = area; a < area + 0x8000; a += 4) REG(a) = 0x47704770;
  for (u32 n = 0; n < 330; n++) {
    MPU_CTRL = 0;
    __asm__ volatile("dsb; isb");
    setup(v8);
    MPU_CTRL = 1 | (rnd() & 1 ? 4 : 0) | (rnd() & 1 ? 2 : 0);
    __asm__ volatile("dsb; isb");
    begin("mpu"); word(n);
    for (u32 i = 0; i < 24; i++) {
      u32 a = area + (rnd() & 0x7ffc), kind = rnd() % 3, unprivileged = rnd() & 1;
      seen = where = 0;
      probe(a, kind, unprivileged);
      word(a << 4 | kind << 1 | unprivileged); word(seen); word(where);
    }
    MPU_CTRL = 0;
    end();
  }
  semi(0x18, (void *)0x20026);
  for (;;) {}
}
