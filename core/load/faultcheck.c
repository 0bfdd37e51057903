/* SPDX-License-Identifier: MIT */
/* What only the whole scenario can tell of a fault: are there such processes, can this call suffer this? */
#include <stdlib.h>
#include <string.h>

#include "core/load/keys.h"
#include "core/model/fault.h"
#include "core/model/technique.h"
#include "core/base/banned.h"

static void instance_name(const struct role *r, uint32_t i, char *out, size_t size)
{
	if (i == 1)
		text_copy(out, size, r->name);
	else
		snprintf(out, size, "%s/%u", r->name, i);
}

static bool any_instance(const struct scenario *s, const char *glob)
{
	char name[ROLE_NAME];

	for (size_t r = 0; r < s->n_roles; r++) {
		for (uint32_t i = 1; i <= s->roles[r].count; i++) {
			instance_name(&s->roles[r], i, name, sizeof(name));
			if (glob_match(glob, name))
				return true;
		}
	}
	return false;
}

/* Does the server of the technique fork its clients itself? */
static bool reference_children(const struct scenario *s)
{
	const struct technique_info *t = s->reference.technique ? technique_find(s->reference.technique) : NULL;

	return t && t->children;
}

void role_glob_check(struct loader *l, const struct node *n, const char *glob)
{
	struct scenario *s = l->scenario;
	char head[ROLE_NAME];
	const char **names;

	/* Children ("server.1") are known only when they are born: their forebear must exist. */
	text_copy(head, sizeof(head), glob);
	head[strcspn(head, ".")] = '\0';
	if (any_instance(s, glob) || any_instance(s, head) || s->n_roles == 0)
		return;
	if (reference_children(s) && strncmp(glob, "client", strlen("client")) == 0) {
		complain(l, n, "the first of them is server.1, all of them are server.*",
			"the clients of %s are children of its server", s->reference.technique);
		return;
	}
	if (strlen(head) > 2 && strcmp(head + strlen(head) - 2, "/1") == 0) {
		complain(l, n, "the first of several has the name of the role alone", "no process is called \"%s\"",
			glob);
		return;
	}
	names = mem_new(s->n_roles * sizeof(names[0]));
	for (size_t i = 0; i < s->n_roles; i++)
		names[i] = s->roles[i].name;
	complain_unknown(l, n, "role", glob, names, s->n_roles);
	free(names);
}

static bool set_is_empty(const struct call_set *set)
{
	for (size_t i = 0; i < COUNT_OF(set->bits); i++)
		if (set->bits[i])
			return false;
	return true;
}

/* Can one of the calls return this errno, by its row? */
static bool errno_fits(const struct call_set *set, const char *name)
{
	for (uint32_t i = 0; i < n_calls; i++)
		if (call_set_has(set, i) && *call_table[i].errnos && words_have(call_table[i].errnos, name))
			return true;
	return false;
}

static void words_union(struct str *out, const char *words)
{
	while (*words) {
		size_t n = strcspn(words, " ");
		char *word = mem_printf("%.*s", (int)n, words);

		if (!out->length || !words_have(str_get(out), word))
			str_addf(out, "%s%s", out->length ? " " : "", word);
		free(word);
		words += n;
		words += strspn(words, " ");
	}
}

static void errno_check(struct loader *l, const struct node *action, const struct plan_fault *f, const char *at)
{
	const char *name = errno_name((int)f->value);
	struct str all = STR_NONE, remedy = STR_NONE;

	if (f->value <= 0 || !name || set_is_empty(&f->where.at) || l->scenario->realism == REALISM_ANY)
		return;
	if (errno_fits(&f->where.at, name))
		return;
	for (uint32_t i = 0; i < n_calls; i++)
		if (call_set_has(&f->where.at, i))
			words_union(&all, call_table[i].errnos);
	str_addf(&remedy, "it may: %s", all.length ? str_get(&all) : "nothing");
	complain(l, action, str_get(&remedy), "\"%s\" does not fail with %s", at, name);
	str_fini(&all);
	str_fini(&remedy);
}

static void family_check(struct loader *l, const struct node *action, const struct plan_fault *f, const char *at)
{
	const struct fault_info *info = fault_of_action(f->action);
	char *remedy;

	if (!info || set_is_empty(&f->where.at))
		return;
	for (uint32_t i = 0; i < n_calls; i++)
		if (call_set_has(&f->where.at, i) && words_have(info->families, family_names[call_table[i].family]))
			return;
	remedy = mem_printf("it has a meaning at: %s", info->families);
	complain(l, action, remedy, "\"%s\" has no meaning at \"%s\"", info->name, at);
	free(remedy);
}

static void when_check(struct loader *l, const struct node *n, const struct plan_fault *f)
{
	static const uint32_t of_the_call[] = { ACT_SHORT, ACT_AGAIN, ACT_FAIL, ACT_EOF };
	const struct node *when = node_get(l, n, "when");

	for (size_t i = 0; when && i < COUNT_OF(of_the_call); i++)
		if (f->where.when == WHEN_AFTER && f->action == of_the_call[i])
			complain(l, when, "leave `when` out",
				"\"%s\" changes the call itself, so it cannot come after it",
				fault_of_action(f->action)->name);
}

static void point_check(struct loader *l, const struct node *n, const struct call_point *p)
{
	const struct node *in = node_get(l, n, "in");

	if (in && *p->in)
		role_glob_check(l, in, p->in);
}

static void presence_check(struct loader *l, const struct node *n)
{
	bool at = node_get(l, n, "at"), point = node_get(l, n, "point");

	if (!node_get(l, n, "in"))
		complain(l, n, "in: a role", "a fault needs the key \"in\"");
	if (at && point)
		complain(l, n, "take one of them", "\"at\" and \"point\" both say where it strikes");
	if (!at && !point)
		complain(l, n, "at: a family of calls (receive, send, accept …) or a call",
			"a fault needs the key \"at\"");
	if (!node_get(l, n, "do"))
		complain(l, n, "do: an action (`sabot list faults`)", "a fault needs the key \"do\"");
}

static void target_check(struct loader *l, const struct node *action, const struct plan_fault *f)
{
	const struct node *argument;

	if (!action || action->kind != NODE_MAP || !*f->target || strcmp(f->target, "self") == 0)
		return;
	argument = node_expand(l, action->pairs[0].value);
	if (argument->kind == NODE_MAP)
		argument = node_get(l, argument, "role");
	if (argument)
		role_glob_check(l, argument, f->target);
}

static void fault_check(struct loader *l, const struct node *n, const struct plan_fault *f)
{
	const struct node *action = node_get(l, n, "do"), *at = node_get(l, n, "at"), *peer, *hold;

	presence_check(l, n);
	point_check(l, n, &f->where);
	point_check(l, node_get(l, n, "armed-by"), &f->armed_by);
	peer = node_get(l, node_get(l, n, "on"), "peer");
	if (peer && *f->peer)
		role_glob_check(l, peer, f->peer);
	hold = node_get(l, action, "hold");
	point_check(l, node_get(l, hold, "until"), &f->until);
	target_check(l, action, f);
	when_check(l, n, f);
	if (action && at && at->kind == NODE_SCALAR) {
		family_check(l, action, f, at->text);
		if (f->action == ACT_FAIL)
			errno_check(l, action, f, at->text);
	}
}

/* The action as it was written: "short: 3". */
static void node_write(struct loader *l, const struct node *n, struct str *out)
{
	n = node_expand(l, n);
	if (n->kind == NODE_SCALAR) {
		str_add(out, n->text);
		return;
	}
	str_add(out, n->kind == NODE_MAP ? "{" : "[");
	for (size_t i = 0; i < n->n; i++) {
		if (i)
			str_add(out, ", ");
		if (n->kind == NODE_MAP) {
			str_addf(out, "%s: ", n->pairs[i].key->text);
			node_write(l, n->pairs[i].value, out);
		} else {
			node_write(l, n->items[i], out);
		}
	}
	str_add(out, n->kind == NODE_MAP ? "}" : "]");
}

static char *action_text(struct loader *l, const struct node *n)
{
	struct str s = STR_NONE;

	if (n && n->kind == NODE_MAP && n->n == 1) {
		const struct node *argument = node_expand(l, n->pairs[0].value);

		str_add(&s, n->pairs[0].key->text);
		if (!node_is_null(argument)) {
			str_add(&s, ": ");
			node_write(l, argument, &s);
		}
	} else if (n && n->kind == NODE_SCALAR) {
		str_add(&s, n->text);
	}
	return str_take(&s);
}

void faults_finish(struct loader *l, const struct node *root)
{
	const struct node *faults = node_get(l, root, "faults");
	struct scenario *s = l->scenario;
	size_t i = 0;

	for (size_t j = 0; faults && faults->kind == NODE_LIST && j < faults->n && i < s->n_faults; j++) {
		const struct node *n = node_expand(l, faults->items[j]);

		if (n->kind != NODE_MAP || node_get(l, n, "network"))
			continue;
		s->faults[i].realism = s->realism;
		s->fault_texts[i] = action_text(l, node_get(l, n, "do"));
		fault_check(l, n, &s->faults[i]);
		i++;
	}
}
