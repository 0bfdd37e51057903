/* SPDX-License-Identifier: MIT */
/* Never silently blind: processes of roles in which the injector was not seen, or may not do all of its work. */
#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/str.h"
#include "core/run/box.h"
#include "core/sys/program.h"

/* The process became another program that never said hello: a static one, or one of another kind. */
static bool became_unseen(const struct arena *a, const struct proc *p)
{
	uint32_t last = p->last_chunk, used;

	if (p->state == PROC_FREE || !last || last > ARENA_CHUNKS)
		return false;
	used = a->chunks[last - 1].used;
	for (uint32_t i = used < CHUNK_EVENTS ? used : CHUNK_EVENTS; i-- > 0; ) {
		const struct event *e = &a->chunks[last - 1].events[i];

		/* The text of an event follows it. */
		if (e->seal == a->generation && e->kind != EV_TEXT)
			return e->kind == EV_EXEC && e->result == p->pid;
	}
	return false;
}

/* It started a program without fork() (vfork, posix_spawn), which never said hello. NULL: it did not. */
static const char *started_unseen(const struct arena *a, uint32_t proc)
{
	const struct proc *p = &a->procs[proc];
	uint32_t n = p->n_beside;

	for (uint32_t i = n > PROC_BESIDE ? n - PROC_BESIDE : 0; i < n; i++)
		if (!arena_proc_of(a, p->beside[i % PROC_BESIDE]))
			return a->programs[proc].started[i % PROC_BESIDE];
	return NULL;
}

static const char *reason_of(const struct program *p)
{
	return !p->dynamic	? " (a static program)"
	       : p->privileged	? " (setuid, setgid or with capabilities: ld.so preloads nothing)"
				: "";
}

static void blind_add(struct outcome *o, const char *name, const char *reason)
{
	if (!o->n_blind++)
		snprintf(o->blind, sizeof(o->blind), "%s: the injector was not seen in it%s", name, reason);
}

/* What it has become, or started, is named, with the reason if the file tells one. */
static void blind_add_program(struct outcome *o, const struct proc *p, const char *verb, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct program program;
	char text[OUTCOME_TEXT];
	bool known = *path == '/' && !program_look(path, &program);

	snprintf(text, sizeof(text), " after it %s %.30s%s", verb, *path ? slash ? slash + 1 : path : "another program",
		known ? reason_of(&program) : "");
	blind_add(o, p->name, text);
}

void blind_collect(struct box *box)
{
	const struct arena *a = box->arena;
	struct outcome *o = box->out;

	for (uint32_t i = 0; i < box->n_instances; i++) {
		struct role_outcome *r = &o->roles[i];
		const struct program *p = &box->instances[i].program;
		r->hello = r->started && arena_proc_of(a, r->pid);
		if (r->started && !r->hello)
			blind_add(o, r->name, box->options.library ? reason_of(p) : "");
	}
	for (uint32_t i = 0; i < a->n_procs && i < ARENA_PROCS; i++)
		if (a->procs[i].state == PROC_FREE || !a->procs[i].confined)
			continue;
		else if (a->procs[i].confined & CONFINED_STRICTLY)
			blind_add(o, a->procs[i].name, " after it confined itself to read() and write() (seccomp)");
		else if (!o->n_confined++)
			text_copy(o->confined, sizeof(o->confined), a->procs[i].name);
	for (uint32_t i = 0; i < a->n_procs && i < ARENA_PROCS; i++)
		if (became_unseen(a, &a->procs[i]))
			blind_add_program(o, &a->procs[i], "executed", a->programs[i].executes);
		else if (a->procs[i].state != PROC_FREE && started_unseen(a, i))
			blind_add_program(o, &a->procs[i], "started", started_unseen(a, i));
}
