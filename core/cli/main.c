/* SPDX-License-Identifier: MIT */
/* The program `sabot`: finds the subcommand, reads its options, runs it, and makes sure that its words arrived. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "core/base/str.h"
#include "core/cli/command.h"
#include "core/base/banned.h"

#define SABOT_VERSION "0.1.0"

#define COMMAND(symbol) extern const struct command command_##symbol;
#include "core/cli/commands.def"
#undef COMMAND

const struct command *const command_table[] = {
#define COMMAND(symbol) &command_##symbol,
#include "core/cli/commands.def"
#undef COMMAND
};
const size_t n_commands = sizeof(command_table) / sizeof(command_table[0]);

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (strcmp(command_table[i]->name, name) == 0)
			return command_table[i];
	return NULL;
}

static void overview_print(FILE *out)
{
	fprintf(out, "Usage: sabot COMMAND [OPTION]… [OPERAND]…\n\n"
		     "Runs programs that talk to each other, injects faults at exact calls, and decides which\n"
		     "reliability, ordering and liveness properties held.\n\nCommands:\n");
	for (size_t i = 0; i < n_commands; i++)
		fprintf(out, "  %-8s %s\n", command_table[i]->name, command_table[i]->summary);
	fprintf(out, "  %-8s %s\n", "help", "what a command does, and an example");
	fprintf(out, "\nExit codes: 0 all as expected, 1 something not as expected, 2 usage or invalid scenario,\n"
		     "3 the harness itself broke, 77 cannot be done on this machine.\n"
		     "Example: sabot run scenarios/lessons\n");
}

static void command_print(const struct command *c)
{
	printf("Usage: sabot %s %s%s\n\n%s.\n", c->name, c->options ? "[OPTION]… " : "", c->usage, c->summary);
	if (c->help)
		printf("\n%s", c->help);
	if (c->unavailable)
		printf("\n%s\n", c->unavailable);
	printf("\nOptions:\n");
	options_help(c);
}

static int unknown_told(const char *name)
{
	const char **names = mem_new((n_commands + 1) * sizeof(names[0])), *near;

	for (size_t i = 0; i < n_commands; i++)
		names[i] = command_table[i]->name;
	names[n_commands] = "help";
	near = text_nearest(name, names, n_commands + 1);
	fprintf(stderr, "sabot: unknown command \"%s\"", name);
	if (near)
		fprintf(stderr, "; did you mean \"%s\"?", near);
	fprintf(stderr, "\nsabot --help shows all commands\n");
	free(names);
	return EXIT_USAGE;
}

static int help_run(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		overview_print(stdout);
		return 0;
	}
	c = command_find(argv[1]);
	if (!c)
		return unknown_told(argv[1]);
	command_print(c);
	return 0;
}

static int operands_told(const struct command *c, int n)
{
	if (n < c->n_min)
		fprintf(stderr, "sabot %s: something is missing: sabot %s %s\n", c->name, c->name, c->usage);
	else
		fprintf(stderr, "sabot %s: too many operands: sabot %s %s\n", c->name, c->name, c->usage);
	fprintf(stderr, "sabot %s --help shows an example\n", c->name);
	return EXIT_USAGE;
}

static bool not_available(const struct command *c, const struct options *o)
{
	if (o->under)
		fprintf(stderr, "sabot %s: --under %s: not available yet: programs cannot be run under valgrind\n",
			c->name, o->under);
	else if (o->backend && !strcmp(o->backend, "seccomp"))
		fprintf(stderr, "sabot %s: --backend seccomp: not available yet: there is one backend, preload\n",
			c->name);
	else
		return false;
	return true;
}

static int command_start(const struct command *c, int argc, char **argv)
{
	struct options o;
	int first = 0, r = options_parse(c, argc, argv, &o, &first);
	int n = argc - first;

	if (r == 0 && o.help) {
		command_print(c);
	} else if (r == 0 && c->unavailable) {
		fprintf(stderr, "sabot %s: %s\n", c->name, c->unavailable);
		r = EXIT_SKIPPED;
	} else if (r == 0 && not_available(c, &o)) {
		r = EXIT_SKIPPED;
	} else if (r == 0 && (n < c->n_min || (c->n_max >= 0 && n > c->n_max))) {
		r = operands_told(c, n);
	} else if (r == 0) {
		r = c->run(&o, n, argv + first);
	}
	options_fini(&o);
	return r;
}

static volatile sig_atomic_t reader_gone;

/* That write() fails with EPIPE is enough. A handler, unlike SIG_IGN, is not inherited by roles. */
static void pipe_broke(int signal)
{
	(void)signal;
	reader_gone = 1;
}

/*
 * What was printed must have arrived: a full disk or a closed pipe is no success. But who closes the pipe, as `head`
 * does, has seen enough and need not be told.
 */
static int output_finish(int r)
{
	bool lost = ferror(stdout);

	errno = 0;
	if (fclose(stdout) == EOF)
		lost = true;
	if (!lost)
		return r;
	if (!reader_gone)
		fprintf(stderr, "sabot: the output could not be written%s%s\n", errno ? ": " : "",
			errno ? strerror(errno) : "");
	return status_worse(r == EXIT_SKIPPED ? 0 : r, EXIT_HARNESS);
}

int main(int argc, char **argv)
{
	struct sigaction ignore = { .sa_handler = pipe_broke, .sa_flags = SA_RESTART };
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct command *c = name ? command_find(name) : NULL;
	int r;

	sigaction(SIGPIPE, &ignore, NULL);
	if (!name) {
		overview_print(stderr);
		r = EXIT_USAGE;
	} else if (c) {
		r = command_start(c, argc - 1, argv + 1);
	} else if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		r = help_run(argc - 1, argv + 1);
	} else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		printf("sabot %s\n", SABOT_VERSION);
		r = 0;
	} else {
		r = unknown_told(name);
	}
	return output_finish(r);
}
