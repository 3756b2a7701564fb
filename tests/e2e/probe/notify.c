// Says each argument to NOTIFY_SOCKET, as sd_notify(3) does, then waits to be killed where the last
// one is `stay`. Ends with 3 where there is no such socket.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const char* const path = getenv("NOTIFY_SOCKET");
  if (path == NULL) return 3;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (const struct sockaddr*)&address, sizeof address) != 0) {
    perror(path);
    return 3;
  }
  for (int i = 1; i < argc; ++i) {
    if (strcmp(argv[i], "stay") == 0) {
      for (;;) pause();
    }
    if (send(fd, argv[i], strlen(argv[i]), 0) < 0) {
      perror("send");
      return 4;
    }
  }
  return 0;
}
