/* SPDX-License-Identifier: MIT */
/* What every role does alike: speak, take signals, wait, fork clients. */
#include "core/techniques/impl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "core/include/sabot.h"
#include "core/base/banned.h"

static char who[64] = "sabot-ref";

void say_as(const char *technique, const struct ref_options *o)
{
	if (o->server)
		snprintf(who, sizeof(who), "sabot-ref %s server", technique);
	else
		snprintf(who, sizeof(who), "sabot-ref %s client %u", technique, o->client);
}

/* One write, so that the sentences of threads and processes do not mix. */
static void sentence_write(const char *format, va_list args, const char *why)
{
	char text[512];
	int n;

	n = vsnprintf(text, sizeof(text), format, args);
	if (n < 0)
		return;
	fprintf(stderr, "%s: %s%s%s\n", who, text, why ? ": " : "", why ? why : "");
}

int say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sentence_write(format, args, NULL);
	va_end(args);
	return 1;
}

int say_errno(const char *format, ...)
{
	char text[128];
	const char *why = strerror_r(errno, text, sizeof(text));
	va_list args;

	va_start(args, format);
	sentence_write(format, args, why);
	va_end(args);
	return 1;
}

void server_ready(void)
{
	sabot_became("ready");
	printf("ready\n");
	fflush(stdout);
}

/*
 * A client that is a child leaves its line to the server, which prints all of them in the order of the clients: the
 * output of a run is the same whoever is done first. NULL: a client of its own.
 */
enum { SUMMARY_SIZE = 160, SUMMARIES = 64 };
static char *summary;

int client_summary(const struct ref_options *o, const char *format, ...)
{
	char text[SUMMARY_SIZE - 24];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (summary) {
		snprintf(summary, SUMMARY_SIZE, "client %u: %s\n", o->client, text);
		return 0;
	}
	printf("client %u: %s\n", o->client, text);
	return fflush(stdout) == 0 ? 0 : say_errno("writing the summary");
}

/* ---- signals ---- */

static _Atomic int stopping;	/* lock-free: the handler sets it, any thread looks */
static volatile sig_atomic_t n_interrupts;
static void (*volatile objects_remove)(void);
static sigset_t while_waiting;	/* the mask that lets SIGTERM in */

static void on_term(int number)
{
	(void)number;
	stopping = 1;
}

static void on_term_at_once(int number)
{
	(void)number;
	if (objects_remove)
		objects_remove();
	_exit(0);
}

/* It only counts; what matters is that the call it arrives in returns EINTR, for there is no SA_RESTART. */
static void on_usr1(int number)
{
	(void)number;
	n_interrupts = n_interrupts + 1;
}

static void handler_set(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

void signals_set(const struct ref_options *o)
{
	sigset_t term;

	sigprocmask(SIG_BLOCK, NULL, &while_waiting);
	sigdelset(&while_waiting, SIGTERM);
	handler_set(SIGUSR1, on_usr1);
	/*
	 * Mistake: with SIGPIPE at its default, the first write to somebody who has gone ends the process. Ignored,
	 * the write fails with EPIPE, and only that conversation ends.
	 */
	if (!mistake(IGNORE_SIGPIPE_OFF))
		handler_set(SIGPIPE, SIG_IGN);
	if (o->server) {
		sigemptyset(&term);
		sigaddset(&term, SIGTERM);
		sigprocmask(SIG_BLOCK, &term, NULL);
		handler_set(SIGTERM, on_term);
	}
}

void stop_at_once(void (*remove_objects)(void))
{
	sigset_t term;

	objects_remove = remove_objects;
	handler_set(SIGTERM, on_term_at_once);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_UNBLOCK, &term, NULL);
}

static void on_tick(int number)
{
	(void)number;
}

int clock_ticks(void)
{
	struct sigevent tick = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	struct itimerspec every = { { 0, 100 * MS }, { 0, 100 * MS } };
	timer_t clock;

	handler_set(SIGALRM, on_tick);
	if (timer_create(CLOCK_MONOTONIC, &tick, &clock) < 0)
		return say_errno("timer_create");
	return timer_settime(clock, 0, &every, NULL) < 0 ? say_errno("timer_settime") : 0;
}

/*
 * A wait that finds something ready at once returns without taking the signal, though its mask lets it in: a server
 * that is never idle would never hear of it. So now and then it is looked for.
 */
bool stop_asked(void)
{
	static _Thread_local unsigned asked;
	sigset_t pending;

	if (!stopping && ++asked % 32 == 0 && sigpending(&pending) == 0 && sigismember(&pending, SIGTERM) == 1)
		stopping = 1;
	return stopping;
}

/* ---- waiting ---- */

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t patience_ns(const struct ref_options *o)
{
	return PATIENCE_NS + (o->pattern == PATTERN_SLOW_READER ? o->pace_ns * o->messages : 0);
}

enum link_end wait_for(int fd, short events, int64_t deadline_ns)
{
	struct pollfd wanted = { .fd = fd, .events = events };

	while (!stop_asked()) {
		int64_t left = deadline_ns - now_ns();
		struct timespec timeout;
		int n;

		if (left < 0)
			left = 0;
		timeout = (struct timespec){ .tv_sec = left / 1000000000, .tv_nsec = left % 1000000000 };
		n = ppoll(&wanted, 1, deadline_ns ? &timeout : NULL, &while_waiting);
		if (n > 0)
			return LINK_OK;
		if (n == 0 && deadline_ns && now_ns() >= deadline_ns)
			return LINK_SILENT;
		if (n < 0 && errno != EINTR) {
			say_errno("ppoll");
			return LINK_FAILED;
		}
		if (n < 0 && !stopping && mistake(NO_EINTR_RETRY)) {
			say_errno("ppoll");
			return LINK_FAILED;
		}
	}
	return LINK_STOPPED;
}

/* ---- clients that are children of the server ---- */

/* What the children have to say; shared with them. NULL: no memory for it, and each prints its own. */
static char (*summaries)[SUMMARY_SIZE];

static void summaries_share(void)
{
	void *memory = mmap(NULL, SUMMARIES * SUMMARY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	summaries = memory == MAP_FAILED ? NULL : memory;
}

static void summary_print(uint32_t child)
{
	if (summaries && summaries[child][0]) {
		summaries[child][SUMMARY_SIZE - 1] = '\0';
		printf("%s", summaries[child]);
	}
}

int child_start(struct children *c, const struct ref_options *o, uint32_t index,
	int (*run)(const struct ref_options *o, void *data), void *data)
{
	struct ref_options of_child = *o;
	int status, pid;

	if (c->n == sizeof(c->pids) / sizeof(c->pids[0]))
		return say("more than %u clients", c->n);
	if (c->n == 0)
		summaries_share();
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return say_errno("fork");
	if (pid > 0) {
		c->pids[c->n++] = pid;
		return 0;
	}
	summary = summaries ? summaries[c->n] : NULL;
	of_child.server = false;
	of_child.client = index;
	snprintf(who + strcspn(who, " "), sizeof(who) - strcspn(who, " "), " client %u", index);
	status = run(&of_child, data);
	if (fflush(NULL))
		status = 1;
	_exit(status);
}

int children_wait(struct children *c)
{
	int worst = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		int status = 0, r;

		do
			r = waitpid(c->pids[i], &status, 0);
		while (r < 0 && errno == EINTR);
		if (r < 0)
			worst = say_errno("waitpid");
		else if (WIFSIGNALED(status))
			worst = say("client %u was killed by signal %d", i + 1, WTERMSIG(status));
		else if (WEXITSTATUS(status) != 0)
			worst = say("client %u ended with status %d", i + 1, WEXITSTATUS(status));
		summary_print(i);
	}
	if (c->n > 0 && summaries) {
		munmap(summaries, SUMMARIES * SUMMARY_SIZE);
		summaries = NULL;
	}
	c->n = 0;
	return fflush(stdout) ? say_errno("writing the summaries") : worst;
}
