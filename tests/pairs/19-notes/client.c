/* SPDX-License-Identifier: MIT */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static void ask(int s, const char *q)
{
  size_t n = strlen(q), have = 0;
  char a[100];
  ssize_t r;

  for (size_t done = 0; done < n; done += (size_t)r)
    if ((r = send(s, q + done, n - done, MSG_NOSIGNAL)) < 0) err(1, "send");
  while (!memchr(a, '\n', have)) {
    if ((r = recv(s, a + have, sizeof a - have, 0)) < 0) err(1, "recv");
    if (r == 0) errx(1, "hung up");
    have += (size_t)r;
  }
  printf("%.*s", (int)have, a);
}

int main(int argc, char **argv)
{
  struct sockaddr_un sun = { .sun_family = AF_UNIX };
  int s = socket(AF_UNIX, SOCK_STREAM, 0);

  if (argc != 2 || s < 0) return 2;
  snprintf(sun.sun_path, sizeof sun.sun_path, "%s", argv[1]);
  if (connect(s, (struct sockaddr *)&sun, sizeof sun)) err(1, "connect");
  ask(s, "Sa buy milk\n");
  ask(s, "Ga\n");
  return 0;
}
