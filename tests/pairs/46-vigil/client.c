/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
  static const char *const q[] = { "desserts\n", "a man a plan\n" };
  struct sockaddr_un sun = { .sun_family = AF_UNIX };
  char a[100];
  int s = socket(AF_UNIX, SOCK_STREAM, 0);

  if (argc != 2 || s < 0)
    return 2;
  snprintf(sun.sun_path, sizeof sun.sun_path, "%s", argv[1]);
  while (connect(s, (struct sockaddr *)&sun, sizeof sun) && errno != EISCONN)
    if (errno != EINTR && errno != EALREADY) {
      perror("connect");
      return 1;
    }
  for (int i = 0; i < 2; i++) {
    size_t len = strlen(q[i]), n;
    ssize_t r;

    for (n = 0; n < len; n += r > 0 ? (size_t)r : 0)
      if ((r = send(s, q[i] + n, len - n, MSG_NOSIGNAL)) < 0 && errno != EINTR) {
	perror("send");
	return 1;
      }
    for (n = 0; n < len; n += r > 0 ? (size_t)r : 0)
      if (!(r = recv(s, a + n, sizeof a - n, 0)) || (r < 0 && errno != EINTR)) {
	fprintf(stderr, "they hung up\n");
	return 1;
      }
    printf("%.*s", (int)n, a);
  }
  return 0;
}
