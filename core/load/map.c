/* SPDX-License-Identifier: MIT */
/* The one function that reads a map by its table. */
#include <stdlib.h>
#include <string.h>

#include "core/load/keys.h"
#include "core/base/banned.h"

const char **names_of(const void *table, size_t size, size_t n)
{
	const char **names = mem_new((n + 1) * sizeof(names[0]));

	for (size_t i = 0; i < n; i++)
		memcpy(&names[i], (const char *)table + i * size, sizeof(names[i]));
	return names;
}

/* Complains of a key that is there twice; true if it is a later one of the two. */
static bool is_duplicate(struct loader *l, const struct map *map, const struct node *n, size_t i)
{
	const struct node *key = n->pairs[i].key;

	for (size_t j = 0; j < i; j++) {
		if (strcmp(n->pairs[j].key->text, key->text) == 0) {
			complain(l, key, NULL, "\"%s\" is in %s twice, first in line %d", key->text, map->name,
				node_line(l, n->pairs[j].key));
			return true;
		}
	}
	return false;
}

static const struct key *key_find(const struct map *map, const char *name)
{
	for (size_t i = 0; i < map->n; i++)
		if (strcmp(map->keys[i].name, name) == 0)
			return &map->keys[i];
	return NULL;
}

static void pair_read(struct loader *l, const struct map *map, const struct pair *p, void *to)
{
	const struct key *key = key_find(map, p->key->text);
	const struct node *value;

	if (!map->n)
		return;
	if (!key) {
		const char **names = names_of(map->keys, sizeof(map->keys[0]), map->n);

		complain_unknown_key(l, p->key, map->name, names, map->n);
		free(names);
		return;
	}
	value = key->type->free_text ? node_expand_free(l, p->value) : node_expand(l, p->value);
	if (node_is_null(value) && !key->type->null_is_fine)
		complain(l, p->key, "leave the key out, or give it a value", "\"%s\" has no value", p->key->text);
	else
		key->type->read(l, key, value, (char *)to + key->offset);
}

static void missing_told(struct loader *l, const struct map *map, const struct node *n, const struct key *key)
{
	char *remedy = mem_printf("%s: %s", key->name, key->about);

	complain(l, n, remedy, "%s needs the key \"%s\"", map->name, key->name);
	free(remedy);
}

bool map_read(struct loader *l, const struct map *map, const struct node *n, void *to)
{
	if (n->kind != NODE_MAP) {
		char *described = node_describe(n);

		complain(l, n, NULL, "%s is a map of keys and values, not %s", map->name, described);
		free(described);
		return false;
	}
	for (size_t i = 0; i < n->n; i++)
		if (!is_duplicate(l, map, n, i))
			pair_read(l, map, &n->pairs[i], to);
	for (size_t i = 0; i < map->n; i++)
		if (map->keys[i].required && !node_get(l, n, map->keys[i].name))
			missing_told(l, map, n, &map->keys[i]);
	return true;
}
