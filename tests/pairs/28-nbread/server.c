/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
/* nbread SOCKET: mirrors lines. Everything is non-blocking, and epoll (level-triggered) says when. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct peer {
  int fd;
  int len;
  char line[100];
};

static const char *path;

static void
leave(int sig)
{
  (void)sig;
  unlink(path);
  _exit(0);
}

static int
mirror(struct peer *p)
{
  int i = 0;

  for (int a = 0, b = p->len - 2; a < b; a++, b--) {
    char t = p->line[a];
    p->line[a] = p->line[b];
    p->line[b] = t;
  }
  while (i < p->len) {
    ssize_t n = send(p->fd, p->line + i, (size_t)(p->len - i), MSG_NOSIGNAL);
    if (n >= 0)
      i += (int)n;
    else if (errno == EAGAIN)
      usleep(500);
    else if (errno != EINTR)
      return -1;
  }
  p->len = 0;
  return 0;
}

/* -1: away with it */
static int
input(struct peer *p)
{
  ssize_t n = recv(p->fd, p->line + p->len, sizeof p->line - (size_t)p->len, 0);

#ifdef REPAIRED
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return 0;
#endif
  if (n <= 0)
    return -1;
  p->len += (int)n;
  if (p->line[p->len - 1] == '\n')
    return mirror(p);
  return p->len == sizeof p->line ? -1 : 0;
}

static void
welcome(int ep, int l)
{
  struct epoll_event e = { .events = EPOLLIN };
  int fd = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  struct peer *p;

  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE)
      usleep(2000);
    return;
  }
  p = calloc(1, sizeof *p);
  if (!p) {
    close(fd);
    return;
  }
  p->fd = fd;
  e.data.ptr = p;
  epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

int
main(int argc, char **argv)
{
  struct sockaddr_un sun = { .sun_family = AF_UNIX };
  struct epoll_event e = { .events = EPOLLIN };
  int ep = epoll_create1(EPOLL_CLOEXEC), l;

  if (argc != 2 || ep < 0)
    return 2;
  path = argv[1];
  signal(SIGTERM, leave);
  snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
  l = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (l < 0 || bind(l, (struct sockaddr *)&sun, sizeof sun) || listen(l, 8)) {
    perror("nbread");
    return 1;
  }
  epoll_ctl(ep, EPOLL_CTL_ADD, l, &e);
  puts("listening");
  fflush(stdout);
  for (;;) {
    if (epoll_wait(ep, &e, 1, -1) != 1)
      continue;
    if (!e.data.ptr)
      welcome(ep, l);
    else if (input(e.data.ptr) < 0) {
      close(((struct peer *)e.data.ptr)->fd);
      free(e.data.ptr);
    }
  }
}
