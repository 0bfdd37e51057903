/* SPDX-License-Identifier: MIT */
/*
 * Signals. The receiver keeps them blocked and takes them with sigwaitinfo(2); its descriptor is a signalfd. A class is
 * a signal number; a standard signal carries nothing else, a queued one carries a sigval.
 */
#include "core/techniques/probes/link.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "core/techniques/probes/links.h"
#include "core/base/banned.h"

enum { STANDARD_CLASSES = 2, QUEUED_CLASSES = 3, TIMED_SECONDS = 30, QUEUED_FIRST = 4 };

static int number_of(const struct link *l, unsigned class)
{
	static const int standard[STANDARD_CLASSES] = { SIGUSR1, SIGUSR2 };

	return l == &link_signal ? standard[class % STANDARD_CLASSES] : SIGRTMIN + QUEUED_FIRST + (int)class;
}

static void set_fill(const struct link *l, sigset_t *set, unsigned from, unsigned to)
{
	sigemptyset(set);
	for (unsigned i = from; i < to; i++)
		sigaddset(set, number_of(l, i));
}

static int make_nothing(struct place *p)
{
	(void)p;
	return 0;
}

static void destroy_nothing(struct place *p)
{
	(void)p;
}

static int signal_receiver(struct end *e)
{
	sigset_t set;

	set_fill(e->link, &set, 0, e->link->n_classes);
	sigprocmask(SIG_BLOCK, &set, NULL);
	e->place->receiver = getpid();
	e->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return e->fd < 0 ? -errno : 0;
}

/* A sender needs nothing but the number of the receiver; its own pending set stays its own. */
static int signal_sender(struct end *e)
{
	if (e->place->receiver == 0)
		return -ESRCH; /* to kill(2), 0 would be the whole process group */
	return kill(e->place->receiver, 0) ? -errno : 0;
}

static ssize_t standard_send(struct end *e, const struct parcel *p)
{
	return kill(e->place->receiver, number_of(e->link, p->class)) ? -errno : 0;
}

static ssize_t queued_send(struct end *e, const struct parcel *p)
{
	union sigval v = { .sival_ptr = NULL };

	if (p->n > sizeof(v))
		return -ENOTSUP; /* there is no way to say it */
	memcpy(&v, p->bytes, p->n);
	return sigqueue(e->place->receiver, number_of(e->link, p->class), v) ? -errno : (ssize_t)p->n;
}

static ssize_t signal_receive(struct end *e, struct parcel *p)
{
	struct timespec now = { 0 }, later = { .tv_sec = TIMED_SECONDS };
	unsigned n_classes = e->link->n_classes;
	siginfo_t info;
	sigset_t set;
	int number;

	set_fill(e->link, &set, 0, n_classes);
	if (p->flags & PARCEL_DONTWAIT)
		number = sigtimedwait(&set, &info, &now);
	else if (p->flags & PARCEL_TIMED)
		number = sigtimedwait(&set, &info, &later);
	else
		number = sigwaitinfo(&set, &info);
	if (number < 0)
		return -errno;
	p->said_pid = info.si_pid;
	p->said_code = info.si_code;
	for (unsigned i = 0; i < n_classes; i++)
		if (number_of(e->link, i) == number)
			p->class = i;
	if (e->link == &link_signal)
		return 0;
	memcpy(p->bytes, &info.si_value, p->n < sizeof(info.si_value) ? p->n : sizeof(info.si_value));
	return sizeof(info.si_value);
}

const struct link link_signal = {
	.name = "signal",
	.reach = REACH_BY_NAME,
	.traits = LINK_SIGNAL,
	.bytes = 0,
	.n_classes = STANDARD_CLASSES,
	.make = make_nothing,
	.receiver = signal_receiver,
	.sender = signal_sender,
	.send = standard_send,
	.receive = signal_receive,
	.destroy = destroy_nothing,
	.signal_number = number_of,
};

const struct link link_rt_signal = {
	.name = "rt-signal",
	.reach = REACH_BY_NAME,
	.traits = LINK_SIGNAL,
	.bytes = sizeof(union sigval),
	.n_classes = QUEUED_CLASSES,
	.make = make_nothing,
	.receiver = signal_receiver,
	.sender = signal_sender,
	.send = queued_send,
	.receive = signal_receive,
	.destroy = destroy_nothing,
	.signal_number = number_of,
};
