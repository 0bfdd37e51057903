/* SPDX-License-Identifier: MIT */
#include "core/cli/progress.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/report/canvas.h"
#include "core/report/utf8.h"
#include "core/base/banned.h"

enum { SHOW_AFTER_MS = 1000, SHOW_EVERY_MS = 100 };

/* There is one terminal, so there is one line; it is the only state of this program that is global. */
static struct {
	bool wanted, utf8;
	int64_t begun_ms, shown_ms;
	volatile sig_atomic_t shown;
} progress;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void line_write(const char *text, size_t n)
{
	while (n) {
		ssize_t done = write(STDERR_FILENO, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		text += done;
		n -= (size_t)done;
	}
}

void progress_clear_in_signal(void)
{
	static const char erase[] = "\r\033[K";
	int error = errno;

	if (progress.shown) {
		progress.shown = 0;
		line_write(erase, sizeof(erase) - 1);
	}
	errno = error;
}

void progress_clear(void)
{
	progress_clear_in_signal();
}

void progress_begin(int quiet)
{
	static bool registered;
	const char *terminal = getenv("TERM");

	progress.wanted = !quiet && isatty(STDERR_FILENO) && !(terminal && !strcmp(terminal, "dumb"));
	progress.utf8 = utf8_wanted();
	progress.begun_ms = now_ms();
	progress.shown_ms = 0;
	if (!registered)
		registered = !atexit(progress_clear);
}

void progress_update(const char *text)
{
	int64_t now;
	struct winsize size = { .ws_col = 80 };
	struct str shown = STR_NONE, line = STR_NONE;
	struct canvas row;

	if (!progress.wanted)
		return;
	now = now_ms();
	if (now - progress.begun_ms < SHOW_AFTER_MS || now - progress.shown_ms < SHOW_EVERY_MS)
		return;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 2)
		size.ws_col = 80;
	utf8_show(&shown, text, strlen(text), progress.utf8);
	canvas_clear(&row);
	/* The last column stays free: a terminal would wrap. */
	canvas_put(&row, 0, size.ws_col - 1, str_get(&shown), progress.utf8);
	str_add(&line, "\r\033[K");
	canvas_add(&row, &line);
	progress.shown = 1;
	progress.shown_ms = now;
	line_write(str_get(&line), line.length - 1 /* no newline */);
	str_fini(&shown);
	str_fini(&line);
}
