/* SPDX-License-Identifier: MIT */
/* A program that does what tests of the runner want of a role; its first argument says what. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <mqueue.h>
#include <poll.h>
#include <pty.h>
#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/banned.h"

static _Noreturn void wait_for_ever(void)
{
	for (;;)
		pause();
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	return to;
}

static int listen_at(const char *path)
{
	struct sockaddr_un at = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 16)) {
		perror("target: listen");
		exit(1);
	}
	return fd;
}

/* leave DIR ID: one of everything that outlives its maker, and a child that will not go. */
static int leave(char **args)
{
	char name[256];
	int fd;

	snprintf(name, sizeof(name), "%s/fifo", args[0]);
	mkfifo(name, 0600);
	snprintf(name, sizeof(name), "%s/socket", args[0]);
	listen_at(name);
	snprintf(name, sizeof(name), "%s/file", args[0]);
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	if (fd >= 0 && write(fd, "kept", 4) != 4)
		return 1;
	snprintf(name, sizeof(name), "/%s-left", args[1]);
	shm_open(name, O_CREAT | O_RDWR, 0600);
	sem_open(name, O_CREAT, 0600, 1);
	mq_open(name, O_CREAT | O_RDWR, 0600, NULL);
	msgget(IPC_PRIVATE, 0600);
	semget(IPC_PRIVATE, 1, 0600);
	shmget(IPC_PRIVATE, 4096, 0600);
	if (fork() == 0) {
		signal(SIGTERM, SIG_IGN);
		wait_for_ever();
	}
	return 0;
}

/* clutter MODE NAME: makes a hundred of each kind of object that outlives its maker, known by their (octal) mode. */
static int clutter(char **args)
{
	int mode = (int)strtol(args[0], NULL, 8);

	for (int i = 0; i < 100; i++) {
		char name[256];

		msgget(IPC_PRIVATE, mode);
		semget(IPC_PRIVATE, 1, mode);
		shmget(IPC_PRIVATE, 4096, mode);
		snprintf(name, sizeof(name), "/%s-%d", args[1], i);
		shm_open(name, O_CREAT | O_RDWR, 0600);
		sem_open(name, O_CREAT, 0600, 1);
	}
	return 0;
}

/* stuck: parent and child both read from a pipe whose writing end they hold. */
static int stuck(char **args)
{
	char byte;
	int fds[2];

	(void)args;
	if (pipe(fds))
		return 1;
	fork();
	return read(fds[0], &byte, 1) == 1;
}

/* probe TECHNIQUE GUARANTEE: looks again and again for 900 ms, as one that watches does, and has an answer then. */
static int probe(char **args)
{
	struct timespec begin, now;
	char byte;
	int fds[2];

	if (pipe2(fds, O_NONBLOCK))
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		if (read(fds[0], &byte, 1) != -1)
			return 1;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < 900);
	printf("{\"technique\":\"%s\",\"guarantee\":\"%s\",\"value\":\"yes\",\"evidence\":\"seen\"}\n", args[0],
		args[1]);
	return 0;
}

static int spin(char **args)
{
	char byte;
	int fds[2];

	(void)args;
	if (pipe2(fds, O_NONBLOCK))
		return 1;
	while (read(fds[0], &byte, 1) < 0 && errno == EAGAIN)
		;
	return 0;
}

static volatile sig_atomic_t stop;

static void stop_taken(int number)
{
	(void)number;
	stop = 1;
}

/*
 * What a server keeps open of each client: its handle ("leak"), or something that no other end betrays. "log": nothing,
 * but the first client makes it open a log and an epoll for good.
 */
static void kept_open(const char *what, int client)
{
	static int log_fd = -1, fd;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	if (!strcmp(what, "eventfd"))
		fd = eventfd(0, 0);
	else if (!strcmp(what, "epoll"))
		fd = epoll_create1(0);
	else if (!strcmp(what, "timerfd"))
		fd = timerfd_create(CLOCK_MONOTONIC, 0);
	else if (!strcmp(what, "signalfd"))
		fd = signalfd(-1, &set, 0);
	else if (!strcmp(what, "log") && log_fd < 0)
		fd = log_fd = epoll_create1(0) < 0 ? -1 : open("/proc/self/maps", O_RDONLY);
	if (fd < 0)
		perror(what);
	if (strcmp(what, "leak"))
		close(client);
}

static int serve_on(int fd, char **args)
{
	struct sigaction on_stop = { .sa_handler = stop_taken };

	sigaction(SIGTERM, &on_stop, NULL);
	signal(SIGPIPE, SIG_IGN);
	puts("ready");
	fflush(stdout);
	while (!stop) {
		char bytes[256];
		int client = accept(fd, NULL, NULL);
		ssize_t n;

		if (client < 0)
			continue;
		n = read(client, bytes, sizeof(bytes));
		if (n > 0 && write(client, bytes, (size_t)n) != n)
			perror("target: a client is gone");
		if (args[1])
			kept_open(args[1], client);
		else
			close(client);
	}
	unlink(args[0]);
	puts("served");
	return 0;
}

/* serve PATH [WHAT]: echoes one message of each client and keeps WHAT open; ends well when it is told to. */
static int serve(char **args)
{
	return serve_on(listen_at(args[0]), args);
}

/* serve-anew PATH: as serve, where another one may have left its socket file; a file beside it tells of it. */
static int serve_anew(char **args)
{
	char note[200];
	int fd = unlink(args[0]) < 0 && errno != ENOENT ? -1 : listen_at(args[0]);

	snprintf(note, sizeof(note), "%s.ready", args[0]);
	close(creat(note, 0600));
	return serve_on(fd, args);
}

/* kernel-first PATH: as serve, but has asked the kernel something before. */
static int kernel_first(char **args)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg message;
	} question = { .header = { .nlmsg_len = sizeof(question), .nlmsg_type = RTM_GETLINK,
			       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	struct sockaddr_nl me = { .nl_family = AF_NETLINK };
	char answer[8192];
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)&me, sizeof(me)) ||
		send(fd, &question, sizeof(question), 0) != sizeof(question) ||
		recv(fd, answer, sizeof(answer), 0) <= 0)
		return 1;
	close(fd);
	return serve(args);
}

/* locks PATH: takes three kinds of lock on a file. */
static int locks(char **args)
{
	struct flock all = { .l_type = F_WRLCK };
	int fd = open(args[0], O_RDWR | O_CREAT, 0600);

	return flock(fd, LOCK_EX) || fcntl(fd, F_SETLKW, &all) || lockf(fd, F_LOCK, 0);
}

/* resolve: this host by its number, if it has an address at all (AI_ADDRCONFIG). */
static int resolve(char **args)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG }, *found;
	int error = getaddrinfo("127.0.0.1", "80", &hints, &found);

	(void)args;
	if (error)
		fprintf(stderr, "target: %s\n", gai_strerror(error));
	else
		freeaddrinfo(found);
	return error != 0;
}

static int udp_socket(int seconds)
{
	struct timeval patience = { .tv_sec = seconds };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience))) {
		perror("target: a UDP socket");
		exit(1);
	}
	return fd;
}

static struct sockaddr_in udp_address(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* farewell-server PORT: a child for each client says "go" and waits for its goodbye, half a minute if need be. */
static int farewell_server(char **args)
{
	struct sigaction on_stop = { .sa_handler = stop_taken };
	struct sockaddr_in here = udp_address(args[0]), client;
	int fd = udp_socket(0);

	sigaction(SIGTERM, &on_stop, NULL);
	signal(SIGCHLD, SIG_IGN);
	if (bind(fd, (struct sockaddr *)&here, sizeof(here))) {
		perror("target: bind");
		return 1;
	}
	while (!stop) {
		socklen_t size = sizeof(client);
		char word[16];

		if (recvfrom(fd, word, sizeof(word), 0, (struct sockaddr *)&client, &size) < 0 || fork() != 0)
			continue;
		fd = udp_socket(30);
		if (sendto(fd, "go", 2, 0, (struct sockaddr *)&client, size) == 2 &&
			recv(fd, word, sizeof(word), 0) < 0)
			perror("target: no goodbye");
		_exit(0);
	}
	return 0;
}

/* farewell PORT: its client. */
static int farewell(char **args)
{
	struct sockaddr_in to = udp_address(args[0]), from;
	socklen_t size = sizeof(from);
	int fd = udp_socket(1);
	char word[16];

	if (sendto(fd, "hello", 5, 0, (struct sockaddr *)&to, sizeof(to)) != 5 ||
		recvfrom(fd, word, sizeof(word), 0, (struct sockaddr *)&from, &size) < 0 ||
		sendto(fd, "goodbye", 7, 0, (struct sockaddr *)&from, size) != 7) {
		perror("target: no answer");
		return 1;
	}
	puts("done");
	return 0;
}

/* nurse: a child that waits for ever, until its parent has sent itself a byte and ends it. */
static int nurse(char **args)
{
	pid_t child = fork();
	int fds[2];
	char byte;

	(void)args;
	if (child == 0)
		wait_for_ever();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) || write(fds[0], "x", 1) != 1 || read(fds[1], &byte, 1) != 1)
		return 1;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	puts("done");
	return 0;
}

/* serve-each PATH: a child for each client, until that has closed. */
static int serve_each(char **args)
{
	struct sigaction on_stop = { .sa_handler = stop_taken };
	int fd = listen_at(args[0]);

	sigaction(SIGTERM, &on_stop, NULL);
	signal(SIGCHLD, SIG_IGN);
	while (!stop) {
		int client = accept(fd, NULL, NULL);
		char bytes[64];

		if (client >= 0 && fork() == 0) {
			for (ssize_t n = 1; n > 0 && (n = read(client, bytes, sizeof(bytes))) > 0;)
				n = write(client, bytes, (size_t)n);
			_exit(0);
		}
		if (client >= 0)
			close(client);
	}
	unlink(args[0]);
	return 0;
}

/* hold PATH: a client with a child that has the connection as well, and is ended when there is an answer. */
static int hold(char **args)
{
	struct sockaddr_un to = address_of(args[0]);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t child;
	char byte = 'x';

	signal(SIGPIPE, SIG_IGN);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return 1;
	child = fork();
	if (child == 0)
		wait_for_ever();
	if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
		puts("no answer");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}

static int ask(char **args)
{
	struct sockaddr_un to = address_of(args[0]);
	char bytes[64];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ssize_t n;

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) || write(fd, "question", 8) != 8) {
		perror("target: connect");
		return 1;
	}
	n = read(fd, bytes, sizeof(bytes));
	printf("answer of %zd bytes\n", n);
	return n != 8;
}

/* daemon PATH: serves from a grandchild once the first process has ended. */
static int become_daemon(char **args)
{
	int fds[2];
	char byte;

	if (pipe(fds))
		return 1;
	if (fork() == 0) {
		close(fds[0]);
		setsid();
		if (fork() == 0) {
			/* The first process may go when the socket is there: the second one ends at once. */
			close(fds[1]);
			_exit(serve(args));
		}
		_exit(0);
	}
	close(fds[1]);
	return read(fds[0], &byte, 1) != 0;
}

static int crash(char **args)
{
	(void)args;
	abort();
}

/* zombie PATH: a server that never waits for its children. */
static int zombie(char **args)
{
	if (fork() == 0)
		_exit(0);
	return serve(args);
}

static int wait_mode(char **args)
{
	(void)args;
	wait_for_ever();
}

/* repeat: what comes in on stdin goes out on stdout. */
static int repeat(char **args)
{
	char bytes[4096];
	ssize_t n;

	(void)args;
	while ((n = read(0, bytes, sizeof(bytes))) > 0)
		if (write(1, bytes, (size_t)n) != n)
			return 1;
	return 0;
}

/* reserve: what a descriptor kept for the day when there is none is good for, closed by a raw system call. */
static int reserve(char **args)
{
	int kept = eventfd(0, 0), fd = eventfd(0, 0);

	(void)args;
	if (fd != -1 || errno != EMFILE)
		return 1;
	syscall(SYS_close, kept);
	fd = eventfd(0, 0);
	return fd == kept && eventfd(0, 0) != -1 ? 0 : 2;
}

/* terminal: asks a line of a child behind a terminal that gives whole lines; what the child reads is one. */
static int terminal(char **args)
{
	char answer[16] = "";
	size_t have = 0;
	int master;
	pid_t child = forkpty(&master, NULL, NULL, NULL);

	(void)args;
	if (child == 0) {
		char line[16];
		ssize_t n = read(0, line, sizeof(line));

		_exit(n == 3 && write(1, "yes\n", 4) == 4 ? 0 : 1);
	}
	if (child < 0 || write(master, "is\n", 3) != 3)
		return 1;
	while (have < sizeof(answer) - 1 && !strchr(answer, 's')) {
		ssize_t n = read(master, answer + have, sizeof(answer) - 1 - have);

		if (n <= 0)
			return 2;
		have += (size_t)n;
	}
	return waitpid(child, NULL, 0) == child ? 0 : 3;
}

/* flood N: N lines of 64 bytes. */
static int flood(char **args)
{
	for (long i = strtol(args[0], NULL, 10); i > 0; i--)
		printf("%063ld\n", i);
	return 0;
}

/* Looks every tenth of a second whether there is something to do. */
static int tick(char **args)
{
	while (args)
		poll(NULL, 0, 100);
	return 0;
}

/* A child that crashes; its parent ignores how, does not ask, or is gone by then. */
static int crash_below(char **args)
{
	struct sigaction is = { .sa_flags = SA_NODEFER };
	int gone[2], dead[2];
	char byte;

	if (!strcmp(args[0], "ignored"))
		signal(SIGCHLD, SIG_IGN);
	if (pipe(gone) || pipe(dead))
		return 1;
	if (fork() == 0) {
		if (!strcmp(args[0], "orphan") && fork())
			_exit(0);
		close(gone[1]);
		/* The parent of an orphan ends, and so does what it held. */
		if (sigaction(SIGSEGV, NULL, &is) || is.sa_handler != SIG_DFL || is.sa_flags)
			_exit(3);
		if (!strcmp(args[0], "orphan") && read(gone[0], &byte, 1))
			_exit(3);
		raise(SIGSEGV);
	}
	close(gone[1]);
	close(dead[1]);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return read(dead[0], &byte, 1) != 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int n_args;
		int (*run)(char **args);
	} modes[] = {
		{ "leave", 2, leave },
		{ "clutter", 2, clutter },
		{ "stuck", 0, stuck },
		{ "probe", 2, probe },
		{ "spin", 0, spin },
		{ "serve", 1, serve },
		{ "ask", 1, ask },
		{ "serve-anew", 1, serve_anew },
		{ "serve-each", 1, serve_each },
		{ "hold", 1, hold },
		{ "nurse", 0, nurse },
		{ "farewell-server", 1, farewell_server },
		{ "farewell", 1, farewell },
		{ "resolve", 0, resolve },
		{ "kernel-first", 1, kernel_first },
		{ "locks", 1, locks },
		{ "daemon", 1, become_daemon },
		{ "crash", 0, crash },
		{ "tick", 0, tick },
		{ "crash-below", 1, crash_below },
		{ "zombie", 1, zombie },
		{ "wait", 0, wait_mode },
		{ "repeat", 0, repeat },
		{ "reserve", 0, reserve },
		{ "terminal", 0, terminal },
		{ "flood", 1, flood },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(modes[i].name, argv[1]) && argc >= 2 + modes[i].n_args)
			return modes[i].run(argv + 2);
	fprintf(stderr, "target: no such mode\n");
	return 2;
}
