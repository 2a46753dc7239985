/*
 * The same idea as exceptions.c for ARMv6-M, where every fault is a HardFault, priorities have two bits and registers are words: provokes
 * exceptions on QEMU's micro:bit and here, and prints what it sees.
 */
typedef unsigned int u32;
#define REG(a) (*(volatile u32 *)(a))
#define ICSR REG(0xE000ED04)
#define SHPR2 REG(0xE000ED1C)
#define SHPR3 REG(0xE000ED20)
#define ISER REG(0xE000E100)
#define ICER REG(0xE000E180)
#define ISPR REG(0xE000E200)
#define ICPR REG(0xE000E280)
#define IPR(n) REG(0xE000E400 + 4 * (n))
#define UNMAPPED 0x90000000u

void start(void);
void entry(void);

__attribute__((section(".vectors"), used)) void *const vectors[16 + 32] = {
  (void *)0x20004000, start, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry,
  entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry,
  entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry };

static char line[2048];
static u32 used;
static void semi(u32 op, const void *arg) {
  register u32 r0 __asm__("r0") = op;
  register const void *r1 __asm__("r1") = arg;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}
static void word(u32 v) {
  line[used++] = ' ';
  for (int i = 28; i >= 0; i -= 4) line[used++] = "0123456789abcdef"[(v >> i) & 15];
}
static void begin(const char *name) {
  used = 0;
  while (*name) line[used++] = *name++;
}
static void end(void) {
  line[used++] = '\n';
  line[used] = 0;
  semi(4, line);
}

/* What a handler does once: 1 UDF, 2 SVC, 3 a load that no bus answers, 4 pends PendSV, 6 pends eight interrupts. */
static volatile u32 action[48], quiet, depth, skip;
static u32 seed;
static u32 rnd(void) {
  seed = seed * 1664525u + 1013904223u;
  return seed >> 8;
}
static void act(u32 what) {
  switch (what) {
  case 1: __asm__ volatile("udf #7"); break;
  case 2: __asm__ volatile("svc #0"); break;
  case 3: { register u32 z __asm__("r3") = UNMAPPED; __asm__ volatile("ldr r2, [r3]" ::"r"(z) : "r2"); } break;
  case 4: ICSR = 1u << 28; __asm__ volatile("dsb; isb"); break;
  case 6: ISPR = 0xff; __asm__ volatile("dsb; isb"); break;
  default: break;
  }
}
/* VECTPENDING and what QEMU fills beside it (RETTOBASE is no bit of ARMv6-M) are left out of ICSR. */
static u32 icsr(void) { return ICSR & 0xffbff1ff; }
__attribute__((used)) void handler(u32 *frame, u32 lr) {
  u32 ipsr;
  __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
  depth++;
  if (quiet) {
    line[used++] = ' ';
    line[used++] = 'a' + depth;
    line[used++] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"[ipsr];
  } else {
    word(ipsr);
    word(lr);
    for (u32 i = 0; i < 4; i++) word(frame[i]);
    word(ipsr >= 14 ? 0 : frame[6]);
    word(frame[7]);
    word((u32)frame & 0xff);
    word(icsr());
  }
  if (ipsr == 3) frame[6] += skip;
  u32 a = action[ipsr];
  action[ipsr] = 0;
  if (a) {
    u32 old = skip;
    skip = 2;
    act(a);
    skip = old;
  }
  if (quiet) line[used++] = '-';
  depth--;
}
__attribute__((naked)) void entry(void) {
  __asm__ volatile("mov r1, lr\n movs r0, #4\n tst r0, r1\n beq 1f\n mrs r0, psp\n b 2f\n 1: mrs r0, msp\n 2: push {r4, lr}\n bl handler\n pop {r4, pc}");
}

static void clear(void) {
  for (int i = 0; i < 48; i++) action[i] = 0;
  quiet = depth = skip = 0;
}
static void mask(u32 on) {
  if (on) __asm__ volatile("cpsid i; isb"); else __asm__ volatile("cpsie i; isb");
}
static u32 stack[256];
static void onto_psp(u32 *top) { __asm__ volatile("msr psp, %0\n movs r2, #2\n msr control, r2\n isb" ::"r"(top) : "r2", "memory"); }
static void onto_msp(void) { __asm__ volatile("movs r2, #0\n msr control, r2\n isb" ::: "r2", "memory"); }

__attribute__((noinline)) static void provoke(u32 n) {
  register u32 z __asm__("r3");
  switch (n) {
  case 0: skip = 2; __asm__ volatile("udf #1"); break;
  case 1: skip = 4; __asm__ volatile(".inst.w 0xf7f0a001"); break; /* UDF.W */
  case 2: skip = 2; z = 0x20000101; __asm__ volatile("ldr r2, [r3]" ::"r"(z) : "r2"); break;
  case 3: skip = 2; z = 0x20000103; __asm__ volatile("strh r2, [r3]" ::"r"(z) : "r2", "memory"); break;
  case 4: skip = 2; z = 0x20000102; __asm__ volatile("ldmia r3!, {r1, r2}" : "+r"(z)::"r1", "r2"); break;
  case 5: skip = 2; z = UNMAPPED; __asm__ volatile("ldr r2, [r3]" ::"r"(z) : "r2"); break;
  case 6: skip = 2; z = UNMAPPED; __asm__ volatile("ldrb r2, [r3]" ::"r"(z) : "r2"); break;
  case 7: skip = 0; __asm__ volatile("svc #3"); break;
  default: break;
  }
}
static void faults(void) {
  for (u32 how = 0; how < 3; how++)
    for (u32 n = 0; n < 8; n++) {
      clear();
      SHPR2 = 0x40u << 24;
      SHPR3 = 0x80c00000u;
      /* SVC with interrupts masked is a HardFault that returns behind it */
      begin("fault");
      word(how << 8 | n);
      if (how == 1) onto_psp(&stack[200]);
      mask(how == 2);
      provoke(n);
      mask(0);
      onto_msp();
      end();
    }
}
static void nested(void) {
  for (u32 a = 1; a <= 6; a++)
    for (u32 p = 0; p < 4; p++) {
      if (a == 5) continue;
      clear();
      SHPR2 = p << 30;
      SHPR3 = (p ^ 1) << 22 | 3u << 30;
      ICER = ICPR = 0xffffffff;
      ISER = 0xff;
      IPR(0) = 0xc0804000;
      IPR(1) = 0x004080c0;
      begin("nested");
      word(a << 8 | p);
      skip = 2;
      quiet = a == 6;
      if (a == 2) {
        action[14] = 2;
        skip = 0;
        ICSR = 1u << 28;
        __asm__ volatile("dsb; isb");
      } else {
        action[11] = a;
        __asm__ volatile("svc #1");
      }
      quiet = 0;
      word(ISPR);
      word(icsr());
      end();
    }
  ICER = 0xffffffff;
}
/* Random priorities, masks and pending sets; the order of entries and exits is the result. */
static void random_order(void) {
  for (u32 n = 0; n < 200; n++) {
    clear();
    mask(1);
    ICER = ICPR = 0xffffffff;
    for (u32 i = 0; i < 8; i++) IPR(i) = rnd() | rnd() << 16;
    SHPR2 = rnd() << 8;
    SHPR3 = rnd() << 8;
    begin("order");
    word(n);
    for (u32 i = 0; i < 8; i++) word(IPR(i));
    word(SHPR2);
    word(SHPR3);
    u32 e = rnd() | rnd() << 16, p = (rnd() | rnd() << 16) & (rnd() | rnd() << 16);
    ISER = e;
    ISPR = p;
    if (rnd() & 1) ICSR = 1u << 28;
    if (rnd() & 1) ICSR = 1u << 26;
    for (u32 i = 0; i < 4; i++) action[16 + (rnd() & 31)] = rnd() % 2 ? 4 : 6;
    action[14] = rnd() & 1 ? 6 : 0;
    word(icsr());
    word(ISPR);
    word(ISER);
    quiet = 1;
    mask(0);
    __asm__ volatile("nop; nop");
    quiet = 0;
    word(ISPR);
    word(icsr());
    end();
  }
  ICER = ICPR = 0xffffffff;
}
/* The frame is aligned to eight bytes, and xPSR remembers. */
static void alignment(void) {
  for (u32 off = 0; off < 4; off++) {
    clear();
    u32 after;
    begin("psp");
    word(off);
    onto_psp(&stack[200] + off);
    __asm__ volatile("svc #4\n mrs %0, psp" : "=r"(after));
    onto_msp();
    word(after - (u32)&stack[200]);
    end();
  }
}
static void special(void) {
  static const u32 values[] = {0, 1, 2, 3, 0x80, 0xff, 0x100, 0xffffffff, 0x20002004, 0x20002003};
  for (u32 i = 0; i < sizeof values / 4; i++) {
    u32 v = values[i], r;
    begin("special");
    word(v);
    __asm__ volatile("msr primask, %1\n mrs %0, primask\n cpsie i" : "=r"(r) : "r"(v));
    word(r);
    __asm__ volatile("msr psp, %1\n mrs %0, psp" : "=r"(r) : "r"(v));
    word(r);
    /* QEMU keeps a Q bit, which ARMv6-M has not (DDI 0419 B1.4.2) */
    __asm__ volatile("msr apsr_nzcvq, %1\n mrs %0, apsr" : "=r"(r) : "r"(v) : "cc");
    word(r & ~(1u << 27));
    __asm__ volatile("mrs %0, xpsr" : "=r"(r));
    word(r & 0x07ffffff);
    end();
  }
}
void start(void) {
  seed = 4711;
  faults();
  nested();
  random_order();
  alignment();
  special();
  semi(0x18, (void *)0x20026);
  for (;;) {
  }
}
