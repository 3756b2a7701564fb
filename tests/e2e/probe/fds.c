// Prints each open descriptor and what it is: what a container's program was left with.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == NULL) {
    perror("fds: opendir '/proc/self/fd'");
    return 1;
  }
  for (const struct dirent* entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    char target[4096];
    const int fd = atoi(entry->d_name);
    if (entry->d_name[0] == '.' || fd == dirfd(folder)) continue;
    const ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
    target[length < 0 ? 0 : length] = '\0';
    printf("%d %s%s\n", fd, target, (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 ? " cloexec" : "");
  }
  closedir(folder);
  return 0;
}
