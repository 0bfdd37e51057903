/* SPDX-License-Identifier: MIT */
/* The options that subcommands share, and where Sabot's own files are. */
#ifndef CORE_CLI_OPTIONS_H
#define CORE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct command;

enum option_bit {
	OPTION_COMMON = 0,		/* -q -v --no-color --help: every command takes them */
	OPTION_JOBS = 1 << 0,		/* -j N, --jobs N */
	OPTION_SEED = 1 << 1,
	OPTION_REPEAT = 1 << 2,
	OPTION_TIMEOUT = 1 << 3,
	OPTION_REPORT = 1 << 4,
	OPTION_KEEP = 1 << 5,
	OPTION_UNDER = 1 << 6,
	OPTION_BACKEND = 1 << 7,
	OPTION_REALISM = 1 << 8,
	OPTION_TIME_SCALE = 1 << 9,
	OPTION_FILTER = 1 << 10,
	OPTION_BUDGET = 1 << 11,
	OPTION_POSITIONS = 1 << 12,
	OPTION_SHARD = 1 << 13,
	OPTION_DEPTH = 1 << 14,
	OPTION_ANNOTATE = 1 << 15,
	OPTION_TECHNIQUE = 1 << 16,
	OPTION_GUARANTEE = 1 << 17,
	OPTION_OUTPUT = 1 << 18,	/* -o DIR, --output DIR */
	OPTION_INJECT = 1 << 19,
	/* The operands begin at the first one that is no option, and may look like options themselves. */
	OPTION_COMMAND_LINE = 1 << 20,
	OPTION_FORMAT = 1 << 21, /* --format NAME */
	OPTION_MATRIX_REPORT = 1 << 22, /* --report, of the matrix: tty, json, markdown */
};

enum { OPTIONS_REPORTS = 8, OPTIONS_INJECTS = 24 };

struct report_choice {
	char *name;		/* of a reporter that exists */
	char *file;		/* NULL: stdout */
};

struct options {
	unsigned jobs;		/* never 0: as many as there are CPUs if not given */
	bool has_seed;
	uint64_t seed;
	uint32_t repeat;	/* 0: not given */
	int64_t timeout_ns;	/* 0: not given */
	struct report_choice reports[OPTIONS_REPORTS];	/* one at least: "tty" to stdout if none was given */
	size_t n_reports;
	const char *keep;	/* NULL: not given; so for all other texts */
	const char *under;	/* memcheck, helgrind, drd */
	const char *backend;	/* auto, preload, seccomp */
	int realism;		/* enum realism; -1: not given */
	double time_scale;	/* 1 if not given */
	bool has_time_scale;
	const char *filter;	/* a tag */
	int verbose;		/* -1 quiet, 0, 1, 2 … */
	bool color;		/* stdout is a terminal, and neither --no-color nor NO_COLOR forbids it */
	int64_t budget_ns;	/* 0: not given */
	uint32_t positions, depth;	/* 0: not given */
	uint32_t shard, n_shards;	/* 1/1 if not given */
	bool annotate;
	const char *technique, *guarantee;
	const char *output, *format;
	const char *injects[OPTIONS_INJECTS];
	size_t n_injects;
	char *library;		/* libsabot.so: SABOT_LIB, else beside this program, else in ../lib/sabot */
	char *reference;	/* sabot-ref: SABOT_REF, or likewise */
	bool help;		/* --help: nothing else was looked at */
};

/*
 * Reads argv (argv[0] is the command's name) by what the command takes. 0: *o is filled, and *first is the index of
 * the first operand (argv is reordered so that all operands come last). 2: wrong usage, told on stderr. Either way
 * options_fini() frees what *o owns; texts that are not `char *` point into argv.
 */
int options_parse(const struct command *c, int argc, char **argv, struct options *o, int *first);
void options_fini(struct options *o);
/* Prints the options that the command takes, a line each, to stdout. */
void options_help(const struct command *c);

#endif
