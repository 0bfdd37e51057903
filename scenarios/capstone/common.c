/* SPDX-License-Identifier: MIT */
#include "scenarios/capstone/common.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "core/base/banned.h"

enum { LINE_MOST = 512 };

static const char *program_name = "";
static volatile sig_atomic_t stop;
static sigset_t while_waiting;

/* A pipe or a terminal may take a part of it, and a signal may come before any. */
static void all_write(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t r = write(fd, bytes, n);

		if (r < 0 && errno != EINTR)
			return;		/* nobody is left to tell it to */
		if (r > 0) {
			bytes += r;
			n -= (size_t)r;
		}
	}
}

static void line_write(int fd, const char *prefix, const char *suffix, const char *format, va_list args)
{
	char text[LINE_MOST], line[2 * LINE_MOST];
	int n;

	vsnprintf(text, sizeof(text), format, args);
	n = snprintf(line, sizeof(line), "%s%s%s%s%s\n", prefix, *prefix ? ": " : "", text, *suffix ? ": " : "",
		suffix);
	if (n > 0)
		all_write(fd, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

int say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line_write(STDERR_FILENO, program_name, "", format, args);
	va_end(args);
	return 1;
}

int say_errno(const char *format, ...)
{
	const char *what = strerror(errno);
	va_list args;

	va_start(args, format);
	line_write(STDERR_FILENO, program_name, what, format, args);
	va_end(args);
	return 1;
}

void print_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line_write(STDOUT_FILENO, "", "", format, args);
	va_end(args);
}

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * (int64_t)1000 * NS_PER_MS + t.tv_nsec;
}

static void note_stop(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

static void only_wake(int signal_number)
{
	(void)signal_number;
}

void signals_prepare(const char *program)
{
	struct sigaction stopping = { .sa_handler = note_stop }, waking = { .sa_handler = only_wake };
	sigset_t blocked;

	program_name = program;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &while_waiting);
	sigdelset(&while_waiting, SIGTERM);
	sigaction(SIGTERM, &stopping, NULL);
	sigaction(SIGUSR1, &waking, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool stop_asked(void)
{
	return stop;
}

bool wait_for(struct pollfd *fds, nfds_t n, int64_t until_ns)
{
	int64_t left_ns = until_ns - now_ns();
	struct timespec left = { 0 };

	if (left_ns > 0) {
		left.tv_sec = left_ns / ((int64_t)1000 * NS_PER_MS);
		left.tv_nsec = left_ns % ((int64_t)1000 * NS_PER_MS);
	}
	for (nfds_t i = 0; i < n; i++)
		fds[i].revents = 0;
	if (ppoll(fds, n, until_ns < 0 ? NULL : &left, &while_waiting) > 0)
		return true;
	/* Interrupted or without memory, ppoll() has left revents as it was; nothing is known to be ready. */
	for (nfds_t i = 0; i < n; i++)
		fds[i].revents = 0;
	return false;
}

int fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}
