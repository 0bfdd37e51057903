/* SPDX-License-Identifier: MIT */
/* Merges what two children report through two pipes, with select(). SIGWINCH is handled, as in any terminal program. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t resized;

static void on_winch(int sig) { (void)sig; resized = 1; }

static int reporter(int which)
{
  int p[2];
  pid_t pid;

  if (pipe(p) < 0 || (pid = fork()) < 0) { perror("reporter"); exit(1); }
  if (pid == 0) {
    signal(SIGWINCH, SIG_DFL);
    close(p[0]);
    for (int i = 0; i < 3; i++) {
      int v = which * 100 + i;
      if (write(p[1], &v, sizeof v) != sizeof v) _exit(1);
    }
    _exit(0);
  }
  close(p[1]);
  return p[0];
}

int main(void)
{
  struct sigaction sa = { .sa_handler = on_winch, .sa_flags = SA_RESTART };
  int fd[2], open_ends = 2, sum[2] = { 0, 0 }, n = 0, bad = 0, status;

  sigaction(SIGWINCH, &sa, 0);
  fd[0] = reporter(1);
  fd[1] = reporter(2);
  while (open_ends) {
    fd_set set;
    FD_ZERO(&set);
    for (int i = 0; i < 2; i++) if (fd[i] >= 0) FD_SET(fd[i], &set);
    if (select((fd[0] > fd[1] ? fd[0] : fd[1]) + 1, &set, 0, 0, 0) < 0) {
#ifdef REPAIRED
      if (errno == EINTR) continue;   /* select is never restarted */
#endif
      perror("select");
      break;
    }
    for (int i = 0; i < 2; i++) {
      int v;
      ssize_t r;
      if (fd[i] < 0 || !FD_ISSET(fd[i], &set)) continue;
      r = read(fd[i], &v, sizeof v);
      if (r == sizeof v) { sum[i] += v; n++; }
      else { close(fd[i]); fd[i] = -1; open_ends--; }
    }
  }
  for (int i = 0; i < 2; i++) if (fd[i] >= 0) close(fd[i]);
  while (wait(&status) > 0 || errno == EINTR)
    bad |= status;
  printf("%d reports, %d and %d\n", n, sum[0], sum[1]);
  return bad || n != 6;
}
