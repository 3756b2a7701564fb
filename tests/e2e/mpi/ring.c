// A token goes once round all ranks, and each adds its number plus one to it. Rank 0 knows what
// must come back; a rank that was started alone, or a message that got lost or changed, is an
// error.
//   ring [--ranks N] [--until FILE]
// --ranks: how many there must be: an MPI that was not wired up runs N times alone and is content.
// --until: stay there after the round until FILE exists (60 s at most), to be looked at.
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { kTag = 7, kRounds = 3, kWaitSeconds = 60 };

static void print_place(int rank, int ranks, long sum) {
  char node[MPI_MAX_PROCESSOR_NAME], cpus[256] = "";
  int length = 0;
  size_t used = 0;
  cpu_set_t set;
  MPI_Get_processor_name(node, &length);
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  for (int cpu = 0; cpu < CPU_SETSIZE && used + 8 < sizeof cpus; ++cpu) {
    if (CPU_ISSET(cpu, &set)) {
      used += (size_t)snprintf(cpus + used, sizeof cpus - used, used ? ",%d" : "%d", cpu);
    }
  }
  printf("rank %d of %d on %s: sum %ld, cpus %s\n", rank, ranks, node, sum, cpus);
  fflush(stdout);
}

static long pass_round(int rank, int ranks, long token) {
  const int next = (rank + 1) % ranks, before = (rank + ranks - 1) % ranks;
  long received = token;
  if (rank == 0) {
    token += rank + 1;
    MPI_Sendrecv(&token, 1, MPI_LONG, next, kTag, &received, 1, MPI_LONG, before, kTag,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return received;
  }
  MPI_Recv(&received, 1, MPI_LONG, before, kTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  received += rank + 1;
  MPI_Send(&received, 1, MPI_LONG, next, kTag, MPI_COMM_WORLD);
  return received;
}

static void wait_for(const char* file) {
  for (int tries = 0; tries < kWaitSeconds * 20 && access(file, F_OK) != 0; ++tries) {
    usleep(50 * 1000);
  }
}

int main(int argc, char** argv) {
  int rank = 0, ranks = 0, wanted = 0, status = 0;
  const char* until = NULL;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], "--ranks") == 0) wanted = atoi(argv[i + 1]);
    if (strcmp(argv[i], "--until") == 0) until = argv[i + 1];
  }
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (wanted != 0 && ranks != wanted) {
    fprintf(stderr, "ring: %d ranks, expected %d\n", ranks, wanted);
    MPI_Abort(MPI_COMM_WORLD, 3);
  }
  long token = 0;
  for (int round = 0; round < kRounds; ++round) token = pass_round(rank, ranks, token);
  print_place(rank, ranks, token);
  const long expected = (long)kRounds * ranks * (ranks + 1) / 2;
  if (rank == 0 && token != expected) {
    fprintf(stderr, "ring: sum %ld, expected %ld\n", token, expected);
    status = 1;
  }
  if (until != NULL) wait_for(until);
  MPI_Bcast(&status, 1, MPI_INT, 0, MPI_COMM_WORLD);
  MPI_Finalize();
  return status;
}
