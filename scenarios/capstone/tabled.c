/* SPDX-License-Identifier: MIT */
/*
 * tabled: the server of the table service.
 *
 *   tabled [--supervised] [--mistake NAME]… DIRECTORY
 *
 * Keeps the table in DIRECTORY/table.data and serves it at DIRECTORY/table.sock until SIGTERM: updates over the
 * connections of its clients, the table itself in shared memory, a change notice by eventfd. With --supervised, a child
 * does the work, and another takes its place when it is killed.
 *
 * The steps: read the table; make the snapshot; remove the old socket, socket(), name it, bind(), listen(); poll():
 * accept() connection-initiation requests at the master socket, read() and write() at the client handles; close() the
 * handles, close() the master socket, remove the socket, exit.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/include/sabot.h"
#include "scenarios/capstone/common.h"
#include "scenarios/capstone/handle.h"
#include "core/base/banned.h"

enum { BACKLOG = 64, ACCEPT_PAUSE_MS = 20, RESTARTS_MOST = 8 };

static const struct {
	const char *name;
	enum mistake bit;
} mistakes[] = {
	{ "torn-snapshot", TORN_SNAPSHOT },
	{ "no-dedup", NO_DEDUP },
	{ "one-read-one-message", ONE_READ_ONE_MESSAGE },
	{ "write-in-place", WRITE_IN_PLACE },
};

/* Makes the master socket, which receives the connection-initiation requests. -1: said. */
static int master_open(const struct sockaddr_un *address)
{
	int master_socket;

	/* A server that was killed has left its socket behind, and bind() would fail. */
	if (unlink(address->sun_path) < 0 && errno != ENOENT)
		say_errno("unlink %s", address->sun_path);
	master_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (master_socket < 0) {
		say_errno("socket");
		return -1;
	}
	if (bind(master_socket, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		say_errno("bind %s", address->sun_path);
		return fd_close(master_socket);
	}
	if (listen(master_socket, BACKLOG) < 0) {
		say_errno("listen");
		unlink(address->sun_path);
		return fd_close(master_socket);
	}
	sabot_became("listening");
	return master_socket;
}

/* A connection-initiation request. It may have gone again: then there is nothing to accept. */
static void client_accept(struct server *s)
{
	int data_socket = accept4(s->master_socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (data_socket >= 0) {
		handle_add(s, data_socket);
		return;
	}
	/*
	 * No descriptor or no memory: the request stays in the queue, and poll() would say so at once, again and
	 * again. Serve those who are here, and look at the queue a little later.
	 */
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		s->accept_after_ns = now_ns() + (int64_t)ACCEPT_PAUSE_MS * NS_PER_MS;
}

/* list[0] is the master socket (poll() passes over -1), list[i + 1] the i-th client handle. When to look again. */
static int64_t list_fill(const struct server *s, struct pollfd *list)
{
	bool pauses = s->accept_after_ns > now_ns();

	list[0] = (struct pollfd){ .fd = s->n < HANDLES_MOST && !pauses ? s->master_socket : -1, .events = POLLIN };
	for (size_t i = 0; i < s->n; i++)
		list[i + 1] = (struct pollfd){ .fd = s->handles[i]->data_socket, .events = handle_events(s->handles[i]) };
	return pauses ? s->accept_after_ns : -1;
}

static void serve(struct server *s)
{
	struct pollfd list[HANDLES_MOST + 1];

	while (!stop_asked()) {
		int64_t until_ns = list_fill(s, list);

		if (!wait_for(list, s->n + 1, until_ns))
			continue;
		/* Service requests. Backwards, for the last handle takes the place of one that has gone. */
		for (size_t i = s->n; i-- > 0;)
			if (list[i + 1].revents && !handle_turn(s, s->handles[i], list[i + 1].revents))
				handle_drop(s, i);
		if (list[0].revents)
			client_accept(s);
	}
	while (s->n > 0)
		handle_drop(s, s->n - 1);
}

/* The table is read and its snapshot made: serve it at the socket. */
static int server_open(struct server *s, const struct sockaddr_un *address)
{
	s->master_socket = master_open(address);
	if (s->master_socket < 0)
		return 1;
	serve(s);
	fd_close(s->master_socket);
	unlink(address->sun_path);
	return 0;
}

static int server_run(const char *directory, unsigned mistakes_made)
{
	struct server s = { .mistakes = mistakes_made, .snapshot_fd = -1 };
	struct sockaddr_un address;
	int status = 1;

	if (!socket_name(directory, &address))
		return 1;
	do
		s.directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (s.directory < 0 && errno == EINTR);
	if (s.directory < 0)
		return say_errno("%s", directory);
	spare_take(&s);
	if (table_load(s.directory, &s.table) == 0)
		s.snapshot = snapshot_make(&s.snapshot_fd);
	if (s.snapshot) {
		snapshot_publish(s.snapshot, &s.table);
		status = server_open(&s, &address);
	}
	snapshot_unmap(s.snapshot);
	fd_close(s.snapshot_fd);
	fd_close(s.spare);
	fd_close(s.directory);
	return status;
}

/* The child that does the work; it does not outlive its parent. */
static pid_t worker_start(const char *directory, unsigned mistakes_made)
{
	pid_t parent = getpid(), worker = fork();

	if (worker != 0)
		return worker;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	_exit(server_run(directory, mistakes_made));
}

/*
 * SIGCHLD says that something has become of the worker; it may only have been stopped. What to do: an exit status to
 * end with, or -1: go on, with another worker if *worker is -1.
 */
static int worker_look(pid_t *worker, int *restarts)
{
	int status;
	pid_t ended;

	do
		ended = waitpid(*worker, &status, WNOHANG);
	while (ended < 0 && errno == EINTR);
	if (ended < 0)
		return say_errno("waitpid");
	if (ended == 0)
		return -1;
	*worker = -1;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	if (++*restarts > RESTARTS_MOST)
		return say("killed %d times: something is wrong with the server itself", *restarts);
	say("the server was killed by signal %d: another takes its place", WTERMSIG(status));
	return -1;
}

/* Both signals are blocked, so that none is missed between a look and the wait: sigwaitinfo() takes them one by one. */
static int server_supervise(const char *directory, unsigned mistakes_made)
{
	int restarts = 0, status = -1;
	pid_t worker = -1;
	sigset_t awaited;

	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	sigaddset(&awaited, SIGTERM);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	while (status < 0) {
		int signal_number;

		if (worker < 0)
			worker = worker_start(directory, mistakes_made);
		if (worker < 0)
			return say_errno("fork");
		signal_number = sigwaitinfo(&awaited, NULL);
		if (signal_number == SIGTERM) {
			kill(worker, SIGTERM);
			restarts = RESTARTS_MOST;
		} else if (signal_number == SIGCHLD) {
			status = worker_look(&worker, &restarts);
		}
	}
	return status;
}

int main(int argc, char **argv)
{
	bool supervised = false;
	unsigned made = 0;
	int at = 1;

	signals_prepare("tabled");
	for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
		size_t i = 0;

		if (strcmp(argv[at], "--supervised") == 0) {
			supervised = true;
			continue;
		}
		if (strcmp(argv[at], "--mistake") != 0 || ++at == argc)
			break;
		while (i < sizeof(mistakes) / sizeof(mistakes[0]) && strcmp(argv[at], mistakes[i].name) != 0)
			i++;
		if (i == sizeof(mistakes) / sizeof(mistakes[0]))
			return say("there is no mistake \"%s\"", argv[at]);
		made |= mistakes[i].bit;
	}
	if (at + 1 != argc)
		return say("usage: tabled [--supervised] [--mistake NAME]... DIRECTORY");
	return supervised ? server_supervise(argv[at], made) : server_run(argv[at], made);
}
