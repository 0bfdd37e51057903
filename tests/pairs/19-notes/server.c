/* SPDX-License-Identifier: MIT */
/* notes SOCKET: keeps the last note of every letter; "Sx text" sets, "Gx" gets. select() over all clients. */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE 80

struct client {
  int fd;
  size_t n;
  char in[LINE];
};

static struct client clients[FD_SETSIZE];
static char notes[26][LINE];
static const char *path;

static void quit(int sig) { (void)sig; unlink(path); _exit(0); }

static void hang_up(struct client *c)
{
  close(c->fd);
  c->fd = 0;
}

static void say(struct client *c, const char *s)
{
  size_t n = strlen(s);

  while (n) {
    ssize_t w = send(c->fd, s, n, MSG_NOSIGNAL);
    if (w < 0 && errno == EINTR) continue;
    if (w < 0) { hang_up(c); return; }
    s += w;
    n -= (size_t)w;
  }
}

static void obey(struct client *c, char *line)
{
  char *note;

  if (line[1] < 'a' || line[1] > 'z') { say(c, "?\n"); return; }
  note = notes[line[1] - 'a'];
  if (line[0] == 'S' && line[2] == ' ') {
    snprintf(note, LINE, "%s\n", line + 3);
    say(c, "ok\n");
  } else if (line[0] == 'G') {
    say(c, *note ? note : "\n");
  } else {
    say(c, "?\n");
  }
}

static void listen_to(struct client *c)
{
  char *nl;
  ssize_t r = recv(c->fd, c->in + c->n, LINE - 1 - c->n, 0);

  if (r < 0 && errno == EINTR) return;
#ifdef REPAIRED
  if (r < 0) warn("recv");
  if (r <= 0) { hang_up(c); return; }
#else
  if (r < 0) err(1, "recv");
  if (r == 0) { hang_up(c); return; }
#endif
  c->n += (size_t)r;
  while (c->fd && (nl = memchr(c->in, '\n', c->n))) {
    *nl = 0;
    obey(c, c->in);
    c->n -= (size_t)(nl + 1 - c->in);
    memmove(c->in, nl + 1, c->n);
  }
  if (c->n == LINE - 1) hang_up(c);
}

int main(int argc, char **argv)
{
  struct sockaddr_un sun = { .sun_family = AF_UNIX };
  int s;

  if (argc != 2) return 2;
  path = argv[1];
  signal(SIGTERM, quit);
  snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
  if ((s = socket(AF_UNIX, SOCK_STREAM, 0)) < 0) err(1, "socket");
  if (bind(s, (struct sockaddr *)&sun, sizeof sun) || listen(s, 8)) err(1, "%s", path);
  puts("listening");
  fflush(stdout);
  for (;;) {
    fd_set set;
    int max = s;

    FD_ZERO(&set);
    FD_SET(s, &set);
    for (int i = 3; i < FD_SETSIZE; i++)
      if (clients[i].fd) { FD_SET(i, &set); if (i > max) max = i; }
    if (select(max + 1, &set, 0, 0, 0) < 0) continue;
    for (int i = 3; i <= max; i++)
      if (i != s && clients[i].fd && FD_ISSET(i, &set)) listen_to(&clients[i]);
    if (FD_ISSET(s, &set)) {
      int fd = accept(s, 0, 0);
      if (fd < 0 && (errno == EMFILE || errno == ENFILE)) usleep(2000);
      if (fd >= FD_SETSIZE) close(fd);
      else if (fd >= 0) { clients[fd].fd = fd; clients[fd].n = 0; }
    }
  }
}
