/* SPDX-License-Identifier: MIT */
/* Which processes there are in a run, and which of them are known. */
#include <stdlib.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/run/box.h"
#include "core/sys/proc.h"

bool instance_alive(const struct instance *in)
{
	return in->phase == PHASE_RUNNING;
}

static bool is_zygote(const struct box *box, int pid)
{
	for (uint32_t i = 0; i < box->n_prepared; i++)
		if (box->instances[i].zygote == pid)
			return true;
	return false;
}

static void tree_add(struct box *box, int pid)
{
	if (box->n_tree < BOX_TREE)
		box->tree[box->n_tree++] = pid;
}

/* The box has one thread: one read of a file that is open tells its children, where it was not too long. */
static int own_children(const struct box *box, int *pids, int max)
{
	char text[2048], *at = text;
	ssize_t got = box->children_fd < 0 ? -1 : pread(box->children_fd, text, sizeof(text), 0);
	int n = 0;

	if (got < 0 || got > (ssize_t)sizeof(text) / 2)
		return proc_children(getpid(), pids, (size_t)max);
	text[got] = '\0';
	for (;;) {
		char *end;
		long pid = strtol(at, &end, 10);

		if (end == at || n == max)
			return n;
		pids[n++] = (int)pid;
		at = end;
	}
}

void box_tree(struct box *box)
{
	int pids[256], n = own_children(box, pids, 256);

	box->n_tree = 0;
	for (int i = 0; i < n && i < 256; i++)
		if (!is_zygote(box, pids[i]))
			tree_add(box, pids[i]);
	for (uint32_t at = 0; at < box->n_tree; at++) {
		n = proc_children(box->tree[at], pids, 256);
		for (int i = 0; i < n && i < 256; i++)
			tree_add(box, pids[i]);
	}
}

bool process_runs(int pid)
{
	char letter = proc_state_letter(pid);

	return letter && letter != 'Z' && letter != 'X';
}

uint32_t arena_proc_of(const struct arena *a, int pid)
{
	uint32_t n = a->n_procs;

	/* From the newest: an id may have been given again. */
	for (uint32_t i = n < ARENA_PROCS ? n : ARENA_PROCS; i-- > 0;)
		if (a->procs[i].pid == pid && a->procs[i].state != PROC_FREE)
			return i + 1;
	return 0;
}
