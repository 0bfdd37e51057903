/* SPDX-License-Identifier: MIT */
/* The progress line, on a terminal of the test's own. The clock is turned back instead of waiting. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include "core/cli/progress.c"
#include "tests/unit/report_support.h"

static int terminal;

/* stderr becomes a terminal 40 columns wide. */
static void terminal_open(void)
{
	struct winsize size = { .ws_col = 40, .ws_row = 24 };
	int slave;

	cr_assert_eq(openpty(&terminal, &slave, NULL, NULL, &size), 0);
	cr_assert_eq(dup2(slave, STDERR_FILENO), STDERR_FILENO);
	close(slave);
	setenv("TERM", "xterm", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
}

/* What has been written so far; a terminal has it at once. */
static const char *written(void)
{
	static char text[4096];
	struct pollfd p = { .fd = terminal, .events = POLLIN };
	ssize_t n = poll(&p, 1, 0) == 1 ? read(terminal, text, sizeof(text) - 1) : 0;

	text[n > 0 ? n : 0] = '\0';
	return text;
}

Test(report_progress, nothing_in_the_first_second)
{
	terminal_open();
	progress_begin(0);
	progress_update("1 of 9");
	cr_expect_str_empty(written());
	progress_clear();
	cr_expect_str_empty(written());
}

Test(report_progress, a_line_that_is_replaced_and_removed)
{
	terminal_open();
	progress_begin(0);
	progress.begun_ms -= 2000;
	progress_update("1 of 9");
	cr_expect_str_eq(written(), "\r\033[K1 of 9");
	progress_update("too soon after");
	cr_expect_str_empty(written());
	progress.shown_ms -= 200;
	progress_update("a text that is longer than the terminal\nis wide");
	cr_expect_str_eq(written(), "\r\033[Ka text that is longer than the termina…");
	progress_clear_in_signal();
	cr_expect_str_eq(written(), "\r\033[K");
	progress_clear();
	cr_expect_str_empty(written());
}

Test(report_progress, never_when_quiet_or_no_terminal)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	terminal_open();
	progress_begin(1);
	progress.begun_ms -= 2000;
	progress_update("quiet");
	cr_expect_str_empty(written());
	cr_assert_eq(dup2(null, STDERR_FILENO), STDERR_FILENO);
	progress_begin(0);
	progress.begun_ms -= 2000;
	progress_update("no terminal");
	cr_expect_eq(progress.shown, 0);
	close(null);
}
