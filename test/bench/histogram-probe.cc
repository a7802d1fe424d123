// Puts the durations of standard input into the load generator's histogram and prints what it makes of them: count, max,
// mean, then the quantile for each argument. For histogram.test.ts, which compares with sorting.

#include <cstdio>
#include <cstdlib>

#include "histogram.h"

int main(int count, char** arguments) {
  firn::Histogram times;
  unsigned long long nanos = 0;
  unsigned long long repeats = 0;
  while (std::scanf("%llu %llu", &nanos, &repeats) == 2) times.record(nanos, repeats);
  unsigned long long sum = 0;
  for (const auto& [highest, counted] : times.filled()) {
    if (counted == 0) return 1;
    sum += counted;
  }
  std::printf("%llu %llu %.17g\n", sum, static_cast<unsigned long long>(times.max()), times.mean());
  for (int i = 1; i < count; i++) {
    std::printf("%llu\n", static_cast<unsigned long long>(times.quantile(std::atof(arguments[i]))));
  }
}
