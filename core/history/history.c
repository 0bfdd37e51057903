/* SPDX-License-Identifier: MIT */
#include "core/history/history.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"

void history_fini(struct history *h)
{
	free(h->events);
	free(h->procs);
	free(h->channels);
	free(h->modules);
	free(h->text);
	*h = HISTORY_NONE;
}

const char *history_text(const struct history *h, const struct history_event *e)
{
	return e->text && e->text <= h->n_text ? h->text + e->text - 1 : "";
}

int64_t history_ns(const struct history *h, uint64_t stamp)
{
	int64_t ticks = (int64_t)(stamp - h->tick_base);

	if (!h->tick_hz)
		return 0;
	return (int64_t)((__int128)ticks * 1000000000 / (__int128)h->tick_hz);
}

uint64_t history_bytes(const struct event *e)
{
	struct history_call call;

	if (e->kind != EV_CALL || e->error || e->result < 0)
		return 0;
	call = history_call_of(e->call);
	if (call.moves == MOVES_ASKED)
		return e->asked;
	return call.moves == MOVES_RESULT ? (uint64_t)e->result : 0;
}

const char *object_kind_name(uint32_t kind)
{
	static const char *const names[OBJ_N_KINDS] = {
		[OBJ_NONE] = "none", [OBJ_UNIX_STREAM] = "unix-stream", [OBJ_UNIX_DGRAM] = "unix-dgram",
		[OBJ_UNIX_SEQPACKET] = "unix-seqpacket", [OBJ_SOCKETPAIR] = "socketpair", [OBJ_TCP] = "tcp",
		[OBJ_UDP] = "udp", [OBJ_PIPE] = "pipe", [OBJ_FIFO] = "fifo", [OBJ_POSIX_MQ] = "posix-mq",
		[OBJ_SYSV_MQ] = "sysv-mq", [OBJ_POSIX_SHM] = "posix-shm", [OBJ_SYSV_SHM] = "sysv-shm",
		[OBJ_MEMFD] = "memfd", [OBJ_SEM] = "sem", [OBJ_SYSV_SEM] = "sysv-sem", [OBJ_EVENTFD] = "eventfd",
		[OBJ_SIGNALFD] = "signalfd", [OBJ_TIMERFD] = "timerfd", [OBJ_EPOLL] = "epoll",
		[OBJ_NETLINK] = "netlink", [OBJ_PTY] = "pty", [OBJ_FILE] = "file", [OBJ_OTHER] = "other",
	};

	return kind < OBJ_N_KINDS ? names[kind] : "other";
}

/* Did a role begin with this process that had begun before: a probe, or a service that was started again? */
static bool comes_again(const struct history *h, uint32_t proc)
{
	size_t n = strcspn(h->procs[proc].name, "~");

	if (h->procs[proc].parent)
		return false;
	for (uint32_t i = 0; i < proc; i++)
		if (!h->procs[i].parent && strlen(h->procs[i].name) == n &&
			!strncmp(h->procs[i].name, h->procs[proc].name, n))
			return true;
	return false;
}

size_t history_first_go(const struct history *h)
{
	uint32_t again = 0;
	size_t n = 0;

	while (again < h->n_procs && !comes_again(h, again))
		again++;
	if (again == h->n_procs)
		return h->n_events;
	while (n < h->n_events && h->events[n].proc != again)
		n++;
	return n;
}
