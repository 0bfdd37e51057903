/* SPDX-License-Identifier: MIT */
/* `sabot run` as a user meets it: exit codes, sentences, what is found and what is left. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/str.h"
#include "tests/support/scenario_text.h"
#include "core/base/banned.h"

Test(run, as_expected)
{
	expect(PAIR("serve", "ask"), 0, "1 as expected");
}

Test(run, a_typo_is_told_with_its_place)
{
	expect(HEADER "roles:\n  main:\n    runn: [true]\n    driver: true\n", 2, "scenario.yaml:5:5");
}

Test(run, a_missing_program_is_no_verdict)
{
	expect(HEADER "roles:\n  main:\n    run: [./nothing]\n    driver: true\n", 3,
		"role main: cannot run ./nothing: No such file or directory");
}

Test(run, a_file_that_is_no_program_is_no_verdict)
{
	char *directory = test_directory();
	struct sabot_run r;

	test_file(directory, "scenario.yaml", HEADER "roles:\n  main:\n    run: [./text]\n    driver: true\n");
	test_file(directory, "text", "neither ELF nor a script\n");
	r = sabot_run(directory, NULL, (const char *[]){ "run", "scenario.yaml", NULL });
	cr_assert_eq(r.code, 3);
	SAYS(r.out, "cannot run ./text: Permission denied");
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

Test(run, a_service_that_cannot_start_is_no_verdict)
{
	expect(HEADER "roles:\n  server:\n    run: [" TARGET ", serve, /nowhere/at/all]\n    stop: TERM\n"
		      "  client:\n    run: [" TARGET ", ask, /nowhere/at/all]\n    driver: true\n    after: server\n",
		3, "role server ended before it was ready: exit status 1: target: listen");
}

Test(run, who_asks_the_kernel_is_not_ready_yet)
{
	expect(PAIR("kernel-first", "ask") "faults:\n  - {in: server, at: bind, nth: 2, do: {delay: 100ms}}\n", 0,
		NULL);
}

Test(run, nobody_waits_for_a_service_that_cannot_start)
{
	expect(HEADER "roles:\n  server:\n    run: [" TARGET ", serve, /nowhere/at/all]\n    stop: TERM\n"
		      "  client:\n    run: [" TARGET ", wait]\n    driver: true\n    after: server\ntimeout: 100s\n",
		3, "role server ended before it was ready: exit status 1: target: listen");
}

Test(run, this_host_is_found_in_a_private_network)
{
	struct sabot_run r = run_text(DRIVER("resolve"), "-v");

	if (r.code && strstr(r.out, "no private network"))
		cr_skip_test("the network is the machine's");
	cr_assert_eq(r.code, 0, "%s%s", r.out, r.err);
	sabot_run_fini(&r);
}

Test(run, a_probe_has_time_of_its_own)
{
	expect(HEADER "roles:\n  server:\n    run: [" TARGET ", serve, \"${TMP}/s\"]\n    stop: TERM\n"
		      "  client:\n    run: [sleep, \"0.7\"]\n    driver: true\n    after: server\n"
		      "probe: true\ntimeout: 1s\n", 0, NULL);
}

Test(run, a_shell_that_reads_what_its_command_says_is_not_ready_yet)
{
	expect(HEADER "roles:\n"
		      "  server:\n    run: [sh, -c, \"x=$(echo ${TMP}/s); exec " TARGET " serve $x\"]\n"
		      "    stop: TERM\n"
		      "  client:\n    run: [" TARGET ", ask, \"${TMP}/s\"]\n    driver: true\n    after: server\n"
		      "faults:\n  - {in: server, at: bind, do: {delay: 100ms}}\n", 0, NULL);
}

Test(run, a_title_is_not_needed)
{
	expect("sabot: 1\nroles:\n  main:\n    run: [echo]\n    driver: true\n", 0, "1 as expected");
}

Test(run, a_directory_with_a_fifo_in_it)
{
	char *directory = test_directory(), *fifo = mem_printf("%s/never.yaml", directory);
	struct sabot_run r;

	cr_assert_eq(mkfifo(fifo, 0600), 0);
	test_file(directory, "scenario.yaml", HEADER "roles:\n  main:\n    run: [echo]\n    driver: true\n");
	r = sabot_run(directory, NULL, (const char *[]){ "run", ".", NULL });
	cr_assert_eq(r.code, 0, "%s%s", r.out, r.err);
	SAYS(r.out, "1 as expected");
	sabot_run_fini(&r);
	free(fifo);
	test_directory_remove(directory);
}

Test(run, a_hang_is_found_long_before_the_timeout)
{
	struct sabot_run r = run_text(DRIVER("stuck") "timeout: 100s\nexpect: {no-hang: violated}\n", NULL);

	/* sabot_run() itself gives up after 30 s. */
	cr_assert_eq(r.code, 0, "%s%s", r.out, r.err);
	sabot_run_fini(&r);
}

Test(run, a_role_that_spins_is_found)
{
	expect(DRIVER("spin") "timeout: 100s\nexpect: {no-busy-loop: violated}\n", 0, NULL);
}

/* A process id, say, or the time: on stderr where numbers do not count, on stdout where no two runs are alike. */
Test(run, what_differs_without_faults_is_not_compared)
{
	expect(HEADER "roles:\n  main:\n    run: [sh, -c, 'echo I am $$ >&2; echo $$']\n    driver: true\n"
		      "expect: {same-output: holds}\nrepeat: 3\n", 0, "1 as expected");
	expect(PAIR("serve", "ask") "faults:\n  - {in: client, at: read, do: eof}\n"
				    "expect: {same-output: holds}\n", 1, "same-output violated");
}

/* Which program it is that no preload reaches, and why: ld.so itself, which nothing loads. */
Test(run, who_is_not_seen_is_named)
{
#define LD_SO "/lib64/ld-linux-x86-64.so.2 --version > /dev/null"
	static const struct {
		const char *yaml, *says;
	} all[] = {
		{ HEADER "roles:\n  main:\n    driver: true\n    run: [sh, -c, 'env true; env " LD_SO "; true']\n",
		  "executed ld-linux-x86-64.so.2" },
		{ HEADER "roles:\n  main:\n    driver: true\n    run: [sh, -c, 'env true; " LD_SO "; true']\n",
		  "started ld-linux-x86-64.so.2" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct sabot_run r = run_text(all[i].yaml, "-v");

		SAYS(r.out, all[i].says);
		SAYS(r.out, "static");
		sabot_run_fini(&r);
	}
}

Test(run, a_service_may_take_its_time_to_end)
{
	expect(HEADER "roles:\n  server:\n    run: [$SABOT_PROGRAMS/leisurely]\n    ready: started\n"
		      "    stop: TERM\n  main:\n    run: [sh, -c, 'exit 0']\n    driver: true\n    after: server\n",
		0, "1 as expected");
}

/* Who says that going in circles does no harm is not ended for it. */
Test(run, a_role_may_spin_where_that_is_benign)
{
	expect(DRIVER("probe, udp, fifo") "expect:\n  benign: {no-busy-loop: \"it looks for 0.9 s\"}\n", 0,
		"1 as expected");
	expect(DRIVER("probe, udp, fifo"), 1, "no-busy-loop violated");
}

/* A probe of the matrix may watch for long; only the timeout ends it. */
Test(run, a_probe_may_look_again_and_again)
{
	char *directory = test_directory();
	struct sabot_run r;

	test_file(directory, "fifo.yaml", HEADER "roles:\n  main:\n    run: [" TARGET ", probe, udp, fifo]\n"
					  "    driver: true\n");
	r = sabot_run(directory, NULL, (const char *[]){ "matrix", ".", "--report", "json", NULL });
	SAYS(r.out, "\"value\": \"yes\"");
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

Test(run, a_driver_that_waits_for_ever_is_hung)
{
	expect(DRIVER("wait") "timeout: 100s\nexpect: {no-hang: violated}\n", 0, NULL);
}

/* ld.so ignores a preload where the program has more rights than who starts it: the service is used all the same. */
Test(run, a_setgid_program_is_told_as_unseen)
{
	char *directory = test_directory(), *command = mem_printf("cp \"$SABOT_PROGRAMS/target\" '%s/target' && "
								  "chgrp 1 '%s/target' && chmod 2755 '%s/target'",
				directory, directory, directory);
	struct sabot_run r;

	if (geteuid() != 0 || system(command) != 0) {
		free(command);
		test_directory_remove(directory);
		cr_skip_test("only root may do that");
	}
	test_file(directory, "scenario.yaml", HEADER
		"roles:\n"
		"  server:\n    run: [./target, serve, \"${TMP}/s\"]\n    stop: TERM\n"
		"  client:\n    run: [" TARGET ", ask, \"${TMP}/s\"]\n    driver: true\n    after: server\n");
	r = sabot_run(directory, NULL, (const char *[]){ "run", "scenario.yaml", NULL });
	SAYS(r.out, "ld.so preloads nothing");
	SAYS(r.out, "client  exit 0");
	sabot_run_fini(&r);
	free(command);
	test_directory_remove(directory);
}

/* dash starts its last command but one by vfork: who waits for it has not become it. */
Test(run, a_shell_that_waits_is_not_unseen)
{
	struct sabot_run r = run_text(HEADER
		"roles:\n  main:\n    run: [sh, -c, \"" TARGET " stuck; true\"]\n    driver: true\n"
		"timeout: 100s\nexpect: {no-hang: violated}\n", "-v");

	cr_assert_eq(r.code, 0, "%s%s", r.out, r.err);
	cr_assert_null(strstr(r.out, "not seen"), "%s", r.out);
	sabot_run_fini(&r);
}

Test(run, a_service_that_is_never_ready_is_named)
{
	expect(HEADER "roles:\n  slow:\n    run: [sleep, \"50\"]\n    ready: listen\n    stop: KILL\n"
		      "  main:\n    run: [" TARGET ", stuck]\n    driver: true\n    after: slow\ntimeout: 300ms\n",
		1, "main has not begun: it waits for slow to be ready");
}

/* That nobody will ever be ready is seen at once, and told with what was waited for. */
Test(run, what_is_waited_for_is_named)
{
#define STUCK(ready) HEADER "roles:\n  server:\n    run: [" TARGET ", stuck]\n    ready: " ready "\n    stop: KILL\n" \
	"  main:\n    run: [" TARGET ", stuck]\n    driver: true\n    after: server\ntimeout: 1000s\n"
	expect(STUCK("{path: /nowhere/at/all}"), 1, "there is no /nowhere/at/all");
	expect(STUCK("{output: ^up}"), 1, "server has printed nothing");
	expect(STUCK("listen"), 1, "server was taken for ready when nothing moved");
}

Test(run, the_timeout_is_the_last_resort)
{
	/* `sleep 50` will wake by itself, so it is no hang; but nobody has that long. */
	expect(HEADER "roles:\n  main:\n    run: [sleep, \"50\"]\n    driver: true\ntimeout: 300ms\n", 1,
		"the time was over");
}

Test(run, everything_left_behind_is_named)
{
	struct sabot_run r = run_text(DRIVER("leave, \"${TMP}\", \"${ID}\""), "--report=json");

	cr_assert_eq(r.code, 1);
	for (const char *const *what = (const char *[]){ "socket file socket", "FIFO fifo", NULL }; *what; what++)
		SAYS(r.out, *what);
	sabot_run_fini(&r);
}

Test(run, a_forgotten_descriptor_is_named)
{
	struct sabot_run r = run_text(HEADER
		"roles:\n"
		"  server:\n    run: [" TARGET ", serve, \"${TMP}/s\", leak]\n    stop: TERM\n"
		"  client:\n    run: [" TARGET ", ask, \"${TMP}/s\"]\n    driver: true\n    after: server\n",
		NULL);

	cr_assert_eq(r.code, 1);
	SAYS(r.out, "connection to client, which has");
	sabot_run_fini(&r);
}

Test(run, a_zombie_of_a_service_is_found)
{
	expect(PAIR("zombie", "ask") "expect: {no-zombies: violated}\n", 0, NULL);
}

Test(run, a_daemon_is_the_service_that_it_became)
{
	expect(HEADER "roles:\n"
		      "  server:\n    run: [" TARGET
		      ", daemon, \"${TMP}/s\"]\n    stop: TERM\n    ready: {output: ^ready}\n"
		      "  client:\n    run: [" TARGET ", ask, \"${TMP}/s\"]\n    driver: true\n    after: server\n",
		0, NULL);
}

Test(run, a_crash_is_found)
{
	expect(DRIVER("crash") "expect: {no-crash: violated, clean-exit: violated}\n", 0, NULL);
}

Test(run, exit_status_is_compared)
{
	expect(HEADER "roles:\n  main:\n    run: [sh, -c, \"exit 3\"]\n    driver: true\nexpect: {exit: {main: 3}}\n",
		0, NULL);
	expect(HEADER "roles:\n  main:\n    run: [sh, -c, \"exit 3\"]\n    driver: true\nexpect: {exit: {main: 0}}\n",
		1, "exit");
}

Test(run, output_is_kept_within_bounds)
{
	struct sabot_run r = run_text(DRIVER("flood, \"20000\""), "--report=json");

	/* 1.28 MB came out; the pipe never blocked the role, and only a part of it is shown. */
	cr_assert_eq(r.code, 0, "%s%s", r.out, r.err);
	cr_assert_lt(strlen(r.out), 100000u);
	sabot_run_fini(&r);
}

Test(run, what_is_kept)
{
	static const char *const names[] = { "history.sabot", "server.out", "server.err", "client.out",
		"scenario.yaml" };
	char *directory = test_directory(), path[512];
	struct sabot_run r;

	test_file(directory, "one.yaml", PAIR("serve", "ask"));
	r = sabot_run(directory, NULL, (const char *[]){ "run", "one.yaml", "--keep", "kept", NULL });
	cr_assert_eq(r.code, 0, "%s%s", r.out, r.err);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/kept/one/%s", directory, names[i]);
		cr_assert_eq(access(path, R_OK), 0, "%s is not there", path);
	}
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

Test(run, the_worst_counts_and_the_order_is_that_of_the_files)
{
	char *directory = test_directory(), *first, *second;
	struct sabot_run r;

	test_file(directory, "a.yaml", DRIVER("stuck"));
	test_file(directory, "b.yaml", HEADER "roles:\n  main:\n    run: [\"true\"]\n    driver: true\n");
	r = sabot_run(directory, NULL, (const char *[]){ "run", ".", "-j", "2", "--report", "tap", NULL });
	cr_assert_eq(r.code, 1, "%s%s", r.out, r.err);
	first = strstr(r.out, "not ok 1");
	second = strstr(r.out, "\nok 2");
	cr_assert(first && second && first < second, "%s", r.out);
	sabot_run_fini(&r);
	test_file(directory, "c.yaml", HEADER "roles:\n  main:\n    run: [./nothing]\n    driver: true\n");
	r = sabot_run(directory, NULL, (const char *[]){ "run", ".", NULL });
	cr_assert_eq(r.code, 3);
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

Test(run, two_side_by_side_never_meet)
{
	char *directory = test_directory();
	pid_t pids[4];

	/* The same port and the same names in every run. */
	test_file(directory, "one.yaml",
		HEADER "technique: tcp\nserver: {design: iterative}\n"
		       "workload: {pattern: echo, messages: 50, size: 64}\nrepeat: 10\n");
	for (size_t i = 0; i < 4; i++)
		pids[i] = sabot_start(directory, (const char *[]){ "run", "one.yaml", NULL });
	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(sabot_end(pids[i]), 0);
	test_directory_remove(directory);
}

static void machine_without(const char *const *before)
{
	char *directory = test_directory();
	struct sabot_run r;

	test_file(directory, "one.yaml", PAIR("serve", "ask"));
	r = sabot_run(directory, before, (const char *[]){ "run", "one.yaml", NULL });
	cr_assert_eq(r.code, 0, "%s%s", r.out, r.err);
	sabot_run_fini(&r);
	test_file(directory, "left.yaml", DRIVER("leave, \"${TMP}\", \"${ID}\""));
	r = sabot_run(directory, before, (const char *[]){ "run", "left.yaml", NULL });
	cr_assert_eq(r.code, 1, "%s%s", r.out, r.err);
	SAYS(r.out, "FIFO fifo");
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

/* Can an ordinary user get at the program at all? */
static bool others_may_run(const char *program)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s", program);
	for (char *slash; (slash = strrchr(path, '/')) && slash != path;) {
		struct stat st;

		if (stat(path, &st) || !(st.st_mode & S_IXOTH))
			return false;
		*slash = '\0';
	}
	return true;
}

Test(run, an_ordinary_user)
{
	if (geteuid() != 0)
		cr_skip_test("an ordinary user runs this test already");
	if (!others_may_run(getenv("SABOT")) || !others_may_run(getenv("SABOT_PROGRAMS")))
		cr_skip_test("the build directory is closed to others");
	machine_without((const char *[]){ "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", NULL });
}

Test(run, a_machine_without_namespaces)
{
	machine_without((const char *[]){ "env", "SABOT_NO_NAMESPACES=1", NULL });
}

/* Named, the property also counts what has no other end; whatever is opened once is no leak. */
Test(run, descriptors_that_no_other_end_betrays)
{
	static const char *const kinds[] = { "eventfd", "epoll", "timerfd", "signalfd", "log" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		bool leaks = strcmp(kinds[i], "log") != 0;
		char yaml[1024];

		snprintf(yaml, sizeof(yaml),
			HEADER "roles:\n  server:\n    run: [" TARGET ", serve, \"${TMP}/s\", %s]\n    stop: TERM\n"
			       "  client:\n    run: [" TARGET ", ask, \"${TMP}/s\"]\n    driver: true\n    count: 3\n"
			       "    after: server\nexpect:\n  no-fd-leak: %s\n",
			kinds[i], leaks ? "violated" : "holds");
		expect(yaml, 0, NULL);
	}
}

Test(run, usage)
{
	struct sabot_run r = sabot_run(NULL, NULL, (const char *[]){ "run", NULL });

	cr_assert_eq(r.code, 2);
	sabot_run_fini(&r);
	r = run_text(DRIVER("stuck"), "--under=memcheck");
	cr_assert_eq(r.code, 77);
	SAYS(r.err, "not available yet");
	sabot_run_fini(&r);
}

Test(run, a_child_that_crashes_is_seen_whoever_looks_away)
{
	static const char *const ways[] = { "ignored", "unasked", "orphan" };

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		char yaml[512];

		snprintf(yaml, sizeof(yaml), DRIVER("crash-below, %s") "expect: {no-crash: holds}\n", ways[i]);
		expect(yaml, 1, "was killed by signal SEGV");
	}
}

#define AGAIN(mode) \
	HEADER "roles:\n" \
	       "  server:\n    run: [" TARGET ", " mode ", \"${TMP}/s\"]\n    stop: TERM\n    restart: true\n" \
	       "  client:\n    run: [" TARGET ", ask, \"${TMP}/s\"]\n    driver: true\n    after: server\n"

/* The struck client may fail with its service; who comes after the restart may not. */
Test(run, a_service_that_was_killed_is_started_again)
{
	static const char kill[] = "faults:\n  - {in: server, at: receive, when: after, do: {kill: self}}\n";
	char *yaml = mem_printf("%s%s", AGAIN("serve-anew"), kill);
	struct sabot_run r = run_text(yaml, "-v");

	cr_assert_eq(r.code, 0, "%s%s", r.out, r.err);
	SAYS(r.out, "server  killed by a fault");
	SAYS(r.out, "server~restart  exit 0");
	SAYS(r.out, "client~probe  exit 0");
	sabot_run_fini(&r);
	free(yaml);
	yaml = mem_printf("%s%s", AGAIN("serve"), kill);
	expect(yaml, 1, "server~restart ended with status 1");
	free(yaml);
}

/* It is no driver's conversation that is struck, and nobody waits for it any more: still it is started again. */
Test(run, a_service_that_is_killed_when_the_drivers_have_ended_is_started_again)
{
	expect(AGAIN("serve") "faults:\n  - {in: server, at: close, do: {kill: self}}\n", 1,
		"server~restart ended with status 1");
}

Test(run, the_child_of_a_service_is_not_the_service)
{
	struct sabot_run r = run_text(AGAIN("serve-each")
		"faults:\n  - {in: server.1, at: receive, when: after, do: {kill: self}}\n"
		"expect:\n  exit: {client: 1}\n", "-v");

	cr_assert_eq(r.code, 0, "%s%s", r.out, r.err);
	cr_assert_null(strstr(r.out, "~restart"), "%s", r.out);
	sabot_run_fini(&r);
}
