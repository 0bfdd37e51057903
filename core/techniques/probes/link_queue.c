/* SPDX-License-Identifier: MIT */
/* The two message queues. A class is a priority here, a type there. */
#include "core/techniques/probes/link.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "core/techniques/probes/links.h"
#include "core/base/banned.h"

enum { QUEUE_CLASSES = 3, TIMED_SECONDS = 30, QUEUE_MESSAGES = 8, QUEUE_BYTES = 4096, QUEUE_TRIES = 1000 };

/*
 * The bytes of all queues of a user are bounded together, whoever made them: a small queue, a higher bound where that
 * is allowed, and patience with the others.
 */
static int posix_make(struct place *p)
{
	struct mq_attr a = { .mq_maxmsg = QUEUE_MESSAGES, .mq_msgsize = QUEUE_BYTES };
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };
	const struct timespec again = { .tv_nsec = 10000000 };
	mqd_t q = -1;

	setrlimit(RLIMIT_MSGQUEUE, &r);
	for (int i = 0; i < QUEUE_TRIES && q < 0; i++) {
		q = mq_open(p->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &a);
		if (q < 0 && errno != EMFILE)
			return -errno;
		if (q < 0)
			nanosleep(&again, NULL);
	}
	if (q < 0)
		return -EMFILE;
	mq_close(q);
	return 0;
}

static int posix_open(struct end *e)
{
	e->fd = mq_open(e->place->name, O_RDWR | O_CLOEXEC);
	return e->fd < 0 ? -errno : 0;
}

static void posix_nonblock(mqd_t q, unsigned flags)
{
	struct mq_attr a = { .mq_flags = flags & PARCEL_DONTWAIT ? O_NONBLOCK : 0 };

	mq_setattr(q, &a, NULL);
}

static ssize_t posix_send(struct end *e, const struct parcel *p)
{
	posix_nonblock(e->fd, p->flags);
	return mq_send(e->fd, p->bytes, p->n, p->class) ? -errno : (ssize_t)p->n;
}

static ssize_t posix_receive(struct end *e, struct parcel *p)
{
	struct timespec until;
	unsigned priority = 0;
	ssize_t n;

	posix_nonblock(e->fd, p->flags);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += TIMED_SECONDS;
	n = p->flags & PARCEL_TIMED ? mq_timedreceive(e->fd, p->bytes, p->n, &priority, &until)
				    : mq_receive(e->fd, p->bytes, p->n, &priority);
	if (n < 0)
		return -errno;
	p->class = priority;
	return n;
}

static ssize_t posix_limit(struct end *e)
{
	struct mq_attr a;

	return mq_getattr(e->fd, &a) ? -errno : a.mq_msgsize;
}

static void posix_destroy(struct place *p)
{
	mq_unlink(p->name);
}

static int sysv_make(struct place *p)
{
	p->id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	return p->id < 0 ? -errno : 0;
}

static int sysv_open(struct end *e)
{
	struct msqid_ds d;

	return msgctl(e->place->id, IPC_STAT, &d) ? -errno : 0;
}

struct sysv_message {
	long type;
	char bytes[];
};

static ssize_t sysv_send(struct end *e, const struct parcel *p)
{
	struct sysv_message *m = malloc(sizeof(*m) + p->n);
	ssize_t result;

	if (!m)
		return -ENOMEM;
	m->type = (long)p->class + 1;
	memcpy(m->bytes, p->bytes, p->n);
	result = msgsnd(e->place->id, m, p->n, p->flags & PARCEL_DONTWAIT ? IPC_NOWAIT : 0);
	if (result)
		result = -errno;
	free(m);
	return result < 0 ? result : (ssize_t)p->n;
}

/* Without PARCEL_ANY_CLASS the type is chosen by class; class 0 is type 1, which is what everybody else sends. */
static ssize_t sysv_receive(struct end *e, struct parcel *p)
{
	struct sysv_message *m;
	long type = p->flags & PARCEL_ANY_CLASS ? 0 : (long)p->class + 1;
	ssize_t n;

	if (p->flags & PARCEL_TIMED)
		return -ENOTSUP; /* msgrcv(2) has no timed form */
	m = malloc(sizeof(*m) + p->n);
	if (!m)
		return -ENOMEM;
	n = msgrcv(e->place->id, m, p->n, type, p->flags & PARCEL_DONTWAIT ? IPC_NOWAIT : 0);
	if (n < 0) {
		n = errno == ENOMSG ? -EAGAIN : -errno; /* "nothing there" has one name for all links */
	} else {
		memcpy(p->bytes, m->bytes, (size_t)n);
		p->class = (unsigned)(m->type - 1);
	}
	free(m);
	return n;
}

static pid_t sysv_last_pid(struct end *e)
{
	struct msqid_ds d;

	return msgctl(e->place->id, IPC_STAT, &d) ? 0 : d.msg_lspid;
}

static void sysv_destroy(struct place *p)
{
	if (p->id >= 0)
		msgctl(p->id, IPC_RMID, NULL);
	p->id = -1;
}

const struct link link_posix_mq = {
	.name = "posix-mq",
	.reach = REACH_BY_NAME,
	.bytes = SIZE_MAX,
	.n_classes = QUEUE_CLASSES,
	.limit_word = "mq_msgsize",
	.make = posix_make,
	.receiver = posix_open,
	.sender = posix_open,
	.send = posix_send,
	.receive = posix_receive,
	.destroy = posix_destroy,
	.limit = posix_limit,
};

const struct link link_sysv_mq = {
	.name = "sysv-mq",
	.reach = REACH_BY_NAME,
	.bytes = SIZE_MAX,
	.n_classes = QUEUE_CLASSES,
	.make = sysv_make,
	.receiver = sysv_open,
	.sender = sysv_open,
	.send = sysv_send,
	.receive = sysv_receive,
	.destroy = sysv_destroy,
	.last_pid = sysv_last_pid,
};
