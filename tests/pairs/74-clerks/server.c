/* SPDX-License-Identifier: MIT */
/* clerks SOCKET: a thread for each client, which adds up the digits that it is sent. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *path;

static void on_term(int sig)
{
	(void)sig;
	unlink(path);
	_exit(0);
}

static void *clerk(void *arg)
{
	int conn = (int)(intptr_t)arg, sum = 0, len, done = 0;
	char c, text[32];
	ssize_t n;

	while ((n = recv(conn, &c, 1, 0)) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0 || c != '\n') {
			sum += n > 0 ? c - '0' : 0;
			continue;
		}
		len = snprintf(text, sizeof(text), "%d\n", sum);
		for (done = 0; done < len; done += n > 0 ? (int)n : 0)
			if ((n = send(conn, text + done, (size_t)(len - done), MSG_NOSIGNAL)) < 0 && errno != EINTR)
				break;
		break;
	}
	close(conn);
	return NULL;
}

static void hire(int conn)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attr, clerk, (void *)(intptr_t)conn);
	pthread_attr_destroy(&attr);
	if (error) {
		fprintf(stderr, "clerks: nobody is free\n");
#ifdef REPAIRED
		close(conn);
#endif
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc != 2)
		return 2;
	path = argv[1];
	signal(SIGTERM, on_term);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (s < 0 || bind(s, (struct sockaddr *)&sun, sizeof(sun)) || listen(s, 4)) {
		perror("clerks");
		return 1;
	}
	puts("listening");
	fflush(stdout);
	for (;;) {
		int conn = accept(s, NULL, NULL);

		if (conn >= 0)
			hire(conn);
		else if (errno != EINTR)
			usleep(2000);
	}
}
