/* SPDX-License-Identifier: MIT */
/* Values of simple types. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/load/keys.h"
#include "core/load/units.h"
#include "core/base/banned.h"

void text_set(char **to, const char *text)
{
	free(*to);
	*to = mem_dup(text);
}

void later(struct loader *l, const char *format, ...)
{
	struct str why = STR_NONE;
	va_list args;

	if (l->scenario->unavailable)
		return;
	str_add(&why, "not available yet: ");
	va_start(args, format);
	str_vaddf(&why, format, args);
	va_end(args);
	l->scenario->unavailable = str_take(&why);
}

const char *text_want(struct loader *l, const struct node *n, const char *what)
{
	char *described;

	if (n->kind == NODE_SCALAR && !node_is_null(n))
		return n->text;
	described = node_describe(n);
	complain(l, n, NULL, "wants %s, not %s", what, described);
	free(described);
	return NULL;
}

static void wrong(struct loader *l, const struct node *n, const char *what, const char *remedy)
{
	char *described = node_describe(n);

	complain(l, n, remedy, "wants %s, not %s", what, described);
	free(described);
}

bool count_want(struct loader *l, const struct node *n, int64_t min, int64_t max, uint64_t *out)
{
	enum unit_result r;

	if (n->kind != NODE_SCALAR || !n->plain) {
		wrong(l, n, "a whole number", n->kind == NODE_SCALAR ? "a number has no quotes" : NULL);
		return false;
	}
	r = parse_count(n->text, out);
	if (r == UNIT_NOT_A_NUMBER && n->text[0] != '-') {
		wrong(l, n, "a whole number", NULL);
		return false;
	}
	if (r != UNIT_FINE || *out < (uint64_t)min || *out > (uint64_t)max) {
		if (max == INT64_MAX)
			complain(l, n, NULL, "out of range: the least is %lld", (long long)min);
		else
			complain(l, n, NULL, "out of range: from %lld to %lld", (long long)min, (long long)max);
		return false;
	}
	return true;
}

bool duration_want(struct loader *l, const struct node *n, int64_t min, int64_t max, int64_t *out)
{
	enum unit_result r = UNIT_NOT_A_NUMBER;

	if (n->kind == NODE_SCALAR)
		r = parse_duration(n->text, out);
	if (r) {
		wrong(l, n, "a duration", duration_advice(r));
		return false;
	}
	if (*out < min || *out > max) {
		char *least = duration_text(min), *most = duration_text(max);

		complain(l, n, NULL, "out of range: from %s to %s", least, most);
		free(least);
		free(most);
		return false;
	}
	return true;
}

static void read_text(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	const char *text = text_want(l, value, "a text");

	(void)key;
	if (text)
		text_set(to, text);
}

static json_t *schema_of_text(const struct key *key)
{
	(void)key;
	return json_pack("{s:[s,s,s]}", "type", "string", "number", "boolean");
}

const struct type type_text = { .read = read_text, .schema = schema_of_text };
const struct type type_prose = { .read = read_text, .schema = schema_of_text, .free_text = true };

/* A text in an array of key->max bytes. */
static void read_fixed(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	const char *text = text_want(l, value, "a text");

	if (text && strlen(text) >= (size_t)key->max)
		complain(l, value, NULL, "too long: no more than %lld bytes", (long long)key->max - 1);
	else if (text)
		text_copy(to, (size_t)key->max, text);
}

const struct type type_fixed = { .read = read_fixed, .schema = schema_of_text };

static void read_bool(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	(void)key;
	if (value->kind == NODE_SCALAR && value->plain && strcmp(value->text, "true") == 0)
		*(bool *)to = true;
	else if (value->kind == NODE_SCALAR && value->plain && strcmp(value->text, "false") == 0)
		*(bool *)to = false;
	else
		wrong(l, value, "true or false", NULL);
}

static json_t *schema_of_bool(const struct key *key)
{
	(void)key;
	return json_pack("{s:s}", "type", "boolean");
}

const struct type type_bool = { .read = read_bool, .schema = schema_of_bool };

/* The same in a uint32_t, as plain data in shared memory has it. */
static void read_flag(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	bool flag = false;

	read_bool(l, key, value, &flag);
	*(uint32_t *)to = flag;
}

const struct type type_flag = { .read = read_flag, .schema = schema_of_bool };

/* A flag whose presence says all: `always: true`. */
static void read_true(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	(void)key;
	(void)to;
	if (value->kind != NODE_SCALAR || strcmp(value->text, "true") != 0)
		wrong(l, value, "true", "leave the key out otherwise");
}

static json_t *schema_of_true(const struct key *key)
{
	(void)key;
	return json_pack("{s:b}", "const", 1);
}

const struct type type_true = { .read = read_true, .schema = schema_of_true };

static void read_word(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	const char *text = text_want(l, value, "a word");

	if (!text)
		return;
	for (size_t i = 0; i < key->n_words; i++) {
		if (key->words[i] && strcmp(key->words[i], text) == 0) {
			*(unsigned *)to = (unsigned)i;
			return;
		}
	}
	complain_unknown(l, value, key->name, text, key->words, key->n_words);
}

static json_t *schema_of_word(const struct key *key)
{
	return schema_words(key->words, key->n_words);
}

const struct type type_word = { .read = read_word, .schema = schema_of_word };

static void read_u32(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	uint64_t count;

	if (count_want(l, value, key->min, key->max, &count))
		*(uint32_t *)to = (uint32_t)count;
}

static void read_u64(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	uint64_t count;

	if (count_want(l, value, key->min, key->max, &count))
		*(uint64_t *)to = count;
}

static json_t *schema_of_count(const struct key *key)
{
	json_t *s = json_pack("{s:s,s:I}", "type", "integer", "minimum", (json_int_t)key->min);

	if (key->max != INT64_MAX)
		json_object_set_new(s, "maximum", json_integer(key->max));
	return s;
}

const struct type type_u32 = { .read = read_u32, .schema = schema_of_count };
const struct type type_i32 = { .read = read_u32, .schema = schema_of_count };
const struct type type_u64 = { .read = read_u64, .schema = schema_of_count };

static void read_real(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	double real;

	if (value->kind != NODE_SCALAR || !value->plain || !parse_real(value->text, &real)) {
		wrong(l, value, "a number", NULL);
		return;
	}
	if (real <= (double)key->min || real > (double)key->max)
		complain(l, value, NULL, "out of range: more than %lld, at most %lld", (long long)key->min,
			(long long)key->max);
	else
		*(double *)to = real;
}

static json_t *schema_of_real(const struct key *key)
{
	return json_pack("{s:s,s:I,s:I}", "type", "number", "exclusiveMinimum", (json_int_t)key->min, "maximum",
		(json_int_t)key->max);
}

const struct type type_real = { .read = read_real, .schema = schema_of_real };

static void read_duration(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	int64_t ns;

	if (duration_want(l, value, key->min, key->max, &ns))
		*(int64_t *)to = ns;
}

static json_t *schema_of_duration(const struct key *key)
{
	(void)key;
	return json_pack("{s:s,s:s}", "type", "string", "pattern", "^[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h)$");
}

const struct type type_duration = { .read = read_duration, .schema = schema_of_duration };

static bool size_want(struct loader *l, const struct node *n, const char *text, const struct key *key, uint64_t *out)
{
	enum unit_result r = parse_size(text, out);

	if (r) {
		wrong(l, n, "a size", size_advice(r));
		return false;
	}
	if (*out < (uint64_t)key->min || *out > (uint64_t)key->max) {
		complain(l, n, NULL, "out of range: from %lld to %lld", (long long)key->min, (long long)key->max);
		return false;
	}
	return true;
}

static void read_limit(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	uint64_t size;

	if (value->kind != NODE_SCALAR)
		wrong(l, value, "a size", NULL);
	else if (size_want(l, value, value->text, key, &size))
		*(int64_t *)to = (int64_t)size;
}

static json_t *schema_of_size(const struct key *key)
{
	(void)key;
	return json_pack("{s:[{s:s,s:i},{s:s,s:s}]}", "anyOf", "type", "integer", "minimum", 0, "type", "string",
		"pattern", "^[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB)?$");
}

const struct type type_limit = { .read = read_limit, .schema = schema_of_size };

/* "64", "4KiB" or "64..4096" into two uint64_t, least and greatest. */
static void read_size_range(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	uint64_t *range = to, low, high;
	char *text, *dots;

	if (value->kind != NODE_SCALAR) {
		wrong(l, value, "a size or a range of sizes", "for example 64, 4KiB or 64..4096");
		return;
	}
	text = mem_dup(value->text);
	dots = strstr(text, "..");
	if (dots)
		*dots = '\0';
	if (size_want(l, value, text, key, &low) && size_want(l, value, dots ? dots + 2 : text, key, &high)) {
		if (low > high)
			complain(l, value, "write the smaller size first", "the range is empty");
		range[0] = low;
		range[1] = high;
	}
	free(text);
}

static json_t *schema_of_size_range(const struct key *key)
{
	(void)key;
	return json_pack("{s:[{s:s,s:i},{s:s,s:s}]}", "anyOf", "type", "integer", "minimum", 1, "type", "string",
		"pattern", "^[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB)?(\\.\\.[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB)?)?$");
}

const struct type type_size_range = { .read = read_size_range, .schema = schema_of_size_range };

static void read_map(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	map_read(l, key->map, value, to);
}

static json_t *schema_of_key_map(const struct key *key)
{
	return schema_of_map(key->map);
}

const struct type type_map = { .read = read_map, .schema = schema_of_key_map };

/* A list of texts (or one) into an array of key->max char *, counted at key->count_offset. */
static void read_texts(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	char **texts = to;
	size_t *n = (size_t *)((char *)l->scenario + key->count_offset);
	size_t n_values = value->kind == NODE_LIST ? value->n : 1;

	for (size_t i = 0; i < n_values; i++) {
		const struct node *item = value->kind == NODE_LIST ? node_expand(l, value->items[i]) : value;
		const char *text = text_want(l, item, "a text");

		if (!text)
			continue;
		if (*n == (size_t)key->max) {
			complain(l, item, NULL, "more than %lld of them", (long long)key->max);
			return;
		}
		texts[(*n)++] = mem_dup(text);
	}
}

static json_t *schema_of_texts(const struct key *key)
{
	return json_pack(
		"{s:s,s:{s:s},s:I}", "type", "array", "items", "type", "string", "maxItems", (json_int_t)key->max);
}

const struct type type_texts = { .read = read_texts, .schema = schema_of_texts };

static void read_signal(struct loader *l, const struct key *key, const struct node *value, void *to)
{
	const char *text = text_want(l, value, "the name of a signal");
	int number;

	(void)key;
	if (!text)
		return;
	number = signal_value(text);
	if (number > 0)
		*(int *)to = number;
	else
		complain_numbered(l, value, "signal", text, signal_name, 64);
}

const struct type type_signal = { .read = read_signal, .schema = schema_of_text };
