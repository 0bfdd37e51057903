/* SPDX-License-Identifier: MIT */
#include "core/cli/batch.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/status.h"
#include "core/base/str.h"
#include "core/cli/execute.h"
#include "core/cli/progress.h"
#include "core/report/utf8.h"
#include "core/run/run.h"
#include "core/base/banned.h"

enum { BATCH_CPUS = 256 };

struct job {
	const struct scenario *scenario;
	struct result *result; /* shared with the box; NULL: not begun, or told already */
	char *keep;
	int pid; /* of the box; 0: it does not run */
	int cpu; /* index into batch.cpus */
	bool begun, ended;
};

struct batch {
	const struct options *o;
	struct job *jobs;
	size_t n, n_begun, n_told, n_running;
	int cpus[BATCH_CPUS]; /* those that we may use */
	unsigned busy[BATCH_CPUS]; /* boxes on each */
	int n_cpus;
	char *keep; /* absolute; NULL: nothing is kept */
	bool utf8;
};

/* What a box needs; it is forked, so that plain pointers will do. */
struct job_box {
	const struct batch *batch;
	const struct job *job;
};

static int job_work(struct box *box, void *data)
{
	const struct job_box *b = data;
	struct execute_options options = { .keep = b->job->keep, .utf8 = b->batch->utf8 };

	scenario_execute(box, b->job->scenario, &options, b->job->result);
	return 0;
}

static struct result *result_new(void)
{
	void *map = mmap(NULL, sizeof(struct result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

static void job_settled(struct job *job, enum status status, const char *why)
{
	job->result->status = status;
	job->result->seed = job->scenario->seed;
	text_copy(job->result->why, sizeof(job->result->why), why);
	job->ended = true;
}

/* The CPU with the fewest boxes. */
static int cpu_take(struct batch *b)
{
	int best = 0;

	for (int i = 1; i < b->n_cpus; i++)
		if (b->busy[i] < b->busy[best])
			best = i;
	b->busy[best]++;
	return best;
}

static int job_begin(struct batch *b, struct job *job)
{
	struct job_box data = { .batch = b, .job = job };
	struct box_options options = {
		.library = b->o->library,
		.keep = job->keep,
		.payload = 0,
		.time_scale = b->o->time_scale,
		.no_namespaces = getenv("SABOT_NO_NAMESPACES") != NULL,
	};
	int error;

	job->begun = true;
	job->result = result_new();
	if (!job->result)
		return -errno;
	if (job->scenario->unavailable) {
		job_settled(job, STATUS_SKIPPED, job->scenario->unavailable);
		return 0;
	}
	job->cpu = cpu_take(b);
	options.cpu = b->n_cpus ? b->cpus[job->cpu] : -1;
	error = box_start(&options, job_work, &data, &job->pid);
	if (error) {
		b->busy[job->cpu]--;
		return error;
	}
	b->n_running++;
	return 0;
}

static void job_end(struct batch *b, struct job *job, bool stopped)
{
	int status, error = box_wait(job->pid, &status);

	b->busy[job->cpu]--;
	b->n_running--;
	job->pid = 0;
	job->ended = !stopped || !error;
	if (error && !stopped)
		job_settled(job, STATUS_BROKEN, "the box of this scenario died");
}

/* Tells of all that have ended, as far as the order of the list allows. */
static int jobs_tell(struct batch *b, batch_done *done, void *data)
{
	int error = 0;

	while (!error && b->n_told < b->n && b->jobs[b->n_told].ended) {
		struct job *job = &b->jobs[b->n_told++];

		progress_clear();
		error = done(job->scenario, job->result, data);
		munmap(job->result, sizeof(*job->result));
		job->result = NULL;
	}
	return error;
}

static void jobs_reap(struct batch *b)
{
	for (size_t i = b->n_told; i < b->n_begun; i++) {
		siginfo_t info = { .si_pid = 0 };
		struct job *job = &b->jobs[i];

		if (job->pid && !waitid(P_PID, (id_t)job->pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid)
			job_end(b, job, false);
	}
}

static void jobs_stop(struct batch *b)
{
	for (size_t i = b->n_told; i < b->n_begun; i++)
		if (b->jobs[i].pid)
			box_stop(b->jobs[i].pid);
	for (size_t i = b->n_told; i < b->n_begun; i++)
		if (b->jobs[i].pid)
			job_end(b, &b->jobs[i], true);
}

static void progress_show(const struct batch *b)
{
	char text[256];

	snprintf(text, sizeof(text), "%zu of %zu scenarios, %zu running: %s", b->n_told, b->n, b->n_running,
		b->n_told < b->n ? b->jobs[b->n_told].scenario->name : "");
	progress_update(text);
}

static int batch_loop(struct batch *b, const sigset_t *set, batch_done *done, void *data)
{
	const struct timespec tick = { .tv_nsec = 200000000 };

	while (b->n_told < b->n) {
		int error = 0, got;

		while (!error && b->n_begun < b->n && b->n_running < b->o->jobs) {
			error = job_begin(b, &b->jobs[b->n_begun++]);
			if (!error)
				error = jobs_tell(b, done, data);
		}
		if (error)
			return error;
		if (b->n_told == b->n)
			break;
		progress_show(b);
		got = sigtimedwait(set, NULL, &tick);
		if (got == SIGINT || got == SIGTERM || got == SIGHUP)
			return got;
		jobs_reap(b);
		error = jobs_tell(b, done, data);
		if (error)
			return error;
	}
	return 0;
}

/* A directory for each scenario, named after it; of several with one name the later ones get a number. */
static void keep_names(struct batch *b)
{
	for (size_t i = 0; b->keep && i < b->n; i++) {
		const char *name = b->jobs[i].scenario->name;
		unsigned same = 1;

		for (size_t j = 0; j < i; j++)
			same += !strcmp(b->jobs[j].scenario->name, name);
		b->jobs[i].keep =
			same == 1 ? mem_printf("%s/%s", b->keep, name) : mem_printf("%s/%s-%u", b->keep, name, same);
		for (char *at = b->jobs[i].keep + strlen(b->keep) + 1; *at; at++)
			if (*at == '/')
				*at = '_';
	}
}

static int batch_init(struct batch *b, const struct options *o, const struct scenario_list *list)
{
	cpu_set_t cpus;

	*b = (struct batch){ .o = o, .n = list->n, .utf8 = utf8_wanted() };
	b->jobs = mem_new((list->n + 1) * sizeof(*b->jobs));
	for (size_t i = 0; i < list->n; i++)
		b->jobs[i].scenario = list->items[i];
	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		for (int i = 0; i < CPU_SETSIZE && b->n_cpus < BATCH_CPUS; i++)
			if (CPU_ISSET(i, &cpus))
				b->cpus[b->n_cpus++] = i;
	if (!o->keep)
		return 0;
	if (mkdir(o->keep, 0777) && errno != EEXIST) {
		fprintf(stderr, "sabot: --keep %s: %s\n", o->keep, strerror(errno));
		return -errno;
	}
	b->keep = realpath(o->keep, NULL);
	keep_names(b);
	return 0;
}

static void batch_fini(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->jobs[i].result)
			munmap(b->jobs[i].result, sizeof(struct result));
		free(b->jobs[i].keep);
	}
	free(b->jobs);
	free(b->keep);
}

int batch_run(const struct options *o, const struct scenario_list *list, batch_done *done, void *data)
{
	struct batch b;
	sigset_t set, old;
	int code = batch_init(&b, o, list);

	/* Signals are taken in one place: none is lost between a look and a wait. */
	sigemptyset(&set);
	for (const int *s = (const int[]){ SIGCHLD, SIGINT, SIGTERM, SIGHUP, 0 }; *s; s++)
		sigaddset(&set, *s);
	sigprocmask(SIG_BLOCK, &set, &old);
	if (!code) {
		progress_begin(o->verbose < 0);
		code = batch_loop(&b, &set, done, data);
		jobs_stop(&b);
		if (code > 0) {
			int error = jobs_tell(&b, done, data);

			code = error ? error : code;
		}
		progress_clear();
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	batch_fini(&b);
	return code;
}

int batch_exit_code(enum status status)
{
	switch (status) {
	case STATUS_AS_EXPECTED:
		return EXIT_AS_EXPECTED;
	case STATUS_BROKEN:
		return EXIT_HARNESS;
	case STATUS_SKIPPED:
		return EXIT_SKIPPED;
	case STATUS_NOT_AS_EXPECTED:
	case STATUS_VACUOUS:
	default:
		return EXIT_NOT_AS_EXPECTED;
	}
}
