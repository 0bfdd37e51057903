/* SPDX-License-Identifier: MIT */
/* The datagram is held back until N more have gone from this descriptor (or it is closed). */
#include "faults/preload/inject.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HELD = 4, HELD_BYTES = 65536 };

static struct held {
	_Atomic uint32_t state;		/* 0 free, 1 being filled or sent, 2 held */
	int32_t fd, pid;
	_Atomic int32_t left;		/* datagrams that still go first */
	uint32_t length, address_length;
	struct sockaddr_storage address;
	unsigned char bytes[HELD_BYTES];
} held[HELD];

/* The table is big: not to be looked at in vain. Not 0 at first, so that it lies with what every start touches. */
static _Atomic uint32_t never_held = 1;

static void let_go(struct held *h)
{
	uint32_t expected = 2;
	int saved = errno;

	if (!atomic_compare_exchange_strong(&h->state, &expected, 1))
		return;
	syscall(SYS_sendto, h->fd, h->bytes, h->length, MSG_DONTWAIT | MSG_NOSIGNAL,
		h->address_length ? &h->address : NULL, h->address_length);
	atomic_store(&h->state, 0);
	errno = saved;
}

void datagram_sent(int fd)
{
	if (atomic_load_explicit(&never_held, memory_order_relaxed))
		return;
	for (int i = 0; i < HELD; i++)
		if (atomic_load(&held[i].state) == 2 && held[i].fd == fd && held[i].pid == self->pid &&
			atomic_fetch_sub(&held[i].left, 1) <= 1)
			let_go(&held[i]);
}

void datagram_flush(int fd)
{
	if (atomic_load_explicit(&never_held, memory_order_relaxed))
		return;
	for (int i = 0; i < HELD; i++)
		if (atomic_load(&held[i].state) == 2 && (fd < 0 || held[i].fd == fd) && held[i].pid == self->pid)
			let_go(&held[i]);
}

static enum refusal strike(struct inv *v, const struct strike *s)
{
	const struct object *o = object_at(v->object);

	if (!is_datagram(v) || s->after || v->asked > HELD_BYTES ||
		(v->shape != SH_BUF_OUT && v->shape != SH_BUF_OUT_FLAGS && v->shape != SH_BUF_OUT_TO))
		return REFUSED_KIND;
	if (o->kind != OBJ_UDP && s->fault->realism != REALISM_ANY)
		return REFUSED_RELIABLE;
	for (int i = 0; i < HELD; i++) {
		struct held *h = &held[i];
		uint32_t expected = 0;

		if (!atomic_compare_exchange_strong(&h->state, &expected, 1))
			continue;
		h->fd = v->fd;
		h->pid = self->pid;
		h->length = v->asked;
		h->address_length = 0;
		memcpy(h->bytes, (const void *)v->a[1], v->asked);
		if (v->shape == SH_BUF_OUT_TO && v->a[4] && (size_t)v->a[5] <= sizeof(h->address)) {
			memcpy(&h->address, (const void *)v->a[4], (size_t)v->a[5]);
			h->address_length = (uint32_t)v->a[5];
		}
		atomic_store(&h->left, (int32_t)s->fault->value);
		atomic_store(&never_held, 0);
		atomic_store(&h->state, 2);
		v->skip = true;
		v->result = v->asked;
		return REFUSED_NOT;
	}
	return REFUSED_NO_TARGET;
}

const struct action_code act_reorder = { .strike = strike };
