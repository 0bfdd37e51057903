/* SPDX-License-Identifier: MIT */
/*
 * The loader takes any bytes: 0 or 1, never a crash. With clang -DSABOT_FUZZER -fsanitize=fuzzer this is a fuzzer, and
 * a program that tries the files it is given; else a test with mutations of valid scenarios, the same every time.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/rng.h"
#include "core/load/load.h"
#include "core/base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct scenario_list list = { .items = NULL };
	struct str errors = STR_NONE;
	int fd = memfd_create("scenario.yaml", MFD_CLOEXEC), r;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, data, n) != (ssize_t)n)
		abort();
	r = load_file(path, NULL, &list, &errors);
	/* An error is always told, and what is wrong gives no scenario. */
	if (r < 0 || r > 1 || (r == 1) != (errors.length > 0) || (r == 1) != (list.n == 0))
		abort();
	scenario_list_fini(&list);
	str_fini(&errors);
	close(fd);
	return 0;
}

#ifndef SABOT_FUZZER
#include <criterion/criterion.h>

enum { ROUNDS = 4000, ROOM = 8192 };

static const char *const valid[] = {
	"sabot: 1\ntitle: One read is not one message\nabout: |\n  text\ntags: [lesson, stream]\ntechnique: "
	"unix-stream\n"
	"server: {design: select, mistakes: [short-read]}\nclient: {count: 2, mistakes: []}\n"
	"workload: {pattern: echo, messages: 100, size: 64..4096, window: 8}\n"
	"expect: {no-loss: violated, fifo: holds, exit: {client: 0}}\ntimeout: 5s\nseed: 7\n"
	"matrix: {n: [1, 2]}\nrepeat: \"${n}\"\n",
	"sabot: 1\ntitle: own programs\nroles:\n  server:\n    run: [./server, \"${TMP}/sock\"]\n    ready: {output: "
	"\"^ready\"}\n"
	"    stop: TERM\n    env: {A: b}\n    limits: {nofile: 32}\n  client:\n    run: &argv [./client]\n    driver: "
	"true\n"
	"    count: 2\n    after: server\nfaults:\n  - in: server\n    at: receive\n    on: {technique: unix-stream, "
	"peer: client/2}\n"
	"    nth: 2\n    armed-by: {in: client, at: connect, when: after}\n    do: {short: 3}\n"
	"  - {in: client, at: send, chance: 0.1, do: {fail: EPIPE}}\n"
	"  - {in: server, at: accept, do: {hold: {until: {in: client, at: connect, when: after}, limit: 1s}}}\n"
	"  - {in: server, at: recvmsg, every: 3, times: forever, do: {pause: {role: client, for: 20ms}}}\n",
};

/* What the format is made of: random bytes alone seldom pass the YAML parser. */
static const char *const words[] = {
	"\n",
	": ",
	"- ",
	"{",
	"}",
	"[",
	"]",
	"\"",
	"'",
	"#",
	"&a ",
	"*a",
	"!!str ",
	"|\n",
	">\n",
	"---\n",
	"${",
	"}",
	"${n}",
	"~",
	"sabot",
	"matrix: {n: [1]}\n",
	"roles",
	"in",
	"at",
	"do",
	"0",
	"-1",
	"99999999999999999999",
	"1.5",
	"ms",
	"KiB",
	"..",
	"forever",
	"half",
	"self",
	"\t",
	"\r\n",
	"\xff",
	"\xc3\xa9",
	"  ",
	"? ",
	"<<: *a\n",
	"true",
	"null",
	"server",
	"client/2",
};

static size_t below(uint64_t *state, size_t n)
{
	return n ? (size_t)(rng_next(state) % n) : 0;
}

/* Opens a gap of n bytes at `at`, or leaves the text as it is if there is no room. */
static bool gap_make(char *text, size_t *length, size_t at, size_t n)
{
	if (*length + n > ROOM)
		return false;
	memmove(text + at + n, text + at, *length - at);
	*length += n;
	return true;
}

static void mutate(char *text, size_t *length, uint64_t *state)
{
	size_t at = below(state, *length + 1), n;
	const char *word;

	switch (below(state, 6)) {
	case 0: /* another byte */
		if (at < *length)
			text[at] = (char)rng_next(state);
		break;
	case 1: /* a word more */
		word = words[below(state, sizeof(words) / sizeof(words[0]))];
		if (gap_make(text, length, at, strlen(word)))
			memcpy(text + at, word, strlen(word));
		break;
	case 2: /* something less */
		n = below(state, *length - at + 1) % 40;
		memmove(text + at, text + at + n, *length - at - n);
		*length -= n;
		break;
	case 3: /* a piece twice */
		n = below(state, *length - at + 1) % 60;
		if (gap_make(text, length, at, n))
			memcpy(text + at, text + at + n, n);
		break;
	case 4: /* a piece from elsewhere */
		n = below(state, *length - at + 1) % 30;
		memmove(text + at, text + below(state, *length - n + 1), n);
		break;
	default: /* an end */
		if (below(state, 8) == 0)
			*length = at;
		break;
	}
}

Test(fuzz_load, valid_ones_are_valid)
{
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		struct scenario_list list = { .items = NULL };
		struct str errors = STR_NONE;
		int fd = memfd_create("scenario.yaml", MFD_CLOEXEC);
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		cr_assert_eq(write(fd, valid[i], strlen(valid[i])), (ssize_t)strlen(valid[i]));
		cr_expect_eq(load_file(path, NULL, &list, &errors), 0, "%s", str_get(&errors));
		scenario_list_fini(&list);
		str_fini(&errors);
		close(fd);
	}
}

Test(fuzz_load, mutations)
{
	uint64_t state = 1;
	char *text = mem_new(ROOM);

	for (int i = 0; i < ROUNDS; i++) {
		const char *seed = valid[i % 2];
		size_t length = strlen(seed), n = 1 + below(&state, 6);

		memcpy(text, seed, length);
		while (n--)
			mutate(text, &length, &state);
		cr_assert_eq(LLVMFuzzerTestOneInput((const uint8_t *)text, length), 0);
	}
	free(text);
}

Test(fuzz_load, noise)
{
	uint64_t state = 2;
	char *text = mem_new(ROOM);

	for (int i = 0; i < ROUNDS; i++) {
		size_t length = below(&state, 200);

		for (size_t k = 0; k < length; k++)
			text[k] = (char)(i % 2 ? rng_next(&state) : 32 + rng_next(&state) % 96);
		cr_assert_eq(LLVMFuzzerTestOneInput((const uint8_t *)text, length), 0);
	}
	free(text);
}
#endif
