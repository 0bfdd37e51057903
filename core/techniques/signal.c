/* SPDX-License-Identifier: MIT */
/*
 * Standard signals: a process is told *that* something happened, not what, and not how often: a second signal of the
 * same number is lost while the first is still pending. So nobody may count them. Here a client sends one message and
 * waits until it is acknowledged before it sends the next; the number of the signal alternates, so that a message
 * that was sent again (because the acknowledgement, or the signal itself, was lost) is told from the next one: the
 * alternating-bit protocol. It needs an order that signals do not keep: of two that are pending the lower number comes
 * first, whichever was sent first. So nobody sends while one of before is still pending. The kernel says who sent a
 * signal (si_pid).
 *
 * The steps:
 *   server: block the signals, fork() the clients, … sigtimedwait(), kill() …, wait
 *   client: … kill(), sigtimedwait() …
 *
 * The signals are blocked and taken with sigtimedwait(): no handler runs, so nothing has to be async-signal-safe.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "core/include/sabot.h"
#include "core/techniques/service.h"
#include "core/techniques/shm_area.h"
#include "core/base/banned.h"

enum { SIGNAL_CLIENTS = 60 };

struct signal_client {
	uint64_t received;	/* messages taken */
	bool gone;
};

struct signal_server {
	const struct ref_options *o;
	struct signal_client clients[SIGNAL_CLIENTS + 1];	/* by id, from 1 */
	struct children children;
	sigset_t numbers;	/* all that is waited for */
	int pid;
};

/* The number of message n: odd and even ones take turns. */
static int number_of(uint64_t n)
{
	return n % 2 ? SIGUSR2 : SIGHUP;
}

/* Waits for one signal until the end, for a slice at most: LINK_OK, LINK_SILENT or LINK_FAILED (said). */
static enum link_end signal_take(const sigset_t *numbers, siginfo_t *info, int64_t deadline_ns)
{
	int64_t end_ns = shm_slice_end(deadline_ns);
	int number;

	/* EINTR: the handler of another signal ran. Nothing is wrong, and something may be pending all the same. */
	do {
		int64_t left = end_ns - now_ns();
		struct timespec t = { .tv_sec = 0, .tv_nsec = left > 0 ? left : 0 };

		number = sigtimedwait(numbers, info, &t);
	} while (number < 0 && errno == EINTR && !mistake(NO_EINTR_RETRY));
	if (number > 0)
		return LINK_OK;
	if (errno == EAGAIN)
		return LINK_SILENT;
	say_errno("sigtimedwait");
	return LINK_FAILED;
}

static int signal_send(int pid, int number)
{
	return kill(pid, number) < 0 && errno != ESRCH ? say_errno("kill") : 0;
}

/* ---- the client ---- */

/* Is a signal of the number pending with the process (proc_pid_status(5), ShdPnd)? False also if nobody can tell. */
static bool is_pending(int pid, int number)
{
	static const char label[] = "\nShdPnd:";
	char path[64], text[2048], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, label);
	return at && strtoull(at + strlen(label), NULL, 16) >> (number - 1) & 1;
}

/*
 * What was sent twice may be pending once more when its acknowledgement is there. The next message, if it has the lower
 * number, would be taken before it; and it, thereafter, for the one after the next. When it is taken it is acknowledged
 * as well; if it was another client's, that one hears of it, and we look again after a while.
 */
static void repeated_await(const struct signal_server *s, uint64_t n, int64_t deadline_ns)
{
	siginfo_t info;

	while (is_pending(s->pid, number_of(n)) && now_ns() < deadline_ns)
		if (signal_take(&s->numbers, &info, now_ns() + RETRY_NS) == LINK_FAILED)
			break;
}

/* An acknowledgement too many, of the message before the last: it is no answer to what is sent now. */
static void stale_take(uint64_t n)
{
	sigset_t number;

	sigemptyset(&number);
	sigaddset(&number, number_of(n));
	while (sigtimedwait(&number, NULL, &(struct timespec){ .tv_nsec = 0 }) > 0)
		;
}

/* Sends message n until it is acknowledged: LINK_OK, LINK_CLOSED (the server has gone), LINK_SILENT, LINK_FAILED. */
static enum link_end message_deliver(const struct signal_server *s, uint64_t n, bool *again)
{
	int64_t deadline_ns = now_ns() + PATIENCE_NS;

	if (*again)
		stale_take(n);
	for (uint32_t times = 1; now_ns() < deadline_ns; times++) {
		int64_t again_ns = now_ns() + RETRY_NS;

		if (getppid() != s->pid)
			return LINK_CLOSED;
		if (signal_send(s->pid, number_of(n)))
			return LINK_FAILED;
		while (now_ns() < again_ns) {
			siginfo_t info;
			enum link_end end = signal_take(&s->numbers, &info, again_ns);

			if (end == LINK_FAILED)
				return end;
			/* The number of the message before: an old acknowledgement. */
			if (end != LINK_OK || info.si_pid != s->pid || info.si_signo != number_of(n))
				continue;
			if (times > 1)
				repeated_await(s, n, deadline_ns);
			*again |= times > 1;
			return LINK_OK;
		}
	}
	return LINK_SILENT;
}

static int client_run(const struct ref_options *o, void *data)
{
	const struct signal_server *s = data;
	bool again = false;	/* something was sent twice */

	for (uint64_t n = 1; n <= o->messages; n++) {
		enum link_end end = LINK_OK;

		sabot_sent(o->client, SERVER_ID, n, 0, 0);
		/* Mistake: sends on and on. Signals that meet one of their number on the way are lost. */
		if (mistake(SIGNALS_COUNTED)) {
			if (signal_send(s->pid, number_of(1)))
				return 1;
			continue;
		}
		end = message_deliver(s, n, &again);
		if (end == LINK_OK && pattern_answers(o->pattern))
			sabot_received(SERVER_ID, o->client, n, 0, 0);
		if (end == LINK_OK)
			continue;
		sabot_gave_up(o->client, SERVER_ID, n);
		return end == LINK_FAILED ? 1 :
			say("message %llu: %s", (unsigned long long)n,
				end == LINK_CLOSED ? "the server has gone" : "no answer within 2 s");
	}
	return client_summary(o, "%u sent, %u %s", o->messages, o->messages,
		pattern_answers(o->pattern) ? "answered" : "taken");
}

/* ---- the server ---- */

static uint32_t client_of(const struct signal_server *s, int pid)
{
	for (uint32_t i = 0; i < s->children.n; i++)
		if (s->children.pids[i] == pid)
			return i + 1;
	return 0;
}

static void pace(const struct ref_options *o)
{
	struct timespec t = { .tv_sec = o->pace_ns / 1000000000, .tv_nsec = o->pace_ns % 1000000000 };

	while (o->pattern == PATTERN_SLOW_READER && nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* A signal of a client came: the message that is due, or the one before once more. Both are acknowledged. */
static int message_serve(struct signal_server *s, uint32_t id, int number, bool acknowledged)
{
	struct signal_client *c = &s->clients[id];

	if (mistake(SIGNALS_COUNTED) || number == number_of(c->received + 1)) {
		c->received++;
		sabot_received(id, SERVER_ID, c->received, 0, 0);
		if (pattern_answers(s->o->pattern) && !mistake(SIGNALS_COUNTED))
			sabot_sent(SERVER_ID, id, c->received, 0, 0);
		pace(s->o);
	}
	return acknowledged ? 0 : signal_send(s->children.pids[id - 1], number);
}

/* ---- the mistake HANDLER_NOT_ASYNC_SAFE ---- */

/*
 * A handler that does the receiving itself: it enters the message in a journal, under a lock. The handler can
 * interrupt its own process anywhere, also while that holds the lock; then it waits for something that only the code
 * that it has interrupted could do. (malloc(), printf() and the like have such locks inside.)
 */
static struct {
	pthread_mutex_t lock;
	struct {
		int pid, number;
	} entries[1024];
	size_t begin, end;
} journal = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void on_message(int number, siginfo_t *info, void *context)
{
	(void)context;
	pthread_mutex_lock(&journal.lock);
	journal.entries[journal.end % 1024].pid = info->si_pid;
	journal.entries[journal.end++ % 1024].number = number;
	pthread_mutex_unlock(&journal.lock);
}

static int handlers_install(void)
{
	struct sigaction action = { .sa_sigaction = on_message, .sa_flags = SA_SIGINFO };

	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGUSR2);
	sigaddset(&action.sa_mask, SIGHUP);
	if (sigaction(SIGUSR2, &action, NULL) < 0 || sigaction(SIGHUP, &action, NULL) < 0)
		return say_errno("sigaction");
	return sigprocmask(SIG_UNBLOCK, &action.sa_mask, NULL) < 0 ? say_errno("sigprocmask") : 0;
}

/* Takes the oldest entry out and acknowledges it, all under the lock: here the next signal comes. */
static enum link_end journal_take(struct signal_server *s, siginfo_t *info)
{
	enum link_end end = LINK_SILENT;

	pthread_mutex_lock(&journal.lock);
	if (journal.begin < journal.end) {
		info->si_pid = journal.entries[journal.begin % 1024].pid;
		info->si_signo = journal.entries[journal.begin++ % 1024].number;
		end = client_of(s, info->si_pid) && signal_send(info->si_pid, info->si_signo) ? LINK_FAILED : LINK_OK;
	}
	pthread_mutex_unlock(&journal.lock);
	if (end == LINK_SILENT)
		poll(NULL, 0, (int)(SHM_SLICE_NS / MS));	/* a handler that runs ends it */
	return end;
}

/* ---- the server, again ---- */

/* Nothing came for a while, or a child has ended. True: all have ended. */
static bool clients_look(struct signal_server *s)
{
	uint32_t n_gone = 0;

	for (uint32_t i = 0; i < s->children.n; i++) {
		s->clients[i + 1].gone = shm_process_gone(s->children.pids[i]);
		n_gone += s->clients[i + 1].gone;
	}
	return n_gone == s->children.n;
}

/* Serves until all clients have ended: one whose last acknowledgement was lost will ask again. */
static int signals_serve(struct signal_server *s)
{
	bool over = false;
	int status = 0;

	for (;;) {
		siginfo_t info = { .si_signo = 0 };
		enum link_end end = mistake(HANDLER_NOT_ASYNC_SAFE) ? journal_take(s, &info) :
					signal_take(&s->numbers, &info, over ? now_ns() : 0);
		uint32_t id = end == LINK_OK ? client_of(s, info.si_pid) : 0;

		if (end == LINK_FAILED)
			return 1;
		if (over && end == LINK_SILENT)
			break;	/* what they had sent before they ended has been taken as well */
		if (info.si_signo == SIGCHLD || end == LINK_SILENT)
			over = clients_look(s);
		else if (id && message_serve(s, id, info.si_signo, mistake(HANDLER_NOT_ASYNC_SAFE)))
			return 1;
	}
	for (uint32_t id = 1; id <= s->children.n; id++)
		if (s->clients[id].received != s->o->messages)
			status = say("client %u ended after %llu of %u messages", id,
				(unsigned long long)s->clients[id].received, s->o->messages);
	return status;
}

static int signal_serve(const struct ref_options *o)
{
	struct signal_server s = { .o = o, .pid = getpid() };
	int status = 0;

	if (o->n_clients > SIGNAL_CLIENTS)
		return say("there is room for %d clients", SIGNAL_CLIENTS);
	sigemptyset(&s.numbers);
	sigaddset(&s.numbers, SIGUSR2);
	sigaddset(&s.numbers, SIGHUP);
	sigaddset(&s.numbers, SIGCHLD);
	/* Before the fork: a signal that comes when it is not blocked yet would end the process. */
	if (sigprocmask(SIG_BLOCK, &s.numbers, NULL) < 0)
		return say_errno("sigprocmask");
	stop_at_once(NULL);	/* there is nothing to remove */
	for (uint32_t id = 1; status == 0 && id <= o->n_clients; id++)
		status = child_start(&s.children, o, id, client_run, &s);
	if (status == 0 && mistake(HANDLER_NOT_ASYNC_SAFE))
		status = handlers_install();
	if (status == 0) {
		server_ready();
		status = signals_serve(&s);
	}
	return children_wait(&s.children) | status;
}

const struct technique technique_signal = {
	.name = "signal", .serve = signal_serve,
};
