/*
 * Provokes exceptions and prints what it sees, for comparison between QEMU's board models and this emulator. One handler serves all
 * vectors: it records the state, then does what the running case asked for. Built for Cortex-M4, M7 and M33.
 */
typedef unsigned int u32;
#define REG(a) (*(volatile u32 *)(a))
#define ICSR REG(0xE000ED04)
#define VTOR REG(0xE000ED08)
#define AIRCR REG(0xE000ED0C)
#define CCR REG(0xE000ED14)
#define SHPR(n) (*(volatile unsigned char *)(0xE000ED14 + (n)))
#define SHCSR REG(0xE000ED24)
#define CFSR REG(0xE000ED28)
#define HFSR REG(0xE000ED2C)
#define MMFAR REG(0xE000ED34)
#define BFAR REG(0xE000ED38)
#define CPACR REG(0xE000ED88)
#define FPCCR REG(0xE000EF34)
#define FPCAR REG(0xE000EF38)
#define FPDSCR REG(0xE000EF3C)
#define MPU_CTRL REG(0xE000ED94)
#define MPU_RNR REG(0xE000ED98)
#define MPU_RBAR REG(0xE000ED9C)
#define MPU_RASR REG(0xE000EDA0)
#define ISER(n) REG(0xE000E100 + 4 * (n))
#define ICER(n) REG(0xE000E180 + 4 * (n))
#define ISPR(n) REG(0xE000E200 + 4 * (n))
#define ICPR(n) REG(0xE000E280 + 4 * (n))
#define IABR(n) REG(0xE000E300 + 4 * (n))
#define IPR(n) (*(volatile unsigned char *)(0xE000E400 + (n)))
#define UNMAPPED 0x90000000u

void start(void);
void entry(void);
extern u32 stack_top;

__attribute__((section(".vectors"), used)) void *const vectors[16 + 32] = {
  (void *)0x20008000, start, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry,
  entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry,
  entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry };

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

/* What the handler does: after recording, skip `skip` bytes of the stacked PC. */
static volatile u32 skip, depth, action[48], quiet;
static u32 seed;
static u32 rnd(void) { seed = seed * 1664525u + 1013904223u; return seed >> 8; }
static u32 exc_mask(u32 lr) { return lr & ~0x41u; }

__attribute__((noinline)) static void act(u32 what) {
  switch (what) {
  case 1: __asm__ volatile("udf #7"); break;
  case 2: __asm__ volatile("svc #0"); break;
  case 3: (void)REG(UNMAPPED); break;
  case 4: { ICSR = 1u << 28; __asm__ volatile("dsb; isb"); } break;
  case 5: { __asm__ volatile("vmov.f32 s3, #2.0" ::: "s3"); } break;
  case 6: { ISPR(0) = 0x000000ff; __asm__ volatile("dsb; isb"); } break;
  case 7: { u32 c; __asm__ volatile("mrs %0, control\n bic %0, #1\n msr control, %0\n isb" : "=&r"(c)); } break;
  default: break;
  }
}
__attribute__((used)) void handler(u32 *frame, u32 lr, u32 sp) {
  u32 ipsr; __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
  depth++;
  if (quiet) { line[used++] = ' '; line[used++] = 'a' + depth; line[used++] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"[ipsr]; }
  else {
    word(ipsr); word(exc_mask(lr)); word(CFSR); word(HFSR); word(CFSR & 0x80 ? MMFAR : 0); word(CFSR & 0x8000 ? BFAR : 0);
    word(ipsr >= 14 ? 0 : frame[6]); word(frame[7] & ~0x0600fc00u * (ipsr >= 14)); word((u32)frame & 0xff); word(SHCSR & 0xffff); word(ICSR & 0xffbff9ff);
  }
  CFSR = 0xffffffff; HFSR = 0xffffffff;
  if (ipsr >= 3 && ipsr <= 6 && skip) frame[6] += skip;
  u32 a = action[ipsr]; action[ipsr] = 0;
  if (a) { u32 old = skip; if (a == 1) skip = 2; if (a == 3) skip = 2; act(a); skip = old; }
  if (quiet) line[used++] = '-';
  depth--;
}
__attribute__((naked)) void entry(void) {
  __asm__ volatile("tst lr, #4\n ite eq\n mrseq r0, msp\n mrsne r0, psp\n mov r1, lr\n mov r2, sp\n push {r4, lr}\n bl handler\n pop {r4, pc}");
}

/* One fault each, with the instruction size to skip. */
__attribute__((noinline)) static void provoke(u32 n) {
  switch (n) {
  case 0: skip = 2; __asm__ volatile("udf #1"); break;
  case 1: skip = 4; __asm__ volatile("udf.w #1"); break;
  case 2: skip = 4; { register u32 z __asm__("r3") = 0; __asm__ volatile("udiv r2, r3, r3" :: "r"(z) : "r2"); } break;
  case 3: skip = 2; { register u32 z __asm__("r3") = 0x20000101; __asm__ volatile("ldr r2, [r3]" :: "r"(z) : "r2"); } break;
  case 4: skip = 2; { register u32 z __asm__("r3") = UNMAPPED; __asm__ volatile("ldr r2, [r3]" :: "r"(z) : "r2"); } break;
  case 5: skip = 2; { register u32 z __asm__("r3") = 0x20000102; __asm__ volatile("ldmia r3!, {r1, r2}" : "+r"(z) :: "r1", "r2"); } break;
  case 6: skip = 4; __asm__ volatile("mrc p3, 0, r2, c0, c0, 0" ::: "r2"); break;
  case 7: skip = 0; __asm__ volatile("svc #3"); break;
  case 8: skip = 2; __asm__ volatile("it eq\n udfeq #1\n" : : : "cc"); break;
  case 9: skip = 2; __asm__ volatile("cmp r0, r0\n ittee eq\n moveq r2, #1\n udfeq #1\n movne r2, #2\n movne r2, #3\n" ::: "r2", "cc"); break;
  case 10: skip = 4; { u32 old = CPACR; CPACR = 0; __asm__ volatile("dsb; isb; vmov.f32 s3, #2.0"); CPACR = old; __asm__ volatile("dsb; isb"); } break;
  default: break;
  }
}
static void clear(void) {
  for (int i = 0; i < 48; i++) action[i] = 0;
  CFSR = 0xffffffff; HFSR = 0xffffffff; quiet = 0; depth = 0;
}
static void setmask(u32 pri, u32 base, u32 fault) {
  __asm__ volatile("msr basepri, %0" :: "r"(base));
  if (fault) __asm__ volatile("cpsid f"); else __asm__ volatile("cpsie f");
  if (pri) __asm__ volatile("cpsid i"); else __asm__ volatile("cpsie i");
  __asm__ volatile("isb");
}
static void faults(void) {
  for (u32 enabled = 0; enabled < 8; enabled++)
    for (u32 mask = 0; mask < 3; mask++)
      for (u32 n = 0; n < 11; n++) {
        clear();
        SHCSR = enabled << 16; CCR |= 0x18;
        SHPR(4) = 0x40; SHPR(5) = 0x80; SHPR(6) = 0xc0; SHPR(11) = 0x60;
        begin("fault"); word(enabled << 16 | mask << 8 | n);
        setmask(mask == 1, mask == 2 ? 0x80 : 0, 0);
        provoke(n);
        setmask(0, 0, 0);
        end();
      }
  CCR &= ~0x18u;
}
/* Faults inside handlers: SVCall, then PendSV, do one thing each. */
static void nested(void) {
  for (u32 enabled = 0; enabled < 8; enabled++)
    for (u32 a = 1; a <= 4; a++)
      for (u32 p = 0; p < 3; p++) {
        clear();
        SHCSR = enabled << 16;
        SHPR(4) = 0x40; SHPR(5) = p * 0x40; SHPR(6) = p * 0x60; SHPR(11) = 0x40; SHPR(14) = p ? 0x20 : 0x40; SHPR(15) = 0xf0;
        if (a == 2) action[14] = 2; else action[11] = a;
        begin("nested"); word(enabled << 16 | a << 8 | p);
        skip = 2;
        if (a == 2) { skip = 0; ICSR = 1u << 28; __asm__ volatile("dsb; isb"); } else __asm__ volatile("svc #1");
        end();
      }
}
/* Random priorities, grouping, masks and pending sets; the order of entries and exits is the result. */
static void random_order(void) {
  for (u32 n = 0; n < 150; n++) {
    clear(); SHCSR = 7 << 16;
    setmask(1, 0, 0);
    AIRCR = 0x05fa0000 | (rnd() & 7) << 8;
    for (u32 i = 0; i < 32; i++) IPR(i) = rnd() & 0xff;
    SHPR(11) = rnd(); SHPR(14) = rnd(); SHPR(15) = rnd(); SHPR(4) = rnd(); SHPR(5) = rnd(); SHPR(6) = rnd();
    u32 e = rnd() | rnd() << 16, p = rnd() | rnd() << 16, b = n % 3 ? 0 : rnd() & 0xff;
    p &= rnd() | rnd() << 16;
    ICER(0) = 0xffffffff; ICPR(0) = 0xffffffff;
    /* lines that QEMU's devices may drive stay out */
    e &= 0xfff0ff00 | 0xff; p &= 0xfff0ff00 | 0xff;
    ISER(0) = e; ISPR(0) = p;
    if (rnd() & 1) ICSR = 1u << 28;
    if (rnd() & 1) ICSR = 1u << 26;
    for (u32 i = 0; i < 4; i++) action[16 + (rnd() & 31)] = rnd() % 2 ? 4 : 6;
    action[14] = rnd() & 1 ? 6 : 0;
    begin("order"); word(n); word(ICSR & 0xffbff9ff); word(ISPR(0)); word(ISER(0));
    quiet = 1;
    setmask(0, b, 0); __asm__ volatile("isb; nop; nop");
    /* with BASEPRI set QEMU shows exceptions in VECTPENDING that it masks */
    word(ISPR(0)); word(ICSR & (b ? 0xffb809ff : 0xffbff9ff));
    setmask(0, 0, 0); __asm__ volatile("isb; nop; nop");
    quiet = 0;
    word(ISPR(0)); word(IABR(0));
    end();
  }
  ICER(0) = 0xffffffff; ICPR(0) = 0xffffffff; AIRCR = 0x05fa0000;
}
/* FP frames: lazy and eager, from thread and handler. */
static void fp(void) {
  for (u32 mode = 0; mode < 4; mode++)
    for (u32 a = 0; a < 2; a++) {
      clear();
      FPCCR = mode << 30;
      FPDSCR = 0x03000000;
      u32 control; __asm__ volatile("mrs %0, control" : "=r"(control));
      control &= ~4u; __asm__ volatile("msr control, %0; isb" :: "r"(control));
      begin("fp"); word(mode << 8 | a);
      __asm__ volatile("mov r3, #0x3f800000\n vmov s0, r3\n vmov s1, r3\n vmov s15, r3\n vmov s16, r3\n mov r3, #0x00400000\n vmsr fpscr, r3" ::: "r3");
      action[11] = a ? 5 : 0;
      skip = 0;
      u32 f, s;
      __asm__ volatile("mrs %0, control" : "=r"(control)); word(control & 7);
      __asm__ volatile("svc #1");
      __asm__ volatile("mrs %0, control" : "=r"(control)); word(control & 7);
      __asm__ volatile("vmov %0, s3" : "=r"(f)); word(f);
      __asm__ volatile("vmrs %0, fpscr" : "=r"(s)); word(s);
      word(FPCCR & ~0x7fcu); word(FPCAR & 0xff);
      end();
    }
  FPCCR = 0xc0000000;
}
/* Privilege, masks and stack pointers through MSR and MRS. */
static void special(void) {
  static const u32 values[] = { 0, 1, 2, 3, 0x80, 0xff, 0x100, 0xffffffff, 0x20004004, 0x20004003 };
  for (u32 i = 0; i < sizeof values / 4; i++) {
    u32 v = values[i], r;
    begin("special"); word(v);
    __asm__ volatile("msr basepri, %1\n mrs %0, basepri\n" : "=r"(r) : "r"(v)); word(r);
    __asm__ volatile("msr basepri_max, %1\n mrs %0, basepri\n" : "=r"(r) : "r"(0x40)); word(r);
    __asm__ volatile("msr basepri_max, %1\n mrs %0, basepri\n" : "=r"(r) : "r"(v)); word(r);
    __asm__ volatile("msr basepri, %0" :: "r"(0));
    __asm__ volatile("msr primask, %1\n mrs %0, primask\n cpsie i" : "=r"(r) : "r"(v)); word(r);
    __asm__ volatile("msr faultmask, %1\n mrs %0, faultmask\n cpsie f" : "=r"(r) : "r"(v)); word(r);
    __asm__ volatile("msr psp, %1\n mrs %0, psp" : "=r"(r) : "r"(v)); word(r);
    __asm__ volatile("msr apsr_nzcvqg, %1\n mrs %0, apsr" : "=r"(r) : "r"(v) : "cc"); word(r);
    end();
  }
  u32 c, r;
  clear(); SHCSR = 0;
  begin("unprivileged");
  __asm__ volatile("mrs %0, control" : "=r"(c));
  __asm__ volatile("msr control, %0; isb" :: "r"(c | 1));
  __asm__ volatile("mrs %0, primask" : "=r"(r)); word(r);
  __asm__ volatile("msr primask, %1; mrs %0, primask" : "=r"(r) : "r"(1)); word(r);
  __asm__ volatile("cpsid i; mrs %0, primask" : "=r"(r)); word(r);
  __asm__ volatile("mrs %0, msp" : "=r"(r)); word(r);
  __asm__ volatile("mrs %0, control" : "=r"(r)); word(r & 3);
  __asm__ volatile("mrs %0, ipsr" : "=r"(r)); word(r);
  skip = 2;
  { register u32 a __asm__("r3") = 0xE000ED24; __asm__ volatile("ldr r2, [r3]" :: "r"(a) : "r2"); }
  skip = 0;
  /* back to privileged by way of a handler */
  action[11] = 7;
  __asm__ volatile("svc #5");
  end();
}
static u32 pstack[256];
static void psp(void) {
  for (u32 off = 0; off < 3; off++) {
    clear(); skip = 0;
    u32 after;
    begin("psp"); word(off);
    __asm__ volatile("msr psp, %1\n mov r2, #2\n msr control, r2\n isb\n svc #4\n mrs %0, psp\n mov r2, #0\n msr control, r2\n isb"
                     : "=&r"(after) : "r"(&pstack[200] + off) : "r2", "memory");
    word(after - (u32)&pstack[200]);
    end();
  }
}
void start(void) {
  seed = 12345;
  CPACR = 0x00f00000; __asm__ volatile("dsb; isb");
  faults(); nested(); random_order(); fp(); psp(); special();
  semi(0x18, (void *)0x20026);
  for (;;) {}
}
