/* SPDX-License-Identifier: MIT */
/* Loading a scenario that a test has as text. */
#ifndef TESTS_UNIT_LOAD_TEXT_H
#define TESTS_UNIT_LOAD_TEXT_H

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "core/load/load.h"

/* What came of a text; its parts are the caller's to free with loaded_fini(). */
struct loaded {
	int result;
	struct scenario_list list;
	struct str errors;
};

static inline struct loaded text_load(const char *text)
{
	struct load_options options = { .reference_program = "/usr/bin/sabot-ref" };
	struct loaded l = { .result = -1 };
	int fd = memfd_create("scenario.yaml", MFD_CLOEXEC);
	char path[64];

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	l.result = load_file(path, &options, &l.list, &l.errors);
	close(fd);
	return l;
}

static inline void loaded_fini(struct loaded *l)
{
	scenario_list_fini(&l->list);
	str_fini(&l->errors);
}

/* The one scenario of a text that must be valid. */
static inline struct loaded text_load_valid(const char *text)
{
	struct loaded l = text_load(text);

	cr_assert_eq(l.result, 0, "%s", str_get(&l.errors));
	cr_assert_geq(l.list.n, 1);
	return l;
}

/* Does one of the errors of a text contain `what`? Loading must have failed. */
static inline void text_load_refused(const char *text, const char *what)
{
	struct loaded l = text_load(text);

	cr_assert_eq(l.result, 1, "this was not refused: %s", text);
	cr_assert_eq(l.list.n, 0);
	cr_expect(strstr(str_get(&l.errors), what), "\"%s\" is not in:\n%s", what, str_get(&l.errors));
	loaded_fini(&l);
}

#define HEAD "sabot: 1\ntitle: a test\n"
#define SERVER "  server: {run: [./server], stop: TERM}\n"
#define ROLES HEAD "roles:\n" SERVER "  client: {run: [./client], count: 2, after: server}\n"

#endif
