/* SPDX-License-Identifier: MIT */
/* `roles:` — the user's own programs. */
#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/load/keys.h"
#include "core/base/banned.h"

enum { ARGV_MOST = 512, ROLE_NAME_MOST = 24 };

static const struct key limit_keys[] = {
	{ "nofile", "descriptors", &type_limit, .offset = offsetof(struct role_limits, nofile), .max = 1 << 20 },
	{ "as", "bytes of address space", &type_limit, .offset = offsetof(struct role_limits, as), .max = INT64_MAX },
	{ "fsize", "bytes of a file", &type_limit, .offset = offsetof(struct role_limits, fsize), .max = INT64_MAX },
	{ "stack", "bytes of the stack", &type_limit, .offset = offsetof(struct role_limits, stack), .max = INT64_MAX },
	{ "msgqueue", "bytes in message queues", &type_limit, .offset = offsetof(struct role_limits, msgqueue),
		.max = INT64_MAX },
	{ "sigpending", "signals waiting", &type_limit, .offset = offsetof(struct role_limits, sigpending),
		.max = INT64_MAX },
};
static const struct map map_limits = { "limits", limit_keys, COUNT_OF(limit_keys) };

static const struct key ready_keys[] = {
	{ "path", "ready when this exists", &type_text, .offset = 0 },
	{ "output", "ready when it has printed a line that matches", &type_text, .offset = 0 },
};
static const struct map map_ready = { "ready", ready_keys, COUNT_OF(ready_keys) };

static const struct key role_keys[] = {
	{ "run", "program and arguments", &type_argv, .offset = offsetof(struct role, run), .max = ARGV_MOST,
		.required = true },
	{ "ready", "how it is seen that others may begin", &type_ready, .offset = 0 },
	{ "stop", "a service: the signal that ends it", &type_signal, .offset = offsetof(struct role, stop) },
	{ "env", "variables of its environment", &type_env, .offset = offsetof(struct role, env) },
	{ "limits", "setrlimit(2)", &type_map, .offset = offsetof(struct role, limits), .map = &map_limits },
	{ "driver", "the run ends when every driver has ended", &type_bool, .offset = offsetof(struct role, driver) },
	{ "restart", "a service: when a fault has ended it, it is started once more, as NAME~restart, then the drivers",
		&type_bool, .offset = offsetof(struct role, restart) },
	{ "count", "how many of it run", &type_u32, .offset = offsetof(struct role, count), .min = 1,
		.max = ARENA_ROLES },
	{ "after", "not before this role is ready", &type_text, .offset = offsetof(struct role, after) },
	{ "input", "what it reads from its standard input", &type_text, .offset = offsetof(struct role, input) },
	{ "directory", "working directory; by default that of the scenario file", &type_text,
		.offset = offsetof(struct role, directory) },
};
const struct map map_role = { "a role", role_keys, COUNT_OF(role_keys) };

static void read_argv(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	char ***argv = to;
	size_t n = 0;

	if (value->kind != NODE_LIST || value->n == 0) {
		complain(l, value, "for example: run: [./server, \"${TMP}/sock\"]",
			"wants a list of program and arguments");
		return;
	}
	if (value->n > (size_t)key->max) {
		complain(l, value, NULL, "more than %lld arguments", (long long)key->max);
		return;
	}
	if (*argv)
		return;
	*argv = mem_new((value->n + 1) * sizeof((*argv)[0]));
	for (size_t i = 0; i < value->n; i++) {
		const char *text = text_want(l, node_expand(l, value->items[i]), "a text");

		if (text && i == 0 && *text == '\0')
			complain(l, value->items[i], NULL, "the program has no name");
		if (text)
			(*argv)[n++] = mem_dup(text);
	}
}

static json_t *schema_of_argv(const struct key *key)
{
	(void)key;
	return json_pack("{s:s,s:i,s:{s:[s,s,s]}}", "type", "array", "minItems", 1, "items", "type", "string", "number",
		"boolean");
}

const struct type type_argv = { .read = read_argv, .schema = schema_of_argv };

static void read_env(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	static const struct map any = { .name = "env" };
	char ***env = to;
	size_t n = 0;

	(void)key;
	if (!map_read(l, &any, value, NULL) || *env)
		return;
	*env = mem_new((value->n + 1) * sizeof((*env)[0]));
	for (size_t i = 0; i < value->n; i++) {
		const char *name = value->pairs[i].key->text;
		const struct node *v = node_expand(l, value->pairs[i].value);
		const char *text = node_is_null(v) ? "" : text_want(l, v, "a text");

		if (*name == '\0' || strchr(name, '='))
			complain(l, value->pairs[i].key, NULL, "\"%s\" cannot be a variable of the environment", name);
		if (text)
			(*env)[n++] = mem_printf("%s=%s", name, text);
	}
}

static json_t *schema_of_env(const struct key *key)
{
	(void)key;
	return json_pack(
		"{s:s,s:{s:[s,s,s]}}", "type", "object", "additionalProperties", "type", "string", "number", "boolean");
}

const struct type type_env = { .read = read_env, .schema = schema_of_env };

static void regex_check(struct loader *l, const struct node *at, const char *text)
{
	regex_t re;
	char why[128];
	int r = regcomp(&re, text, REG_EXTENDED | REG_NOSUB);

	if (r == 0) {
		regfree(&re);
		return;
	}
	regerror(r, NULL, why, sizeof(why));
	complain(l, at, why, "not a regular expression (extended, as of grep -E)");
}

static void read_ready_map(struct loader *l, const struct node *value, struct role *role)
{
	const struct node *output = node_get(l, value, "output"), *path = node_get(l, value, "path");

	role->ready = output ? READY_BY_OUTPUT : READY_BY_PATH;
	map_read(l, &map_ready, value, &role->ready_text);
	if (!output == !path)
		complain(l, value, "for example ready: {output: \"^ready\"}", "ready wants either a path or an output");
	else if (output && role->ready_text)
		regex_check(l, output, role->ready_text);
}

static const char *const ready_words[] = { "listen", "started" };

static void read_ready(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	struct role *role = to;
	const char *text;

	(void)key;
	if (value->kind == NODE_MAP) {
		read_ready_map(l, value, role);
		return;
	}
	text = text_want(l, value, "listen, started, {path: …} or {output: …}");
	if (text && strcmp(text, "listen") == 0)
		role->ready = READY_BY_LISTEN;
	else if (text && strcmp(text, "started") == 0)
		role->ready = READY_BY_START;
	else if (text)
		complain_unknown(l, value, "way to be ready:", text, ready_words, COUNT_OF(ready_words));
}

static json_t *schema_of_ready(const struct key *key)
{
	(void)key;
	return json_pack(
		"{s:[o,o]}", "anyOf", schema_words(ready_words, COUNT_OF(ready_words)), schema_of_map(&map_ready));
}

const struct type type_ready = { .read = read_ready, .schema = schema_of_ready };

static bool is_role_name(const char *name)
{
	if (!isalpha((unsigned char)*name) || strlen(name) > ROLE_NAME_MOST)
		return false;
	while (isalnum((unsigned char)*name) || *name == '_' || *name == '-')
		name++;
	return *name == '\0';
}

static void read_roles(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	static const struct map any = { .name = "roles" };
	struct scenario *s = to;

	(void)key;
	if (!map_read(l, &any, value, NULL))
		return;
	for (size_t i = 0; i < value->n; i++) {
		const struct node *name = value->pairs[i].key;
		struct role *r = &s->roles[s->n_roles];

		if (s->n_roles == SCENARIO_ROLES) {
			complain(l, name, NULL, "more than %d roles", SCENARIO_ROLES);
			return;
		}
		if (!is_role_name(name->text))
			complain(l, name, "a letter, then letters, digits, _ and -, no more than 24",
				"\"%s\" cannot be the name of a role", name->text);
		s->n_roles++;
		*r = (struct role){ .name = mem_dup(name->text),
			.count = 1,
			.line = node_line(l, name),
			.limits = { -1, -1, -1, -1, -1, -1 } };
		map_read(l, &map_role, node_expand(l, value->pairs[i].value), r);
	}
}

static json_t *schema_of_roles(const struct key *key)
{
	(void)key;
	return json_pack("{s:s,s:o,s:i}", "type", "object", "additionalProperties", schema_of_map(&map_role),
		"minProperties", 1);
}

const struct type type_roles = { .read = read_roles, .schema = schema_of_roles };

static struct role *role_find(struct scenario *s, const char *name)
{
	for (size_t i = 0; i < s->n_roles; i++)
		if (strcmp(s->roles[i].name, name) == 0)
			return &s->roles[i];
	return NULL;
}

/* Follows `after` from a role; the first role of the file that is in a ring tells of it. */
static void ring_check(struct loader *l, const struct node *at, const struct role *role)
{
	struct scenario *s = l->scenario;
	struct str path = STR_NONE;
	const struct role *r = role;

	str_add(&path, role->name);
	for (size_t i = 0; r && r->after && i < s->n_roles; i++) {
		str_addf(&path, " after %s", r->after);
		r = role_find(s, r->after);
		if (r == role)
			complain(l, at, str_get(&path), "\"%s\" would wait for itself", role->name);
		if (r <= role)
			break;
	}
	str_fini(&path);
}

static void after_check(struct loader *l, const struct node *roles, const struct role *role)
{
	struct scenario *s = l->scenario;
	const struct node *at = node_get(l, node_get(l, roles, role->name), "after");
	const char **names;

	if (!at || !role->after)
		return;
	if (role_find(s, role->after)) {
		ring_check(l, at, role);
		return;
	}
	names = mem_new(s->n_roles * sizeof(names[0]));
	for (size_t i = 0; i < s->n_roles; i++)
		names[i] = s->roles[i].name;
	complain_unknown(l, at, "role", role->after, names, s->n_roles);
	free(names);
}

/* A driver runs until it is done: it is not there to be started again. */
static void restart_check(struct loader *l, const struct node *roles, const struct role *role)
{
	if (roles && role->restart && role->driver)
		complain(l, node_get(l, node_get(l, roles, role->name), "restart"),
			"a service has no `driver: true`, and ends by its `stop:` when the drivers have ended",
			"\"%s\" is a driver: only a service is started again", role->name);
}

/* Paths as the runner wants them: the working directory absolute. */
static void directory_finish(struct loader *l, struct role *role)
{
	char *given = role->directory;

	if (given && given[0] == '/')
		return;
	if (given && strncmp(given, "${", 2) == 0)
		return;
	role->directory = given ? mem_printf("%s/%s", l->directory, given) : mem_dup(l->directory);
	free(given);
}

void roles_finish(struct loader *l, const struct node *root)
{
	const struct node *roles = node_get(l, root, "roles");
	struct scenario *s = l->scenario;
	bool any_driver = false;
	size_t n_instances = 0;

	for (size_t i = 0; i < s->n_roles; i++) {
		any_driver |= s->roles[i].driver;
		n_instances += s->roles[i].count * (s->roles[i].restart ? 2 : 1);
		after_check(l, roles, &s->roles[i]);
		directory_finish(l, &s->roles[i]);
	}
	if (n_instances > ARENA_ROLES)
		complain(l, roles ? roles : root, NULL, "%zu processes are to be started; the most is %d", n_instances,
			ARENA_ROLES);
	for (size_t i = 0; i < s->n_roles && !any_driver; i++)
		s->roles[i].driver = s->roles[i].stop == 0;
	for (size_t i = 0; i < s->n_roles; i++) {
		any_driver |= s->roles[i].driver;
		restart_check(l, roles, &s->roles[i]);
	}
	if (roles && s->n_roles && !any_driver)
		complain(l, roles, "give one of them `driver: true`",
			"every role is a service: the run would never end");
	if (roles && s->n_roles == 0 && roles->kind == NODE_MAP)
		complain(l, roles, NULL, "there is no role");
}
