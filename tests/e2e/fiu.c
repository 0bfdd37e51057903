/* SPDX-License-Identifier: MIT */
/* libfiu and its tools: failure points of the program's own, and a running role that is steered from outside. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/sabot_run.h"
#include "core/base/banned.h"

#define HEADER "sabot: 1\ntitle: a test\ntimeout: 30s\n"

enum { DEADLINE_MS = 20000, STEP_MS = 5 };

Test(fiu, a_point_of_the_programs_own)
{
	char *directory = test_directory();
	struct sabot_run r;

	test_file(directory, "own.yaml", HEADER "roles:\n  main: {run: [$SABOT_PROGRAMS/fiu_points], driver: true}\n"
		"faults: [{in: main, point: \"db/commit\", nth: 3, do: {fail: EIO}}]\n");
	r = sabot_run(directory, NULL, (const char *[]){ "run", "own.yaml", "--report", "json", NULL });
	cr_expect_eq(r.code, 0, "exit %d\n%s%s", r.code, r.out, r.err);
	cr_expect_not_null(strstr(r.out, "0:0 0:0 1:5 0:0 0:0"), "%s", r.out);
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

/* libfiu's remote control puts a FIFO there, named after the pid inside the box. */
static int control_open(const char *directory, int *answers)
{
	for (int waited = 0; waited < DEADLINE_MS; waited += STEP_MS) {
		DIR *d = opendir(directory);
		struct dirent *entry;

		while (d && (entry = readdir(d))) {
			size_t n = strlen(entry->d_name);
			char path[512];
			int fd;

			if (strncmp(entry->d_name, "ctrl-", 5) || n < 3 || strcmp(entry->d_name + n - 3, ".in"))
				continue;
			snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
			fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
			if (fd < 0)
				continue;
			/* It reads no command before somebody listens to its answers. */
			snprintf(path, sizeof(path), "%s/%.*s.out", directory, (int)n - 3, entry->d_name);
			*answers = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
			closedir(d);
			return fd;
		}
		if (d)
			closedir(d);
		poll(NULL, 0, STEP_MS);
	}
	return -1;
}

Test(fiu, a_running_role_is_steered)
{
	static const char command[] = "enable name=ipc/receive/read,failinfo=104\n";
	char *directory = test_directory(), text[1024];
	pid_t pid;
	int fd, answers = -1;

	snprintf(text, sizeof(text), HEADER "roles:\n  main:\n    run: [$SABOT_PROGRAMS/steered]\n    driver: true\n"
		"    env: {FIU_CTRL_FIFO: \"%s/ctrl\"}\n", directory);
	test_file(directory, "steered.yaml", text);
	pid = sabot_start(directory, (const char *[]){ "run", "steered.yaml", "--keep", "kept", NULL });
	fd = control_open(directory, &answers);
	cr_assert_geq(fd, 0, "no control FIFO appeared");
	cr_assert_eq(write(fd, command, strlen(command)), (ssize_t)strlen(command));
	sabot_end(pid);
	close(answers);
	close(fd);
	snprintf(text, sizeof(text), "%s/kept/steered/main.out", directory);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%s: %s", text, strerror(errno));
	memset(text, 0, sizeof(text));
	cr_assert_gt(read(fd, text, sizeof(text) - 1), 0);
	cr_expect_str_eq(text, "read failed: 104\n");
	close(fd);
	test_directory_remove(directory);
}
