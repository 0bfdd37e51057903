/* SPDX-License-Identifier: MIT */
/* `technique:` — a reference implementation becomes roles like any others. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/load/keys.h"
#include "core/model/technique.h"
#include "core/base/banned.h"

static void read_technique(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	const char *text = text_want(l, value, "the name of a technique"), **names;

	(void)key;
	if (text && technique_find(text)) {
		text_set(to, text);
	} else if (text) {
		names = names_of(technique_table, sizeof(technique_table[0]), n_techniques);
		complain_unknown(l, value, "technique", text, names, n_techniques);
		free(names);
	}
}

static json_t *schema_of_technique(const struct key *key)
{
	const char **names = names_of(technique_table, sizeof(technique_table[0]), n_techniques);
	json_t *s = schema_words(names, n_techniques);

	(void)key;
	free(names);
	return s;
}

const struct type type_technique = { .read = read_technique, .schema = schema_of_technique };

static void read_design(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	const char *text = text_want(l, value, "the name of a design"), **names;

	(void)key;
	for (size_t i = 0; text && i < n_designs; i++) {
		if (strcmp(design_table[i].name, text) == 0) {
			text_set(to, text);
			return;
		}
	}
	if (!text)
		return;
	names = names_of(design_table, sizeof(design_table[0]), n_designs);
	complain_unknown(l, value, "design", text, names, n_designs);
	free(names);
}

static json_t *schema_of_design(const struct key *key)
{
	const char **names = names_of(design_table, sizeof(design_table[0]), n_designs);
	json_t *s = schema_words(names, n_designs);

	(void)key;
	free(names);
	return s;
}

const struct type type_design = { .read = read_design, .schema = schema_of_design };

static void mistake_read(struct loader *l, const struct key *key, const struct node *n, char **to)
{
	size_t *count = (size_t *)((char *)l->scenario + key->count_offset);
	const char *text = text_want(l, n, "the name of a mistake"), **names;

	if (text && !mistake_find(text)) {
		names = names_of(mistake_table, sizeof(mistake_table[0]), n_mistakes);
		complain_unknown(l, n, "mistake", text, names, n_mistakes);
		free(names);
	} else if (text && *count == (size_t)key->max) {
		complain(l, n, NULL, "more than %lld mistakes", (long long)key->max);
	} else if (text) {
		to[(*count)++] = mem_dup(text);
	}
}

static void read_mistakes(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	if (value->kind == NODE_MAP) {
		complain(l, value, "for example mistakes: [short-read]", "wants a list of mistakes");
	} else if (value->kind == NODE_SCALAR) {
		mistake_read(l, key, value, to);
	} else {
		for (size_t i = 0; i < value->n; i++)
			mistake_read(l, key, node_expand(l, value->items[i]), to);
	}
}

static json_t *schema_of_mistakes(const struct key *key)
{
	const char **names = names_of(mistake_table, sizeof(mistake_table[0]), n_mistakes);
	json_t *s = json_pack("{s:s,s:o,s:I}", "type", "array", "items", schema_words(names, n_mistakes), "maxItems",
		(json_int_t)key->max);

	free(names);
	return s;
}

const struct type type_mistakes = { .read = read_mistakes, .schema = schema_of_mistakes };

/* An argv that is being made. */
struct argv {
	char **words;
	size_t n;
};

static void argv_add(struct argv *a, char *owned)
{
	a->words = mem_grow(a->words, (a->n + 2) * sizeof(a->words[0]));
	a->words[a->n++] = owned;
	a->words[a->n] = NULL;
}

static void argv_option(struct argv *a, const char *name, char *owned)
{
	argv_add(a, mem_dup(name));
	argv_add(a, owned);
}

static char *mistakes_join(const struct reference *r, bool server, bool client)
{
	struct str s = STR_NONE;

	for (size_t i = 0; server && i < r->n_server_mistakes; i++)
		str_addf(&s, "%s%s", s.length ? "," : "", r->server_mistakes[i]);
	for (size_t i = 0; client && i < r->n_client_mistakes; i++)
		str_addf(&s, "%s%s", s.length ? "," : "", r->client_mistakes[i]);
	return str_take(&s);
}

static char **reference_argv(struct loader *l, const struct technique_info *t, bool server)
{
	const struct reference *r = &l->scenario->reference;
	const struct workload *w = &r->workload;
	const char *program = l->options && l->options->reference_program ? l->options->reference_program : "sabot-ref";
	char *mistakes = mistakes_join(r, server, !server || t->children);
	struct argv a = { .words = NULL };

	argv_add(&a, mem_dup(program));
	argv_add(&a, mem_dup(t->name));
	argv_add(&a, mem_dup(server ? "server" : "client"));
	argv_option(&a, "--dir", mem_dup("${TMP}"));
	argv_option(&a, "--port", mem_dup("${PORT}"));
	argv_option(&a, "--id", mem_dup("${ID}"));
	argv_option(&a, "--key", mem_dup("${KEY}"));
	argv_option(&a, "--pattern", mem_dup(pattern_names[w->pattern]));
	argv_option(&a, "--messages", mem_printf("%u", w->messages));
	argv_option(&a, "--size",
		mem_printf("%llu..%llu", (unsigned long long)w->size_min, (unsigned long long)w->size_max));
	argv_option(&a, "--window", mem_printf("%u", w->window));
	argv_option(&a, "--clients", mem_printf("%u", r->n_clients));
	argv_option(&a, "--seed", mem_printf("%llu", (unsigned long long)l->scenario->seed));
	if (server && r->server_design)
		argv_option(&a, "--design", mem_dup(r->server_design));
	else if (server && *t->designs)
		argv_option(&a, "--design", mem_printf("%.*s", (int)strcspn(t->designs, " "), t->designs));
	if (*mistakes)
		argv_option(&a, "--mistakes", mem_dup(mistakes));
	if (w->pattern == PATTERN_SLOW_READER)
		argv_option(&a, "--pace", mem_printf("%lld", (long long)w->pace_ns));
	free(mistakes);
	return a.words;
}

static void roles_make(struct loader *l, const struct technique_info *t, const struct node *at)
{
	struct scenario *s = l->scenario;
	const struct role any = { .count = 1, .limits = { -1, -1, -1, -1, -1, -1 }, .line = node_line(l, at) };
	struct role *server = &s->roles[0], *client = &s->roles[1];

	*server = any;
	server->name = mem_dup("server");
	server->run = reference_argv(l, t, true);
	server->ready = READY_BY_OUTPUT;
	server->ready_text = mem_dup("^ready");
	s->n_roles = 1;
	if (t->children) {
		server->driver = true;
		return;
	}
	server->stop = SIGTERM;
	server->restart = s->reference.server_restart;
	*client = any;
	client->name = mem_dup("client");
	client->run = reference_argv(l, t, false);
	client->driver = true;
	client->after = mem_dup("server");
	client->count = s->reference.n_clients;
	s->n_roles = 2;
}

static void mistakes_check(struct loader *l, const struct technique_info *t, const struct node *root, const char *side)
{
	const struct node *list = node_get(l, node_get(l, root, side), "mistakes");
	size_t n = !list ? 0 : list->kind == NODE_LIST ? list->n : 1;

	for (size_t i = 0; i < n; i++) {
		const struct node *item = list->kind == NODE_LIST ? node_expand(l, list->items[i]) : list;
		const struct mistake_info *m = item->kind == NODE_SCALAR ? mistake_find(item->text) : NULL;
		char *remedy;

		if (!m)
			continue;
		if (strcmp(m->side, "both") != 0 && strcmp(m->side, side) != 0) {
			remedy = mem_printf("write it under `%s:`", m->side);
			complain(l, item, remedy, "\"%s\" is a mistake of a %s", m->name, m->side);
			free(remedy);
		}
		if (!words_have(m->techniques, t->name)) {
			remedy = mem_printf("it can be made with: %s", m->techniques);
			complain(l, item, remedy, "\"%s\" cannot be made with %s", m->name, t->name);
			free(remedy);
		}
	}
}

/* A word that the technique itself must know: its design, its pattern. */
static void word_check(
	struct loader *l, const struct technique_info *t, const struct node *n, const char *what, const char *words)
{
	char *remedy;

	if (!n || n->kind != NODE_SCALAR || words_have(words, n->text))
		return;
	remedy = *words ? mem_printf("it has: %s", words) : mem_dup("leave it out");
	complain(l, n, remedy, "%s has no %s \"%s\"", t->name, what, n->text);
	free(remedy);
}

static void workload_finish(struct loader *l, const struct technique_info *t, const struct node *workload)
{
	struct workload *w = &l->scenario->reference.workload;
	const struct node *pattern = node_get(l, workload, "pattern");

	if (!pattern) {
		for (unsigned i = PATTERN_NONE + 1; i < N_PATTERNS && w->pattern == PATTERN_NONE; i++)
			if (words_have(t->patterns, pattern_names[i]))
				w->pattern = (enum pattern)i;
	} else if (w->pattern != PATTERN_NONE) {
		word_check(l, t, pattern, "pattern", t->patterns);
	}
	if (!node_get(l, workload, "window") && w->pattern == PATTERN_REQUEST_REPLY)
		w->window = 8;
	if (!node_get(l, workload, "pace") && w->pattern == PATTERN_SLOW_READER)
		w->pace_ns = 1000000;
}

void reference_finish(struct loader *l, const struct node *root)
{
	static const char *const belong[] = { "server", "client", "workload" };
	const struct node *technique = node_get(l, root, "technique"), *roles = node_get(l, root, "roles"), *n;
	struct scenario *s = l->scenario;
	const struct technique_info *t = s->reference.technique ? technique_find(s->reference.technique) : NULL;

	if (technique && roles)
		complain(l, roles, "take one of them", "\"technique\" and \"roles\" both say who runs");
	if (!technique && !roles)
		complain(l, root, "technique: unix-stream, or roles: {server: {run: [./server]}, …}",
			"a scenario needs \"technique\" or \"roles\"");
	for (size_t i = 0; !technique && i < COUNT_OF(belong); i++)
		if ((n = node_get(l, root, belong[i])))
			complain(l, n, "your own programs are described under `roles:`",
				"\"%s\" belongs to a technique", belong[i]);
	if (!t || roles)
		return;
	word_check(l, t, node_get(l, node_get(l, root, "server"), "design"), "design", t->designs);
	if (t->children && s->reference.server_restart)
		complain(l, node_get(l, node_get(l, root, "server"), "restart"),
			"leave it out, or take a technique whose server and clients are programs of their own",
			"the server of %s is a driver: only a service is started again", t->name);
	mistakes_check(l, t, root, "server");
	mistakes_check(l, t, root, "client");
	workload_finish(l, t, node_get(l, root, "workload"));
	roles_make(l, t, technique);
}
