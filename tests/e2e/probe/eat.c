// eat MIB: writes to that much memory, a mebibyte at a time, and says how far it came. A memory
// limit below that ends it with SIGKILL.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char** argv) {
  static char* volatile keep;  // or the compiler leaves the writes out
  const size_t mebibyte = 1 << 20;
  const long wanted = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
  if (wanted <= 0) {
    fprintf(stderr, "usage: eat MIB\n");
    return 2;
  }
  for (long eaten = 0; eaten < wanted; ++eaten) {
    char* piece = malloc(mebibyte);
    if (piece == NULL) {
      fprintf(stderr, "eat: malloc failed after %ld MiB\n", eaten);
      return 1;
    }
    memset(piece, (int)(eaten % 251) + 1, mebibyte);
    keep = piece;
  }
  printf("ate %ld MiB\n", wanted);
  return keep == NULL;
}
