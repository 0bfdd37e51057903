/* SPDX-License-Identifier: MIT */
/* `faults:` — in whom, at which call, on which channel, when. What is done is in actions.c. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/load/keys.h"
#include "core/model/fault.h"
#include "core/model/technique.h"
#include "core/base/banned.h"

#define FAULT_FIELD(member) .offset = offsetof(struct plan_fault, member)

static const char *const when_words[] = { "before", "after" };

static const struct key on_keys[] = {
	{ "technique", "kind of the channel", &type_kinds, FAULT_FIELD(kinds) },
	{ "peer", "who is at the other end", &type_role_glob, FAULT_FIELD(peer), .max = ROLE_NAME },
	{ "fd", "descriptor number", &type_i32, FAULT_FIELD(fd), .max = 1 << 20 },
	{ "path", "name of the object, a glob", &type_fixed, FAULT_FIELD(path), .max = OBJECT_NAME },
	{ "object", "the how-manieth of this kind and peer", &type_u32, FAULT_FIELD(ordinal), .min = 1,
		.max = 1 << 20 },
};
const struct map map_on = { "on", on_keys, COUNT_OF(on_keys) };

static const struct key point_keys[] = {
	{ "in", "role, or a glob over process names", &type_role_glob, .offset = offsetof(struct call_point, in),
		.max = ROLE_NAME, .required = true },
	{ "at", "a family of calls, or a call", &type_calls, .offset = offsetof(struct call_point, at),
		.required = true },
	{ "when", "before or after the call", &type_word, .offset = offsetof(struct call_point, when),
		.words = when_words, .n_words = 2 },
	{ "nth", "the how-manieth", &type_u32, .offset = offsetof(struct call_point, nth), .min = 1, .max = INT32_MAX },
};
const struct map map_point = { "a point", point_keys, COUNT_OF(point_keys) };

static const struct key program_point_keys[] = {
	{ "point", "a libfiu failure point of the program's own", &type_fixed, FAULT_FIELD(point), .max = POINT_NAME,
		.required = true },
};
const struct map map_program_point = { "at", program_point_keys, COUNT_OF(program_point_keys) };

static void read_armed_by(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	struct plan_fault *f = to;

	(void)key;
	f->has_armed_by = map_read(l, &map_point, value, &f->armed_by);
}

static json_t *schema_of_point(const struct key *key)
{
	(void)key;
	return schema_of_map(&map_point);
}

static const struct type type_armed_by = { .read = read_armed_by, .schema = schema_of_point };

static void read_network(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	(void)key;
	(void)value;
	(void)to;
	later(l, "network faults, real packets dropped or doubled by the kernel");
}

static json_t *schema_of_network(const struct key *key)
{
	(void)key;
	return json_object();
}

static const struct type type_network = { .read = read_network, .schema = schema_of_network };

static const struct key fault_keys[] = {
	{ "in", "role, or a glob over process names", &type_role_glob, FAULT_FIELD(where.in), .max = ROLE_NAME },
	{ "at", "a family of calls, a call, or {point: NAME}", &type_at, .offset = 0 },
	{ "point", "a libfiu failure point of the program's own", &type_fixed, FAULT_FIELD(point), .max = POINT_NAME },
	{ "on", "which channel", &type_map, .map = &map_on },
	{ "when", "before or after the call", &type_word, FAULT_FIELD(where.when), .words = when_words, .n_words = 2 },
	{ "nth", "strikes the nth call", &type_u64, FAULT_FIELD(n), .min = 1, .max = INT64_MAX },
	{ "every", "strikes every nth call", &type_u64, FAULT_FIELD(n), .min = 1, .max = INT64_MAX },
	{ "chance", "strikes with this probability", &type_real, FAULT_FIELD(chance), .min = 0, .max = 1 },
	{ "always", "strikes every call", &type_true, .offset = 0 },
	{ "times", "most strikes, or forever", &type_times, FAULT_FIELD(times), .min = 1, .max = INT32_MAX },
	{ "armed-by", "counts only from this call on", &type_armed_by, .offset = 0 },
	{ "do", "what happens", &type_action, .offset = 0 },
	{ "may-miss", "is not vacuous if it never fired", &type_flag, FAULT_FIELD(may_miss) },
	{ "network", "packet faults of the kernel", &type_network, .offset = 0 },
};
const struct map map_fault = { "a fault", fault_keys, COUNT_OF(fault_keys) };

static void read_role_glob(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	type_fixed.read(l, key, value, to);
}

static json_t *schema_of_glob(const struct key *key)
{
	return schema_text(key->about);
}

const struct type type_role_glob = { .read = read_role_glob, .schema = schema_of_glob };

/* All words that may stand at `at:`. The caller frees the array. */
static const char **call_names(size_t *n)
{
	const char **names = mem_new((N_FAMILIES + n_calls) * sizeof(names[0]));

	for (*n = 0; *n < N_FAMILIES; (*n)++)
		names[*n] = family_names[*n];
	for (size_t i = 0; i < n_calls; i++)
		if (strcmp(call_table[i].name, call_table[i].plain) == 0)
			names[(*n)++] = call_table[i].name;
	return names;
}

static void read_calls(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	const char *text = text_want(l, value, "a family of calls, or a call"), *near;
	const char **names;
	char *remedy;
	size_t n;

	(void)key;
	if (!text || call_select(text, to) == 0)
		return;
	names = call_names(&n);
	near = text_nearest(text, names, n);
	remedy = near ? mem_printf("did you mean \"%s\"?", near)
		      : mem_dup("`sabot list calls` shows all families and calls");
	complain(l, value, remedy, "unknown call \"%s\"", text);
	free(remedy);
	free(names);
}

static json_t *schema_of_calls(const struct key *key)
{
	size_t n;
	const char **names = call_names(&n);
	json_t *s = schema_words(names, n);

	(void)key;
	free(names);
	return s;
}

const struct type type_calls = { .read = read_calls, .schema = schema_of_calls };

static void read_at(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	struct plan_fault *f = to;

	if (value->kind == NODE_MAP)
		map_read(l, &map_program_point, value, f);
	else
		read_calls(l, key, value, &f->where.at);
}

static json_t *schema_of_at(const struct key *key)
{
	return json_pack("{s:[o,o]}", "anyOf", schema_of_calls(key), schema_of_map(&map_program_point));
}

const struct type type_at = { .read = read_at, .schema = schema_of_at };

/* Name of a kind of channel as `on: {technique: …}` may say it: a technique, or another kind of object. */
static const char **kind_names(size_t *n)
{
	const char **names = mem_new((n_techniques + OBJ_N_KINDS) * sizeof(names[0]));

	for (*n = 0; *n < n_techniques; (*n)++)
		names[*n] = technique_table[*n].name;
	for (uint32_t k = OBJ_NONE + 1; k < OBJ_N_KINDS; k++)
		if (!technique_find(object_kind_name(k)))
			names[(*n)++] = object_kind_name(k);
	return names;
}

static void kind_add(struct loader *l, const struct node *n, uint64_t *kinds)
{
	const char *text = text_want(l, n, "a technique"), **names;
	const struct technique_info *t = text ? technique_find(text) : NULL;
	size_t n_names;

	if (t)
		*kinds |= (uint64_t)1 << t->kind;
	if (t || !text)
		return;
	for (uint32_t k = OBJ_NONE + 1; k < OBJ_N_KINDS; k++) {
		if (strcmp(object_kind_name(k), text) == 0) {
			*kinds |= (uint64_t)1 << k;
			return;
		}
	}
	names = kind_names(&n_names);
	complain_unknown(l, n, "technique", text, names, n_names);
	free(names);
}

static void read_kinds(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	(void)key;
	if (value->kind != NODE_LIST) {
		kind_add(l, value, to);
		return;
	}
	for (size_t i = 0; i < value->n; i++)
		kind_add(l, node_expand(l, value->items[i]), to);
}

static json_t *schema_of_kinds(const struct key *key)
{
	size_t n;
	const char **names = kind_names(&n);
	json_t *word = schema_words(names, n), *s;

	(void)key;
	s = json_pack("{s:[O,{s:s,s:o}]}", "anyOf", word, "type", "array", "items", word);
	free(names);
	return s;
}

const struct type type_kinds = { .read = read_kinds, .schema = schema_of_kinds };

static void read_times(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	uint64_t count;

	if (value->kind == NODE_SCALAR && strcmp(value->text, "forever") == 0)
		*(uint32_t *)to = TIMES_FOREVER;
	else if (count_want(l, value, key->min, key->max, &count))
		*(uint32_t *)to = (uint32_t)count;
}

static json_t *schema_of_times(const struct key *key)
{
	return json_pack("{s:[{s:s,s:I},{s:s}]}", "anyOf", "type", "integer", "minimum", (json_int_t)key->min, "const",
		"forever");
}

const struct type type_times = { .read = read_times, .schema = schema_of_times };

/* The trigger is the one key of four that is there; without any it is the first call. */
static void trigger_read(struct loader *l, const struct node *n, struct plan_fault *f)
{
	static const char *const names[] = { "nth", "every", "chance", "always" };
	const char *first = NULL;

	for (unsigned i = 0; i < COUNT_OF(names); i++) {
		if (!node_get(l, n, names[i]))
			continue;
		if (first)
			complain(l, n, "take one of nth, every, chance, always",
				"\"%s\" and \"%s\" both say when it strikes", first, names[i]);
		first = names[i];
		f->trigger = i;
	}
	if (!node_get(l, n, "times"))
		f->times = f->trigger == TRIG_NTH ? 1 : TIMES_FOREVER;
}

static void fault_read(struct loader *l, const struct node *n)
{
	struct scenario *s = l->scenario;
	struct plan_fault *f = &s->faults[s->n_faults];

	*f = (struct plan_fault){ .fd = -1, .n = 1, .limit_ns = 5000000000, .line = node_line(l, n) };
	if (!map_read(l, &map_fault, n, f))
		return;
	trigger_read(l, n, f);
	if (!node_get(l, n, "network"))
		s->n_faults++;
}

static void read_faults(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	(void)key;
	(void)to;
	if (value->kind != NODE_LIST) {
		complain(l, value, "each fault begins with \"- \"", "faults is a list");
		return;
	}
	if (value->n > PLAN_FAULTS) {
		complain(l, value->items[PLAN_FAULTS], NULL, "more than %d faults", PLAN_FAULTS);
		return;
	}
	for (size_t i = 0; i < value->n; i++)
		fault_read(l, node_expand(l, value->items[i]));
}

static json_t *schema_of_faults(const struct key *key)
{
	(void)key;
	return json_pack("{s:s,s:o,s:i}", "type", "array", "items", schema_of_map(&map_fault), "maxItems", PLAN_FAULTS);
}

const struct type type_faults = { .read = read_faults, .schema = schema_of_faults };
