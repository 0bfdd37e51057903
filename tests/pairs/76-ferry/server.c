/* SPDX-License-Identifier: MIT */
/* ferry SOCKET: a thread asks a passenger for the name and gets it; the ferryman waits for that, and greets. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *path;

static struct passenger {
	pthread_mutex_t lock;
	pthread_cond_t known;
	bool is_known;
	int conn;
	char name[32];		/* "": has left */
} passenger = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, -1, "" };

static void on_term(int sig)
{
	(void)sig;
	unlink(path);
	_exit(0);
}

static bool say(int conn, const char *text)
{
	size_t done = 0, length = strlen(text);

	while (done < length) {
		ssize_t n = send(conn, text + done, length - done, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static void hear(int conn, char *line, size_t size)
{
	size_t have = 0;

	while (have + 1 < size) {
		ssize_t n = recv(conn, line + have, 1, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			line[0] = '\0';
			return;
		}
		if (line[have] == '\n')
			break;
		have++;
	}
	line[have] = '\0';
}

static void *ask(void *arg)
{
	struct passenger *p = arg;

	if (say(p->conn, "who?\n"))
		hear(p->conn, p->name, sizeof(p->name));
#ifdef REPAIRED
	pthread_mutex_lock(&p->lock);
	p->is_known = true;
	pthread_mutex_unlock(&p->lock);
#else
	__atomic_store_n(&p->is_known, true, __ATOMIC_SEQ_CST);
#endif
	pthread_cond_signal(&p->known);
	return NULL;
}

static void carry(struct passenger *p)
{
	pthread_t thread;
	char text[64];

	p->is_known = false;
	p->name[0] = '\0';
	if (pthread_create(&thread, NULL, ask, p)) {
		fputs("ferry: nobody to ask\n", stderr);
		return;
	}
	pthread_mutex_lock(&p->lock);
	while (!__atomic_load_n(&p->is_known, __ATOMIC_SEQ_CST))
		pthread_cond_wait(&p->known, &p->lock);
	pthread_mutex_unlock(&p->lock);
	pthread_join(thread, NULL);
	snprintf(text, sizeof(text), "welcome aboard, %s\n", p->name);
	if (!p->name[0] || !say(p->conn, text))
		fputs("ferry: the passenger has left\n", stderr);
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
		perror("ferry");
		return 1;
	}
	puts("listening");
	fflush(stdout);
	for (;;) {
		passenger.conn = accept(s, NULL, NULL);
		if (passenger.conn >= 0) {
			carry(&passenger);
			close(passenger.conn);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			usleep(10000);
		}
	}
}
