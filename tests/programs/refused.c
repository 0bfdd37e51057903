/* SPDX-License-Identifier: MIT */
/*
 * refused CALLS SECONDS: calls of which the first cannot be refused and the second can; where they wait, for so many
 * seconds. Ends with 0 if the first has succeeded and the second is told what Linux would tell.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/banned.h"

static int patience_s;

static struct timespec later(clockid_t clock)
{
	struct timespec t = { 0, 0 };

	clock_gettime(clock, &t);
	t.tv_sec += patience_s;
	return t;
}

static int verdict(int first, int second, int error)
{
	int told = errno;

	if (first != 0 || second != -1 || told != error)
		fprintf(stderr, "first %d, second %d: %s\n", first, second, strerror(told));
	return first != 0 || second != -1 || told != error;
}

static int semaphore(void)
{
	struct timespec until = later(CLOCK_REALTIME);
	sem_t sem;
	int first;

	if (sem_init(&sem, 1, 1))
		return 1;
	first = sem_timedwait(&sem, &until);
	return verdict(first, sem_timedwait(&sem, &until), ETIMEDOUT);
}

static int mutex(void)
{
	struct timespec until = later(CLOCK_REALTIME);
	pthread_mutexattr_t attr;
	pthread_mutex_t m;
	int first;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&m, &attr);
	first = pthread_mutex_timedlock(&m, &until);
	errno = pthread_mutex_timedlock(&m, &until);
	return verdict(first, errno ? -1 : 0, ETIMEDOUT);
}

static int sysv_semaphore(void)
{
	struct timespec patience = { patience_s, 0 };
	struct sembuf up = { .sem_op = 1 }, down = { .sem_op = -1 };
	int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600), first, bad;

	if (id < 0 || semop(id, &up, 1))
		return 1;
	first = semtimedop(id, &down, 1, &patience);
	bad = verdict(first, semtimedop(id, &down, 1, &patience), EAGAIN);
	semctl(id, 0, IPC_RMID);
	return bad;
}

static int queue(void)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 8 };
	struct timespec until = later(CLOCK_REALTIME);
	mqd_t q = mq_open("/refused", O_RDWR | O_CREAT, 0600, &attr);
	char text[8];
	int first, bad;

	if (q == (mqd_t)-1 || mq_send(q, "x", 1, 0))
		return 1;
	first = mq_timedreceive(q, text, sizeof(text), NULL, &until) == 1 ? 0 : -1;
	bad = verdict(first, (int)mq_timedreceive(q, text, sizeof(text), NULL, &until), ETIMEDOUT);
	mq_unlink("/refused");
	return bad;
}

static int message_send(int s, int fd)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control = { .room = { 0 } };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
			    .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (fd < 0)
		m.msg_controllen = 0;
	return sendmsg(s, &m, 0) == 1 ? 0 : -1;
}

/* What came with the message, as a word. */
static const char *message_receive(int s)
{
	union { struct cmsghdr align; char room[256]; } control;
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
			    .msg_controllen = sizeof(control.room) };
	int credentials = 0, rights = 0;

	if (recvmsg(s, &m, 0) != 1 || byte != 'x')
		return "nothing";
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		credentials |= c->cmsg_type == SCM_CREDENTIALS;
		rights |= c->cmsg_type == SCM_RIGHTS;
	}
	return !credentials ? "no credentials" : rights ? "rights" : m.msg_flags & MSG_CTRUNC ? "cut" : "whole";
}

/* The credentials stay, the descriptor does not, nor does the process have it. */
static int rights(void)
{
	int s[2], one = 1, free_before, free_after;
	const char *first, *second;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) || setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) ||
		message_send(s[0], -1))
		return 1;
	first = message_receive(s[1]);
	free_before = eventfd(0, 0);
	close(free_before);
	if (message_send(s[0], s[0]))
		return 1;
	second = message_receive(s[1]);
	free_after = eventfd(0, 0);
	close(free_after);
	fprintf(stderr, "first %s, then %s, free %d and %d\n", first, second, free_before, free_after);
	return strcmp(first, "whole") || strcmp(second, "cut") || free_before != free_after;
}

/* To take out of a set needs no memory. */
static int watch(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	int set = epoll_create1(0), fd = eventfd(0, 0), first;

	if (set < 0 || fd < 0)
		return 1;
	errno = 0;
	first = epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL) == -1 && errno == ENOENT ? 0 : -1;
	return verdict(first, epoll_ctl(set, EPOLL_CTL_ADD, fd, &e), ENOMEM);
}

/* Nor does looking for what there is. */
static int segment(void)
{
	key_t key = (key_t)getpid() | 0x5ab0000;
	int first;

	errno = 0;
	first = shmget(key, 4096, 0) == -1 && errno == ENOENT ? 0 : -1;
	return verdict(first, shmget(key, 4096, IPC_CREAT | 0600), ENOSPC);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} all[] = { { "semaphore", semaphore }, { "mutex", mutex }, { "sysv-semaphore", sysv_semaphore },
		    { "queue", queue }, { "rights", rights }, { "watch", watch }, { "segment", segment } };

	patience_s = argc == 3 ? (int)strtol(argv[2], NULL, 10) : 0;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (argc == 3 && strcmp(argv[1], all[i].name) == 0)
			return all[i].run();
	return 2;
}
