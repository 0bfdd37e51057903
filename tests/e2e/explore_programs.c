/* SPDX-License-Identifier: MIT */
/* `sabot explore` with programs that do what real ones do: what is right in them is no finding. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/str.h"
#include "tests/support/scenario_text.h"
#include "core/base/banned.h"

static void expect_without(const char *yaml, const char *inject, const char *finding)
{
	char *directory = test_directory();
	struct sabot_run r;

	test_file(directory, "scenario.yaml", yaml);
	r = sabot_run(directory, NULL, (const char *[]){ "explore", "scenario.yaml", "--inject", inject, NULL });
	cr_assert(r.code == 0 || r.code == 1, "exit %d\n%s%s", r.code, r.out, r.err);
	cr_assert_not_null(strstr(r.out, "fault coverage"), "nothing was struck:\n%s%s", r.out, r.err);
	cr_assert_null(strstr(r.out, finding), "\"%s\" is in:\n%s", finding, r.out);
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

/* What the kernel answered is no client served: a service that cannot start may still say so and end. */
Test(explore_programs, who_has_asked_the_kernel_is_still_starting)
{
	expect_without(PAIR("kernel-first", "ask"), "fail", "  down  ");
}

/* Nobody tells a server of datagrams that its client is gone: what waits for it for a bounded time is no leak. */
Test(explore_programs, patience_with_a_peer_of_datagrams_is_no_leak)
{
	static const char yaml[] = HEADER
		"roles:\n"
		"  server:\n    run: [" TARGET ", farewell-server, \"${PORT}\"]\n    stop: TERM\n"
		"  client:\n    run: [" TARGET ", farewell, \"${PORT}\"]\n    driver: true\n    after: server\n";

	expect_without(yaml, "drop", "  leak  ");
}

/* What a process leaves because it was killed is not held against it, though the role's own process lives on. */
Test(explore_programs, the_child_of_one_that_was_killed_is_no_leak)
{
	expect_without(HEADER "roles:\n  main:\n    run: [sh, -c, \"" TARGET " nurse; true\"]\n    driver: true\n",
		"kill", "  leak  ");
}

/* Its orphan still holds the connection: that a server waits for what may come over it is no mistake of the server. */
Test(explore_programs, who_serves_an_orphan_has_not_forgotten_it)
{
	static const char yaml[] = HEADER
		"roles:\n"
		"  server:\n    run: [" TARGET ", serve-each, \"${TMP}/s\"]\n    stop: TERM\n"
		"  client:\n    run: [sh, -c, \"" TARGET " hold ${TMP}/s; true\"]\n    driver: true\n"
		"    after: server\n";

	expect_without(yaml, "kill", "  leak  ");
}

/* The sanitizer's read() calls ours; the line is the program's all the same. */
Test(explore_programs, a_site_is_the_programs_line_behind_a_sanitizer)
{
	static const char yaml[] = HEADER
		"roles:\n"
		"  server:\n    run: [$SABOT_PROGRAMS/greet_server_asan, \"${TMP}/s\"]\n    ready: listen\n"
		"    stop: TERM\n"
		"  client:\n    run: [$SABOT_PROGRAMS/greet_client, \"${TMP}/s\", Ada]\n    driver: true\n"
		"    after: server\n";
	char *directory = test_directory(), *program = test_program("greet_server_asan");
	struct sabot_run r;

	if (access(program, X_OK))
		cr_skip_test("built without the address sanitizer");
	test_file(directory, "scenario.yaml", yaml);
	r = sabot_run(directory, NULL, (const char *[]){ "explore", "scenario.yaml", "--inject", "short", NULL });
	cr_assert_eq(r.code, 1, "exit %d\n%s%s", r.code, r.out, r.err);
	cr_assert_not_null(strstr(r.out, "greet_server.c:27 (serve)"), "%s", r.out);
	cr_assert_null(strstr(r.out, "libasan"), "%s", r.out);
	sabot_run_fini(&r);
	test_directory_remove(directory);
	free(program);
}

/* It ends as after a said failure, by a status and some words: but what they say is no failure of the conversation. */
Test(explore_programs, what_a_sanitizer_reports_is_a_crash)
{
	static const char yaml[] = HEADER
		"roles:\n  main:\n    run: [$SABOT_PROGRAMS/overrun_asan]\n    driver: true\n";
	char *directory = test_directory(), *program = test_program("overrun_asan");
	struct sabot_run r;

	if (access(program, X_OK))
		cr_skip_test("built without the address sanitizer");
	test_file(directory, "scenario.yaml", yaml);
	r = sabot_run(directory, NULL,
		(const char *[]){ "explore", "scenario.yaml", "--inject", "fail: ENOBUFS", NULL });
	cr_assert_eq(r.code, 1, "exit %d\n%s%s", r.code, r.out, r.err);
	SAYS(r.out, " 1  crash  overrun.c:");
	SAYS(r.out, "seen:    main: AddressSanitizer: heap-buffer-overflow\n");
	SAYS(r.out, "broke:   main, at overrun.c:32 (main)\n");
	sabot_run_fini(&r);
	r = sabot_run(directory, NULL, (const char *[]){ "run", "findings/01.yaml", NULL });
	cr_assert_eq(r.code, 1, "exit %d\n%s%s", r.code, r.out, r.err);
	SAYS(r.out, "memory-clean violated (expected: holds): main: AddressSanitizer: heap-buffer-overflow\n");
	sabot_run_fini(&r);
	test_directory_remove(directory);
	free(program);
}

/* Not what it did when it was run once more: that is of the same name. */
Test(explore_programs, a_crash_is_where_the_one_who_crashed_was_last)
{
	static const char yaml[] = HEADER
		"roles:\n  main:\n    run: [$SABOT_PROGRAMS/overrun]\n    driver: true\n";
	char *directory = test_directory();
	struct sabot_run r;

	test_file(directory, "scenario.yaml", yaml);
	r = sabot_run(directory, NULL,
		(const char *[]){ "explore", "scenario.yaml", "--inject", "fail: EAGAIN", NULL });
	SAYS(r.out, "seen:    main is killed by SIGPIPE\n");
	SAYS(r.out, "broke:   main, in write at overrun.c:");
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

/* The forks of a program that was stopped before main load libraries as the program would by itself. */
Test(explore_programs, a_library_that_lacks_a_symbol_is_loaded_lazily)
{
	char *directory = test_directory();
	struct sabot_run r;

	test_file(directory, "scenario.yaml",
		HEADER "roles:\n  main:\n    run: [$SABOT_PROGRAMS/loads, $SABOT_PROGRAMS/hole.so]\n"
		       "    driver: true\n");
	r = sabot_run(directory, NULL, (const char *[]){ "explore", "scenario.yaml", NULL });
	cr_assert(r.code == 0 || r.code == 1, "exit %d\n%s%s", r.code, r.out, r.err);
	cr_assert_null(strstr(r.out, "without any fault"), "%s", r.out);
	/* Where its calls come from is known, although it was not there at the start. */
	cr_assert_not_null(strstr(r.out, "hole.c:"), "%s", r.out);
	cr_assert_not_null(strstr(r.out, "(one_more) in hole.so"), "%s", r.out);
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

/* What is not counted is said, with the reason. */
Test(explore_programs, what_is_benign_is_named)
{
	char *directory = test_directory();
	struct sabot_run r;

	test_file(directory, "scenario.yaml",
		PAIR("serve", "ask") "expect:\n  benign: {no-hang: \"who waits, waits\"}\n");
	r = sabot_run(directory, NULL, (const char *[]){ "explore", "scenario.yaml", "--inject", "delay", NULL });
	cr_assert_not_null(strstr(r.out, "no-hang is not asked for: who waits, waits"), "%s%s", r.out, r.err);
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

/* What ends with 3, or leaves something unread, without any fault does so in what repeats a finding: that is none. */
Test(explore_programs, a_finding_is_asked_for_no_more_than_holds_without_it)
{
	char *directory = test_directory();
	struct sabot_run r;

	test_file(directory, "scenario.yaml",
		HEADER "roles:\n  main:\n    run: [sh, -c, 'env true; seq 100 | dd bs=10 count=1 status=none']\n"
		       "    driver: true\n"
		       "  other:\n    run: [sh, -c, \"trap 'kill $!; wait; exit 3' TERM; sleep 9 & wait\"]\n"
		       "    ready: started\n    stop: TERM\nexpect:\n  benign: {no-zombies: \"no matter\"}\n");
	r = sabot_run(directory, NULL, (const char *[]){ "explore", "scenario.yaml", "--inject", "kill", NULL });
	cr_assert_eq(r.code, 1, "exit %d\n%s%s", r.code, r.out, r.err);
	SAYS(r.out, "no-loss is violated without any fault: 282 bytes");
	sabot_run_fini(&r);
	r = sabot_run(directory, NULL, (const char *[]){ "run", "findings/01.yaml", "-v", NULL });
	cr_assert_eq(r.code, 1, "exit %d\n%s%s", r.code, r.out, r.err);
	SAYS(r.out, "✓ clean-exit holds");
	SAYS(r.out, "✗ same-output violated");
	sabot_run_fini(&r);
	/* Mended: nothing of it strikes any more. */
	r = sabot_run(directory, (const char *[]){ "sh", "-c",
		"sed -i '/^faults:/,/do:/d' findings/01.yaml; exec \"$@\"", "sh", NULL },
		(const char *[]){ "run", "findings/01.yaml", NULL });
	cr_assert_eq(r.code, 0, "exit %d\n%s%s", r.code, r.out, r.err);
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

/* It is not the client's hang, which has not even begun. */
Test(explore_programs, a_service_that_does_not_become_ready_is_named)
{
	char *directory = test_directory();
	struct sabot_run r;

	test_file(directory, "scenario.yaml",
		HEADER "roles:\n  server:\n    run: [sh, -c, '" TARGET " serve ${TMP}/s || exec " TARGET " wait']\n"
		       "    ready: {path: \"${TMP}/s\"}\n    stop: TERM\n"
		       "  client:\n    run: [" TARGET ", ask, \"${TMP}/s\"]\n    driver: true\n    after: server\n");
	r = sabot_run(directory, NULL,
		(const char *[]){ "explore", "scenario.yaml", "--inject", "fail: EMFILE", NULL });
	cr_assert_eq(r.code, 1, "exit %d\n%s%s", r.code, r.out, r.err);
	SAYS(r.out, "server neither becomes ready nor ends");
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

/* A pipe that has taken more than it holds was full now and then, if its reader was slow. */
Test(explore_programs, who_writes_much_to_a_pipe_may_find_it_full)
{
	char *directory = test_directory();
	struct sabot_run r;

	test_file(directory, "scenario.yaml",
		HEADER "roles:\n  main:\n    run: [sh, -c, \"" TARGET " flood 4000 | cat > /dev/null\"]\n"
		       "    driver: true\n");
	r = sabot_run(directory, NULL,
		(const char *[]){ "explore", "scenario.yaml", "--inject", "again", "-v", "-v", NULL });
	cr_assert_not_null(strstr(r.out, "too little has been sent here to fill it"), "%s%s", r.out, r.err);
	/* It was tried at a write, and refused in the call itself. */
	cr_assert_not_null(strstr(r.out, " infeasible              write "), "%s%s", r.out, r.err);
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

/* Two parts that write to one directory do not take each other's findings away. */
Test(explore_programs, parts_may_share_a_directory)
{
	static const char *const parts[] = { "1/2", "2/2" };
	char *directory = test_directory();

	test_file(directory, "scenario.yaml",
		HEADER "technique: unix-stream\nserver: {mistakes: [short-read]}\nclient: {mistakes: [short-read]}\n"
		       "workload: {pattern: echo, messages: 2, size: 64}\n");
	for (size_t i = 0; i < 2; i++) {
		struct sabot_run r = sabot_run(directory, NULL, (const char *[]){ "explore", "scenario.yaml",
			"--inject", "short", "--shard", parts[i], "-o", "both", "-q", NULL });
		const char *name = i ? "both/2of2-01.yaml" : "both/1of2-01.yaml";

		cr_assert_eq(r.code, 1, "exit %d\n%s%s", r.code, r.out, r.err);
		cr_assert_not_null(strstr(r.out, name), "%s is not in:\n%s", name, r.out);
		sabot_run_fini(&r);
	}
	test_directory_remove(directory);
}

#define FINDING(site, nth, act) \
	"{\"id\": 1, \"site\": \"" site "\", \"call\": \"read\", \"symptom\": \"down\", \"nth\": " nth ", " \
	"\"do\": \"" act "\"}"
#define PART(findings) "{\"sabot\": 1, \"file\": \"x.yaml\", \"coverage\": [], \"findings\": [" findings "]}"

/* In the order of the lines, and the earliest of those that tell the same. */
Test(explore_programs, parts_are_merged_into_what_the_whole_would_be)
{
	char *directory = test_directory();
	const char *first, *second;
	struct sabot_run r;

	test_file(directory, "a.json",
		PART(FINDING("server.c:57", "2", "reset") ", " FINDING("server.c:9", "1", "eof")));
	test_file(directory, "b.json", PART(FINDING("server.c:57", "1", "kill: self")));
	r = sabot_run(directory, NULL, (const char *[]){ "merge", "a.json", "b.json", NULL });
	cr_assert_eq(r.code, 1, "exit %d\n%s%s", r.code, r.out, r.err);
	first = strstr(r.out, "server.c:9\"");
	second = strstr(r.out, "server.c:57\"");
	cr_assert(first && second && first < second, "%s", r.out);
	cr_assert_null(strstr(second + 1, "server.c:57\""), "%s", r.out);
	cr_assert_not_null(strstr(r.out, "kill: self"), "%s", r.out);
	cr_assert_null(strstr(r.out, "\"reset\""), "%s", r.out);
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

/* --inject takes a kind, or one fault of it; what is nowhere possible is said, and what is no fault refused. */
Test(explore_programs, one_fault_of_a_kind_can_be_asked_for)
{
	char *directory = test_directory();
	struct sabot_run r;

	test_file(directory, "scenario.yaml", PAIR("serve", "ask"));
	r = sabot_run(directory, NULL,
		(const char *[]){ "explore", "scenario.yaml", "--inject", "short: 1", "-v", "-v", NULL });
	cr_assert_not_null(strstr(r.out, ": short: 1\n"), "%s%s", r.out, r.err);
	cr_assert_null(strstr(r.out, "short: 1 from now on"), "%s", r.out);
	cr_assert_null(strstr(r.out, "nothing was tried"), "%s", r.out);
	sabot_run_fini(&r);
	r = sabot_run(directory, NULL, (const char *[]){ "explore", "scenario.yaml", "--inject", "drop", NULL });
	cr_assert_eq(r.code, 0, "exit %d\n%s%s", r.code, r.out, r.err);
	cr_assert_not_null(strstr(r.out, "no fault of --inject can happen at any position"), "%s", r.out);
	sabot_run_fini(&r);
	r = sabot_run(directory, NULL, (const char *[]){ "explore", "scenario.yaml", "--inject", "shrt: 1", NULL });
	cr_assert_eq(r.code, 2, "exit %d\n%s%s", r.code, r.out, r.err);
	cr_assert_not_null(strstr(r.err, "--inject shrt: 1: no such kind of fault"), "%s", r.err);
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

/* Who computes is not one who waits: more workers than asked for would only take the processor from each other. */
Test(explore_programs, runs_that_compute_are_not_made_side_by_side)
{
	char *directory = test_directory(), *path, *yaml = mem_printf(
		HEADER "roles:\n  main:\n    run: [$SABOT_PROGRAMS/computes, %s/crowd, \"160\"]\n    driver: true\n",
		directory);
	struct sabot_run r;
	struct stat crowd;

	test_file(directory, "scenario.yaml", yaml);
	test_file(directory, "crowd", "");
	path = mem_printf("%s/crowd", directory);
	r = sabot_run(directory, NULL, (const char *[]){ "explore", "scenario.yaml", "-j", "2", NULL });
	cr_assert_eq(r.code, 0, "exit %d\n%s%s", r.code, r.out, r.err);
	cr_assert_eq(stat(path, &crowd), 0);
	/* One that is delayed does wait, and on a busy machine for long. */
	cr_assert(crowd.st_size >= 1 && crowd.st_size <= 6, "%ld at once\n%s", (long)crowd.st_size, r.out);
	sabot_run_fini(&r);
	test_directory_remove(directory);
	free(path);
	free(yaml);
}

static struct sabot_run explored_again(const char *mode, const char *restart, const char *inject)
{
	char *directory = test_directory(), *yaml = mem_printf(
		HEADER "roles:\n  server:\n    run: [" TARGET ", %s, \"${TMP}/s\"]\n    stop: TERM\n%s"
		"  client:\n    run: [" TARGET ", ask, \"${TMP}/s\"]\n    driver: true\n    after: server\n",
		mode, restart);
	struct sabot_run r;

	test_file(directory, "scenario.yaml", yaml);
	r = sabot_run(directory, NULL, (const char *[]){ "explore", "scenario.yaml", "--inject", inject, NULL });
	if (r.code == 1) {
		const char *const replay[] = { "run", "findings/01.yaml", NULL };
		struct sabot_run again = sabot_run(directory, NULL, replay);

		cr_expect_eq(again.code, 1, "%s%s", again.out, again.err);
		sabot_run_fini(&again);
	}
	test_directory_remove(directory);
	free(yaml);
	return r;
}

/* The socket file of the one that was killed is in the way: told once, wherever it was killed, and by its line. */
Test(explore_programs, what_keeps_a_service_from_coming_up_again)
{
	struct sabot_run r = explored_again("serve", "    restart: true\n", "kill");

	cr_expect_eq(r.code, 1, "%s%s", r.out, r.err);
	SAYS(r.out, "server, started again, ends with exit status 1 before it is ready: target: listen: Address");
	SAYS(r.out, "server~restart, after bind at target.c:");
	SAYS(r.out, "\n1 finding\n");
	sabot_run_fini(&r);
}

Test(explore_programs, who_comes_up_again_is_no_finding)
{
	struct sabot_run r = explored_again("serve-anew", "    restart: true\n", "kill");

	cr_expect_eq(r.code, 0, "%s%s", r.out, r.err);
	SAYS(r.out, "+kill");
	sabot_run_fini(&r);
}

/* Whose author does not promise that it can be started again is not asked to. */
Test(explore_programs, nobody_is_started_again_who_does_not_say_so)
{
	struct sabot_run r = explored_again("serve", "", "kill");

	cr_expect_eq(r.code, 0, "%s%s", r.out, r.err);
	SAYS(r.out, "+kill");
	sabot_run_fini(&r);
}

/* Hardly a program looks whether bind() had memory: tried for who asks. */
Test(explore_programs, the_last_page_of_memory_is_refused_on_request)
{
	char *directory = test_directory();
	struct sabot_run asked, other;

	test_file(directory, "scenario.yaml", PAIR("serve", "ask"));
	asked = sabot_run(directory, NULL, (const char *[]){ "explore", "scenario.yaml", "--inject", "fail", NULL });
	cr_assert_not_null(strstr(asked.out, " bind "), "%s%s", asked.out, asked.err);
	other = sabot_run(directory, NULL, (const char *[]){ "explore", "scenario.yaml", "--inject", "delay", NULL });
	cr_assert_null(strstr(other.out, " bind "), "%s", other.out);
	cr_assert_not_null(strstr(other.out, " accept "), "%s%s", other.out, other.err);
	sabot_run_fini(&asked);
	sabot_run_fini(&other);
	test_directory_remove(directory);
}
