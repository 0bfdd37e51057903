/* SPDX-License-Identifier: MIT */
/* The table of the whole format. */
#include <string.h>

#include <jansson.h>

#include "core/load/keys.h"
#include "core/base/banned.h"

#define HOUR_NS 3600000000000
#define GIB (1 << 30)

static void read_version(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	uint64_t version;

	(void)key;
	(void)to;
	if (count_want(l, value, 0, INT64_MAX, &version) && version != 1)
		complain(l, value, "this sabot reads version 1", "version %s of the format is not known", value->text);
}

static json_t *schema_of_version(const struct key *key)
{
	(void)key;
	return json_pack("{s:i}", "const", 1);
}

const struct type type_version = { .read = read_version, .schema = schema_of_version };

/* A key that a later version gives its meaning. */
static void read_later(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	(void)value;
	(void)to;
	later(l, "%s: %s", key->name, key->about);
}

static json_t *schema_of_anything(const struct key *key)
{
	(void)key;
	return json_object();
}

const struct type type_later = { .read = read_later, .schema = schema_of_anything };

static void read_matrix(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	static const struct map any = { .name = "the matrix" };

	(void)key;
	(void)to;
	map_read(l, &any, value, NULL);
}

static json_t *schema_of_matrix(const struct key *key)
{
	(void)key;
	return json_pack("{s:s,s:{s:s,s:i}}", "type", "object", "additionalProperties", "type", "array", "minItems", 1);
}

const struct type type_matrix = { .read = read_matrix, .schema = schema_of_matrix };

/* `backend:` — only what exists passes without a word. */
static void read_backend(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	static const char *const words[] = { "auto", "preload", "seccomp" };
	const char *text = text_want(l, value, "a word");

	(void)key;
	(void)to;
	if (text && strcmp(text, "seccomp") == 0)
		later(l, "backend: seccomp");
	else if (text && strcmp(text, "auto") != 0 && strcmp(text, "preload") != 0)
		complain_unknown(l, value, "backend", text, words, COUNT_OF(words));
}

static const struct type type_backend = { .read = read_backend, .schema = schema_of_anything };

static const char *const realism_words[] = { "linux", "posix", "any" };

#define FIELD(struct_name, member) .offset = offsetof(struct struct_name, member)

static const struct key claim_keys[] = {
	{ "text", "the statement that this scenario tests", &type_prose, FIELD(scenario, claim_text),
		.required = true },
	{ "source", "where it is made", &type_prose, FIELD(scenario, claim_source) },
};
static const struct map map_claim = { "a claim", claim_keys, COUNT_OF(claim_keys) };

static const struct key server_keys[] = {
	{ "design", "how it serves many clients", &type_design, FIELD(scenario, reference.server_design) },
	{ "mistakes", "well-known bugs that it makes", &type_mistakes, FIELD(scenario, reference.server_mistakes),
		.max = SCENARIO_MISTAKES, .count_offset = offsetof(struct scenario, reference.n_server_mistakes) },
	{ "restart", "when a fault has ended it, it is started once more, as server~restart, then the clients",
		&type_bool, FIELD(scenario, reference.server_restart) },
};
static const struct map map_server = { "server", server_keys, COUNT_OF(server_keys) };

static const struct key client_keys[] = {
	{ "count", "how many clients", &type_u32, FIELD(scenario, reference.n_clients), .min = 1,
		.max = ARENA_ROLES - 1 },
	{ "mistakes", "well-known bugs that they make", &type_mistakes, FIELD(scenario, reference.client_mistakes),
		.max = SCENARIO_MISTAKES, .count_offset = offsetof(struct scenario, reference.n_client_mistakes) },
};
static const struct map map_client = { "client", client_keys, COUNT_OF(client_keys) };

static const struct key workload_keys[] = {
	{ "pattern", "who sends to whom", &type_word, FIELD(scenario, reference.workload.pattern),
		.words = pattern_names, .n_words = N_PATTERNS },
	{ "messages", "messages of each client", &type_u32, FIELD(scenario, reference.workload.messages), .min = 1,
		.max = 10000000 },
	{ "size", "bytes of a message: 64, 4KiB or 64..4096", &type_size_range,
		FIELD(scenario, reference.workload.size_min), .min = 1, .max = GIB },
	{ "window", "messages under way at once", &type_u32, FIELD(scenario, reference.workload.window), .min = 1,
		.max = 1000000 },
	{ "pace", "slow-reader: between two receives", &type_duration, FIELD(scenario, reference.workload.pace_ns),
		.min = 0, .max = HOUR_NS },
};
static const struct map map_workload = { "workload", workload_keys, COUNT_OF(workload_keys) };

static const struct key scenario_keys[] = {
	{ "sabot", "version of the format", &type_version, .required = true },
	{ "title", "one line", &type_prose, FIELD(scenario, title) },
	{ "about", "free text, shown by explain and reports", &type_prose, FIELD(scenario, about) },
	{ "claim", "the statement that this scenario tests", &type_map, .map = &map_claim },
	{ "tags", "words for --filter", &type_texts, FIELD(scenario, tags), .max = SCENARIO_TAGS,
		.count_offset = offsetof(struct scenario, n_tags) },
	{ "technique", "a reference implementation", &type_technique, FIELD(scenario, reference.technique) },
	{ "server", "its server", &type_map, .map = &map_server },
	{ "client", "its clients", &type_map, .map = &map_client },
	{ "workload", "what they say to each other", &type_map, .map = &map_workload },
	{ "roles", "your own programs", &type_roles, .offset = 0 },
	{ "faults", "what to strike, where", &type_faults, .offset = 0 },
	{ "network", "packet faults of the kernel", &type_later, .offset = 0 },
	{ "expect", "properties and their verdicts", &type_expect, .offset = 0 },
	{ "timeout", "the last resort", &type_duration, FIELD(scenario, timeout_ns), .min = 1000000, .max = HOUR_NS },
	{ "seed", "every random choice comes from it", &type_u64, FIELD(scenario, seed), .max = INT64_MAX },
	{ "probe", "when the drivers have ended, each runs once more, with no further fault, as NAME~probe", &type_bool,
		FIELD(scenario, probe) },
	{ "repeat", "how many runs", &type_u32, FIELD(scenario, repeat), .min = 1, .max = 1000000 },
	{ "matrix", "one scenario for each combination", &type_matrix, .offset = 0 },
	{ "realism", "which faults are allowed to happen", &type_word, FIELD(scenario, realism), .words = realism_words,
		.n_words = COUNT_OF(realism_words) },
	{ "under", "run the roles under a tool", &type_later, .offset = 0 },
	{ "backend", "how calls are seen", &type_backend, .offset = 0 },
};
const struct map map_scenario = { "a scenario", scenario_keys, COUNT_OF(scenario_keys) };

void scenario_read(struct loader *l)
{
	const struct node *root = l->yaml.root;

	if (!map_read(l, &map_scenario, root, l->scenario))
		return;
	reference_finish(l, root);
	roles_finish(l, root);
	faults_finish(l, root);
	expects_finish(l, root);
}
