/* SPDX-License-Identifier: MIT */
#include "core/cli/options.h"

#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/status.h"
#include "core/base/str.h"
#include "core/cli/command.h"
#include "core/load/units.h"
#include "core/model/plan.h"
#include "core/model/reporter.h"
#include "core/base/banned.h"

#define YEAR_NS 31536000000000000

/* One option. `take` stores the text (NULL if it takes none); false: it is wrong, and *advice says what is right. */
struct option_row {
	const char *name;
	char letter; /* 0: none */
	unsigned bit;
	const char *argument; /* NULL: takes none */
	const char *summary;
	bool (*take)(struct options *o, const char *text, const char **advice);
};

static bool count_take(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	return parse_count(text, out) == UNIT_FINE && *out >= min && *out <= max;
}

static bool count32_take(const char *text, uint32_t *out, const char **advice)
{
	uint64_t n;

	*advice = "wants a whole number, 1 or more";
	if (!count_take(text, 1, INT32_MAX, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool duration_take(const char *text, int64_t *out, const char **advice)
{
	enum unit_result r = parse_duration(text, out);

	*advice = r ? duration_advice(r) : "wants more than nothing, and less than a year";
	return r == UNIT_FINE && *out > 0 && *out < YEAR_NS;
}

static bool word_take(const char *text, const char *const *words, size_t n, const char **out)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], text) == 0) {
			*out = words[i];
			return true;
		}
	}
	return false;
}

static bool take_jobs(struct options *o, const char *text, const char **advice)
{
	uint64_t n;

	*advice = "wants a number from 1 to 256";
	if (!count_take(text, 1, 256, &n))
		return false;
	o->jobs = (unsigned)n;
	return true;
}

static bool take_seed(struct options *o, const char *text, const char **advice)
{
	*advice = "wants a whole number";
	o->has_seed = true;
	return count_take(text, 0, INT64_MAX, &o->seed);
}

static bool take_repeat(struct options *o, const char *text, const char **advice)
{
	return count32_take(text, &o->repeat, advice);
}

static bool take_timeout(struct options *o, const char *text, const char **advice)
{
	return duration_take(text, &o->timeout_ns, advice);
}

static bool take_report(struct options *o, const char *text, const char **advice)
{
	const char *colon = strchr(text, ':');
	char *name = colon ? mem_printf("%.*s", (int)(colon - text), text) : mem_dup(text);

	*advice = "no such reporter, or no file after the colon; `sabot list reporters` shows them";
	if (!reporter_find(name) || o->n_reports == OPTIONS_REPORTS || (colon && !colon[1])) {
		free(name);
		return false;
	}
	o->reports[o->n_reports++] = (struct report_choice){ .name = name, .file = colon ? mem_dup(colon + 1) : NULL };
	return true;
}

/* The matrix is no list of scenarios: it has formats of its own. */
static bool take_matrix_report(struct options *o, const char *text, const char **advice)
{
	static const char *const words[] = { "tty", "json", "markdown" };
	const char *colon = strchr(text, ':'), *word = NULL;
	char *name = colon ? mem_printf("%.*s", (int)(colon - text), text) : mem_dup(text);

	*advice = "wants tty, json or markdown; NAME:FILE writes to a file";
	if (!word_take(name, words, 3, &word) || o->n_reports == OPTIONS_REPORTS || (colon && !colon[1])) {
		free(name);
		return false;
	}
	o->reports[o->n_reports++] = (struct report_choice){ .name = name, .file = colon ? mem_dup(colon + 1) : NULL };
	return true;
}

static bool take_under(struct options *o, const char *text, const char **advice)
{
	static const char *const words[] = { "memcheck", "helgrind", "drd" };

	*advice = "wants memcheck, helgrind or drd";
	return word_take(text, words, 3, &o->under);
}

static bool take_backend(struct options *o, const char *text, const char **advice)
{
	static const char *const words[] = { "auto", "preload", "seccomp" };

	*advice = "wants auto, preload or seccomp";
	return word_take(text, words, 3, &o->backend);
}

static bool take_realism(struct options *o, const char *text, const char **advice)
{
	static const char *const words[] = {
		[REALISM_LINUX] = "linux", [REALISM_POSIX] = "posix", [REALISM_ANY] = "any"
	};

	*advice = "wants linux, posix or any";
	for (int i = 0; i < 3; i++) {
		if (strcmp(words[i], text) == 0) {
			o->realism = i;
			return true;
		}
	}
	return false;
}

static bool take_time_scale(struct options *o, const char *text, const char **advice)
{
	*advice = "wants a factor from 0.001 to 1000";
	o->has_time_scale = true;
	return parse_real(text, &o->time_scale) && o->time_scale >= 0.001 && o->time_scale <= 1000;
}

static bool take_budget(struct options *o, const char *text, const char **advice)
{
	return duration_take(text, &o->budget_ns, advice);
}

static bool take_positions(struct options *o, const char *text, const char **advice)
{
	return count32_take(text, &o->positions, advice);
}

static bool take_depth(struct options *o, const char *text, const char **advice)
{
	*advice = "wants 1 or 2";
	return (strcmp(text, "1") == 0 || strcmp(text, "2") == 0) && count32_take(text, &o->depth, advice);
}

static bool take_shard(struct options *o, const char *text, const char **advice)
{
	const char *slash = strchr(text, '/');
	char *left = slash ? mem_printf("%.*s", (int)(slash - text), text) : NULL;
	bool fine = slash && count32_take(left, &o->shard, advice) && count32_take(slash + 1, &o->n_shards, advice) &&
		    o->shard <= o->n_shards;

	*advice = "wants i/n with i from 1 to n, for example 2/8";
	free(left);
	return fine;
}

static bool take_inject(struct options *o, const char *text, const char **advice)
{
	*advice = "wants no more than 24";
	if (o->n_injects == OPTIONS_INJECTS)
		return false;
	o->injects[o->n_injects++] = text;
	return true;
}

#define TAKE_TEXT(field) \
	static bool take_##field(struct options *o, const char *text, const char **advice) \
	{ \
		*advice = "it must not be empty"; \
		o->field = text; \
		return *text != '\0'; \
	}
TAKE_TEXT(keep)
TAKE_TEXT(filter)
TAKE_TEXT(technique)
TAKE_TEXT(guarantee)
TAKE_TEXT(output)
TAKE_TEXT(format)

#define TAKE_FLAG(name, effect) \
	static bool take_##name(struct options *o, const char *text, const char **advice) \
	{ \
		(void)text; \
		(void)advice; \
		effect; \
		return true; \
	}
TAKE_FLAG(annotate, o->annotate = true)
TAKE_FLAG(quiet, o->verbose = -1)
TAKE_FLAG(verbose, o->verbose = o->verbose < 0 ? 1 : o->verbose + 1)
TAKE_FLAG(no_color, o->color = false)
TAKE_FLAG(help, o->help = true)

static const struct option_row rows[] = {
	{ "jobs", 'j', OPTION_JOBS, "N", "so many at once (as many as there are CPUs)", take_jobs },
	{ "seed", 0, OPTION_SEED, "N", "every random choice comes from it", take_seed },
	{ "repeat", 0, OPTION_REPEAT, "N", "so many runs of each scenario", take_repeat },
	{ "timeout", 0, OPTION_TIMEOUT, "T", "the last resort: 20ms, 5s, 1m", take_timeout },
	{ "report", 0, OPTION_REPORT, "NAME[:FILE]", "how to report, and where (tty); may be repeated", take_report },
	{ "report", 0, OPTION_MATRIX_REPORT, "NAME[:FILE]", "how to report, and where (tty); may be repeated",
		take_matrix_report },
	{ "keep", 0, OPTION_KEEP, "DIR", "keep histories and outputs there", take_keep },
	{ "under", 0, OPTION_UNDER, "TOOL", "run the roles under memcheck, helgrind or drd", take_under },
	{ "backend", 0, OPTION_BACKEND, "NAME", "how calls are seen: auto, preload or seccomp", take_backend },
	{ "realism", 0, OPTION_REALISM, "LEVEL", "faults that may happen: on linux, by posix, or any", take_realism },
	{ "time-scale", 0, OPTION_TIME_SCALE, "F", "all durations times F", take_time_scale },
	{ "filter", 0, OPTION_FILTER, "TAG", "only scenarios with this tag", take_filter },
	{ "budget", 0, OPTION_BUDGET, "T", "stop after so long", take_budget },
	{ "positions", 0, OPTION_POSITIONS, "N", "no more than so many positions", take_positions },
	{ "shard", 0, OPTION_SHARD, "I/N", "only the Ith of N parts of the work", take_shard },
	{ "depth", 0, OPTION_DEPTH, "N", "so many faults in one run: 1 or 2", take_depth },
	{ "annotate", 0, OPTION_ANNOTATE, NULL, "show the sources with what was struck where", take_annotate },
	{ "technique", 0, OPTION_TECHNIQUE, "NAME", "only this technique", take_technique },
	{ "guarantee", 0, OPTION_GUARANTEE, "NAME", "only this guarantee", take_guarantee },
	{ "output", 'o', OPTION_OUTPUT, "DIR", "write there", take_output },
	{ "format", 0, OPTION_FORMAT, "NAME", "how to write it", take_format },
	{ "inject", 0, OPTION_INJECT, "FAULT", "a fault, or a kind of them; may be repeated", take_inject },
	{ "quiet", 'q', OPTION_COMMON, NULL, "say only what is wrong", take_quiet },
	{ "verbose", 'v', OPTION_COMMON, NULL, "say more; twice: still more", take_verbose },
	{ "no-color", 0, OPTION_COMMON, NULL, "no colours (so does NO_COLOR in the environment)", take_no_color },
	{ "help", 'h', OPTION_COMMON, NULL, "this text", take_help },
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]), ROW_BASE = 1000 };

static bool is_taken(const struct command *c, const struct option_row *r)
{
	return r->bit == OPTION_COMMON || (c->options & r->bit);
}

static unsigned cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* Where one of Sabot's own files is. */
static char *companion_find(const char *variable, const char *name)
{
	const char *given = getenv(variable);
	char self[PATH_MAX], *beside, *installed;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (given && *given)
		return mem_dup(given);
	self[n > 0 ? n : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	beside = mem_printf("%s/%s", self, name);
	installed = mem_printf("%s/../lib/sabot/%s", self, name);
	if (access(beside, R_OK) < 0 && access(installed, R_OK) == 0) {
		free(beside);
		return installed;
	}
	free(installed);
	return beside;
}

/* Says what is wrong with an option that getopt does not like: it may belong to another command. */
static int unknown_told(const struct command *c, const char *word)
{
	const char *names[N_ROWS], *near;
	char *bare = mem_printf("%.*s", (int)strcspn(word + 1, "=") + 1, word);
	bool of_another = false, mine = false;
	size_t n = 0;

	for (size_t i = 0; i < N_ROWS; i++) {
		bool same = bare[1] == '-' && strcmp(rows[i].name, bare + 2) == 0;

		if (is_taken(c, &rows[i])) {
			names[n++] = rows[i].name;
			mine |= same;
		} else {
			of_another |= same;
		}
	}
	near = bare[1] == '-' ? text_nearest(bare + 2, names, n) : NULL;
	if (mine)
		fprintf(stderr, "sabot %s: %s takes no argument", c->name, bare);
	else
		fprintf(stderr, "sabot %s: %s %s", c->name,
			of_another ? "this command does not take" : "unknown option", bare);
	if (near && !mine && !of_another)
		fprintf(stderr, "; did you mean --%s?", near);
	fprintf(stderr, "\nsabot %s --help shows what it takes\n", c->name);
	free(bare);
	return EXIT_USAGE;
}

static int row_take(const struct command *c, const struct option_row *r, struct options *o, const char *text)
{
	const char *advice = "";

	if (r->take(o, text, &advice))
		return 0;
	fprintf(stderr, "sabot %s: --%s %s: %s\n", c->name, r->name, text, advice);
	return EXIT_USAGE;
}

/* getopt's tables of what the command takes; letters has room for 2 + 2 * N_ROWS bytes. */
static void tables_make(const struct command *c, struct option *longs, char *letters)
{
	size_t n = 0, k = 0;

	letters[k++] = c->options & OPTION_COMMAND_LINE ? '+' : ':';
	if (letters[0] == '+')
		letters[k++] = ':';
	for (int i = 0; i < N_ROWS; i++) {
		if (!is_taken(c, &rows[i]))
			continue;
		longs[n++] = (struct option){ rows[i].name, rows[i].argument ? required_argument : no_argument, NULL,
			ROW_BASE + i };
		if (!rows[i].letter)
			continue;
		letters[k++] = rows[i].letter;
		if (rows[i].argument)
			letters[k++] = ':';
	}
	longs[n] = (struct option){ NULL, 0, NULL, 0 };
	letters[k] = '\0';
}

static const struct option_row *row_of(int opt)
{
	if (opt >= ROW_BASE)
		return &rows[opt - ROW_BASE];
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].letter == opt)
			return &rows[i];
	return NULL;
}

static int missing_told(const struct command *c, const char *word)
{
	fprintf(stderr, "sabot %s: %s wants an argument\nsabot %s --help shows what it takes\n", c->name, word,
		c->name);
	return EXIT_USAGE;
}

int options_parse(const struct command *c, int argc, char **argv, struct options *o, int *first)
{
	struct option longs[N_ROWS + 1];
	char letters[3 + 2 * N_ROWS];
	int opt, r = 0;

	*o = (struct options){ .jobs = cpus(), .realism = -1, .time_scale = 1, .shard = 1, .n_shards = 1 };
	o->color = isatty(STDOUT_FILENO) && !(getenv("NO_COLOR") && *getenv("NO_COLOR"));
	o->library = companion_find("SABOT_LIB", "libsabot.so");
	o->reference = companion_find("SABOT_REF", "sabot-ref");
	setenv("SABOT_REF", o->reference, 0); /* scenarios may name it: ${SABOT_REF} */
	tables_make(c, longs, letters);
	opterr = 0;
	optind = 0;
	while (r == 0 && !o->help && (opt = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		char letter[3] = { '-', (char)optopt, '\0' };
		const char *word = optopt && optopt < ROW_BASE ? letter : argv[optind - 1];

		if (opt == ':')
			r = missing_told(c, word);
		else if (opt == '?')
			r = unknown_told(c, word);
		else
			r = row_take(c, row_of(opt), o, optarg);
	}
	if (o->n_reports == 0)
		o->reports[o->n_reports++] = (struct report_choice){ .name = mem_dup("tty") };
	*first = optind;
	return r;
}

void options_fini(struct options *o)
{
	for (size_t i = 0; i < o->n_reports; i++) {
		free(o->reports[i].name);
		free(o->reports[i].file);
	}
	o->n_reports = 0;
	free(o->library);
	free(o->reference);
	o->library = o->reference = NULL;
}

void options_help(const struct command *c)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		char left[64];

		if (!is_taken(c, &rows[i]))
			continue;
		snprintf(left, sizeof(left), "%c%c%c --%s%s%s", rows[i].letter ? '-' : ' ',
			rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? ',' : ' ', rows[i].name,
			rows[i].argument ? " " : "", rows[i].argument ? rows[i].argument : "");
		printf("  %-26s %s\n", left, rows[i].summary);
	}
}
