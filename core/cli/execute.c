/* SPDX-License-Identifier: MIT */
#include "core/cli/execute.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/str.h"
#include "core/history/history.h"
#include "core/report/diagram.h"
#include "core/base/banned.h"

static void note_add(struct result *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note_add(struct result *out, const char *format, ...)
{
	size_t n = strlen(out->notes);
	va_list args;

	va_start(args, format);
	vsnprintf(out->notes + n, sizeof(out->notes) - n, format, args);
	va_end(args);
}

static void broken(struct result *out, const char *why)
{
	out->status = STATUS_BROKEN;
	text_copy(out->why, sizeof(out->why), why);
}

static void file_put(const char *directory, const char *name, const char *extension, const char *bytes, size_t n)
{
	char path[4096];
	FILE *file;
	int length = snprintf(path, sizeof(path), "%s/%s%s", directory, name, extension);

	if (length < 0 || (size_t)length >= sizeof(path))
		return;
	for (char *at = path + strlen(directory) + 1; *at; at++)
		if (*at == '/')
			*at = '_';
	file = fopen(path, "we");
	if (!file)
		return;
	fwrite(bytes, 1, n, file);
	fclose(file);
}

static void scenario_copy(const struct scenario *s, const char *directory)
{
	struct str text = STR_NONE;
	char buffer[16384];
	size_t n;
	FILE *file = fopen(s->file, "re");

	while (file && (n = fread(buffer, 1, sizeof(buffer), file)) > 0)
		str_add_bytes(&text, buffer, n);
	if (!file)
		return;
	fclose(file);
	file_put(directory, "scenario", ".yaml", str_get(&text), text.length);
	str_fini(&text);
}

static void run_keep(const struct scenario *s, const struct history *h, const char *directory, struct result *out)
{
	char path[4096];
	int error;

	if (mkdir(directory, 0777) && errno != EEXIST) {
		note_add(out, "cannot keep anything in %s: %s\n", directory, strerror(errno));
		return;
	}
	snprintf(path, sizeof(path), "%s/history.sabot", directory);
	error = history_save(h, path);
	if (error)
		note_add(out, "cannot keep the history in %s: %s\n", path, strerror(-error));
	for (uint32_t i = 0; i < out->outcome.n_roles; i++) {
		const struct role_outcome *r = &out->outcome.roles[i];

		file_put(directory, r->name, ".out", r->out.text, r->out.kept);
		file_put(directory, r->name, ".err", r->err.text, r->err.kept);
	}
	scenario_copy(s, directory);
}

/* Who is started again is probed, so that there has to be a probe to compare with. */
static bool any_restart(const struct scenario *s)
{
	for (size_t i = 0; i < s->n_roles; i++)
		if (s->roles[i].restart)
			return true;
	return false;
}

/* The fault-free run. NULL if it cannot serve as a measure. The caller frees it. */
static struct outcome *baseline_run(struct box *box, const struct scenario *s, struct result *out)
{
	struct outcome *baseline = mem_new(sizeof(*baseline));
	struct plan *plan = arena_plan(box_arena(box));

	plan_fill(box_arena(box), s);
	plan->n_faults = 0;
	if (!run_once(box, &(struct run_options){ .probe = s->probe || any_restart(s) }, baseline) &&
		baseline->end == RUN_DONE)
		return baseline;
	note_add(out, "the fault-free run did not end well: %s\n", baseline->why);
	free(baseline);
	return NULL;
}

/* Was anybody's output, or end, not what it was without faults? */
static bool is_otherwise(const struct result *out)
{
	for (size_t i = 0; i < out->n_properties; i++)
		if (!strcmp(out->properties[i].name, "same-output"))
			return out->properties[i].verdict == VERDICT_VIOLATED;
	return false;
}

/* One more fault-free run. True: something in it was not as in the one before. */
static bool baseline_varies(struct box *box, const struct scenario *s, struct outcome *baseline, struct result *out)
{
	struct outcome *again = baseline_run(box, s, out);
	bool any = false;

	for (uint32_t i = 0; again && i < baseline->n_roles && i < again->n_roles; i++) {
		struct role_outcome *r = &baseline->roles[i], *other = &again->roles[i];

		r->end_varies = r->ended != other->ended || r->status != other->status;
		r->out_varies = !output_same(&r->out, &other->out);
		r->err_varies = !output_alike(&r->err, &other->err);
		any |= r->end_varies || r->out_varies || r->err_varies;
	}
	free(again);
	return any;
}

/* Only the last run is shown. */
static void run_judge(struct box *box, const struct scenario *s, const struct execute_options *options,
	const struct outcome *baseline, const struct history *h, struct result *out)
{
	size_t centre = scenario_judge(s, box_arena(box), h, baseline, out);

	if (out->status != STATUS_AS_EXPECTED || out->repeats >= s->repeat)
		diagram_fill(h, centre, options->utf8, out);
}

/* One run and its verdicts. True: go on repeating. */
static bool run_judged(struct box *box, const struct scenario *s, const struct execute_options *options,
	const struct outcome *baseline, struct result *out)
{
	struct history h = HISTORY_NONE;
	int error;

	plan_fill(box_arena(box), s);
	error = run_once(box, &(struct run_options){ .probe = s->probe, .restart = true }, &out->outcome);
	out->repeats++;
	if (!error)
		error = history_read(box_arena(box), &h);
	if (error && !out->outcome.why[0])
		snprintf(
			out->outcome.why, sizeof(out->outcome.why), "the history cannot be read: %s", strerror(-error));
	if (error || out->outcome.end == RUN_BROKEN) {
		broken(out, out->outcome.why);
	} else if (out->outcome.end == RUN_CANNOT) {
		out->status = STATUS_SKIPPED;
		text_copy(out->why, sizeof(out->why), out->outcome.why);
	} else {
		run_judge(box, s, options, baseline, &h, out);
	}
	if (options->keep)
		run_keep(s, &h, options->keep, out);
	history_fini(&h);
	return out->status == STATUS_AS_EXPECTED;
}

void scenario_execute(
	struct box *box, const struct scenario *s, const struct execute_options *options, struct result *out)
{
	struct outcome *baseline = NULL;
	char why[512];
	uint32_t repeat = s->repeat ? s->repeat : 1;

	out->seed = s->seed;
	out->repeats = 0;
	out->notes[0] = out->diagram[0] = out->exits_why[0] = out->why[0] = '\0';
	out->n_properties = out->n_faults = 0;
	if (run_prepare(box, s, why, sizeof(why))) {
		broken(out, why);
		return;
	}
	if (scenario_wants_baseline(s))
		baseline = baseline_run(box, s, out);
	while (run_judged(box, s, options, baseline, out) && out->repeats < repeat)
		;
	/* Perhaps it is never twice the same: then this one has to be judged once more. */
	if (baseline && is_otherwise(out) && baseline_varies(box, s, baseline, out))
		while (run_judged(box, s, options, baseline, out) && out->repeats < repeat)
			;
	/* Last, since runs may add to them. */
	note_add(out, "%s", box_notes(box));
	if (out->outcome.n_blind)
		note_add(out, "%s\n", out->outcome.blind);
	if (out->outcome.n_confined)
		note_add(out, "%s " OUTCOME_CONFINED "\n", out->outcome.confined);
	free(baseline);
}
