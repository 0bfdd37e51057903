/* SPDX-License-Identifier: MIT */
#include "core/cli/matrix_run.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "core/base/str.h"
#include "core/cli/progress.h"
#include "core/history/history.h"
#include "core/model/guarantee.h"
#include "core/report/story.h"
#include "core/report/utf8.h"
#include "core/run/run.h"
#include "core/base/banned.h"

enum { CELL_TEXT = 2048, STORY_TEXT = 64 * 1024, TRIES = 3, MOST_BOXES = 64 };

/* What a box says of one scenario; shared with it. */
struct cell {
	_Atomic int begun, ended;
	bool cannot;
	char out[CELL_TEXT]; /* the probe's line */
	char why[512]; /* "": there is a line */
};

/* Shared by all boxes, which take the next scenario from it. */
struct board {
	_Atomic size_t next, n_ended;
	size_t n;
	const struct scenario_list *list;
	bool wants_story;
	char story[STORY_TEXT];
	struct cell cells[];
};

const struct role *matrix_probe(const struct scenario *s)
{
	for (size_t i = 0; i < s->n_roles; i++) {
		char **run = s->roles[i].run;

		if (run[0] && run[1] && strcmp(run[1], "probe") == 0 && run[2] && run[3])
			return &s->roles[i];
	}
	return NULL;
}

/* --- in a box ------------------------------------------------------------------------------------------------- */

static void story_tell(struct board *b, struct box *box, const struct scenario *s)
{
	struct pen pen = { .utf8 = utf8_wanted() };
	struct history h = HISTORY_NONE;

	if (history_read(box_arena(box), &h) == 0) {
		story_of_run(&pen, s->name, &h);
		text_copy(b->story, sizeof(b->story), str_get(&pen.out));
	}
	history_fini(&h);
	str_fini(&pen.out);
}

static void cell_run(
	struct board *b, struct box *box, const struct scenario *s, struct outcome *outcome, struct cell *cell)
{
	const struct role_outcome *role = &outcome->roles[0];
	int error;

	plan_fill(box_arena(box), s);
	/* A probe watches its puppets: when the machine is loaded, for long. */
	error = run_once(box, &(struct run_options){ .may_spin = true }, outcome);
	cell->cannot = outcome->end == RUN_CANNOT;
	cell->why[0] = '\0';
	cell->out[0] = '\0';
	if (error || outcome->end != RUN_DONE) {
		text_copy(cell->why, sizeof(cell->why), outcome->why[0] ? outcome->why : "the run did not end well");
	} else if (role->ended != ENDED_EXIT || role->status != 0 || role->out.kept == 0) {
		snprintf(cell->why, sizeof(cell->why), "the probe printed nothing: %.300s",
			role->err.kept ? role->err.text : "");
	} else {
		snprintf(cell->out, sizeof(cell->out), "%.*s", (int)role->out.kept, role->out.text);
	}
	if (b->wants_story)
		story_tell(b, box, s);
}

static bool cell_is_measured(const struct cell *cell)
{
	return !cell->why[0] && !strstr(cell->out, "\"value\":\"unknown\"");
}

static int board_work(struct box *box, void *data)
{
	struct outcome *outcome = mem_new(sizeof(*outcome));
	struct board *b = data;

	for (;;) {
		size_t i = atomic_fetch_add(&b->next, 1);
		const struct scenario *s;
		struct cell *cell;

		if (i >= b->n)
			break;
		s = b->list->items[i];
		cell = &b->cells[i];
		atomic_store(&cell->begun, 1);
		if (run_prepare(box, s, cell->why, sizeof(cell->why)) == 0)
			for (int n = 0; n < TRIES && (n == 0 || !cell_is_measured(cell)); n++)
				cell_run(b, box, s, outcome, cell);
		run_finish(box);
		atomic_store(&cell->ended, 1);
		atomic_fetch_add(&b->n_ended, 1);
	}
	free(outcome);
	return 0;
}

/* --- outside -------------------------------------------------------------------------------------------------- */

static int box_begin(const struct options *o, struct board *b, int *pid)
{
	const struct box_options options = {
		.library = o->library,
		.cpu = -1,
		.time_scale = o->time_scale,
		.no_namespaces = getenv("SABOT_NO_NAMESPACES") != NULL,
	};

	return box_start(&options, board_work, b, pid);
}

/* Has the box ended? If it died, the cell it was at is lost, and the others need another box. */
static int box_look(const struct options *o, struct board *b, int *pid)
{
	siginfo_t info = { .si_pid = 0 };
	int status, error;

	if (waitid(P_PID, (id_t)*pid, &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid)
		return 0;
	error = box_wait(*pid, &status);
	*pid = 0;
	if (error && atomic_load(&b->next) < b->n)
		return box_begin(o, b, pid);
	return 0;
}

static int boxes_watch(const struct options *o, struct board *b, int *pids, unsigned n, const sigset_t *set)
{
	const struct timespec tick = { .tv_nsec = 200000000 };

	for (;;) {
		unsigned running = 0;
		char text[128];
		int got;

		for (unsigned i = 0; i < n; i++) {
			int error = pids[i] ? box_look(o, b, &pids[i]) : 0;

			if (error)
				return error;
			running += pids[i] != 0;
		}
		if (!running)
			return 0;
		snprintf(text, sizeof(text), "%zu of %zu cells measured", (size_t)atomic_load(&b->n_ended), b->n);
		progress_update(text);
		got = sigtimedwait(set, NULL, &tick);
		if (got == SIGINT || got == SIGTERM || got == SIGHUP)
			return got;
	}
}

static int boxes_run(const struct options *o, struct board *b)
{
	unsigned n = o->jobs < MOST_BOXES ? o->jobs : MOST_BOXES;
	int pids[MOST_BOXES] = { 0 }, code = 0;
	sigset_t set, old;

	sigemptyset(&set);
	for (const int *s = (const int[]){ SIGCHLD, SIGINT, SIGTERM, SIGHUP, 0 }; *s; s++)
		sigaddset(&set, *s);
	sigprocmask(SIG_BLOCK, &set, &old);
	progress_begin(o->verbose < 0);
	n = b->n < n ? (unsigned)b->n : n;
	for (unsigned i = 0; i < n && !code; i++)
		code = box_begin(o, b, &pids[i]);
	if (!code)
		code = boxes_watch(o, b, pids, n, &set);
	for (unsigned i = 0; i < n; i++) {
		int status;

		if (!pids[i])
			continue;
		box_stop(pids[i]);
		box_wait(pids[i], &status);
	}
	progress_clear();
	sigprocmask(SIG_SETMASK, &old, NULL);
	return code;
}

/* The line of a probe is read strictly: what is not a word of the matrix is no answer. */
static void cell_add(struct matrix *m, const struct scenario *s, const struct cell *cell)
{
	const struct role *probe = matrix_probe(s);
	const char *technique = "", *guarantee = "", *value = "", *evidence = "";
	const struct guarantee_info *g = guarantee_find(probe->run[3]);
	json_t *root = json_loads(cell->out, 0, NULL);
	char text[CELL_TEXT];
	bool whole = root && !json_unpack(root, "{s:s, s:s, s:s, s:s}", "technique", &technique, "guarantee",
				     &guarantee, "value", &value, "evidence", &evidence);

	if (!atomic_load(&cell->ended))
		text_copy(text, sizeof(text),
			atomic_load(&cell->begun) ? "the box died while it was measured" : "not begun");
	else if (cell->why[0])
		text_copy(text, sizeof(text), cell->why);
	else if (!whole || strcmp(technique, probe->run[2]) != 0 || !g || strcmp(guarantee, g->name) != 0)
		snprintf(text, sizeof(text), "the probe printed no answer to this question: %.200s", cell->out);
	else if (!guarantee_allows(g, value))
		snprintf(text, sizeof(text), "the probe said \"%.60s\", which is no word for it: %.500s", value,
			evidence);
	else
		text[0] = '\0';
	matrix_add(m, probe->run[2], probe->run[3], text[0] ? "unknown" : value, text[0] ? text : evidence, s->name);
	json_decref(root);
}

int matrix_run(const struct options *o, const struct scenario_list *list, struct matrix *m, struct str *story,
	size_t *n_cannot)
{
	size_t size = sizeof(struct board) + list->n * sizeof(struct cell);
	struct board *b = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int code;

	if (b == MAP_FAILED)
		return -errno;
	b->n = list->n;
	b->list = list;
	b->wants_story = story != NULL;
	code = boxes_run(o, b);
	*n_cannot = 0;
	for (size_t i = 0; i < list->n && !code; i++) {
		*n_cannot += b->cells[i].cannot;
		cell_add(m, list->items[i], &b->cells[i]);
	}
	if (story)
		str_add(story, b->story);
	munmap(b, size);
	return code;
}
