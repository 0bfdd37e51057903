/* SPDX-License-Identifier: MIT */
/* `do:` — one action, whose argument has the form that its row of faults.def names. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/load/keys.h"
#include "core/load/units.h"
#include "core/model/fault.h"
#include "core/base/banned.h"

#define FAULT_FIELD(member) .offset = offsetof(struct plan_fault, member)
#define HOUR_NS 3600000000000

static const struct key corrupt_keys[] = {
	{ "byte", "which byte, from 0", &type_u64, FAULT_FIELD(value), .max = INT32_MAX, .required = true },
};
const struct map map_corrupt = { "corrupt", corrupt_keys, COUNT_OF(corrupt_keys) };

static void read_pause_span(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	if (value->kind == NODE_SCALAR && strcmp(value->text, "good") == 0)
		*(int64_t *)to = PAUSE_FOR_GOOD;
	else
		type_duration.read(l, key, value, to);
}

static json_t *schema_of_pause_span(const struct key *key)
{
	return json_pack("{s:[{s:s},o]}", "anyOf", "const", "good", type_duration.schema(key));
}

static const struct type type_pause_span = { .read = read_pause_span, .schema = schema_of_pause_span };

static const struct key pause_keys[] = {
	{ "role", "who is stopped", &type_role_glob, FAULT_FIELD(target), .max = ROLE_NAME, .required = true },
	{ "for", "how long, or good", &type_pause_span, FAULT_FIELD(value), .min = 1, .max = HOUR_NS,
	  .required = true },
};
const struct map map_pause = { "pause", pause_keys, COUNT_OF(pause_keys) };

static void read_until(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	struct plan_fault *f = to;

	f->has_until = map_read(l, key->map, value, &f->until);
}

static json_t *schema_of_until(const struct key *key)
{
	return schema_of_map(key->map);
}

static const struct type type_until = { .read = read_until, .schema = schema_of_until };

static const struct key hold_keys[] = {
	{ "until", "the call that releases it", &type_until, .offset = 0, .map = &map_point, .required = true },
	{ "limit", "gives up after so long", &type_duration, FAULT_FIELD(limit_ns), .min = 1, .max = HOUR_NS },
};
const struct map map_hold = { "hold", hold_keys, COUNT_OF(hold_keys) };

/* An argument by the form that its row names. */
struct form {
	const char *argument; /* as in struct fault_info */
	const char *example;
	void (*read)(struct loader *l, const struct node *value, struct plan_fault *f);
	json_t *(*schema)(void);
};

static void read_bytes(struct loader *l, const struct node *value, struct plan_fault *f)
{
	uint64_t count;

	if (value->kind == NODE_SCALAR && strcmp(value->text, "half") == 0)
		f->value = SHORT_HALF;
	else if (count_want(l, value, 1, INT32_MAX, &count))
		f->value = (int64_t)count;
}

static json_t *schema_of_bytes(void)
{
	return json_pack("{s:[{s:s,s:i},{s:s}]}", "anyOf", "type", "integer", "minimum", 1, "const", "half");
}

static void read_span(struct loader *l, const struct node *value, struct plan_fault *f)
{
	duration_want(l, value, 1, HOUR_NS, &f->value);
}

static json_t *schema_of_span(void)
{
	return type_duration.schema(NULL);
}

static void read_target(struct loader *l, const struct node *value, struct plan_fault *f)
{
	static const struct key key = { .max = ROLE_NAME };

	type_role_glob.read(l, &key, value, f->target);
}

static json_t *schema_of_target(void)
{
	return schema_text("self, or a role");
}

static void read_errno(struct loader *l, const struct node *value, struct plan_fault *f)
{
	const char *text = text_want(l, value, "the name of an errno");
	int number = text ? errno_value(text) : -1;

	if (text && number < 0)
		complain_numbered(l, value, "errno", text, errno_name, 133);
	else if (text)
		f->value = number;
}

static json_t *schema_of_errno(void)
{
	return json_pack("{s:s,s:s}", "type", "string", "pattern", "^E[A-Z0-9]+$");
}

static void read_corrupt(struct loader *l, const struct node *value, struct plan_fault *f)
{
	map_read(l, &map_corrupt, value, f);
}

static json_t *schema_of_corrupt(void)
{
	return schema_of_map(&map_corrupt);
}

static void read_pause(struct loader *l, const struct node *value, struct plan_fault *f)
{
	map_read(l, &map_pause, value, f);
}

static json_t *schema_of_pause(void)
{
	return schema_of_map(&map_pause);
}

static void read_hold(struct loader *l, const struct node *value, struct plan_fault *f)
{
	map_read(l, &map_hold, value, f);
}

static json_t *schema_of_hold(void)
{
	return schema_of_map(&map_hold);
}

static void read_number(struct loader *l, const struct node *value, struct plan_fault *f)
{
	uint64_t count;

	if (count_want(l, value, f->action == ACT_REORDER ? 1 : 0, INT32_MAX, &count))
		f->value = (int64_t)count;
}

static json_t *schema_of_number(void)
{
	return json_pack("{s:s,s:i}", "type", "integer", "minimum", 0);
}

static const struct form forms[] = {
	{ "bytes|half", "3", read_bytes, schema_of_bytes },
	{ "duration", "20ms", read_span, schema_of_span },
	{ "role", "self", read_target, schema_of_target },
	{ "errno", "ECONNRESET", read_errno, schema_of_errno },
	{ "{byte: N}", "{byte: 0}", read_corrupt, schema_of_corrupt },
	{ "{role:, for:}", "{role: client, for: 20ms}", read_pause, schema_of_pause },
	{ "{until:, limit:}", "{until: {in: client, at: connect, when: after}}", read_hold, schema_of_hold },
	{ "N", "1", read_number, schema_of_number },
};

static const struct form *form_find(const char *argument)
{
	for (size_t i = 0; i < COUNT_OF(forms); i++)
		if (strcmp(forms[i].argument, argument) == 0)
			return &forms[i];
	return NULL;
}

static const struct fault_info *action_find(struct loader *l, const struct node *n)
{
	const char *text = text_want(l, n, "an action");
	const struct fault_info *info = text ? fault_find(text) : NULL;
	const char **names;

	if (info || !text)
		return info;
	names = names_of(fault_table, sizeof(fault_table[0]), n_fault_infos);
	complain_unknown(l, n, "action", text, names, n_fault_infos);
	free(names);
	return NULL;
}

static void read_action(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	struct plan_fault *f = to;
	const struct node *name = value, *argument = NULL;
	const struct fault_info *info;
	const struct form *form;

	(void)key;
	if (value->kind == NODE_MAP && value->n == 1) {
		name = value->pairs[0].key;
		argument = node_expand(l, value->pairs[0].value);
	} else if (value->kind != NODE_SCALAR) {
		complain(l, value, "for example do: interrupt, or do: {short: 3}", "wants one action");
		return;
	}
	info = action_find(l, name);
	if (!info)
		return;
	f->action = info->action;
	form = form_find(info->argument);
	if (form && argument && !node_is_null(argument)) {
		form->read(l, argument, f);
	} else if (form) {
		char *remedy = mem_printf("for example do: {%s: %s}", info->name, form->example);

		complain(l, name, remedy, "\"%s\" needs to know more: %s", info->name, info->argument);
		free(remedy);
	} else if (argument && !node_is_null(argument)) {
		char *remedy = mem_printf("write do: %s", info->name);

		complain(l, argument, remedy, "\"%s\" takes no argument", info->name);
		free(remedy);
	}
}

static json_t *schema_of_action(const struct key *key)
{
	json_t *bare = json_array(), *properties = json_object();

	(void)key;
	for (size_t i = 0; i < n_fault_infos; i++) {
		const struct form *form = form_find(fault_table[i].argument);

		if (form)
			json_object_set_new(properties, fault_table[i].name, form->schema());
		else
			json_array_append_new(bare, json_string(fault_table[i].name));
	}
	return json_pack("{s:[{s:o},{s:s,s:o,s:b,s:i,s:i}]}", "anyOf", "enum", bare, "type", "object", "properties",
		properties, "additionalProperties", 0, "minProperties", 1, "maxProperties", 1);
}

const struct type type_action = { .read = read_action, .schema = schema_of_action };
