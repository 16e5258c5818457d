// What Swift cannot say: which instructions this processor has, a spin-wait hint, vector instructions.
#pragma once

#include "SHA256Instructions.h"
#include "TileInstructions.h"

/// Whether the processor and the operating system support x86-64-v3 (AVX2, FMA, F16C and companions).
static inline int processor_has_avx2(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("x86-64-v3") != 0;
#else
  return 0;
#endif
}

/// Whether the processor and the operating system support x86-64-v4 and bfloat16 dot products.
static inline int processor_has_avx512_bfloat16(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("x86-64-v4") != 0 && __builtin_cpu_supports("avx512bf16") != 0;
#else
  return 0;
#endif
}

/// Whether a bfloat16 dot product takes no longer than a fused multiply-add, so that it does twice the work.
///
/// Measured 2026: on Zen 5 it does 1.9 times the operations of float32; on Sapphire Rapids 0.56 times.
static inline int processor_has_fast_bfloat16_dot(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return processor_has_avx512_bfloat16() && __builtin_cpu_is("amd") != 0;
#else
  return 0;
#endif
}

/// Whether additions have units of their own, so that as many of them as of fused multiply-adds run at a time.
///
/// Measured 2026: on Zen 4 eight of each take 1.13 times as long as eight of one kind, on Zen 5 1.26 times; not measured on others.
static inline int processor_adds_beside_multiplying(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_is("amd") != 0;
#else
  return 0;
#endif
}

/// Whether 16-bit integers are multiplied in pairs and summed by one instruction.
static inline int processor_multiplies_shorts(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512vnni") != 0;
#else
  return 0;
#endif
}

/// Asks for a line in the second-level cache.
static inline __attribute__((always_inline)) void processor_prefetch(const void *line) {
  __builtin_prefetch(line, 0, 2);
}

/// Asks for a line in the first-level cache.
static inline __attribute__((always_inline)) void processor_prefetch_first(const void *line) {
  __builtin_prefetch(line, 0, 3);
}

/// Asks for a line in the first-level cache, to be written.
static inline __attribute__((always_inline)) void processor_prefetch_write(void *line) {
  __builtin_prefetch(line, 1, 3);
}

/// Tells the processor that this loop waits for another core.
static inline void processor_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#if defined(__AVX512BF16__)
typedef float ProcessorFloats16 __attribute__((vector_size(64)));
typedef unsigned int ProcessorWords16 __attribute__((vector_size(64)));
typedef __bf16 ProcessorBrainFloats32 __attribute__((vector_size(64)));

/// sums + a₁·b₁ + a₀·b₀ for the two bfloat16 halves of each word.
static inline __attribute__((always_inline)) ProcessorFloats16
processor_dot_bfloat16(ProcessorFloats16 sums, ProcessorWords16 a, ProcessorWords16 b) {
  return __builtin_ia32_dpbf16ps_512(sums, (ProcessorBrainFloats32)a, (ProcessorBrainFloats32)b);
}
#endif

// Operations on whole vectors: Swift's own go lane by lane.
typedef float ProcessorFloats8 __attribute__((vector_size(32)));
typedef double ProcessorDoubles8 __attribute__((vector_size(64)));
typedef float ProcessorNumbers16 __attribute__((vector_size(64)));
typedef unsigned short ProcessorShorts16 __attribute__((vector_size(32)));
typedef unsigned int ProcessorWide16 __attribute__((vector_size(64)));
typedef unsigned short ProcessorHalves32 __attribute__((vector_size(64)));
typedef int ProcessorIntegers8 __attribute__((vector_size(32)));
typedef int ProcessorIntegers16 __attribute__((vector_size(64)));

/// The square root of each number.
static inline __attribute__((always_inline)) ProcessorNumbers16 processor_square_root(ProcessorNumbers16 x) {
  return __builtin_elementwise_sqrt(x);
}

/// The first halves of two vectors, their numbers in turn.
static inline __attribute__((always_inline)) ProcessorNumbers16
processor_interleave_low(ProcessorNumbers16 a, ProcessorNumbers16 b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

/// The second halves of two vectors, their numbers in turn.
static inline __attribute__((always_inline)) ProcessorNumbers16
processor_interleave_high(ProcessorNumbers16 a, ProcessorNumbers16 b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/// The first halves of two vectors of eight, their numbers in turn.
static inline __attribute__((always_inline)) ProcessorFloats8
processor_interleave_low8(ProcessorFloats8 a, ProcessorFloats8 b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

/// The second halves of two vectors of eight, their numbers in turn.
static inline __attribute__((always_inline)) ProcessorFloats8
processor_interleave_high8(ProcessorFloats8 a, ProcessorFloats8 b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/// The larger one of each pair of numbers, NaN left out where the other is a number.
static inline __attribute__((always_inline)) ProcessorNumbers16
processor_larger(ProcessorNumbers16 a, ProcessorNumbers16 b) {
  return __builtin_elementwise_max(a, b);
}

/// The larger of each two 16-bit halves.
static inline __attribute__((always_inline)) ProcessorHalves32
processor_larger_halves(ProcessorHalves32 a, ProcessorHalves32 b) {
  return __builtin_elementwise_max(a, b);
}

/// The largest of sixteen numbers, NaN left out where the others are numbers.
static inline __attribute__((always_inline)) float processor_largest(ProcessorNumbers16 x) {
  ProcessorFloats8 a = __builtin_elementwise_max(
      __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7),
      __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15));
  a = __builtin_elementwise_max(a, __builtin_shufflevector(a, a, 4, 5, 6, 7, 4, 5, 6, 7));
  a = __builtin_elementwise_max(a, __builtin_shufflevector(a, a, 2, 3, 2, 3, 2, 3, 2, 3));
  a = __builtin_elementwise_max(a, __builtin_shufflevector(a, a, 1, 1, 1, 1, 1, 1, 1, 1));
  return a[0];
}

/// The sum of sixteen numbers, added pairwise: i with i + 8, then + 4, + 2, + 1.
static inline __attribute__((always_inline)) float processor_sum(ProcessorNumbers16 x) {
  ProcessorFloats8 a = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7) +
                       __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
  a += __builtin_shufflevector(a, a, 4, 5, 6, 7, 4, 5, 6, 7);
  a += __builtin_shufflevector(a, a, 2, 3, 2, 3, 2, 3, 2, 3);
  return a[0] + a[1];
}

/// The same numbers in double precision.
static inline __attribute__((always_inline)) ProcessorDoubles8 processor_widen(ProcessorFloats8 x) {
  return __builtin_convertvector(x, ProcessorDoubles8);
}

/// The same numbers in 32 bits.
static inline __attribute__((always_inline)) ProcessorWide16 processor_widen_words(ProcessorShorts16 x) {
  return __builtin_convertvector(x, ProcessorWide16);
}

/// The lower halves.
static inline __attribute__((always_inline)) ProcessorShorts16 processor_narrow_words(ProcessorWide16 x) {
  return __builtin_convertvector(x, ProcessorShorts16);
}

#if defined(__AVX512BW__)
/// The first `count` of 32 numbers, if any, then zeros; what follows them in memory is not read.
static inline __attribute__((always_inline)) ProcessorHalves32
processor_load_halves(const unsigned short *source, long count) {
  ProcessorHalves32 result;
  unsigned mask = count < 32 ? (1u << (count < 0 ? 0 : count)) - 1 : ~0u;
  __asm__("kmovd %[mask], %%k1\n\t"
          "vmovdqu16 (%[source]), %[result] %{%%k1%}%{z%}"
          : [result] "=v"(result)
          : [mask] "r"(mask), [source] "r"(source), "m"(*(const unsigned short(*)[32])source)
          : "k1");
  return result;
}
#endif

#if defined(__AVX512F__)
/// A number, or any word of 32 bits, that stands beside every column.
///
/// In assembly: compilers read such numbers once for each register of columns, and loads are what tiles run out of first.
static inline __attribute__((always_inline)) ProcessorNumbers16 processor_beside_all(const float *number) {
  ProcessorNumbers16 x;
  __asm__("vbroadcastss %[number], %[x]" : [x] "=v"(x) : [number] "m"(*number));
  return x;
}

/// sums + a·b, rounded once.
///
/// In assembly: compilers may write the result over an operand, and move sums about to have them there.
static inline __attribute__((always_inline)) ProcessorNumbers16
processor_add_product(ProcessorNumbers16 sums, ProcessorNumbers16 a, ProcessorNumbers16 b) {
  __asm__("vfmadd231ps %[b], %[a], %[sums]" : [sums] "+v"(sums) : [a] "v"(a), [b] "v"(b));
  return sums;
}

/// The nearest numbers to integers.
static inline __attribute__((always_inline)) ProcessorNumbers16 processor_numbers(ProcessorIntegers16 x) {
  return __builtin_convertvector(x, ProcessorNumbers16);
}

/// x times 2 to the power of each exponent, rounded once.
static inline __attribute__((always_inline)) ProcessorNumbers16
processor_scaled(ProcessorNumbers16 x, ProcessorNumbers16 exponents) {
  __asm__("vscalefps %[exponents], %[x], %[x]" : [x] "+v"(x) : [exponents] "v"(exponents));
  return x;
}

/// Adds the two 16-bit integers of each word, each by itself.
static inline __attribute__((always_inline)) ProcessorIntegers16
processor_add_shorts(ProcessorIntegers16 a, ProcessorIntegers16 b) {
  return (ProcessorIntegers16)((ProcessorHalves32)a + (ProcessorHalves32)b);
}

/// sums + a₁·b₁ + a₀·b₀ for the two 16-bit integers of each word.
static inline __attribute__((always_inline)) ProcessorIntegers16
processor_dot_shorts16(ProcessorIntegers16 sums, ProcessorIntegers16 a, ProcessorIntegers16 b) {
  __asm__("vpdpwssd %[b], %[a], %[sums]" : [sums] "+v"(sums) : [a] "v"(a), [b] "v"(b));
  return sums;
}

/// The same for eight words.
static inline __attribute__((always_inline)) ProcessorIntegers8
processor_dot_shorts8(ProcessorIntegers8 sums, ProcessorIntegers8 a, ProcessorIntegers8 b) {
  __asm__("vpdpwssd %[b], %[a], %[sums]" : [sums] "+v"(sums) : [a] "v"(a), [b] "v"(b));
  return sums;
}
#endif

#if defined(__AVX512BF16__)
typedef __bf16 ProcessorBrainFloats16 __attribute__((vector_size(32)));

/// The nearest bfloat16 numbers, ties to even; what is below the normal ones becomes 0.
static inline __attribute__((always_inline)) ProcessorShorts16 processor_round_bfloat16(ProcessorNumbers16 x) {
  return (ProcessorShorts16)__builtin_convertvector(x, ProcessorBrainFloats16);
}
#endif
