/* SPDX-License-Identifier: MIT */
/*
 * Who is ready. The injector decides most of it inside the roles; the harness decides by path or output, and for
 * programs that the injector does not reach.
 */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/base/rng.h"
#include "core/run/box.h"
#include "core/sys/clock.h"
#include "core/sys/futex.h"
#include "core/sys/proc.h"

enum { NOT_READY, IS_READY, ENDED_BEFORE };

static void ready_set(struct box *box, struct instance *in, uint32_t value)
{
	_Atomic uint32_t *word = &box->arena->roles[in->slot].ready;

	*word = value;
	futex_wake(word);
}

static void path_watch(struct box *box, const struct instance *in)
{
	char directory[PATH_MAX];

	if (in->spec->ready != READY_BY_PATH || box->notify_fd < 0)
		return;
	text_copy(directory, sizeof(directory), in->ready_text);
	/* Where the directory itself is still to come, the regular looks find the path. */
	inotify_add_watch(box->notify_fd, dirname(directory), IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
}

void ready_begin(struct box *box)
{
	for (uint32_t i = 0; i < box->n_instances; i++) {
		box->arena->roles[i].ready = NOT_READY;
		path_watch(box, &box->instances[i]);
	}
}

/* Of the path that it is ready by: another one when it was made anew, or written to. 0: there is none. */
static uint64_t path_print(const struct instance *in)
{
	const char *path = in->ready_text;
	char full[PATH_MAX];
	struct stat st;

	if (path[0] != '/' && in->spec->directory) {
		snprintf(full, sizeof(full), "%s/%s", in->spec->directory, path);
		path = full;
	}
	if (stat(path, &st))
		return 0;
	return rng_mix(st.st_ino ^ rng_mix((uint64_t)st.st_ctim.tv_sec * NS_PER_S + (uint64_t)st.st_ctim.tv_nsec)) | 1;
}

void ready_begin_late(struct box *box, struct instance *in)
{
	box->arena->roles[in->slot].ready = NOT_READY;
	if (in->spec->ready == READY_BY_PATH)
		in->path_print = path_print(in);
}

/* What it is ready by was there before it, and it may well leave that as it is. */
static bool path_left(const struct instance *in)
{
	return in->spec->ready == READY_BY_PATH && in->path_print && path_print(in);
}

/* The injector is not in it: ask the kernel whether it listens. */
static bool listens(const struct instance *in)
{
	int fds[64], n, pidfd;
	bool found = false;

	pidfd = pidfd_of(in->pid);
	if (pidfd < 0)
		return false;
	n = proc_descriptors(in->pid, fds, 64);
	for (int i = 0; i < n && i < 64 && !found; i++) {
		int value = 0, fd = pidfd_borrow(pidfd, fds[i]);
		socklen_t size = sizeof(value);

		if (fd < 0)
			continue;
		found = !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) && value;
		close(fd);
	}
	close(pidfd);
	return found;
}

static bool instance_ready(struct instance *in, uint32_t kind)
{
	if (in->spec->ready == READY_BY_PATH) {
		uint64_t print = path_print(in);

		return print && print != in->path_print;
	}
	if (in->has_regex)
		return !regexec(&in->regex, in->outcome->out.text, 0, NULL, 0) ||
		       !regexec(&in->regex, in->outcome->err.text, 0, NULL, 0);
	if (in->preloaded)
		return false; /* the injector sets the word itself */
	return kind == READY_STARTED || listens(in);
}

bool ready_after_met(const struct box *box, const struct instance *in)
{
	for (uint32_t j = 0; j < box->n_instances; j++)
		if (in->after >> j & 1 && box->arena->roles[j].ready == NOT_READY)
			return false;
	return true;
}

int ready_look(struct box *box)
{
	for (uint32_t i = 0; i < box->n_instances; i++) {
		struct instance *in = &box->instances[i];
		struct role_slot *slot = &box->arena->roles[i];

		if (in->phase == PHASE_RUNNING && slot->ready == NOT_READY && instance_ready(in, slot->ready_at))
			ready_set(box, in, IS_READY);
		if (slot->ready == IS_READY)
			in->outcome->ready = true;
	}
	for (uint32_t i = 0; i < box->n_instances; i++) {
		struct instance *in = &box->instances[i];
		int error;

		if (in->phase != PHASE_HELD || !ready_after_met(box, in))
			continue;
		error = instance_start(box, in, box->out->why, sizeof(box->out->why));
		if (error)
			return error;
	}
	return 0;
}

void ready_ended(struct box *box, struct instance *in)
{
	struct role_slot *slot = &box->arena->roles[in->slot];

	if (slot->ready == IS_READY)
		in->outcome->ready = true;
	else if (in->phase == PHASE_ENDED)
		ready_set(box, in, ENDED_BEFORE);
}

bool ready_by_idleness(struct box *box)
{
	uint64_t those = 0;

	/* Whoever waits for others itself has its turn after them. */
	for (uint32_t i = 0; i < box->n_instances; i++) {
		const struct instance *in = &box->instances[i];
		const struct role_slot *slot = &box->arena->roles[i];

		if (in->phase == PHASE_RUNNING && slot->ready == NOT_READY &&
			(slot->ready_at != READY_HARNESS || path_left(in)) && ready_after_met(box, in))
			those |= (uint64_t)1 << i;
	}
	for (uint32_t i = 0; i < box->n_instances; i++) {
		struct instance *in = &box->instances[i];

		if (!(those >> i & 1))
			continue;
		ready_set(box, in, IS_READY);
		if (!in->guessed && !in->is_spare)
			str_addf(&box->notes,
				"%s was taken for ready when nothing moved: it was not seen to listen\n", in->name);
		in->guessed = true;
	}
	return those != 0;
}

/* What is asked of it was not seen, and others have not begun for that. */
const struct instance *ready_waited_for(const struct box *box)
{
	for (uint32_t i = 0; i < box->n_instances; i++) {
		const struct instance *in = &box->instances[i];

		if (!(in->after) || ready_after_met(box, in) || in->phase == PHASE_ENDED)
			continue;
		for (uint32_t j = 0; j < box->n_instances; j++)
			if (in->after >> j & 1 && box->arena->roles[j].ready == NOT_READY &&
				ready_after_met(box, &box->instances[j]))
				return &box->instances[j];
	}
	return NULL;
}

void ready_explain(const struct instance *in, char *why, size_t size)
{
	const struct role_outcome *r = in->outcome;

	if (in->spec->ready == READY_BY_PATH)
		snprintf(why, size, "there is no %s (ready: {path: …} of %s)", in->ready_text, in->name);
	else if (in->has_regex && !r->out.length && !r->err.length)
		snprintf(why, size, "%s has printed nothing (ready: {output: …}); what goes through stdio may wait "
			"for fflush()", in->name);
	else if (in->has_regex)
		snprintf(why, size, "nothing that %s has printed matches \"%s\" (ready: {output: …})", in->name,
			in->ready_text);
	else
		snprintf(why, size, "%s was not seen to listen (ready: listen); for who does not there is ready: "
			"started, {path: …} or {output: …}", in->name);
}
