/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
/* vigil SOCKET: gives every line back in capitals. Only SIGTERM is handled, and ends it. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *path;

static void
leave(int sig)
{
  (void)sig;
  unlink(path);
  _exit(0);
}

static int
answer(int fd)
{
  char line[200];
  ssize_t len, n;

  len = recv(fd, line, sizeof line, 0);
  if (len <= 0)
    return -1;
  for (ssize_t i = 0; i < len; i++)
    line[i] = (char)toupper((unsigned char)line[i]);
  for (ssize_t i = 0; i < len; i += n)
    if ((n = send(fd, line + i, (size_t)(len - i), MSG_NOSIGNAL)) < 0)
      return -1;
  return 0;
}

static void
watch(int ep, int fd)
{
  struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

  if (fd >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) && fd > 2)
    close(fd);
}

int
main(int argc, char **argv)
{
  struct sockaddr_un sun = { .sun_family = AF_UNIX };
  struct epoll_event e[8];
  int ep = epoll_create1(EPOLL_CLOEXEC), l, n;

  if (argc != 2 || ep < 0)
    return 2;
  path = argv[1];
  signal(SIGTERM, leave);
  snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
  l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (l < 0 || bind(l, (struct sockaddr *)&sun, sizeof sun) || listen(l, 8)) {
    perror("vigil");
    return 1;
  }
  watch(ep, l);
  puts("listening");
  fflush(stdout);
  for (;;) {
    n = epoll_wait(ep, e, 8, -1);
#ifdef REPAIRED
    if (n < 0 && errno == EINTR)
      continue;
#endif
    if (n < 0)
      break;
    for (int i = 0; i < n; i++) {
      if (e[i].data.fd != l) {
	if (answer(e[i].data.fd) < 0)
	  close(e[i].data.fd);
	continue;
      }
      int fd = accept4(l, NULL, NULL, SOCK_CLOEXEC);
      if (fd < 0 && (errno == EMFILE || errno == ENFILE))
	usleep(2000);
      watch(ep, fd);
    }
  }
  perror("vigil: epoll_wait");
  unlink(path);
  return 1;
}
