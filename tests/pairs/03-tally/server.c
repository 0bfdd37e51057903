/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tally.h"

static const char *path;

static void quit(int sig) { (void)sig; unlink(path); _exit(0); }

#ifdef REPAIRED
static int get(int fd, void *to, size_t n)
{
  char *p = to;

  while (n) {
    ssize_t r = read(fd, p, n);
    if (r < 0 && errno == EINTR) continue;
    if (r <= 0) return -1;
    p += r;
    n -= (size_t)r;
  }
  return 0;
}
#else
static int get(int fd, void *to, size_t n)
{
  ssize_t r;

  while ((r = read(fd, to, n)) < 0 && errno == EINTR)
    ;
  return r == (ssize_t)n ? 0 : -1;
}
#endif

static int put(int fd, const void *from, size_t n)
{
  const char *p = from;

  while (n) {
    ssize_t r = write(fd, p, n);
    if (r < 0 && errno == EINTR) continue;
    if (r <= 0) return -1;
    p += r;
    n -= (size_t)r;
  }
  return 0;
}

static void count(int fd)
{
  struct result sum = { 0, 0 };
  struct vote v;

  while (get(fd, &v, sizeof v) == 0) {
    if (v.ballot == 0) {
      put(fd, &sum, sizeof sum);
      break;
    }
    sum.votes++;
    sum.weight += v.weight;
  }
}

int main(int argc, char **argv)
{
  struct sockaddr_un sun = { .sun_family = AF_UNIX };
  int s, c;

  if (argc < 2) return 2;
  path = argv[1];
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, quit);
  strncpy(sun.sun_path, path, sizeof sun.sun_path - 1);
  s = socket(AF_UNIX, SOCK_STREAM, 0);
  if (s < 0 || bind(s, (struct sockaddr *)&sun, sizeof sun) || listen(s, 5)) {
    perror("tally");
    return 1;
  }
  puts("listening");
  fflush(stdout);
  for (;;) {
    if ((c = accept(s, 0, 0)) < 0) {
      if (errno == EMFILE || errno == ENFILE) usleep(2000);
      continue;
    }
    count(c);
    close(c);
  }
}
