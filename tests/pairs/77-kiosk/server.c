/* SPDX-License-Identifier: MIT */
/* kiosk SOCKET: takes an order, a line, and tells what it costs. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CUSTOMERS 8

static const char *path;

static struct customer {
	int conn;		/* -1: nobody */
	size_t have;
	char order[64];
} customers[CUSTOMERS];

static void on_term(int sig)
{
	(void)sig;
	unlink(path);
	_exit(0);
}

static void serve(const struct customer *c)
{
	char text[96];
	int length = snprintf(text, sizeof(text), "%.*s: %zu cents\n", (int)c->have - 1, c->order, c->have * 10);

	for (int done = 0; done < length;) {
		ssize_t n = send(c->conn, text + done, (size_t)(length - done), MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return;
		done += n > 0 ? (int)n : 0;
	}
}

/* Some of an order. 0: there is more to come. */
static int hear(struct customer *c)
{
	ssize_t n = recv(c->conn, c->order + c->have, sizeof(c->order) - c->have, 0);

	if (n < 0)
		return errno == EINTR ? 0 : -1;
	c->have += (size_t)n;
	if (n == 0 || (c->order[c->have - 1] != '\n' && c->have == sizeof(c->order)))
		return -1;
	if (c->order[c->have - 1] != '\n')
		return 0;
	serve(c);
	return 1;
}

static void leave(struct customer *c)
{
	close(c->conn);
	c->conn = -1;
}

static void receive(int conn)
{
	for (int i = 0; i < CUSTOMERS; i++)
		if (customers[i].conn < 0) {
			customers[i] = (struct customer){ .conn = conn };
#ifndef REPAIRED
			while (!hear(&customers[i]))
				;
			leave(&customers[i]);
#endif
			return;
		}
	close(conn);
}

/* The master socket, and whoever is there already. */
static void wait_and_serve(int s)
{
	fd_set set;
	int most = s;

	FD_ZERO(&set);
	FD_SET(s, &set);
	for (int i = 0; i < CUSTOMERS; i++) {
		if (customers[i].conn < 0)
			continue;
		FD_SET(customers[i].conn, &set);
		most = customers[i].conn > most ? customers[i].conn : most;
	}
	if (select(most + 1, &set, NULL, NULL, NULL) < 0)
		return;
	for (int i = 0; i < CUSTOMERS; i++)
		if (customers[i].conn >= 0 && FD_ISSET(customers[i].conn, &set) && hear(&customers[i]))
			leave(&customers[i]);
	if (FD_ISSET(s, &set)) {
		int conn = accept(s, NULL, NULL);

		if (conn >= 0)
			receive(conn);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			usleep(10000);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (argc != 2)
		return 2;
	path = argv[1];
	signal(SIGTERM, on_term);
	for (int i = 0; i < CUSTOMERS; i++)
		customers[i].conn = -1;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (s < 0 || bind(s, (struct sockaddr *)&sun, sizeof(sun)) || listen(s, 4)) {
		perror("kiosk");
		return 1;
	}
	puts("listening");
	fflush(stdout);
	for (;;)
		wait_and_serve(s);
}
