/* SPDX-License-Identifier: MIT */
/* The program sabot-ref: one reference implementation of every technique, as server or as client. */
#include <errno.h>
#include <signal.h>

#include "core/include/sabot.h"
#include "core/techniques/impl.h"
#include "core/techniques/options.h"
#include "core/base/banned.h"

#define TECHNIQUE(symbol, ...) extern const struct technique technique_##symbol;
#include "core/techniques/techniques.def"
#undef TECHNIQUE

static const struct {
	const struct technique *technique;
	struct technique_info info;
} rows[] = {
#define TECHNIQUE(symbol, n, ...) { &technique_##symbol, { n, __VA_ARGS__ } },
#include "core/techniques/techniques.def"
#undef TECHNIQUE
};
static const size_t n_rows = sizeof(rows) / sizeof(rows[0]);

/* `sabot-ref probe …` measures guarantees; a build without probes says so. */
int probe_main(int argc, char **argv) __attribute__((weak));

static int help(void)
{
	printf("Usage: sabot-ref TECHNIQUE server|client [OPTION]…\n"
	       "       sabot-ref probe …\n\n"
	       "A server prints \"ready\" when it can be used, and ends on SIGTERM. Example, in two terminals:\n"
	       "  sabot-ref unix-stream server --dir /tmp --design select\n"
	       "  sabot-ref unix-stream client --dir /tmp --messages 100 --size 64..4096 --window 8\n\nTechniques:\n");
	for (size_t i = 0; i < n_rows; i++) {
		const char *missing = rows[i].technique->unavailable ? rows[i].technique->unavailable() : NULL;

		printf("  %-16s %s%s%s%s\n", rows[i].info.name, rows[i].info.summary,
			rows[i].technique->request ? "" : " (the server is the driver)", missing ? "; not here: " : "",
			missing ? missing : "");
	}
	options_help();
	return fflush(stdout) == 0 ? 0 : 1;
}

static int role_run(size_t row, struct ref_options *o, int argc, char **argv)
{
	const struct technique *t = rows[row].technique;
	const char *missing = t->unavailable ? t->unavailable() : NULL;
	int r = options_parse(o, &rows[row].info, argc, argv);

	if (r)
		return r;
	say_as(rows[row].info.name, o);
	if (missing) {
		say("not on this machine: %s", missing);
		return 77;
	}
	if (!o->server && !t->request) {
		say("the clients of %s are children of its server: start only the server", t->name);
		return 2;
	}
	signals_set(o);
	sabot_became("started");
	return o->server ? t->serve(o) : t->request(o);
}

int main(int argc, char **argv)
{
	struct ref_options o = { .directory = ".", .id = "sabotref", .port = 7777, .key = 7777, .pattern = PATTERN_ECHO,
		.messages = 10, .size_min = 64, .size_max = 64, .window = 0, .n_clients = 1, .seed = 1,
		.design = DESIGN_ITERATIVE, .pace_ns = MS };

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help() || argc < 2 ? 2 : 0;
	if (strcmp(argv[1], "probe") == 0) {
		if (probe_main)
			return probe_main(argc - 1, argv + 1);
		fprintf(stderr, "sabot-ref: this build has no probes\n");
		return 2;
	}
	for (size_t i = 0; i < n_rows; i++) {
		if (strcmp(argv[1], rows[i].info.name) != 0)
			continue;
		o.server = argc > 2 && strcmp(argv[2], "server") == 0;
		if (argc < 3 || (!o.server && strcmp(argv[2], "client") != 0))
			break;
		return role_run(i, &o, argc, argv);
	}
	fprintf(stderr, "sabot-ref: say TECHNIQUE server|client; sabot-ref --help lists them\n");
	return 2;
}
