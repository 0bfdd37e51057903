/* SPDX-License-Identifier: MIT */
/* `matrix:`, and what ${…} stands for. */
#include "core/load/loader.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"

/* Known only when a run begins: the runner puts them in. */
static const char *const of_the_run[] = { "TMP", "PORT", "ID", "KEY" };

static bool is_of_the_run(const char *name)
{
	for (size_t i = 0; i < sizeof(of_the_run) / sizeof(of_the_run[0]); i++)
		if (strcmp(of_the_run[i], name) == 0)
			return true;
	return false;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static bool is_name(const char *text)
{
	while (is_name_char(*text))
		text++;
	return *text == '\0';
}

/* Length of the "${NAME}" at text, or 0. */
static size_t reference_length(const char *text)
{
	size_t n = 2;

	if (text[0] != '$' || text[1] != '{')
		return 0;
	while (is_name_char(text[n]))
		n++;
	return n > 2 && text[n] == '}' ? n + 1 : 0;
}

static const struct node *axis_value(struct loader *l, const char *name)
{
	for (size_t i = 0; i < l->n_axes; i++) {
		struct axis *a = &l->axes[i];

		if (strcmp(a->key->text, name) == 0) {
			a->used = true;
			return a->values->items[a->choice];
		}
	}
	return NULL;
}

/*
 * The environment, in which two things are there even if nobody set them: SABOT_REF, for probes are parts of that
 * program, and SABOT_BUILD, the directory that it is in, with the other programs of our own scenarios. The caller frees
 * it; NULL if it is not set.
 */
static char *variable_get(struct loader *l, const char *name)
{
	const char *text = getenv(name), *reference = l->options ? l->options->reference_program : NULL;
	const char *slash = reference ? strrchr(reference, '/') : NULL;

	if (text)
		return mem_dup(text);
	if (reference && strcmp(name, "SABOT_REF") == 0)
		return mem_dup(reference);
	if (slash && strcmp(name, "SABOT_BUILD") == 0)
		return mem_printf("%.*s", (int)(slash - reference), reference);
	return NULL;
}

static void reference_expand(struct loader *l, const struct node *n, const char *name, bool free_text, struct str *out)
{
	const struct node *value = axis_value(l, name);
	char *variable = value || is_of_the_run(name) ? NULL : variable_get(l, name);
	const char *text = value ? value->text : variable;

	if (text) {
		str_add(out, text);
		free(variable);
		return;
	}
	str_addf(out, "${%s}", name);
	if (!free_text && !is_of_the_run(name))
		complain(l, n, "a key of `matrix:`, a variable of the environment, or TMP, PORT, ID or KEY",
			"nothing is called \"%s\" here", name);
}

static const struct node *expand(struct loader *l, const struct node *n, bool free_text)
{
	struct str out = STR_NONE;
	struct node *made;
	size_t whole;

	if (!n || n->kind != NODE_SCALAR || !strstr(n->text, "${"))
		return n;
	whole = strlen(n->text);
	for (const char *p = n->text; *p;) {
		size_t length = reference_length(p);
		char *name;

		if (!length) {
			str_add_bytes(&out, p++, 1);
			continue;
		}
		name = mem_printf("%.*s", (int)length - 3, p + 2);
		if (length == whole) {
			const struct node *value = axis_value(l, name);

			if (value) {
				free(name);
				str_fini(&out);
				return value;
			}
		}
		reference_expand(l, n, name, free_text, &out);
		free(name);
		p += length;
	}
	made = yaml_scalar(&l->yaml, str_get(&out), n->at);
	str_fini(&out);
	return made;
}

const struct node *node_expand(struct loader *l, const struct node *n)
{
	return expand(l, n, false);
}

const struct node *node_expand_free(struct loader *l, const struct node *n)
{
	return expand(l, n, true);
}

const struct node *node_get(struct loader *l, const struct node *n, const char *key)
{
	if (!n || n->kind != NODE_MAP)
		return NULL;
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->pairs[i].key->text, key) == 0)
			return node_expand(l, n->pairs[i].value);
	return NULL;
}

static void axis_read(struct loader *l, const struct pair *p)
{
	const struct node *values = p->value;

	if (!is_name(p->key->text) || is_of_the_run(p->key->text)) {
		complain(l, p->key, "letters, digits, _ and -; TMP, PORT, ID and KEY are taken",
			"\"%s\" cannot be a key of the matrix", p->key->text);
		return;
	}
	if (values->kind != NODE_LIST || values->n == 0) {
		complain(l, values, "for example: [1, 64KiB]", "a key of the matrix wants a list of values");
		return;
	}
	for (size_t i = 0; i < values->n; i++) {
		if (values->items[i]->kind != NODE_SCALAR) {
			complain(l, values->items[i], NULL, "a value of the matrix is a word or a number");
			return;
		}
	}
	for (size_t i = 0; i < l->n_axes; i++)
		if (strcmp(l->axes[i].key->text, p->key->text) == 0)
			return; /* a duplicate key: told where maps are read */
	if (l->n_axes == LOAD_MATRIX_KEYS) {
		complain(l, p->key, NULL, "more than %d keys in the matrix", LOAD_MATRIX_KEYS);
		return;
	}
	l->axes[l->n_axes++] = (struct axis){ .key = p->key, .values = values };
}

void matrix_read(struct loader *l)
{
	const struct node *root = l->yaml.root, *matrix = NULL;
	size_t total = 1;

	for (size_t i = 0; root->kind == NODE_MAP && i < root->n; i++)
		if (strcmp(root->pairs[i].key->text, "matrix") == 0)
			matrix = root->pairs[i].value;
	if (!matrix || matrix->kind != NODE_MAP)
		return;
	for (size_t i = 0; i < matrix->n; i++)
		axis_read(l, &matrix->pairs[i]);
	for (size_t i = 0; i < l->n_axes; i++) {
		if (total * l->axes[i].values->n > LOAD_COMBINATIONS) {
			complain(l, matrix, NULL, "more than %d combinations", LOAD_COMBINATIONS);
			l->n_axes = 0;
		}
		total *= l->n_axes ? l->axes[i].values->n : 1;
	}
}

bool matrix_choose(struct loader *l, size_t i)
{
	/* The last key turns fastest. */
	for (size_t a = l->n_axes; a--;) {
		l->axes[a].choice = i % l->axes[a].values->n;
		i /= l->axes[a].values->n;
	}
	return i == 0;
}

char *matrix_suffix(struct loader *l)
{
	struct str s = STR_NONE;

	for (size_t i = 0; i < l->n_axes; i++) {
		const struct axis *a = &l->axes[i];

		str_addf(&s, "%s%s=%s", i ? "," : "[", a->key->text, a->values->items[a->choice]->text);
	}
	if (l->n_axes)
		str_add(&s, "]");
	return str_take(&s);
}

void matrix_check(struct loader *l)
{
	for (size_t i = 0; i < l->n_axes; i++) {
		const struct axis *a = &l->axes[i];
		char *remedy = mem_printf("write ${%s} where its value belongs", a->key->text);

		if (!a->used)
			complain(l, a->key, remedy, "the matrix varies \"%s\", but nothing uses it", a->key->text);
		free(remedy);
	}
}
