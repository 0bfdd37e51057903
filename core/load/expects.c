/* SPDX-License-Identifier: MIT */
/* `expect:` — which property must have which verdict. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/load/keys.h"
#include "core/model/property.h"
#include "core/base/banned.h"

/* What is not counted is not counted for a reason: NULL after complaining that there is none. */
static const char *reason_want(struct loader *l, const struct node *n)
{
	const char *reason = text_want(l, n, "a reason");

	if (!reason || reason[strspn(reason, " \t\n")])
		return reason;
	complain(l, n, "say why it is harmless: reports print it", "wants a reason, not an empty text");
	return NULL;
}

static void read_reason(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	const char *reason = reason_want(l, value);

	(void)key;
	if (reason)
		text_set(to, reason);
}

static json_t *schema_of_reason(const struct key *key)
{
	(void)key;
	return json_pack("{s:s,s:i}", "type", "string", "minLength", 1);
}

static const struct type type_reason = { .read = read_reason, .schema = schema_of_reason };

/* The form {verdict: violated, benign: "reason"}. */
static const struct key verdict_keys[] = {
	{ "verdict", "holds, violated, unknown or n/a", &type_word, .offset = offsetof(struct expect, verdict),
		.words = verdict_names, .n_words = 4 },
	{ "benign", "why this property is not counted here", &type_reason, .offset = offsetof(struct expect, benign) },
};
const struct map map_verdict = { "an expectation", verdict_keys, COUNT_OF(verdict_keys) };

static const char **property_names(size_t *n)
{
	const char **names = mem_new((n_properties + 2) * sizeof(names[0]));

	for (*n = 0; *n < n_properties; (*n)++)
		names[*n] = property_table[*n]->name;
	names[(*n)++] = "exit";
	names[(*n)++] = "benign";
	return names;
}

/* The entry for a property, made if it is new; NULL after complaining. */
static struct expect *expect_for(struct loader *l, const struct node *at, const char *property)
{
	struct scenario *s = l->scenario;
	struct expect *e;

	for (size_t i = 0; property && i < s->n_expects; i++)
		if (strcmp(s->expects[i].property, property) == 0)
			return &s->expects[i];
	if (s->n_expects == SCENARIO_EXPECTS) {
		complain(l, at, NULL, "more than %d expectations", SCENARIO_EXPECTS);
		return NULL;
	}
	e = &s->expects[s->n_expects++];
	*e = (struct expect){
		.property = mem_dup(property ? property : "exit"), .verdict = VERDICT_HOLDS, .line = node_line(l, at)
	};
	return e;
}

static bool property_known(struct loader *l, const struct node *at)
{
	const struct property *p = property_find(at->text);
	const char **names;
	size_t n;

	if (p && p->unavailable)
		later(l, "%s: %s", p->name, p->unavailable);
	if (p)
		return true;
	names = property_names(&n);
	complain_unknown(l, at, "property", at->text, names, n);
	free(names);
	return false;
}

static void exits_read(struct loader *l, const struct node *exits)
{
	static const struct map any = { .name = "exit" };

	if (!map_read(l, &any, exits, NULL))
		return;
	for (size_t i = 0; i < exits->n; i++) {
		const struct node *role = exits->pairs[i].key;
		uint64_t status;
		struct expect *e;

		if (!count_want(l, node_expand(l, exits->pairs[i].value), 0, 255, &status))
			continue;
		e = expect_for(l, role, NULL);
		if (!e)
			return;
		e->exit_role = mem_dup(role->text);
		e->exit_code = (int)status;
	}
}

static void benign_read(struct loader *l, const struct node *benign)
{
	static const struct map any = { .name = "benign" };

	if (!map_read(l, &any, benign, NULL))
		return;
	for (size_t i = 0; i < benign->n; i++) {
		const struct node *property = benign->pairs[i].key;
		const char *reason = reason_want(l, node_expand_free(l, benign->pairs[i].value));
		struct expect *e;

		if (!reason || !property_known(l, property))
			continue;
		e = expect_for(l, property, property->text);
		if (e)
			text_set(&e->benign, reason);
	}
}

static void read_expect(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	static const struct map any = { .name = "expect" };
	const struct key *verdict = &verdict_keys[0];

	(void)key;
	(void)to;
	if (!map_read(l, &any, value, NULL))
		return;
	for (size_t i = 0; i < value->n; i++) {
		const struct node *name = value->pairs[i].key, *v = node_expand(l, value->pairs[i].value);
		struct expect *e;

		if (strcmp(name->text, "exit") == 0) {
			exits_read(l, v);
		} else if (strcmp(name->text, "benign") == 0) {
			benign_read(l, v);
		} else if (property_known(l, name)) {
			e = expect_for(l, name, name->text);
			if (e && v->kind == NODE_MAP)
				map_read(l, &map_verdict, v, e);
			else if (e)
				verdict->type->read(l, verdict, v, &e->verdict);
		}
	}
}

static json_t *schema_of_expect(const struct key *key)
{
	json_t *properties = json_object();

	(void)key;
	for (size_t i = 0; i < n_properties; i++)
		json_object_set_new(properties, property_table[i]->name,
			json_pack("{s:s,s:[o,o]}", "description", property_table[i]->summary, "anyOf",
				schema_words(verdict_names, 4), schema_of_map(&map_verdict)));
	json_object_set_new(properties, "exit",
		json_pack("{s:s,s:{s:s,s:i,s:i}}", "type", "object", "additionalProperties", "type", "integer",
			"minimum", 0, "maximum", 255));
	json_object_set_new(properties, "benign",
		json_pack("{s:s,s:{s:s,s:i}}", "type", "object", "additionalProperties", "type", "string",
			"minLength", 1));
	return json_pack("{s:s,s:o,s:b}", "type", "object", "properties", properties, "additionalProperties", 0);
}

const struct type type_expect = { .read = read_expect, .schema = schema_of_expect };

void expects_finish(struct loader *l, const struct node *root)
{
	const struct node *exits = node_get(l, node_get(l, root, "expect"), "exit");

	for (size_t i = 0; exits && exits->kind == NODE_MAP && i < exits->n; i++)
		role_glob_check(l, exits->pairs[i].key, exits->pairs[i].key->text);
}
