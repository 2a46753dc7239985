/* Floating point, printed as hashes and words: C code as a compiler makes it, and single instructions in random FPSCR states. */
#include <stdint.h>

void start(void);
void stray(void);
__attribute__((section(".vectors"), used)) void *const vectors[16] = {
  (void *)(0x20008000), start, stray, stray, stray, stray, stray, 0, 0, 0, 0, stray, stray, 0, stray, stray,
};

static int semihosting(int op, const void *argument) {
  register int r0 __asm__("r0") = op;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}
static void print(const char *name, uint32_t value) {
  char line[48];
  char *p = line;
  while (*name) *p++ = *name++;
  *p++ = ' ';
  for (int i = 28; i >= 0; i -= 4) *p++ = "0123456789abcdef"[(value >> i) & 15];
  *p++ = '\n';
  *p = 0;
  semihosting(4, line);
}
static void leave(void) {
  semihosting(0x18, (void *)0x20026);
  for (;;) { }
}
void stray(void) {
  print("fault", *(volatile uint32_t *)0xe000ed28);
  leave();
}

static uint32_t hash;
static void mix(uint32_t x) { hash = (hash ^ x) * 16777619u; }
static void mixf(float f) { union { float f; uint32_t u; } v = { f }; mix(v.u); }
static void mixd(double d) { union { double d; uint32_t u[2]; } v = { d }; mix(v.u[0]); mix(v.u[1]); }
static void report(const char *name) { print(name, hash); hash = 2166136261u; }

/* no start-up code: nothing is initialised before start() */
static uint32_t seed;
static uint32_t next(void) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed;
}

#define KERNELS(T, SUFFIX, MIX) \
  static T sine##SUFFIX(T x) { \
    T term = x, sum = x; \
    for (int i = 1; i < 12; i++) { term = -term * x * x / (T)(2 * i * (2 * i + 1)); sum += term; } \
    return sum; \
  } \
  static T root##SUFFIX(T x) { \
    T r = x > 1 ? x : 1; \
    for (int i = 0; i < 30; i++) r = (r + x / r) / 2; \
    return r; \
  } \
  static T a##SUFFIX[8][8], b##SUFFIX[8][8], c##SUFFIX[8][8]; \
  static void kernels##SUFFIX(void) { \
    for (int i = 0; i < 40; i++) { MIX(sine##SUFFIX((T)(i - 20) / (T)7)); MIX(root##SUFFIX((T)i * (T)1.1 + (T)0.01)); } \
    for (int i = 0; i < 8; i++) for (int j = 0; j < 8; j++) { a##SUFFIX[i][j] = (T)(int)next() / (T)65536; b##SUFFIX[i][j] = (T)next() * (T)1e-5; } \
    for (int i = 0; i < 8; i++) for (int j = 0; j < 8; j++) { T s = 0; for (int k = 0; k < 8; k++) s += a##SUFFIX[i][k] * b##SUFFIX[k][j]; c##SUFFIX[i][j] = s; } \
    for (int i = 0; i < 8; i++) for (int j = 0; j < 8; j++) MIX(c##SUFFIX[i][j]); \
    for (int y = 0; y < 8; y++) for (int x = 0; x < 8; x++) { \
      T cr = (T)x / 4 - (T)1.5, ci = (T)y / 4 - 1, zr = 0, zi = 0; int n = 0; \
      while (n < 60 && zr * zr + zi * zi < 4) { T t = zr * zr - zi * zi + cr; zi = 2 * zr * zi + ci; zr = t; n++; } \
      mix((uint32_t)n); MIX(zr); \
    } \
    T x = 1, y = 1, z = 1; /* Lorenz: any wrong bit grows */ \
    for (int i = 0; i < 400; i++) { T dx = 10 * (y - x), dy = x * (28 - z) - y, dz = x * y - (T)(8.0 / 3) * z; x += dx / 100; y += dy / 100; z += dz / 100; } \
    MIX(x); MIX(y); MIX(z); \
    mix((uint32_t)(int32_t)(x * 1000)); mix((uint32_t)(y * y)); \
  }
KERNELS(float, f, mixf)
KERNELS(double, d, mixd)

static float many(float a, float b, float c, float d, float e, float f, float g, float h, double i, int depth) {
  if (depth == 0) return a - b + c - d + e - f + g - h + (float)i;
  return many(b, c, d, e, f, g, h, a + 0.5f, i * 1.25, depth - 1) * 0.75f + a;
}

static uint32_t randomFloat(void) {
  uint32_t r = next();
  switch (r & 7) {
    case 0: { static const uint32_t corner[] = { 0, 0x80000000, 1, 0x807fffff, 0x00800000, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00001, 0xff800005, 0x3f800000, 0x4f000000 }; return corner[(r >> 8) % 12]; }
    case 1: return next();
    case 2: return (next() & 0x807fffff) | 0x00800000u * (1 + ((r >> 8) & 15));
    default: return (next() & 0x807fffff) | 0x00800000u * (118 + ((r >> 8) & 31));
  }
}
static uint32_t fpscr(uint32_t set) {
  uint32_t was;
  __asm__ volatile("vmrs %0, fpscr\n vmsr fpscr, %1" : "=&r"(was) : "r"(set) : "memory");
  return was;
}
static uint32_t state;
#define TWO(mnemonic, x, y) ({ uint32_t r_; fpscr(state); __asm__ volatile("vmov s0, %1\n vmov s1, %2\n " mnemonic " s2, s0, s1\n vmov %0, s2" : "=r"(r_) : "r"(x), "r"(y) : "s0", "s1", "s2"); mix(r_); mix(fpscr(0)); })
#define ONE(mnemonic, tail, x) ({ uint32_t r_; fpscr(state); __asm__ volatile("vmov s2, %1\n vmov s0, %1\n " mnemonic " s2, " tail "\n vmov %0, s2" : "=r"(r_) : "r"(x) : "s0", "s2"); mix(r_); mix(fpscr(0)); })
#define ACC(mnemonic, x, y, z) ({ uint32_t r_; fpscr(state); __asm__ volatile("vmov s0, %1\n vmov s1, %2\n vmov s2, %3\n " mnemonic " s2, s0, s1\n vmov %0, s2" : "=r"(r_) : "r"(x), "r"(y), "r"(z) : "s0", "s1", "s2"); mix(r_); mix(fpscr(0)); })

static void instructions(void) {
  for (int i = 0; i < 60; i++) {
    for (int j = 0; j < 40; j++) {
      uint32_t x = randomFloat(), y = randomFloat(), z = randomFloat();
      state = next() & 0xf7c00000u;
      if (j & 1) state = 0x10;
      TWO("vadd.f32", x, y); TWO("vsub.f32", x, y); TWO("vmul.f32", x, y); TWO("vnmul.f32", x, y); TWO("vdiv.f32", x, y);
      ACC("vmla.f32", x, y, z); ACC("vmls.f32", x, y, z); ACC("vnmla.f32", x, y, z); ACC("vnmls.f32", x, y, z);
      ACC("vfma.f32", x, y, z); ACC("vfms.f32", x, y, z); ACC("vfnma.f32", x, y, z); ACC("vfnms.f32", x, y, z);
      ONE("vsqrt.f32", "s0", x); ONE("vcvt.s32.f32", "s0", x); ONE("vcvt.u32.f32", "s0", x); ONE("vcvtr.s32.f32", "s0", x); ONE("vcvtr.u32.f32", "s0", x);
      ONE("vcvt.f32.s32", "s0", x); ONE("vcvt.f32.u32", "s0", x); ONE("vcvtb.f16.f32", "s0", x); ONE("vcvtt.f16.f32", "s0", x); ONE("vcvtb.f32.f16", "s0", x); ONE("vcvtt.f32.f16", "s0", x);
      ONE("vcvt.s32.f32", "s2, #9", x); ONE("vcvt.u16.f32", "s2, #3", x); ONE("vcvt.s16.f32", "s2, #16", x);
      ONE("vcvt.f32.s32", "s2, #31", x); ONE("vcvt.f32.u32", "s2, #1", x); ONE("vcvt.f32.u16", "s2, #16", x); ONE("vcvt.f32.s16", "s2, #2", x);
      ONE("vcmp.f32", "s0", x); ONE("vcmpe.f32", "#0", x); TWO("vcmpe.f32 s0, s1\n vmov s2, s0 @", x, y);
    }
    report("instructions");
  }
}

__attribute__((noreturn)) void start(void) {
  *(volatile uint32_t *)0xe000ed88 |= 0xf << 20;
  __asm__ volatile("dsb\n isb");
  hash = 2166136261u;
  seed = 12345;
  kernelsf();
  report("single");
  kernelsd();
  report("double");
  for (int i = 0; i < 8; i++) mixf(many((float)i, 1, 2, 3, 4, 5, 6, 7, 0.1, 9));
  report("calls");
  fpscr(0);
  instructions();
  leave();
  for (;;) { }
}
