/* SPDX-License-Identifier: MIT */
/* `sabot list`: the tables that scenarios take their words from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "core/cli/command.h"
#include "core/cli/scenarios.h"
#include "core/model/call.h"
#include "core/model/fault.h"
#include "core/model/property.h"
#include "core/model/reporter.h"
#include "core/model/technique.h"
#include "core/base/banned.h"

enum { COLUMNS = 5 };

/* Lines of cells, printed when all widths are known. The last column is as wide as it likes. */
struct table {
	char **cells;
	size_t n, width[COLUMNS], columns;
};

/* Characters, not bytes. */
static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void cell_add(struct table *t, const char *text)
{
	size_t column = t->n % t->columns, width = width_of(text);

	if ((t->n & (t->n - 1)) == 0)
		t->cells = mem_grow(t->cells, (t->n ? t->n * 2 : 1) * sizeof(t->cells[0]));
	t->cells[t->n++] = mem_dup(text);
	if (width > t->width[column])
		t->width[column] = width;
}

/* A line of as many cells as the table has columns. */
#define LINE(table, ...) line_add(table, (const char *const[]){ __VA_ARGS__ })
static void line_add(struct table *t, const char *const *cells)
{
	for (size_t i = 0; i < t->columns; i++)
		cell_add(t, cells[i]);
}

static void table_print(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t column = i % t->columns;
		bool last = column + 1 == t->columns;

		printf("%s%*s%s", t->cells[i], last ? 0 : (int)(t->width[column] - width_of(t->cells[i])), "",
			last ? "\n" : "  ");
		free(t->cells[i]);
	}
	free(t->cells);
}

static int list_techniques(const struct options *o, int argc, char **argv)
{
	struct table t = { .columns = 3 };

	(void)o;
	(void)argc;
	(void)argv;
	LINE(&t, "TECHNIQUE", "SUMMARY", "DESIGNS OF ITS SERVER");
	for (size_t i = 0; i < n_techniques; i++) {
		const struct technique_info *info = &technique_table[i];

		LINE(&t, info->name, info->summary, *info->designs ? info->designs : "-");
	}
	table_print(&t);
	return EXIT_AS_EXPECTED;
}

static int list_designs(const struct options *o, int argc, char **argv)
{
	struct table t = { .columns = 2 };

	(void)o;
	(void)argc;
	(void)argv;
	LINE(&t, "DESIGN", "HOW IT SERVES MANY CLIENTS");
	for (size_t i = 0; i < n_designs; i++)
		LINE(&t, design_table[i].name, design_table[i].summary);
	table_print(&t);
	return EXIT_AS_EXPECTED;
}

static int list_mistakes(const struct options *o, int argc, char **argv)
{
	struct table t = { .columns = 5 };

	(void)o;
	(void)argc;
	(void)argv;
	LINE(&t, "MISTAKE", "SIDE", "CAUGHT BY", "TECHNIQUES", "WHAT GOES WRONG");
	for (size_t i = 0; i < n_mistakes; i++) {
		const struct mistake_info *m = &mistake_table[i];

		LINE(&t, m->name, m->side, m->caught_by, strcmp(m->techniques, "*") == 0 ? "all" : m->techniques,
			m->summary);
	}
	table_print(&t);
	return EXIT_AS_EXPECTED;
}

static int list_faults(const struct options *o, int argc, char **argv)
{
	struct table t = { .columns = 5 };

	(void)o;
	(void)argc;
	(void)argv;
	LINE(&t, "FAULT", "CLASS", "ARGUMENT", "SUMMARY", "WHERE");
	for (size_t i = 0; i < n_fault_infos; i++) {
		const struct fault_info *f = &fault_table[i];

		LINE(&t, f->name, fault_class_names[f->class], *f->argument ? f->argument : "-", f->summary,
			strcmp(f->families, "*") == 0 ? "everywhere" : f->families);
	}
	table_print(&t);
	return EXIT_AS_EXPECTED;
}

/* Twins of a call (fortified, 64-bit) are shown with -v. */
static int list_calls(const struct options *o, int argc, char **argv)
{
	static const char *const restarts[] = {
		[RESTART_NEVER_BLOCKS] = "does not block",
		[RESTART_BY_FLAG] = "restarts",
		[RESTART_UNLESS_TIMED] = "unless timed",
		[RESTART_NEVER] = "never restarts",
		[RESTART_NOR_STOPPED] = "never, nor stopped",
		[RESTART_ALWAYS] = "always restarts",
	};
	struct table t = { .columns = 4 };

	(void)argc;
	(void)argv;
	LINE(&t, "CALL", "FAMILY", "AFTER A SIGNAL", "MAY FAIL WITH");
	for (size_t i = 0; i < n_calls; i++) {
		const struct call *c = &call_table[i];

		if (o->verbose > 0 || strcmp(c->name, c->plain) == 0)
			LINE(&t, c->name, family_names[c->family], restarts[c->restart], *c->errnos ? c->errnos : "-");
	}
	table_print(&t);
	return EXIT_AS_EXPECTED;
}

static int list_properties(const struct options *o, int argc, char **argv)
{
	struct table t = { .columns = 3 };

	(void)o;
	(void)argc;
	(void)argv;
	LINE(&t, "PROPERTY", "ABOUT", "SUMMARY");
	for (size_t i = 0; i < n_properties; i++) {
		const struct property *p = property_table[i];
		char *summary = p->unavailable ? mem_printf("%s (not available yet: %s)", p->summary, p->unavailable)
					       : mem_dup(p->summary);

		LINE(&t, p->name, p->about, summary);
		free(summary);
	}
	table_print(&t);
	return EXIT_AS_EXPECTED;
}

static int list_reporters(const struct options *o, int argc, char **argv)
{
	struct table t = { .columns = 2 };

	(void)o;
	(void)argc;
	(void)argv;
	LINE(&t, "REPORTER", "SUMMARY");
	for (size_t i = 0; i < n_reporters; i++)
		LINE(&t, reporter_table[i]->name, reporter_table[i]->summary);
	table_print(&t);
	return EXIT_AS_EXPECTED;
}

static int list_scenarios(const struct options *o, int argc, char **argv)
{
	struct scenario_list list = { .items = NULL };
	struct table t = { .columns = 3 };
	int code = scenarios_load(o, argc, argv, &list);

	LINE(&t, "SCENARIO", "TAGS", "TITLE");
	for (size_t i = 0; i < list.n; i++) {
		const struct scenario *s = list.items[i];
		struct str tags = STR_NONE;

		for (size_t k = 0; k < s->n_tags; k++)
			str_addf(&tags, "%s%s", k ? " " : "", s->tags[k]);
		LINE(&t, s->name, tags.length ? str_get(&tags) : "-", s->title ? s->title : "");
		str_fini(&tags);
	}
	table_print(&t);
	scenario_list_fini(&list);
	return code;
}

static const struct {
	const char *name, *summary;
	int (*list)(const struct options *o, int argc, char **argv);
} lists[] = {
	{ "techniques", "ways of IPC that have a reference implementation", list_techniques },
	{ "designs", "how their servers serve many clients", list_designs },
	{ "mistakes", "well-known bugs that they make on request", list_mistakes },
	{ "faults", "what can be done to a call", list_faults },
	{ "calls", "which calls can be struck (-v: with their twins)", list_calls },
	{ "properties", "what can be expected of a run", list_properties },
	{ "reporters", "formats of --report", list_reporters },
	{ "scenarios", "scenario files: of [FILE|DIR]…, else below scenarios/", list_scenarios },
};

enum { N_LISTS = sizeof(lists) / sizeof(lists[0]) };

static int list_run(const struct options *o, int argc, char **argv)
{
	const char *names[N_LISTS], *near;

	for (size_t i = 0; argc == 0 && i < N_LISTS; i++)
		printf("%-12s %s\n", lists[i].name, lists[i].summary);
	if (argc == 0)
		return EXIT_AS_EXPECTED;
	for (size_t i = 0; i < N_LISTS; i++) {
		names[i] = lists[i].name;
		if (strcmp(names[i], argv[0]) != 0)
			continue;
		if (argc > 1 && lists[i].list != list_scenarios)
			fprintf(stderr, "sabot list %s: what is \"%s\"?\n", names[i], argv[1]);
		else
			return lists[i].list(o, argc - 1, argv + 1);
		return EXIT_USAGE;
	}
	near = text_nearest(argv[0], names, N_LISTS);
	fprintf(stderr, "sabot list: there is no list of \"%s\"", argv[0]);
	if (near)
		fprintf(stderr, "; did you mean \"%s\"?", near);
	fprintf(stderr, "\nsabot list shows what can be listed\n");
	return EXIT_USAGE;
}

const struct command command_list = {
	.name = "list",
	.usage = "[techniques|designs|mistakes|faults|calls|properties|reporters|scenarios]",
	.summary = "Show the words that scenarios are made of",
	.help = "Example: sabot list mistakes\n",
	.options = OPTION_FILTER,
	.n_max = -1,
	.run = list_run,
};
