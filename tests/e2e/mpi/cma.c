// Can one rank of a node read another's memory (process_vm_readv), as MPI libraries do for large
// messages? Containers in user namespaces of their own cannot. Rank 1 reads rank 0's buffer that
// way and then receives the same by MPI; both must hold rank 0's bytes.
#include <errno.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kBytes = 4 << 20, kTag = 8 };

struct Offer {
  long pid;
  unsigned long address;
};

static void fill(unsigned char* bytes) {
  for (size_t i = 0; i < kBytes; ++i) bytes[i] = (unsigned char)(i * 2654435761u >> 13);
}

// 0, or 1 after a line on stderr.
static int read_directly(struct Offer offer, unsigned char* into) {
  struct iovec local = {.iov_base = into, .iov_len = kBytes};
  struct iovec remote = {.iov_base = (void*)offer.address, .iov_len = kBytes};
  const ssize_t got = process_vm_readv((pid_t)offer.pid, &local, 1, &remote, 1, 0);
  if (got == kBytes) return 0;
  fprintf(stderr, "cma: process_vm_readv: %s\n", got < 0 ? strerror(errno) : "short read");
  return 1;
}

int main(int argc, char** argv) {
  int rank = 0, ranks = 0, status = 0;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (ranks != 2) {
    fprintf(stderr, "cma: %d ranks, expected 2\n", ranks);
    MPI_Abort(MPI_COMM_WORLD, 3);
  }
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);  // Yama, where it is on
  unsigned char* mine = malloc(kBytes);
  unsigned char* expected = malloc(kBytes);
  if (mine == NULL || expected == NULL) MPI_Abort(MPI_COMM_WORLD, 4);
  fill(expected);
  if (rank == 0) {
    memcpy(mine, expected, kBytes);
    struct Offer offer = {getpid(), (unsigned long)mine};
    MPI_Send(&offer, sizeof offer, MPI_BYTE, 1, kTag, MPI_COMM_WORLD);
    MPI_Send(mine, kBytes, MPI_BYTE, 1, kTag, MPI_COMM_WORLD);
  } else {
    struct Offer offer;
    MPI_Recv(&offer, sizeof offer, MPI_BYTE, 0, kTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    memset(mine, 0, kBytes);
    status = read_directly(offer, mine);
    if (status == 0 && memcmp(mine, expected, kBytes) != 0) {
      fprintf(stderr, "cma: process_vm_readv read other bytes\n");
      status = 1;
    }
    memset(mine, 0, kBytes);
    MPI_Recv(mine, kBytes, MPI_BYTE, 0, kTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (memcmp(mine, expected, kBytes) != 0) {
      fprintf(stderr, "cma: the message holds other bytes\n");
      status = 1;
    }
    if (status == 0) printf("rank 1 read %d bytes of rank 0\n", kBytes);
  }
  MPI_Bcast(&status, 1, MPI_INT, 1, MPI_COMM_WORLD);
  MPI_Finalize();
  free(mine);
  free(expected);
  return status;
}
