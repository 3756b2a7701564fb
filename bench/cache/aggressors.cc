#include "bench/cache/aggressors.h"

#include <algorithm>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/error.h"
#include "bench/cache/memory.h"

namespace berth::cache_bench {
namespace {

constexpr size_t kChunk = (size_t{64} << 10) / sizeof(uint64_t);  // words between two looks

uint64_t read_words(std::span<uint64_t> words, uint64_t) {
  uint64_t sum = 0;
  for (const uint64_t word : words) sum += word;
  return sum;
}

// Each word another: the same in all would become memset(3), which passes the caches by.
uint64_t write_words(std::span<uint64_t> words, uint64_t value) {
  for (uint64_t& word : words) word = value++;
  return value;
}

#ifdef __SSE2__
uint64_t write_past_caches(std::span<uint64_t> words, uint64_t value) {
  for (size_t i = 0; i + 1 < words.size(); i += 2) {
    _mm_stream_si128(reinterpret_cast<__m128i*>(&words[i]),
                     _mm_set1_epi64x(static_cast<int64_t>(value + i)));
  }
  _mm_sfence();
  return value;
}
#else
uint64_t write_past_caches(std::span<uint64_t>, uint64_t) {
  throw Error("nt-write: this processor's stores that pass caches by are not known");
}
#endif

// xorshift64 (Marsaglia 2003): as cheap as the loads must not wait for it.
uint64_t next(uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

uint64_t read_anywhere(std::span<uint64_t> words, uint64_t& state) {
  constexpr size_t kWordsOfLine = kLineBytes / sizeof(uint64_t);
  const uint64_t lines = words.size() / kWordsOfLine;
  uint64_t sum = 0;
  for (size_t i = 0; i < kChunk / kWordsOfLine; ++i) {
    sum += words[(next(state) % lines) * kWordsOfLine];
  }
  return sum;
}

}  // namespace

AggressorResult run_aggressor(const AggressorTask& task, const std::function<void()>& ready,
                              const std::function<bool()>& stop) {
  using Clock = std::chrono::steady_clock;
  const Memory memory(task.bytes);
  const std::span<uint64_t> words = memory.as<uint64_t>(task.bytes);
  std::ranges::fill(words, task.seed);
  ready();
  uint64_t state = task.seed | 1, sum = 0;
  size_t at = 0;
  AggressorResult result;
  const auto begin = Clock::now();
  for (; !stop(); result.bytes += kChunk * sizeof(uint64_t)) {
    const auto chunk = words.subspan(at, std::min(kChunk, words.size() - at));
    switch (task.kind) {
      case AggressorKind::read:
        sum += read_words(chunk, state);
        break;
      case AggressorKind::write:
        sum += write_words(chunk, next(state));
        break;
      case AggressorKind::nt_write:
        sum += write_past_caches(chunk, next(state));
        break;
      case AggressorKind::random:
        sum += read_anywhere(words, state);
        break;
    }
    asm volatile("" : "+r"(sum) : : "memory");
    at = at + 2 * kChunk <= words.size() ? at + kChunk : 0;
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return result;
}

}  // namespace berth::cache_bench
