/* SPDX-License-Identifier: MIT */
#include "core/techniques/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>

#include "core/techniques/service.h"
#include "core/base/banned.h"

static const char *const patterns[N_PATTERNS] = {
	[PATTERN_NONE] = "", [PATTERN_ECHO] = "echo", [PATTERN_ONE_WAY] = "one-way", [PATTERN_FAN_IN] = "fan-in",
	[PATTERN_FAN_OUT] = "fan-out", [PATTERN_BULK] = "bulk", [PATTERN_REQUEST_REPLY] = "request-reply",
	[PATTERN_SLOW_READER] = "slow-reader",
};

static const struct {
	const char *name, *summary;
} designs[N_REF_DESIGNS] = {
#define DESIGN(symbol, n, s) [DESIGN_##symbol] = { n, s },
#include "core/techniques/designs.def"
#undef DESIGN
};

static const struct {
	const char *name, *summary, *techniques;
} mistakes[N_REF_MISTAKES] = {
#define MISTAKE(symbol, n, s, side, t, caught_by) [MISTAKE_##symbol] = { n, s, t },
#include "core/techniques/mistakes.def"
#undef MISTAKE
};

static bool mistakes_ordered[N_REF_MISTAKES];

bool mistake_made(enum ref_mistake m)
{
	return mistakes_ordered[m];
}

/* Is the word of length n one of the space-separated words? */
static bool is_among(const char *words, const char *word, size_t n)
{
	for (const char *p = words; *p;) {
		size_t length = strcspn(p, " ");

		if (length == n && memcmp(p, word, n) == 0)
			return true;
		p += length;
		p += strspn(p, " ");
	}
	return false;
}

static int mistakes_parse(const char *text)
{
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, ",");
		int found = -1;

		for (int i = 0; i < N_REF_MISTAKES; i++)
			if (strlen(mistakes[i].name) == n && memcmp(mistakes[i].name, p, n) == 0)
				found = i;
		if (found < 0 && n > 0) {
			fprintf(stderr, "sabot-ref: there is no mistake \"%.*s\"; see sabot-ref --help\n", (int)n, p);
			return 2;
		}
		if (found >= 0)
			mistakes_ordered[found] = true;
		p += n + (p[n] == ',');
	}
	return 0;
}

/* A whole number from min to max with nothing after it. 0 or 2 (said). */
static int number_parse(const char *option, const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	if (errno == 0 && end != text && *end == '\0' && *text != '-' && *out >= min && *out <= max)
		return 0;
	fprintf(stderr, "sabot-ref: --%s %s: not a number from %" PRIu64 " to %" PRIu64 "\n", option, text, min, max);
	return 2;
}

/* "64" or "64..4096". */
static int size_parse(struct ref_options *o, const char *text)
{
	unsigned long min, max;
	char *end;

	min = max = strtoul(text, &end, 10);
	if (end != text && strncmp(end, "..", 2) == 0)
		max = strtoul(end + 2, &end, 10);
	if (end == text || *end || min < 1 || max < min || max > MESSAGE_MAX) {
		fprintf(stderr, "sabot-ref: --size %s: say N or A..B, from 1 to %d bytes\n", text, MESSAGE_MAX);
		return 2;
	}
	o->size_min = min;
	o->size_max = max;
	return 0;
}

static int pattern_parse(struct ref_options *o, const struct technique_info *info, const char *text)
{
	for (int i = 1; i < N_PATTERNS; i++) {
		if (strcmp(text, patterns[i]) == 0 && is_among(info->patterns, text, strlen(text))) {
			o->pattern = (enum pattern)i;
			return 0;
		}
	}
	fprintf(stderr, "sabot-ref: --pattern %s: %s can do: %s\n", text, info->name, info->patterns);
	return 2;
}

static int design_parse(struct ref_options *o, const struct technique_info *info, const char *text, size_t n)
{
	for (int i = 0; i < N_REF_DESIGNS; i++) {
		if (strlen(designs[i].name) == n && memcmp(text, designs[i].name, n) == 0 &&
			is_among(info->designs, text, n)) {
			o->design = (enum ref_design)i;
			return 0;
		}
	}
	fprintf(stderr, "sabot-ref: --design %.*s: %s has: %s\n", (int)n, text, info->name, info->designs);
	return 2;
}

enum option_id {
	OPT_DIR,
	OPT_PORT,
	OPT_ID,
	OPT_KEY,
	OPT_PATTERN,
	OPT_MESSAGES,
	OPT_SIZE,
	OPT_WINDOW,
	OPT_CLIENTS,
	OPT_CLIENT,
	OPT_SEED,
	OPT_DESIGN,
	OPT_MISTAKES,
	OPT_PACE
};

static const struct option longs[] = {
	{ "dir", required_argument, NULL, OPT_DIR }, { "port", required_argument, NULL, OPT_PORT },
	{ "id", required_argument, NULL, OPT_ID }, { "key", required_argument, NULL, OPT_KEY },
	{ "pattern", required_argument, NULL, OPT_PATTERN }, { "messages", required_argument, NULL, OPT_MESSAGES },
	{ "size", required_argument, NULL, OPT_SIZE }, { "window", required_argument, NULL, OPT_WINDOW },
	{ "clients", required_argument, NULL, OPT_CLIENTS }, { "client", required_argument, NULL, OPT_CLIENT },
	{ "seed", required_argument, NULL, OPT_SEED }, { "design", required_argument, NULL, OPT_DESIGN },
	{ "mistakes", required_argument, NULL, OPT_MISTAKES }, { "pace", required_argument, NULL, OPT_PACE },
	{ NULL, 0, NULL, 0 },
};

static int option_take(
	struct ref_options *o, const struct technique_info *info, int opt, const char *name, const char *text)
{
	uint64_t n = 0;
	int r = 0;

	switch (opt) {
	case OPT_DIR:
		o->directory = text;
		break;
	case OPT_ID:
		o->id = text;
		break;
	case OPT_PORT:
		r = number_parse(name, text, 1, 65535, &n);
		o->port = (int)n;
		break;
	case OPT_KEY:
		r = number_parse(name, text, 1, INT_MAX, &n);
		o->key = (int)n;
		break;
	case OPT_MESSAGES:
		r = number_parse(name, text, 0, 100000000, &n);
		o->messages = (uint32_t)n;
		break;
	case OPT_WINDOW:
		r = number_parse(name, text, 1, 1000000, &n);
		o->window = (uint32_t)n;
		break;
	case OPT_CLIENTS:
		r = number_parse(name, text, 1, CLIENTS_MAX, &n);
		o->n_clients = (uint32_t)n;
		break;
	case OPT_CLIENT:
		r = number_parse(name, text, 1, CLIENTS_MAX, &n);
		o->client = (uint32_t)n;
		break;
	case OPT_SEED:
		r = number_parse(name, text, 0, UINT64_MAX, &o->seed);
		break;
	case OPT_PACE:
		r = number_parse(name, text, 0, INT64_MAX, &n);
		o->pace_ns = (int64_t)n;
		break;
	case OPT_SIZE:
		return size_parse(o, text);
	case OPT_PATTERN:
		return pattern_parse(o, info, text);
	case OPT_DESIGN:
		return design_parse(o, info, text, strlen(text));
	case OPT_MISTAKES:
		return mistakes_parse(text);
	default:
		return 2;
	}
	return r;
}

int options_parse(struct ref_options *o, const struct technique_info *info, int argc, char **argv)
{
	const char *instance = getenv("SABOT_INSTANCE");
	uint64_t n = 0;
	int opt, at = 0, r = 0;

	if (*info->designs)
		design_parse(o, info, info->designs, strcspn(info->designs, " "));
	optind = 3;
	while (r == 0 && (opt = getopt_long(argc, argv, "", longs, &at)) != -1)
		r = opt == '?' ? 2 : option_take(o, info, opt, longs[at].name, optarg);
	if (r)
		return r;
	if (optind < argc) {
		fprintf(stderr, "sabot-ref: what is \"%s\"? See sabot-ref --help\n", argv[optind]);
		return 2;
	}
	if (o->server) {
		o->client = 0;
	} else if (o->client == 0) {
		if (instance && number_parse("client (from SABOT_INSTANCE)", instance, 1, CLIENTS_MAX, &n))
			return 2;
		o->client = n ? (uint32_t)n : 1;
	}
	if (o->window == 0)
		o->window = o->pattern == PATTERN_REQUEST_REPLY ? 8 : 1;
	if (o->n_clients < o->client)
		o->n_clients = o->client;
	return 0;
}

void options_help(void)
{
	printf("\nOptions (the server and its clients take the same):\n"
	       "  --dir D        directory of this run, for socket files and FIFOs (.)\n"
	       "  --port P       port on 127.0.0.1, free for TCP and UDP (7777)\n"
	       "  --id ID        letters and digits in use nowhere else, for names of queues and segments (sabotref)\n"
	       "  --key K        positive number in use nowhere else, for System V objects (7777)\n"
	       "  --pattern P    echo, one-way, fan-in, fan-out, bulk, request-reply, slow-reader\n"
	       "  --messages N   of each client, or to each client (10)\n"
	       "  --size A..B    bytes of payload (64), cut to what the technique can carry\n"
	       "  --window W     messages under way without an answer (1; request-reply: 8)\n"
	       "  --clients N    how many clients there are (1)\n"
	       "  --client I     which one this is (environment variable SABOT_INSTANCE, else 1)\n"
	       "  --seed S       the payloads come from it (1)\n"
	       "  --design D     how the server serves several clients\n"
	       "  --mistakes a,b well-known bugs to make\n"
	       "  --pace NS      slow-reader: wait so long between two messages (1000000)\n\nDesigns:\n");
	for (int i = 0; i < N_REF_DESIGNS; i++)
		printf("  %-14s %s\n", designs[i].name, designs[i].summary);
	printf("\nMistakes:\n");
	for (int i = 0; i < N_REF_MISTAKES; i++)
		printf("  %-28s %s [%s]\n", mistakes[i].name, mistakes[i].summary, mistakes[i].techniques);
}
