/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tally.h"

int main(int argc, char **argv)
{
  struct sockaddr_un sun = { .sun_family = AF_UNIX };
  struct vote v[7];
  struct result r;
  size_t done = 0;
  ssize_t n;
  int s;

  if (argc < 2) return 2;
  signal(SIGPIPE, SIG_IGN);
  memset(v, 0, sizeof v);
  for (int i = 0; i < 6; i++) {
    v[i].ballot = (unsigned)i + 1;
    v[i].weight = 10 * i + 3;
    snprintf(v[i].name, sizeof v[i].name, "voter %d", i);
  }
  strncpy(sun.sun_path, argv[1], sizeof sun.sun_path - 1);
  s = socket(AF_UNIX, SOCK_STREAM, 0);
  if (s < 0 || connect(s, (struct sockaddr *)&sun, sizeof sun)) { perror("vote"); return 1; }
  while (done < sizeof v) {
    n = write(s, (char *)v + done, sizeof v - done);
    if (n < 0) { perror("vote: write"); return 1; }
    done += (size_t)n;
  }
  for (done = 0; done < sizeof r; done += (size_t)n)
    if ((n = read(s, (char *)&r + done, sizeof r - done)) <= 0) {
      fprintf(stderr, "vote: no result\n");
      return 1;
    }
  printf("%u votes, weight %lld\n", r.votes, (long long)r.weight);
  return 0;
}
