// What a way-partitioned LRU cache must answer, by formula: the yardstick of the simulation.
//
// Throughout: S sets of W ways; a victim with N lines that fills k of the ways; lambda = N/S, the
// mean of its lines in a set. With a hashed index the lines in a set are Poisson(lambda), and a
// line that is accessed has Poisson(lambda) others beside it.
#pragma once

#include <cstdint>

namespace berth::cache_model {

// P(Poisson(mean) <= most).
double poisson_at_most(double mean, unsigned most);

// Uniform random victim, hashed index, k ways of its own: hit ratio E[min(Poisson(lambda), k)] /
// lambda. In a set with n lines k of them are resident, whichever, and each is as likely.
double uniform_hit(double lambda, unsigned ways);

// Pointer chase (or any fixed cycle), hashed index, k ways of its own: hit ratio
// P(Poisson(lambda) <= k-1). Between two accesses to a line all others of its set are accessed
// once, so LRU keeps either all lines of a set or none.
double chase_hit(double lambda, unsigned ways);

// Cyclic scan of N consecutive lines, modulo index, k ways: the share of the lines that are in sets
// with at most k of them; 1 or 0 where N is a multiple of S.
double scan_hit(uint64_t lines, unsigned sets, unsigned ways);

// Uniform random victim whose N lines are the fraction F of a shared LRU cache, beside an endless
// stream with R accesses for each of the victim's: Che's approximation (Che, Tung, Wang:
// Hierarchical Web Caching Systems, IEEE JSAC 2002). An item stays for the characteristic time T in
// which as many distinct lines as the cache has are accessed. With T = x*N accesses of the victim
// these are N*(1-e^-x) of the victim's and R*x*N of the stream's; they are S*W = N/F:
//     1 - e^-x + R*x = 1/F,   hit = 1 - e^-x.
// It takes the whole cache for one LRU list, so it is above what sets of few ways give. Without a
// stream it is min(1, 1/F).
double che_uniform_hit(double fraction, double stream_ratio);

// The same, exact for hashed sets of W shared ways. A line whose last access was x*N victim
// accesses ago (x is Exp(1)) is there if fewer than W others of its set came since: Poisson with
// the mean lambda*(1-e^-x) + R*lambda*x. So
//     hit = integral over x of e^-x * P(Poisson(lambda*(1-e^-x+R*x)) <= W-1);
// R = 0 makes it uniform_hit(lambda, W), and many ways che_uniform_hit().
double uniform_hit_beside_stream(double lambda, unsigned ways, double stream_ratio);

// The chase beside that stream: x is always 1, all others of the set came:
// P(Poisson(lambda*(1+R)) <= W-1).
double chase_hit_beside_stream(double lambda, unsigned ways, double stream_ratio);

// Share of the cache that who has a partition of its own fills, if it accesses enough lines: k/W,
// however often either side accesses it.
double partition_share(unsigned ways, unsigned all_ways);

// Uniform random victim, live shrink of its mask, by the time the new owner has filled the ways.
// Until it does, the lines there still hit and the ratio is that of the ways before.
struct ShrinkHits {
  double until_refilled = 0;
  double after = 0;
};
ShrinkHits shrink_hits(double lambda, unsigned ways_before, unsigned ways_after);

}  // namespace berth::cache_model
