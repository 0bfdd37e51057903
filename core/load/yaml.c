/* SPDX-License-Identifier: MIT */
#include "core/load/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "core/base/banned.h"

struct anchor {
	char *name;
	struct node *node; /* NULL until the node is whole: an alias inside it would make a ring */
};

/* A container that is being filled. */
struct level {
	struct node *node, *key; /* key: that of the value to come, in a map */
	char *anchor;
};

struct composer {
	const char *text;
	size_t n;
	struct yaml *yaml;
	struct yaml_error *error;
	struct level levels[YAML_DEPTH];
	size_t depth;
	struct anchor *anchors;
	size_t n_anchors;
	size_t n_documents;
	size_t at; /* where the last event was, for errors of the end */
	bool failed;
};

static struct node *node_new(struct yaml *y, enum node_kind kind, size_t at)
{
	struct node *n = mem_new(sizeof(*n));

	n->kind = kind;
	n->at = at;
	n->next = y->all;
	y->all = n;
	return n;
}

struct node *yaml_scalar(struct yaml *y, const char *text, size_t at)
{
	struct node *n = node_new(y, NODE_SCALAR, at);

	n->text = mem_dup(text);
	n->plain = true;
	return n;
}

bool node_is_null(const struct node *n)
{
	return n->kind == NODE_SCALAR && n->plain &&
	       (n->text[0] == '\0' || strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0);
}

void yaml_fini(struct yaml *y)
{
	while (y->all) {
		struct node *n = y->all;

		y->all = n->next;
		free(n->text);
		free(n->items);
		free(n->pairs);
		free(n);
	}
	*y = YAML_NONE;
}

static void refuse(struct composer *c, size_t at, const char *message, const char *remedy)
{
	if (c->failed)
		return;
	c->failed = true;
	c->error->at = at;
	str_add(&c->error->message, message);
	if (remedy)
		str_add(&c->error->remedy, remedy);
}

static void node_add(struct composer *c, struct level *l, struct node *child)
{
	struct node *n = l->node;

	if (n->n == YAML_CHILDREN) {
		refuse(c, child->at, "too many entries", "a list or a map holds no more than 1024");
	} else if (n->kind == NODE_LIST) {
		if ((n->n & (n->n - 1)) == 0)
			n->items = mem_grow(n->items, (n->n ? n->n * 2 : 1) * sizeof(n->items[0]));
		n->items[n->n++] = child;
	} else if (!l->key) {
		if (child->kind != NODE_SCALAR)
			refuse(c, child->at, "a key must be a word", NULL);
		l->key = child;
	} else {
		if ((n->n & (n->n - 1)) == 0)
			n->pairs = mem_grow(n->pairs, (n->n ? n->n * 2 : 1) * sizeof(n->pairs[0]));
		n->pairs[n->n++] = (struct pair){ l->key, child };
		l->key = NULL;
	}
}

static void anchor_set(struct composer *c, char *name, struct node *node)
{
	if (!name)
		return;
	c->anchors = mem_grow(c->anchors, (c->n_anchors + 1) * sizeof(c->anchors[0]));
	c->anchors[c->n_anchors++] = (struct anchor){ name, node };
}

static void value_add(struct composer *c, struct node *node, char *anchor)
{
	anchor_set(c, anchor, node);
	if (c->depth)
		node_add(c, &c->levels[c->depth - 1], node);
	else
		c->yaml->root = node;
}

static char *token_text(struct fy_token *token)
{
	size_t n = 0;
	const char *text = token ? fy_token_get_text(token, &n) : NULL;
	struct str s = STR_NONE;

	str_add_bytes(&s, text ? text : "", text ? n : 0);
	return str_take(&s);
}

static size_t token_at(struct composer *c, struct fy_token *token)
{
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;

	if (mark && mark->input_pos <= c->n)
		c->at = mark->input_pos;
	return c->at;
}

static void scalar_add(struct composer *c, const struct fy_event *e)
{
	struct fy_token *value = e->scalar.value;
	size_t length = 0, at = token_at(c, value);
	const char *text = value ? fy_token_get_text(value, &length) : NULL;
	enum fy_scalar_style style = value ? fy_token_scalar_style(value) : FYSS_PLAIN;
	struct node *n;

	if (at && (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && strchr("'\"", c->text[at - 1]))
		at--;
	n = node_new(c->yaml, NODE_SCALAR, at);
	n->plain = style == FYSS_PLAIN;
	n->text = token_text(value);
	if (text && memchr(text, '\0', length))
		refuse(c, at, "a text cannot hold the character NUL", NULL);
	value_add(c, n, e->scalar.anchor ? token_text(e->scalar.anchor) : NULL);
}

static void container_begin(struct composer *c, enum node_kind kind, struct fy_token *start, struct fy_token *anchor)
{
	struct node *n = node_new(c->yaml, kind, token_at(c, start));

	if (c->depth == YAML_DEPTH) {
		refuse(c, n->at, "nested too deeply", "a scenario needs no more than a few levels");
		return;
	}
	c->levels[c->depth++] = (struct level){ .node = n, .anchor = anchor ? token_text(anchor) : NULL };
}

static void container_end(struct composer *c)
{
	struct level l = c->levels[--c->depth];

	value_add(c, l.node, l.anchor);
}

static void alias_add(struct composer *c, struct fy_token *token)
{
	char *name = token_text(token);
	size_t at = token_at(c, token);

	if (at && c->text[at - 1] == '*')
		at--;
	for (size_t i = c->n_anchors; i--;) {
		if (strcmp(c->anchors[i].name, name) == 0) {
			value_add(c, c->anchors[i].node, NULL);
			free(name);
			return;
		}
	}
	free(name);
	refuse(c, at, "no anchor of this name stands before the alias", "a text that begins with * needs quotes");
}

static void tag_refuse(struct composer *c, struct fy_token *tag)
{
	if (tag)
		refuse(c, token_at(c, tag), "a scenario has no tags", "a text that begins with ! needs quotes");
}

static void event_take(struct composer *c, struct fy_event *e)
{
	switch (e->type) {
	case FYET_DOCUMENT_START:
		token_at(c, e->document_start.document_start);
		if (c->n_documents++)
			refuse(c, c->at, "a second document begins here", "one file holds one scenario");
		break;
	case FYET_SCALAR:
		tag_refuse(c, e->scalar.tag);
		scalar_add(c, e);
		break;
	case FYET_SEQUENCE_START:
		tag_refuse(c, e->sequence_start.tag);
		container_begin(c, NODE_LIST, e->sequence_start.sequence_start, e->sequence_start.anchor);
		break;
	case FYET_MAPPING_START:
		tag_refuse(c, e->mapping_start.tag);
		container_begin(c, NODE_MAP, e->mapping_start.mapping_start, e->mapping_start.anchor);
		break;
	case FYET_SEQUENCE_END:
	case FYET_MAPPING_END:
		container_end(c);
		break;
	case FYET_ALIAS:
		alias_add(c, e->alias.anchor);
		break;
	default:
		break;
	}
}

/* Byte offset of a line and column (from 1, in characters). */
static size_t offset_of(const char *text, size_t n, int line, int column)
{
	size_t at = 0;

	for (; line > 1 && at < n; at++)
		line -= text[at] == '\n';
	for (; column > 1 && at < n && text[at] != '\n'; column--)
		for (at++; at < n && ((unsigned char)text[at] & 0xc0) == 0x80; at++)
			;
	return at;
}

/* The line and column at the end of "<where>:LINE:COLUMN", as a byte offset. */
static size_t place_parse(const struct composer *c, char *place)
{
	char *colon = strrchr(place, ':');
	int line, column;

	if (!colon)
		return c->at;
	column = (int)strtol(colon + 1, NULL, 10);
	*colon = '\0';
	colon = strrchr(place, ':');
	line = colon ? (int)strtol(colon + 1, NULL, 10) : 1;
	return offset_of(c->text, c->n, line, column);
}

/* Takes libfyaml's report, "<where>:LINE:COLUMN: error: MESSAGE" and pictures, apart; its warnings are no errors. */
static void report_take(struct fy_diag *diag, void *user, const char *report, size_t n)
{
	static const char mark[] = ": error: ";
	struct composer *c = user;
	char *text = mem_printf("%.*s", (int)n, report), *message = strstr(text, mark);
	const char *remedy = NULL;
	size_t at;

	(void)diag;
	if (message) {
		*message = '\0';
		message += strlen(mark);
		message[strcspn(message, "\n")] = '\0';
		at = place_parse(c, text);
		if (at + 1 < c->n &&
			(memcmp(c->text + at, "${", 2) == 0 || (at && memcmp(c->text + at - 1, "${", 2) == 0)))
			remedy = "between [ ] and { } it needs quotes: \"${NAME}\"";
		refuse(c, at, message, remedy);
	}
	free(text);
}

static struct fy_parser *parser_new(struct composer *c, struct fy_diag **diag)
{
	struct fy_diag_cfg dc;
	struct fy_parse_cfg pc = { .flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE | FYPCF_DISABLE_DEPTH_LIMIT };

	fy_diag_cfg_default(&dc);
	dc.fp = NULL;
	dc.output_fn = report_take;
	dc.user = c;
	dc.level = FYET_ERROR;
	dc.colorize = false;
	*diag = fy_diag_create(&dc);
	if (!*diag)
		return NULL;
	pc.diag = *diag;
	return fy_parser_create(&pc);
}

static void compose(struct composer *c, struct fy_parser *parser)
{
	struct fy_event *e;

	if (fy_parser_set_string(parser, c->text, c->n)) {
		refuse(c, 0, "the YAML parser cannot read this", NULL);
		return;
	}
	while (!c->failed && (e = fy_parser_parse(parser))) {
		event_take(c, e);
		fy_parser_event_free(parser, e);
	}
	if (fy_parser_get_stream_error(parser))
		refuse(c, c->at, "this is not YAML", NULL);
}

int yaml_parse(const char *text, size_t n, struct yaml *out, struct yaml_error *error)
{
	struct composer *c = mem_new(sizeof(*c));
	struct fy_diag *diag = NULL;
	struct fy_parser *parser;
	bool failed;

	*out = YAML_NONE;
	*error = (struct yaml_error){ .message = STR_NONE };
	*c = (struct composer){ .text = text, .n = n, .yaml = out, .error = error };
	parser = parser_new(c, &diag);
	if (parser)
		compose(c, parser);
	else
		refuse(c, 0, "the YAML parser could not be started", NULL);
	fy_parser_destroy(parser);
	fy_diag_destroy(diag);
	while (c->depth)
		free(c->levels[--c->depth].anchor);
	for (size_t i = 0; i < c->n_anchors; i++)
		free(c->anchors[i].name);
	free(c->anchors);
	failed = c->failed;
	free(c);
	if (failed)
		yaml_fini(out);
	return failed;
}
