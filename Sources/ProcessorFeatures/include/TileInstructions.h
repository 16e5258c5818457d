// The processor's tiles, which Swift cannot name: permission to use them, and products of bfloat16 numbers and of bytes.
#pragma once

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

/// Whether the processor has tile products of bfloat16 numbers and of bytes, and the operating system lets this process use them.
///
/// Linux gives the tiles' 8 KB of registers only to processes that ask; asking again does no harm.
static inline int processor_has_tiles(void) {
#if defined(__x86_64__) && defined(__linux__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("x86-64-v4") || !__builtin_cpu_supports("avx512bf16") ||
      !__builtin_cpu_supports("avx512vbmi") || !__builtin_cpu_supports("amx-tile") ||
      !__builtin_cpu_supports("amx-bf16") || !__builtin_cpu_supports("amx-int8"))
    return 0;
  // arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)
  return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
  return 0;
#endif
}

#if defined(__AMX_BF16__) && defined(__AMX_INT8__) && defined(__AVX512BF16__) && defined(__AVX512VBMI__)
// Tiles: registers of 16 rows of 64 bytes, whose numbers must be literals. 0 to 3 hold 32 × 32 sums, 4 and 5 the
// left operand's rows 0 to 15 and 16 to 31, 6 and 7 the right operand's columns.

typedef float ProcessorTileNumbers __attribute__((vector_size(64)));
typedef unsigned int ProcessorTileWords __attribute__((vector_size(64)));

typedef struct {
  unsigned char palette, start, reserved[14];
  unsigned short bytes[16];
  unsigned char rows[16];
} ProcessorTileShapes;

/// Makes all eight tiles 16 rows of 64 bytes, on this thread.
static inline __attribute__((always_inline)) void processor_tiles_begin(void) {
  ProcessorTileShapes shapes = {.palette = 1,
                                .bytes = {64, 64, 64, 64, 64, 64, 64, 64},
                                .rows = {16, 16, 16, 16, 16, 16, 16, 16}};
  __builtin_ia32_tile_loadconfig(&shapes);
}

/// Gives the tiles back, so that switching threads need not save them.
static inline __attribute__((always_inline)) void processor_tiles_end(void) {
  __builtin_ia32_tilerelease();
}

/// Sets the sums to 0.
static inline __attribute__((always_inline)) void processor_tiles_zero(void) {
  __builtin_ia32_tilezero(0);
  __builtin_ia32_tilezero(1);
  __builtin_ia32_tilezero(2);
  __builtin_ia32_tilezero(3);
}

/// Reads the sums from 32 rows that lie `stride` bytes apart.
static inline __attribute__((always_inline)) void processor_tiles_load(const void *sums, long stride) {
  const char *c = (const char *)sums;
  __builtin_ia32_tileloadd64(0, c, stride);
  __builtin_ia32_tileloadd64(1, c + 64, stride);
  __builtin_ia32_tileloadd64(2, c + 16 * stride, stride);
  __builtin_ia32_tileloadd64(3, c + 16 * stride + 64, stride);
}

/// Writes the sums to 32 rows that lie `stride` bytes apart.
static inline __attribute__((always_inline)) void processor_tiles_store(void *sums, long stride) {
  char *c = (char *)sums;
  __builtin_ia32_tilestored64(0, c, stride);
  __builtin_ia32_tilestored64(1, c + 64, stride);
  __builtin_ia32_tilestored64(2, c + 16 * stride, stride);
  __builtin_ia32_tilestored64(3, c + 16 * stride + 64, stride);
}

// Products of the operands' tiles in registers, by whose halves other work can stand between them.

/// Multiplies the left operand's rows 0 to 15.
static inline __attribute__((always_inline)) void processor_tiles_multiply_upper(void) {
  __builtin_ia32_tdpbf16ps(0, 4, 6);
  __builtin_ia32_tdpbf16ps(1, 4, 7);
}

/// Multiplies the left operand's rows 16 to 31.
static inline __attribute__((always_inline)) void processor_tiles_multiply_lower(void) {
  __builtin_ia32_tdpbf16ps(2, 5, 6);
  __builtin_ia32_tdpbf16ps(3, 5, 7);
}

/// Multiplies all rows.
static inline __attribute__((always_inline)) void processor_tiles_multiply(void) {
  processor_tiles_multiply_upper();
  processor_tiles_multiply_lower();
}

/// Reads a step of depth of both operands; the right one's two tiles are not kept in the first-level cache.
static inline __attribute__((always_inline)) void
processor_tiles_read_streaming_right(const void *left, long stride, const void *right) {
  const char *a = (const char *)left, *b = (const char *)right;
  __builtin_ia32_tileloadd64(4, a, stride);
  __builtin_ia32_tileloaddt164(6, b, 64);
  __builtin_ia32_tileloaddt164(7, b + 1024, 64);
  __builtin_ia32_tileloadd64(5, a + 16 * stride, stride);
}

/// Reads a step of depth of both operands; the left one's two packed tiles are not kept in the first-level cache.
static inline __attribute__((always_inline)) void
processor_tiles_read_streaming_left(const void *left, const void *right) {
  const char *a = (const char *)left, *b = (const char *)right;
  __builtin_ia32_tileloaddt164(4, a, 64);
  __builtin_ia32_tileloadd64(6, b, 64);
  __builtin_ia32_tileloadd64(7, b + 1024, 64);
  __builtin_ia32_tileloaddt164(5, a + 1024, 64);
}

/// Reads a step of depth of both operands; neither one's two packed tiles are kept in the first-level cache.
static inline __attribute__((always_inline)) void
processor_tiles_read_streaming_both(const void *left, const void *right) {
  const char *a = (const char *)left, *b = (const char *)right;
  __builtin_ia32_tileloaddt164(4, a, 64);
  __builtin_ia32_tileloaddt164(6, b, 64);
  __builtin_ia32_tileloaddt164(7, b + 1024, 64);
  __builtin_ia32_tileloaddt164(5, a + 1024, 64);
}

/// Reads one part of the left operand's two packed tiles; a part takes 2 KB.
static inline __attribute__((always_inline)) void processor_tiles_left(const void *panel, long part) {
  const char *tiles = (const char *)panel + 2048 * part;
  __builtin_ia32_tileloadd64(4, tiles, 64);
  __builtin_ia32_tileloadd64(5, tiles + 1024, 64);
}

/// Reads one part of the right operand's two tiles.
static inline __attribute__((always_inline)) void processor_tiles_right(const void *panel, long part) {
  const char *tiles = (const char *)panel + 2048 * part;
  __builtin_ia32_tileloadd64(6, tiles, 64);
  __builtin_ia32_tileloadd64(7, tiles + 1024, 64);
}

/// The nearest bfloat16 of 32 numbers, two to a word, ties to even.
static inline __attribute__((always_inline)) ProcessorTileWords
processor_round_to_bfloat16(ProcessorTileNumbers first, ProcessorTileNumbers second) {
  return (ProcessorTileWords)__builtin_ia32_cvtne2ps2bf16_512(second, first);
}

typedef unsigned short ProcessorShorts32 __attribute__((vector_size(64)));

/// The upper halves of 32 words, two to a word.
static inline __attribute__((always_inline)) ProcessorTileWords
processor_upper_halves(ProcessorTileWords first, ProcessorTileWords second) {
  return (ProcessorTileWords)__builtin_shufflevector(
      (ProcessorShorts32)first, (ProcessorShorts32)second, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27,
      29, 31, 33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63);
}

typedef float ProcessorTileQuarter __attribute__((vector_size(16)));

/// Four quarters as one.
static inline __attribute__((always_inline)) ProcessorTileNumbers processor_join_quarters(
    ProcessorTileQuarter a, ProcessorTileQuarter b, ProcessorTileQuarter c, ProcessorTileQuarter d) {
  typedef float Half __attribute__((vector_size(32)));
  Half low = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
  Half high = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7);
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

/// The first two numbers of each quarter, in turn.
static inline __attribute__((always_inline)) ProcessorTileNumbers
processor_pair_low(ProcessorTileNumbers a, ProcessorTileNumbers b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
}

/// The last two numbers of each quarter, in turn.
static inline __attribute__((always_inline)) ProcessorTileNumbers
processor_pair_high(ProcessorTileNumbers a, ProcessorTileNumbers b) {
  return __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
}

/// The first pair of numbers of each quarter, in turn.
static inline __attribute__((always_inline)) ProcessorTileNumbers
processor_pair_low_doubles(ProcessorTileNumbers a, ProcessorTileNumbers b) {
  return __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
}

/// The second pair of numbers of each quarter, in turn.
static inline __attribute__((always_inline)) ProcessorTileNumbers
processor_pair_high_doubles(ProcessorTileNumbers a, ProcessorTileNumbers b) {
  return __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
}

// Digits: signed bytes, of which four stand for one number; the first weighs most.

/// Multiplies digits of the left operand's rows 0 to 15.
static inline __attribute__((always_inline)) void processor_tiles_multiply_upper_digits(void) {
  __builtin_ia32_tdpbssd(0, 4, 6);
  __builtin_ia32_tdpbssd(1, 4, 7);
}

/// Multiplies digits of the left operand's rows 16 to 31.
static inline __attribute__((always_inline)) void processor_tiles_multiply_lower_digits(void) {
  __builtin_ia32_tdpbssd(2, 5, 6);
  __builtin_ia32_tdpbssd(3, 5, 7);
}

/// Whole numbers as single-precision ones.
static inline __attribute__((always_inline)) ProcessorTileNumbers
processor_numbers_of_sums(ProcessorTileWords sums) {
  typedef int Sums __attribute__((vector_size(64)));
  return __builtin_convertvector((Sums)sums, ProcessorTileNumbers);
}

/// The four digits of each number, which round to whole numbers below 0x7f7f7f7f; the first in the highest byte.
static inline __attribute__((always_inline)) ProcessorTileWords processor_digits(ProcessorTileNumbers x) {
  typedef int Sums __attribute__((vector_size(64)));
  ProcessorTileWords whole = (ProcessorTileWords)__builtin_ia32_cvtps2dq512_mask(x, (Sums){}, (short)-1, 4);
  ProcessorTileWords half = (ProcessorTileWords){} + 0x80808080u;
  return (whole + half) ^ half;
}

typedef unsigned char ProcessorBytes64 __attribute__((vector_size(64)));
#define PROCESSOR_EVERY_FOURTH(first) \
  first, first + 4, first + 8, first + 12, first + 16, first + 20, first + 24, first + 28, first + 32, first + 36, \
      first + 40, first + 44, first + 48, first + 52, first + 56, first + 60
#define PROCESSOR_FOUR_BYTES(a, b, i) a + 4 * i, 64 + a + 4 * i, b + 4 * i, 64 + b + 4 * i
#define PROCESSOR_ALL_BYTES(a, b) \
  PROCESSOR_FOUR_BYTES(a, b, 0), PROCESSOR_FOUR_BYTES(a, b, 1), PROCESSOR_FOUR_BYTES(a, b, 2), \
      PROCESSOR_FOUR_BYTES(a, b, 3), PROCESSOR_FOUR_BYTES(a, b, 4), PROCESSOR_FOUR_BYTES(a, b, 5), \
      PROCESSOR_FOUR_BYTES(a, b, 6), PROCESSOR_FOUR_BYTES(a, b, 7), PROCESSOR_FOUR_BYTES(a, b, 8), \
      PROCESSOR_FOUR_BYTES(a, b, 9), PROCESSOR_FOUR_BYTES(a, b, 10), PROCESSOR_FOUR_BYTES(a, b, 11), \
      PROCESSOR_FOUR_BYTES(a, b, 12), PROCESSOR_FOUR_BYTES(a, b, 13), PROCESSOR_FOUR_BYTES(a, b, 14), \
      PROCESSOR_FOUR_BYTES(a, b, 15)

/// The highest bytes of 16 words, then their next ones, and so on to the lowest.
///
/// In assembly: compilers take a constant arrangement apart into three instructions that all need the same unit.
static inline __attribute__((always_inline)) ProcessorTileWords processor_bytes_apart(ProcessorTileWords x) {
  const ProcessorBytes64 places = {PROCESSOR_EVERY_FOURTH(3), PROCESSOR_EVERY_FOURTH(2), PROCESSOR_EVERY_FOURTH(1),
                                   PROCESSOR_EVERY_FOURTH(0)};
  ProcessorTileWords result;
  __asm__("vpermb %1, %2, %0" : "=v"(result) : "v"(x), "v"(places));
  return result;
}

/// The first two quarters of both.
static inline __attribute__((always_inline)) ProcessorTileWords
processor_first_halves(ProcessorTileWords a, ProcessorTileWords b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

/// The last two quarters of both.
static inline __attribute__((always_inline)) ProcessorTileWords
processor_second_halves(ProcessorTileWords a, ProcessorTileWords b) {
  return __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}

/// The first and third quarters of both.
static inline __attribute__((always_inline)) ProcessorTileWords
processor_even_quarters(ProcessorTileWords a, ProcessorTileWords b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}

/// The second and fourth quarters of both.
static inline __attribute__((always_inline)) ProcessorTileWords
processor_odd_quarters(ProcessorTileWords a, ProcessorTileWords b) {
  return __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

/// The larger of each two words.
static inline __attribute__((always_inline)) ProcessorTileWords
processor_larger_words(ProcessorTileWords a, ProcessorTileWords b) {
  return __builtin_elementwise_max(a, b);
}

/// 1 for each word but 0.
static inline __attribute__((always_inline)) ProcessorTileWords processor_ones(ProcessorTileWords x) {
  return __builtin_elementwise_min(x, (ProcessorTileWords){} + 1u);
}

/// The largest of all words.
static inline __attribute__((always_inline)) unsigned processor_largest_word(ProcessorTileWords x) {
  return __builtin_reduce_max(x);
}

/// The sum of all words.
static inline __attribute__((always_inline)) unsigned processor_sum_words(ProcessorTileWords x) {
  return __builtin_reduce_add(x);
}

/// Word by word: the highest bytes of both, then their next ones.
static inline __attribute__((always_inline)) ProcessorTileWords
processor_pair_first_bytes(ProcessorTileWords a, ProcessorTileWords b) {
  return (ProcessorTileWords)__builtin_shufflevector(
      (ProcessorBytes64)a, (ProcessorBytes64)b, PROCESSOR_ALL_BYTES(3, 2));
}

/// Word by word: the second lowest bytes of both, then their lowest ones.
static inline __attribute__((always_inline)) ProcessorTileWords
processor_pair_last_bytes(ProcessorTileWords a, ProcessorTileWords b) {
  return (ProcessorTileWords)__builtin_shufflevector(
      (ProcessorBytes64)a, (ProcessorBytes64)b, PROCESSOR_ALL_BYTES(1, 0));
}

/// Each number, moved to between `-limit` and `limit`; NaN stays.
static inline __attribute__((always_inline)) ProcessorTileNumbers
processor_clamp(ProcessorTileNumbers x, float limit) {
  ProcessorTileNumbers high = (ProcessorTileNumbers){} + limit;
  ProcessorTileNumbers below = __builtin_ia32_minps512(high, x, 4);
  return __builtin_ia32_maxps512(-high, below, 4);
}
#endif
