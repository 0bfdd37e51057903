/* SPDX-License-Identifier: MIT */
#include "core/cli/scenarios.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/status.h"
#include "core/base/banned.h"

bool scenario_has_tag(const struct scenario *s, const char *tag)
{
	for (size_t i = 0; i < s->n_tags; i++)
		if (strcmp(s->tags[i], tag) == 0)
			return true;
	return false;
}

static void filter_apply(const struct options *o, struct scenario_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (!o->filter || scenario_has_tag(list->items[i], o->filter))
			list->items[kept++] = list->items[i];
		else
			scenario_free(list->items[i]);
	}
	list->n = kept;
}

static void settings_apply(const struct options *o, struct scenario *s)
{
	if (o->has_seed)
		s->seed = o->seed;
	if (o->repeat)
		s->repeat = o->repeat;
	if (o->timeout_ns)
		s->timeout_ns = o->timeout_ns;
	if (o->realism < 0)
		return;
	s->realism = (enum realism)o->realism;
	for (size_t i = 0; i < s->n_faults; i++)
		s->faults[i].realism = (uint32_t)o->realism;
}

static const char *default_path(void)
{
	struct stat st;

	return stat("scenarios", &st) == 0 && S_ISDIR(st.st_mode) ? "scenarios" : ".";
}

static int path_load(const struct options *o, const char *path, struct scenario_list *list)
{
	struct load_options options = { .reference_program = o->reference };
	struct str errors = STR_NONE;
	int r = load_path(path, &options, list, &errors);

	fputs(str_get(&errors), stderr);
	str_fini(&errors);
	if (r < 0)
		fprintf(stderr, "sabot: %s: %s\n", path, strerror(-r));
	return r < 0 ? EXIT_HARNESS : r ? EXIT_USAGE : 0;
}

int scenarios_load(const struct options *o, int argc, char **argv, struct scenario_list *list)
{
	int code = argc ? 0 : path_load(o, default_path(), list);

	for (int i = 0; i < argc; i++)
		code = status_worse(code, path_load(o, argv[i], list));
	filter_apply(o, list);
	for (size_t i = 0; i < list->n; i++)
		settings_apply(o, list->items[i]);
	if (code == 0 && list->n == 0) {
		fprintf(stderr, "sabot: no scenario has the tag \"%s\"\n", o->filter ? o->filter : "");
		code = EXIT_USAGE;
	}
	return code;
}
