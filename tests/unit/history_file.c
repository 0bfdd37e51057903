/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/history/history.h"
#include "core/model/call.h"
#include "tests/support/arena_writer.h"
#include "core/base/banned.h"

static char directory[] = "/tmp/sabot-test-XXXXXX";
static char *path;
static struct history saved;

/* A history with something of everything. */
static void saved_make(void)
{
	struct arena *a = arena_for_test(2);
	uint32_t p = arena_proc(a, "server", 0), o = arena_object(a, OBJ_PIPE, p, 0, "x");
	struct event e = { .kind = EV_CALL, .stamp = 5, .object = o, .result = 3, .tid = 4 };

	e.call = (uint16_t)call_find("write");
	arena_proc(a, "server.1", p + 1);
	arena_event_add(a, p, &e);
	arena_text_add(a, p, 4, "payload");
	a->n_modules = 1;
	a->modules[0].state = 1;
	text_copy(a->modules[0].path, MODULE_PATH, "/bin/server");
	a->lost = 3;
	cr_assert_eq(history_read(a, &saved), 0);
	arena_free(a);
	cr_assert(mkdtemp(directory));
	path = mem_printf("%s/history", directory);
}

static void saved_remove(void)
{
	history_fini(&saved);
	unlink(path);
	rmdir(directory);
	free(path);
}

TestSuite(history_file, .init = saved_make, .fini = saved_remove);

Test(history_file, comes_back_as_it_was)
{
	struct history h;

	cr_assert_eq(history_save(&saved, path), 0);
	cr_assert_eq(history_load(path, &h), 0);
	cr_assert(
		h.n_events == saved.n_events && h.n_procs == 2 && h.n_channels == saved.n_channels && h.n_modules == 1);
	cr_expect_eq(memcmp(h.events, saved.events, h.n_events * sizeof(*h.events)), 0);
	cr_expect_eq(memcmp(h.channels, saved.channels, h.n_channels * sizeof(*h.channels)), 0);
	cr_expect_str_eq(history_text(&h, &h.events[0]), "payload");
	cr_expect_str_eq(h.procs[1].name, "server.1");
	cr_expect_str_eq(h.modules[0].path, "/bin/server");
	cr_expect(h.tick_hz == saved.tick_hz && h.tick_base == saved.tick_base && h.lost == 3);
	history_fini(&h);
}

Test(history_file, an_empty_history_comes_back_too)
{
	struct history nothing = HISTORY_NONE, h;

	cr_assert_eq(history_save(&nothing, path), 0);
	cr_assert_eq(history_load(path, &h), 0);
	cr_expect(!h.n_events && !h.n_procs && !h.n_text);
	history_fini(&h);
}

Test(history_file, says_why_it_could_not)
{
	struct history h;

	cr_expect_eq(history_load(path, &h), -ENOENT);
	cr_expect_null(h.events);
	cr_expect_eq(history_save(&saved, "/no/such/directory/history"), -ENOENT);
	cr_expect_eq(history_save(&saved, "/dev/full"), -ENOSPC);
}

static size_t file_get(char **bytes)
{
	FILE *f = fopen(path, "rbe");
	size_t n;

	cr_assert(f);
	fseek(f, 0, SEEK_END);
	n = (size_t)ftell(f);
	rewind(f);
	*bytes = mem_new(n);
	cr_assert_eq(fread(*bytes, 1, n, f), n);
	fclose(f);
	return n;
}

static void file_put(const char *bytes, size_t n)
{
	FILE *f = fopen(path, "wbe");

	cr_assert(f);
	cr_assert_eq(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

Test(history_file, is_refused_when_it_is_cut_or_longer)
{
	struct history h;
	char *bytes;
	size_t n;

	cr_assert_eq(history_save(&saved, path), 0);
	n = file_get(&bytes);
	bytes = mem_grow(bytes, n + 1);
	bytes[n] = 0;
	for (size_t length = 0; length <= n + 1; length += length < 200 ? 1 : 13) {
		file_put(bytes, length);
		cr_assert_eq(history_load(path, &h), length == n ? 0 : -EPROTO, "%zu of %zu bytes", length, n);
		history_fini(&h);
	}
	free(bytes);
}

/* Whatever byte is wrong: it is refused, or every index in it can be followed. */
Test(history_file, no_wrong_byte_does_harm)
{
	char *bytes;
	size_t n;

	cr_assert_eq(history_save(&saved, path), 0);
	n = file_get(&bytes);
	for (size_t i = 0; i < n; i++) {
		struct history h;
		char before = bytes[i];
		int e;

		bytes[i] = (char)~before;
		file_put(bytes, n);
		e = history_load(path, &h);
		cr_assert(e == 0 || e == -EPROTO, "byte %zu: %d", i, e);
		for (size_t k = 0; k < h.n_events; k++) {
			cr_assert(strlen(history_text(&h, &h.events[k])) < 64);
			cr_assert(strlen(h.procs[h.events[k].proc].name) < ROLE_NAME);
		}
		history_fini(&h);
		bytes[i] = before;
	}
	free(bytes);
}
