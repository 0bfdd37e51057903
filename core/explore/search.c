/* SPDX-License-Identifier: MIT */
/* The main process of an exploration: boxes are started, watched and waited for; all work is done in them. */
#include "core/explore/internal.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/base/status.h"
#include "core/base/str.h"
#include "core/sys/clock.h"
#include "core/sys/proc.h"

enum { WATCH_MS = 20, LONG_RUN_MS = 60, PROGRESS_MS = 250, BOXES_A_CPU = 16, GRACE_MS = 1500 };
enum { COMPUTES_TIMES = 20 };

/* One exploration at a time has the keyboard's attention. */
static struct sweep *attended;

static void on_interrupt(int sig)
{
	(void)sig;
	if (attended)
		atomic_store(&attended->stop, 1);
}

/* The n-th CPU that this process may use; -1 if it cannot be told. */
static int cpu_number(unsigned n)
{
	cpu_set_t set;
	int count;

	if (sched_getaffinity(0, sizeof(set), &set) || !(count = CPU_COUNT(&set)))
		return -1;
	n %= (unsigned)count;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set) && n-- == 0)
			return cpu;
	return -1;
}

static struct box_options box_options_of(const struct sweep *w, unsigned cpu)
{
	return (struct box_options){
		.library = w->options.library,
		.cpu = cpu_number(cpu),
		.zygotes = !w->options.exec_mode,
		.time_scale = w->options.time_scale > 0 ? w->options.time_scale : 1,
	};
}

static int by_rank(const void *a, const void *b, void *data)
{
	const struct sweep *w = data;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct candidate *p = &w->candidates[x], *q = &w->candidates[y];
	bool pd = p->grade == GRADE_DISRUPTIVE, qd = q->grade == GRADE_DISRUPTIVE;

	if (p->rank != q->rank)
		return p->rank < q->rank ? -1 : 1;
	if (pd != qd)
		return pd ? 1 : -1;
	return x < y ? -1 : x > y;
}

/* Every site once before any of them a second time: a short budget already shows most. */
static void order_make(struct sweep *w)
{
	uint32_t shards = w->options.n_shards ? w->options.n_shards : 1,
		 shard = w->options.shard ? w->options.shard - 1 : 0;

	for (uint32_t i = 0; i < w->n_candidates; i++)
		if (i % shards == shard)
			w->order[w->n_order++] = i;
	qsort_r(w->order, w->n_order, sizeof(*w->order), by_rank, w);
	w->n_wanted = w->n_order;
	if (w->options.positions && w->options.positions < w->n_order)
		w->n_order = w->options.positions;
}

/* Runs one errand in a box and waits for it. */
static int errand_run(struct sweep *w, int (*work)(struct box *, void *), struct errand *errand)
{
	struct box_options options = box_options_of(w, 0);
	int pid, status, error = box_start(&options, work, errand, &pid);

	if (error)
		return error;
	error = box_wait(pid, &status);
	return error ? error : status;
}

/* The workers of the sweep: at first one a CPU; more while those that there are wait out long runs. */
struct crew {
	struct errand errands[SWEEP_WORKERS];
	int pids[SWEEP_WORKERS];
	uint32_t n, n_alive;
	int worst;
};

static int crew_add(struct sweep *w, struct crew *crew)
{
	struct box_options options = box_options_of(w, crew->n);
	uint32_t i = crew->n;
	int error;

	if (i == SWEEP_WORKERS)
		return 0;
	crew->errands[i] = (struct errand){ .sweep = w, .worker = i };
	error = box_start(&options, errand_sweep, &crew->errands[i], &crew->pids[i]);
	if (error)
		return error;
	atomic_store(&w->workers[i].pid, crew->pids[i]);
	crew->n++;
	crew->n_alive++;
	return 0;
}

static bool has_ended(int pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static void crew_reap(struct crew *crew)
{
	for (uint32_t i = 0; i < crew->n; i++) {
		int status = 0;

		if (!crew->pids[i] || !has_ended(crew->pids[i]))
			continue;
		if (box_wait(crew->pids[i], &status))
			status = EXIT_HARNESS;
		crew->worst = status ? status : crew->worst;
		crew->pids[i] = 0;
		crew->n_alive--;
	}
}

/*
 * Does it do something now, or wait for a hung run to end? A run that computes takes as long as it does without a fault
 * and more, on a busy machine: another worker would only take the processor from it. But one may also turn in circles.
 */
static bool worker_busy(const struct sweep *w, const struct worker_slot *slot, int64_t now)
{
	uint32_t trial = atomic_load(&slot->trial);
	const struct trial *t = trial ? &w->trials[trial - 1] : NULL;
	int64_t takes;

	if (!t || atomic_load(&t->state) != TRIAL_RUNNING)
		return true;
	takes = now - atomic_load(&t->run_ns);
	return takes < LONG_RUN_MS * NS_PER_MS ||
	       (atomic_load(&t->moving) && takes < COMPUTES_TIMES * w->baseline.cpu_ns);
}

static uint32_t crew_busy(const struct sweep *w, const struct crew *crew)
{
	int64_t now = clock_ns();
	uint32_t busy = 0;

	for (uint32_t i = 0; i < crew->n; i++)
		busy += crew->pids[i] && worker_busy(w, &w->workers[i], now);
	return busy;
}

static void crew_watch(const struct crew *crew, int timeout_ms)
{
	struct pollfd fds[SWEEP_WORKERS];
	nfds_t n = 0;

	for (uint32_t i = 0; i < crew->n; i++) {
		int fd = crew->pids[i] ? pidfd_of(crew->pids[i]) : -1;

		if (fd >= 0)
			fds[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	poll(fds, n, timeout_ms);
	for (nfds_t i = 0; i < n; i++)
		close(fds[i].fd);
}

static void progress(struct sweep *w, int64_t *last_ns)
{
	int64_t now = clock_ns();
	uint32_t next = atomic_load(&w->next);
	char text[160];

	if (!w->options.progress || now - *last_ns < PROGRESS_MS * NS_PER_MS)
		return;
	*last_ns = now;
	snprintf(text, sizeof(text), "%u of %u trials, %.0f runs/s, %u broken", next < w->n_order ? next : w->n_order,
		w->n_order,
		(double)(atomic_load(&w->n_runs) - w->n_runs_before) * 1e9 / (double)(now - w->swept_ns + 1),
		atomic_load(&w->n_broken));
	w->options.progress(text);
}

static int sweep_run(struct sweep *w)
{
	struct crew crew = { .n = 0 };
	uint32_t jobs = w->options.jobs ? w->options.jobs : 1;
	struct box_options options = box_options_of(w, 0);
	int64_t stopped_ns = 0, told_ns = 0, before_ns = w->swept_ns;
	int error = 0;

	w->swept_ns = clock_ns();
	if (w->options.budget_ns && !atomic_load(&w->deadline_ns))
		atomic_store(&w->deadline_ns, w->started_ns + w->options.budget_ns);
	for (uint32_t i = 0; i < jobs && i < SWEEP_WORKERS && !error; i++)
		error = crew_add(w, &crew);
	while (crew.n_alive && !error) {
		crew_watch(&crew, WATCH_MS);
		crew_reap(&crew);
		progress(w, &told_ns);
		if (atomic_load(&w->stop)) {
			w->interrupted = true;
			stopped_ns = stopped_ns ? stopped_ns : clock_ns();
			if (clock_ns() - stopped_ns > GRACE_MS * NS_PER_MS)
				break;
			continue;
		}
		if (crew_busy(w, &crew) < jobs && crew.n < jobs * BOXES_A_CPU && atomic_load(&w->next) < w->n_order &&
			crew.n_alive)
			error = crew_add(w, &crew);
		rehearsals_look(w, &options, atomic_load(&w->next) >= w->n_order && !crew_busy(w, &crew));
	}
	rehearsals_end(w, error || w->interrupted);
	for (uint32_t i = 0; i < crew.n; i++) {
		int status;

		if (!crew.pids[i])
			continue;
		box_stop(crew.pids[i]);
		box_wait(crew.pids[i], &status);
	}
	w->out_of_budget = !w->interrupted && atomic_load(&w->next) < w->n_order;
	w->swept_ns = clock_ns() - w->swept_ns + before_ns;
	return error ? error : crew.worst;
}

static int told(const struct sweep *w, int status, char *why, size_t size)
{
	if (w->harness_why[0])
		snprintf(why, size, "%s", w->harness_why);
	else if (status < 0)
		snprintf(why, size, "%s", strerror(-status));
	else
		snprintf(why, size, "the box ended with status %d", status);
	return status == EXIT_SKIPPED ? EXIT_SKIPPED : EXIT_HARNESS;
}

static int search(struct sweep *w, char *why, size_t size)
{
	struct errand scout = { .sweep = w };
	struct box_options options;
	int status;

	if (w->options.progress)
		w->options.progress("fault-free runs");
	status = errand_run(w, errand_scout, &scout);
	if (status)
		return told(w, status, why, size);
	if (!w->baseline.sound)
		return 0;
	order_make(w);
	w->n_runs_before = atomic_load(&w->n_runs);
	status = sweep_run(w);
	if (!status && !w->interrupted && !w->out_of_budget && pairs_offer(w))
		status = sweep_run(w);
	if (status)
		return told(w, status, why, size);
	w->n_runs_swept = atomic_load(&w->n_runs) - w->n_runs_before;
	findings_group(w);
	if (w->options.progress && w->n_findings)
		w->options.progress("confirming");
	options = box_options_of(w, 0);
	if (!w->interrupted)
		status = findings_confirm(w, &options);
	return status ? told(w, status, why, size) : 0;
}

int explore(const struct scenario *s, const struct explore_options *options, struct sweep **out, char *why, size_t size)
{
	struct sigaction act = { .sa_handler = on_interrupt }, old_int, old_term;
	struct sweep *w =
		mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int status;

	*out = NULL;
	if (w == MAP_FAILED) {
		snprintf(why, size, "no memory for the sweep: %s", strerror(errno));
		return EXIT_HARNESS;
	}
	w->scenario = s;
	w->options = *options;
	w->started_ns = clock_ns();
	attended = w;
	sigaction(SIGINT, &act, &old_int);
	sigaction(SIGTERM, &act, &old_term);
	status = search(w, why, size);
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	attended = NULL;
	if (w->options.progress)
		w->options.progress("");
	if (status) {
		explore_free(w);
		return status;
	}
	*out = w;
	return 0;
}

struct sweep *explore_free(struct sweep *w)
{
	if (w)
		munmap(w, sizeof(*w));
	return NULL;
}

int explore_exit_code(const struct sweep *w)
{
	if (!w->baseline.sound)
		return EXIT_NOT_AS_EXPECTED;
	for (uint32_t i = 0; i < w->n_findings; i++)
		if (w->findings[i].symptom != SYMPTOM_AMPLIFIED)
			return EXIT_NOT_AS_EXPECTED;
	return EXIT_AS_EXPECTED;
}
