/* SPDX-License-Identifier: MIT */
#include "tests/bench/loops.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/bench.h"

static int stream_send(struct ends *e, int side, void *bytes)
{
	for (size_t done = 0; done < e->size;) {
		ssize_t n = write(e->fd[side][1], (char *)bytes + done, e->size - done);

		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

static int stream_receive(struct ends *e, int side, void *bytes)
{
	for (size_t done = 0; done < e->size;) {
		ssize_t n = read(e->fd[side][0], (char *)bytes + done, e->size - done);

		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

static int packet_send(struct ends *e, int side, void *bytes)
{
	return write(e->fd[side][1], bytes, e->size) == (ssize_t)e->size ? 0 : -1;
}

static int packet_receive(struct ends *e, int side, void *bytes)
{
	return read(e->fd[side][0], bytes, e->size) == (ssize_t)e->size ? 0 : -1;
}

static void fds_close(struct ends *e)
{
	for (int i = 0; i < 4; i++)
		if (e->fd[i / 2][i % 2] >= 0)
			close(e->fd[i / 2][i % 2]);
}

static int side_use(struct ends *e, int side, int fd)
{
	e->fd[side][0] = fd;
	e->fd[side][1] = dup(fd);
	return fd;
}

static int connection_open(struct ends *e, int family, int type)
{
	struct sockaddr_storage address = { .ss_family = (sa_family_t)family };
	socklen_t length = family == AF_UNIX ? sizeof(sa_family_t) : sizeof(struct sockaddr_in);
	int master = socket(family, type, 0), one = 1, ok;

	if (family == AF_INET)
		((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	/* Without a name of its own a Unix socket gets one that is in use nowhere else; so does port 0. */
	ok = master >= 0 && !bind(master, (struct sockaddr *)&address, length) && !listen(master, 1);
	length = sizeof address;
	ok = ok && !getsockname(master, (struct sockaddr *)&address, &length) &&
		!connect(side_use(e, 0, socket(family, type, 0)), (struct sockaddr *)&address, length) &&
		side_use(e, 1, accept(master, NULL, NULL)) >= 0;
	close(master);
	for (int side = 0; ok && family == AF_INET && side < 2; side++)
		setsockopt(e->fd[side][0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return ok ? 0 : -1;
}

static int unix_stream_open(struct ends *e)
{
	return connection_open(e, AF_UNIX, SOCK_STREAM);
}

static int unix_seqpacket_open(struct ends *e)
{
	return connection_open(e, AF_UNIX, SOCK_SEQPACKET);
}

static int tcp_open(struct ends *e)
{
	return connection_open(e, AF_INET, SOCK_STREAM);
}

static int socketpair_open(struct ends *e)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		return -1;
	side_use(e, 0, fds[0]);
	side_use(e, 1, fds[1]);
	return 0;
}

/* Two sockets that are bound and know each other. */
static int datagram_open(struct ends *e, int family)
{
	struct sockaddr_storage address[2] = { { .ss_family = (sa_family_t)family },
		{ .ss_family = (sa_family_t)family } };
	socklen_t length[2];

	for (int side = 0; side < 2; side++) {
		int fd = side_use(e, side, socket(family, SOCK_DGRAM, 0));

		if (family == AF_INET)
			((struct sockaddr_in *)&address[side])->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		length[side] = family == AF_UNIX ? sizeof(sa_family_t) : sizeof(struct sockaddr_in);
		if (fd < 0 || bind(fd, (struct sockaddr *)&address[side], length[side]))
			return -1;
		length[side] = sizeof address[side];
		if (getsockname(fd, (struct sockaddr *)&address[side], &length[side]))
			return -1;
	}
	return connect(e->fd[0][0], (struct sockaddr *)&address[1], length[1]) ||
		connect(e->fd[1][0], (struct sockaddr *)&address[0], length[0]) ? -1 : 0;
}

static int unix_dgram_open(struct ends *e)
{
	return datagram_open(e, AF_UNIX);
}

static int udp_open(struct ends *e)
{
	return datagram_open(e, AF_INET);
}

static int pipe_open(struct ends *e)
{
	int there[2], back[2];

	if (pipe(there) || pipe(back))
		return -1;
	e->fd[0][1] = there[1];
	e->fd[1][0] = there[0];
	e->fd[1][1] = back[1];
	e->fd[0][0] = back[0];
	return 0;
}

static int fifo_open(struct ends *e)
{
	for (int side = 0; side < 2; side++) {
		const char *path = scratch_path(side ? "fifo-there" : "fifo-back");
		int both;

		if (mkfifo(path, 0600))
			return -1;
		/* Opened for both first, so that neither of the two that count has to wait for the other. */
		both = open(path, O_RDWR | O_CLOEXEC);
		e->fd[side][0] = open(path, O_RDONLY | O_CLOEXEC);
		e->fd[!side][1] = open(path, O_WRONLY | O_CLOEXEC);
		close(both);
		unlink(path);
		if (e->fd[side][0] < 0 || e->fd[!side][1] < 0)
			return -1;
	}
	return 0;
}

static int posix_mq_open(struct ends *e)
{
	struct mq_attr room = { .mq_maxmsg = 10, .mq_msgsize = (long)e->size };
	char name[64];

	for (int side = 0; side < 2; side++) {
		snprintf(name, sizeof name, "/ipc-bench-%d-%d", (int)getpid(), side);
		e->fd[side][0] = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &room);
		e->fd[!side][1] = dup(e->fd[side][0]);
		mq_unlink(name);
		if (e->fd[side][0] < 0)
			return -1;
	}
	return 0;
}

static int posix_mq_send(struct ends *e, int side, void *bytes)
{
	return mq_send(e->fd[side][1], bytes, e->size, 0);
}

static int posix_mq_receive(struct ends *e, int side, void *bytes)
{
	return mq_receive(e->fd[side][0], bytes, e->size, NULL) == (ssize_t)e->size ? 0 : -1;
}

static int sysv_queues[2] = { -1, -1 };

static void sysv_mq_close(struct ends *e)
{
	(void)e;
	for (int i = 0; i < 2; i++) {
		if (sysv_queues[i] >= 0)
			msgctl(sysv_queues[i], IPC_RMID, NULL);
		sysv_queues[i] = -1;
	}
}

/* A queue outlives its makers: Ctrl-C removes it too. */
static void sysv_mq_abandon(int signal)
{
	sysv_mq_close(NULL);
	_exit(128 + signal);
}

static int sysv_mq_open(struct ends *e)
{
	signal(SIGINT, sysv_mq_abandon);
	signal(SIGTERM, sysv_mq_abandon);
	for (int side = 0; side < 2; side++) {
		sysv_queues[side] = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
		e->fd[side][0] = e->fd[!side][1] = sysv_queues[side];
	}
	return sysv_queues[0] < 0 || sysv_queues[1] < 0 ? -1 : 0;
}

/* The type lies before the bytes: messages are kept with room for it. */
static int sysv_mq_send(struct ends *e, int side, void *bytes)
{
	long *type = (long *)((char *)bytes - sizeof(long));

	*type = 1;
	return msgsnd(e->fd[side][1], type, e->size, 0);
}

static int sysv_mq_receive(struct ends *e, int side, void *bytes)
{
	return msgrcv(e->fd[side][0], (char *)bytes - sizeof(long), e->size, 0, 0) == (ssize_t)e->size ? 0 : -1;
}

static int posix_shm_make(size_t room)
{
	char name[64];
	int fd;

	snprintf(name, sizeof name, "/ipc-bench-%d", (int)getpid());
	fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
	shm_unlink(name);
	return fd < 0 || ftruncate(fd, (off_t)room) ? -1 : fd;
}

static int posix_shm_open(struct ends *e)
{
	return ring_open(e, posix_shm_make);
}

static int signals_block(struct ends *e, int number)
{
	sigset_t set;

	(void)e;
	sigemptyset(&set);
	sigaddset(&set, number);
	return sigprocmask(SIG_BLOCK, &set, NULL);
}

static int signal_open(struct ends *e)
{
	return signals_block(e, SIGUSR1);
}

static int rt_signal_open(struct ends *e)
{
	return signals_block(e, SIGRTMIN);
}

/* What is still there is taken before it is let through. */
static void signals_close(struct ends *e)
{
	const struct timespec at_once = { .tv_sec = 0 };
	sigset_t set;

	(void)e;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	while (sigtimedwait(&set, NULL, &at_once) > 0)
		;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int signal_take(int number)
{
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	return sigwaitinfo(&set, &info) == number ? 0 : -1;
}

static int signal_send(struct ends *e, int side, void *bytes)
{
	(void)bytes;
	return kill(e->pid[!side], SIGUSR1);
}

static int signal_receive(struct ends *e, int side, void *bytes)
{
	(void)e, (void)side, (void)bytes;
	return signal_take(SIGUSR1);
}

static int rt_signal_send(struct ends *e, int side, void *bytes)
{
	union sigval value = { .sival_int = *(int *)bytes };

	while (sigqueue(e->pid[!side], SIGRTMIN, value)) {
		if (errno != EAGAIN)
			return -1;
		sched_yield();
	}
	return 0;
}

static int rt_signal_receive(struct ends *e, int side, void *bytes)
{
	(void)e, (void)side, (void)bytes;
	return signal_take(SIGRTMIN);
}

static int eventfd_open(struct ends *e)
{
	for (int side = 0; side < 2; side++) {
		e->fd[side][0] = eventfd(0, EFD_CLOEXEC);
		e->fd[!side][1] = dup(e->fd[side][0]);
		if (e->fd[side][0] < 0)
			return -1;
	}
	return 0;
}

static int eventfd_send(struct ends *e, int side, void *bytes)
{
	*(uint64_t *)bytes = 1;
	return packet_send(e, side, bytes);
}

#define STREAM .send = stream_send, .receive = stream_receive, .close = fds_close
#define PACKET .send = packet_send, .receive = packet_receive, .close = fds_close
#define RING .send = ring_send, .receive = ring_receive, .close = ring_close
const struct loop loops[] = {
	{ .name = "unix-stream", .open = unix_stream_open, STREAM },
	{ .name = "unix-dgram", .open = unix_dgram_open, PACKET },
	{ .name = "unix-seqpacket", .open = unix_seqpacket_open, PACKET },
	{ .name = "socketpair", .forks = 1, .open = socketpair_open, STREAM },
	{ .name = "tcp", .open = tcp_open, STREAM },
	{ .name = "udp", .open = udp_open, .largest = 65507, .loses = 1, PACKET },
	{ .name = "pipe", .forks = 1, .open = pipe_open, STREAM },
	{ .name = "fifo", .open = fifo_open, STREAM },
	{ .name = "posix-mq",
		.open = posix_mq_open,
		.largest = 8192,
		.send = posix_mq_send,
		.receive = posix_mq_receive,
		.close = fds_close },
	{ .name = "sysv-mq",
		.open = sysv_mq_open,
		.largest = 8192,
		.send = sysv_mq_send,
		.receive = sysv_mq_receive,
		.close = sysv_mq_close },
	{ .name = "posix-shm", .open = posix_shm_open, RING },
	{ .name = "sysv-shm",
		.open = sysv_shm_open,
		.send = sysv_shm_send,
		.receive = sysv_shm_receive,
		.close = sysv_shm_close },
	{ .name = "memfd", .open = memfd_open, .send = memfd_send, .receive = memfd_receive, .close = fds_close },
	{ .name = "signal",
		.forks = 1,
		.open = signal_open,
		.fixed = 8,
		.coalesces = 1,
		.send = signal_send,
		.receive = signal_receive,
		.close = signals_close },
	{ .name = "rt-signal",
		.forks = 1,
		.open = rt_signal_open,
		.fixed = 8,
		.send = rt_signal_send,
		.receive = rt_signal_receive,
		.close = signals_close },
	{ .name = "eventfd",
		.forks = 1,
		.open = eventfd_open,
		.fixed = 8,
		.coalesces = 1,
		.send = eventfd_send,
		.receive = packet_receive,
		.close = fds_close },
};
const size_t n_loops = sizeof loops / sizeof *loops;
