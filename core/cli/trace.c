/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/status.h"
#include "core/base/str.h"
#include "core/cli/command.h"
#include "core/cli/histories.h"
#include "core/history/history.h"
#include "core/report/site.h"
#include "core/report/trace.h"
#include "core/report/utf8.h"
#include "core/base/banned.h"

enum { MAX_FORMATS = 16 };

static int format_told(const char *name)
{
	const char *names[MAX_FORMATS], *near;
	size_t n = n_traces < MAX_FORMATS ? n_traces : MAX_FORMATS;

	for (size_t i = 0; i < n; i++)
		names[i] = trace_table[i]->name;
	near = text_nearest(name, names, n);
	fprintf(stderr, "sabot trace: there is no format \"%s\"", name);
	if (near)
		fprintf(stderr, "; did you mean \"%s\"?", near);
	fprintf(stderr, "\nit can be");
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "%s %s", i ? "," : "", names[i]);
	fprintf(stderr, "\n");
	return EXIT_USAGE;
}

static int one_trace(const struct trace_format *format, struct trace *t, const struct history_file *file)
{
	struct history h = HISTORY_NONE;
	int error = history_load(file->path, &h);

	if (error) {
		fprintf(stderr, "sabot trace: %s: %s\n", file->path,
			error == -EPROTO ? "this is no history" : strerror(-error));
		return error == -EPROTO ? EXIT_USAGE : EXIT_HARNESS;
	}
	error = format->history ? format->history(t, file->name, &h) : 0;
	t->n_done++;
	history_fini(&h);
	return error ? EXIT_HARNESS : EXIT_AS_EXPECTED;
}

static int all_trace(const struct trace_format *format, const struct history_files *files)
{
	struct trace t = { .out = stdout, .utf8 = utf8_wanted(), .n_histories = files->n };
	int code = EXIT_AS_EXPECTED;

	if (format->begin && format->begin(&t))
		return EXIT_HARNESS;
	for (size_t i = 0; i < files->n; i++)
		code = status_worse(code, one_trace(format, &t, &files->items[i]));
	if (format->end && format->end(&t))
		code = status_worse(code, EXIT_HARNESS);
	return code;
}

static int trace_run(const struct options *o, int argc, char **argv)
{
	const struct trace_format *format = trace_find(o->format ? o->format : "text");
	struct history_files files = { .items = NULL };
	int code = EXIT_AS_EXPECTED;

	if (!format)
		return format_told(o->format);
	for (int i = 0; i < argc; i++) {
		int error = histories_find(argv[i], &files);

		if (error > 0)
			fprintf(stderr, "sabot trace: %s: no history there; `sabot run --keep DIR` makes one\n",
				argv[i]);
		else if (error < 0)
			fprintf(stderr, "sabot trace: %s: %s\n", argv[i], strerror(-error));
		if (error)
			code = status_worse(code, error > 0 ? EXIT_USAGE : EXIT_HARNESS);
	}
	if (code == EXIT_AS_EXPECTED)
		code = all_trace(format, &files);
	histories_fini(&files);
	site_forget();
	return code;
}

const struct command command_trace = {
	.name = "trace",
	.usage = "RUN…",
	.summary = "Write out the history of a finished run",
	.help = "RUN is a directory made by `sabot run --keep DIR`, or a " HISTORY_FILE
		" in it. Formats: text (as strace\n"
		"has it), json (one object a line), chrome (for ui.perfetto.dev).\n"
		"Example: sabot run --keep kept lesson.yaml; sabot trace --format json kept | jq .call\n",
	.options = OPTION_FORMAT,
	.n_min = 1,
	.n_max = -1,
	.run = trace_run,
};
