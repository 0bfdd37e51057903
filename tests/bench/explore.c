/* SPDX-License-Identifier: MIT */
/*
 * Explorations a second: a client and a server that exchange ten messages over a Unix stream socket, run again and
 * again with one call struck, by Sabot (injected, recorded, judged) and by what else could do it. One worker on one
 * CPU, and two on two; all in turn within a round, medians over the rounds.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

enum { PAIRS = 400, PAIRS_SLOW = 25, COMMAND_FD = 198, STATUS_FD = 199, REPEAT = 120 };

static const char group[] = "runs of a pair, ten messages over a unix stream socket";
static const char plain[] = "posix_spawn of the pair, 1 worker";

static const char *socket_path(int worker)
{
	static char names[2][32];

	snprintf(names[worker], sizeof(names[worker]), "pair%d", worker);
	return scratch_path(names[worker]);
}

/*
 * Runs a second as the exploration itself counts them: every read and write once cut short to one byte, each REPEAT
 * times. One strike a run, as the peers have it: a call that is cut short every time makes a longer conversation.
 */
static double sabot_rate(const char *jobs)
{
	const char *report = scratch_path("report.json"), *findings = scratch_path("findings");
	char repeat[16], target[512];
	const char *argv[] = { build_path("sabot"), "explore", pair_scenario(), "-q", "-j", jobs, "--inject",
		"short: 1", "--repeat", repeat, "--report", target, "-o", findings, NULL };
	json_t *root;
	double rate;
	pid_t pid;

	snprintf(repeat, sizeof(repeat), "%d", REPEAT);
	snprintf(target, sizeof(target), "json:%s", report);
	pid = program_start(argv, NULL, 0, -1);
	if (!pid)
		return -1;
	program_wait(pid);
	root = json_load_file(report, 0, NULL);
	rate = json_number_value(json_object_get(root, "runs_per_second"));
	json_decref(root);
	return rate;
}

static double per_second(int n, uint64_t start_ns)
{
	return n * 1e9 / (double)(now_ns() - start_ns);
}

/* n pairs one after the other; prefix is put before the server's command. */
static int pairs_run(int n, const char *const prefix[], const char *const env[], size_t n_env, int worker)
{
	const char *server[16], *client[] = { build_path("bench/target_client"), socket_path(worker), NULL };
	int argc = 0, done = 0;

	while (prefix && prefix[argc] && argc < 12) {
		server[argc] = prefix[argc];
		argc++;
	}
	server[argc++] = build_path("bench/target_server");
	server[argc++] = socket_path(worker);
	server[argc] = NULL;
	for (int i = 0; i < n; i++) {
		pid_t a = program_start(server, env, n_env, -1), b = program_start(client, NULL, 0, -1);

		if (!a || !b)
			return -1;
		program_wait(b);
		program_wait(a);
		done++;
	}
	return done;
}

static double spawned_rate(int n, const char *const prefix[], const char *const env[], size_t n_env)
{
	uint64_t start = now_ns();
	int done = pairs_run(n, prefix, env, n_env, 0);

	return done > 0 ? per_second(done, start) : -1;
}

/* Two workers, each on its CPU. */
static double spawned_rate_two(void)
{
	uint64_t start = now_ns();
	pid_t pids[2];
	int ok = 1;

	for (int k = 0; k < 2; k++) {
		pids[k] = fork();
		if (pids[k] == 0) {
			cpu_pin(cpu_nth((unsigned)k));
			_exit(pairs_run(PAIRS, NULL, NULL, 0, k) == PAIRS ? 0 : 1);
		}
	}
	for (int k = 0; k < 2; k++)
		ok &= pids[k] > 0 && program_wait(pids[k]) == 0;
	return ok ? per_second(2 * PAIRS, start) : -1;
}

/* A program stopped before main, and the two pipes to it. */
struct stopped {
	pid_t pid;
	int command, status;
};

static void zygote_start(struct stopped *z, const char *program, const char *argument)
{
	int command[2], status[2];

	if (pipe(command) || pipe(status))
		bench_die("pipe: %s", strerror(errno));
	z->pid = fork();
	if (z->pid == 0) {
		dup2(command[0], COMMAND_FD);
		dup2(status[1], STATUS_FD);
		for (int i = 0; i < 2; i++) {
			close(command[i]);
			close(status[i]);
		}
		setenv("LD_PRELOAD", build_path("bench/target_zygote.so"), 1);
		execl(program, program, argument, (char *)NULL);
		_exit(127);
	}
	close(command[0]);
	close(status[1]);
	z->command = command[1];
	z->status = status[0];
}

static double zygote_rate(int worker)
{
	struct stopped server, client;
	uint64_t start;
	char byte = 0;
	int done = 0;

	zygote_start(&server, build_path("bench/target_server"), socket_path(worker));
	zygote_start(&client, build_path("bench/target_client"), socket_path(worker));
	start = now_ns();
	while (done < PAIRS * 2 && write(server.command, &byte, 1) == 1 && write(client.command, &byte, 1) == 1 &&
		read(client.status, &byte, 1) == 1 && read(server.status, &byte, 1) == 1)
		done++;
	close(server.command);
	close(client.command);
	close(server.status);
	close(client.status);
	program_wait(server.pid);
	program_wait(client.pid);
	return done == PAIRS * 2 ? per_second(done, start) : -1;
}

static double zygote_rate_two(void)
{
	uint64_t start = now_ns();
	pid_t pids[2];
	int ok = 1;

	for (int k = 0; k < 2; k++) {
		pids[k] = fork();
		if (pids[k] == 0) {
			cpu_pin(cpu_nth((unsigned)k));
			_exit(zygote_rate(k) > 0 ? 0 : 1);
		}
	}
	for (int k = 0; k < 2; k++)
		ok &= pids[k] > 0 && program_wait(pids[k]) == 0;
	return ok ? per_second(2 * 2 * PAIRS, start) : -1;
}

static void tell(const char *name, double rate, const char *why)
{
	struct row *row = row_of(group, name, "runs/s", plain);

	if (rate > 0)
		row_add(row, rate);
	else
		row->note = why;
}

static void round_run(void)
{
	static const char *const strace[] = { "strace", "-f", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=read",
		"-e", "inject=read:error=EINTR:when=40", NULL };
	/* Told as much as Sabot records. */
	static const char *const telling[] = { "strace", "-f", "-o", "/dev/null", "--seccomp-bpf", "-e",
		"trace=%desc,%network,%process,%signal", "-e", "inject=read:error=EINTR:when=40", NULL };
	static const char *const fiu[] = { "fiu-run", "-x", "-c",
		"enable_random name=posix/io/rw/read,probability=0.00001", NULL };

	tell(plain, spawned_rate(PAIRS, NULL, NULL, 0), "a pair failed");
	tell("zygote that only forks, 1 worker", zygote_rate(0), "the zygote failed");
	tell("sabot explore, 1 worker", sabot_rate("1"), "sabot explore failed");
	tell("strace -f --seccomp-bpf -e inject", spawned_rate(PAIRS_SLOW, strace, NULL, 0), "no strace");
	tell("the same, every call of IPC told", spawned_rate(PAIRS_SLOW, telling, NULL, 0), "no strace");
	tell("fiu-run", spawned_rate(PAIRS_SLOW, fiu, NULL, 0), "no fiu-run");
	if (cpu_nth(1) < 0)
		return;
	cpu_pin(-1);
	tell("posix_spawn of the pair, 2 workers", spawned_rate_two(), "a pair failed");
	tell("zygote that only forks, 2 workers", zygote_rate_two(), "the zygote failed");
	tell("sabot explore, 2 workers", sabot_rate("2"), "sabot explore failed");
	cpu_pin(cpu_nth(0));
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5;

	if (rounds < 2 || rounds > BENCH_ROUNDS)
		bench_die("usage: bench-explore [ROUNDS], from 2 to %d", BENCH_ROUNDS);
	cpu_pin(cpu_nth(0));
	for (unsigned round = 0; round < rounds; round++)
		round_run();
	table_print("explore");
	return 0;
}
