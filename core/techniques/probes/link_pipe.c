/* SPDX-License-Identifier: MIT */
/* Pipe, FIFO and eventfd: descriptors that are read and written. */
#include "core/techniques/probes/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/techniques/probes/links.h"
#include "core/base/banned.h"

static void flag_set(int fd, unsigned parcel_flags)
{
	int want = parcel_flags & PARCEL_DONTWAIT ? O_NONBLOCK : 0, have = fcntl(fd, F_GETFL);

	if (have >= 0 && (have & O_NONBLOCK) != want)
		fcntl(fd, F_SETFL, (have & ~O_NONBLOCK) | want);
}

static ssize_t file_send(struct end *e, const struct parcel *p)
{
	ssize_t n;

	flag_set(e->fd, p->flags);
	n = write(e->fd, p->bytes, p->n);
	return n < 0 ? -errno : n;
}

static ssize_t file_receive(struct end *e, struct parcel *p)
{
	ssize_t n;

	if (p->flags & PARCEL_TIMED)
		return -ENOTSUP; /* read(2) has no timed form */
	flag_set(e->fd, p->flags);
	n = read(e->fd, p->bytes, p->n);
	return n < 0 ? -errno : n;
}

static int pipe_make(struct place *p)
{
	return pipe2(p->fds, O_CLOEXEC) ? -errno : 0;
}

static int pipe_end(struct end *e)
{
	e->fd = e->place->fds[!e->receives];
	return close(e->place->fds[e->receives]) ? -errno : 0;
}

static void destroy_nothing(struct place *p)
{
	(void)p;
}

static int fifo_make(struct place *p)
{
	return mkfifo(p->path, 0600) ? -errno : 0;
}

static void fifo_destroy(struct place *p)
{
	unlink(p->path);
}

/* A blocking open would wait for the other end; open without waiting, then block in read like everybody. */
static int fifo_receiver(struct end *e)
{
	e->fd = open(e->place->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (e->fd < 0)
		return -errno;
	flag_set(e->fd, 0);
	return 0;
}

static int fifo_sender(struct end *e)
{
	e->fd = open(e->place->path, O_WRONLY | O_CLOEXEC | (e->wish != WISH_NONE ? O_NONBLOCK : 0));
	return e->fd < 0 ? -errno : 0;
}

static int eventfd_make(struct place *p)
{
	p->fds[0] = eventfd(0, EFD_CLOEXEC);
	return p->fds[0] < 0 ? -errno : 0;
}

static int eventfd_end(struct end *e)
{
	e->fd = e->place->fds[0];
	return fcntl(e->fd, F_GETFD) < 0 ? -errno : 0;
}

const struct link link_pipe = {
	.name = "pipe",
	.reach = REACH_BY_ENDS,
	.bytes = SIZE_MAX,
	.n_classes = 1,
	.make = pipe_make,
	.receiver = pipe_end,
	.sender = pipe_end,
	.send = file_send,
	.receive = file_receive,
	.destroy = destroy_nothing,
};

const struct link link_fifo = {
	.name = "fifo",
	.reach = REACH_BY_NAME,
	.bytes = SIZE_MAX,
	.n_classes = 1,
	.make = fifo_make,
	.receiver = fifo_receiver,
	.sender = fifo_sender,
	.send = file_send,
	.receive = file_receive,
	.destroy = fifo_destroy,
};

const struct link link_eventfd = {
	.name = "eventfd",
	.reach = REACH_BY_FD,
	.traits = LINK_ADDS,
	.bytes = 8,
	.n_classes = 1,
	.make = eventfd_make,
	.receiver = eventfd_end,
	.sender = eventfd_end,
	.send = file_send,
	.receive = file_receive,
	.destroy = destroy_nothing,
};
