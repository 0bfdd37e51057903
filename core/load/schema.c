/* SPDX-License-Identifier: MIT */
/* The JSON Schema, made from the tables that the loader itself reads by. */
#include <jansson.h>

#include "core/load/keys.h"
#include "core/base/banned.h"

json_t *schema_text(const char *about)
{
	json_t *s = json_pack("{s:s}", "type", "string");

	if (about)
		json_object_set_new(s, "description", json_string(about));
	return s;
}

json_t *schema_words(const char *const *words, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (words[i] && *words[i])
			json_array_append_new(list, json_string(words[i]));
	return json_pack("{s:o}", "enum", list);
}

/* Any value may also be written as a ${NAME}. */
static json_t *schema_of_value(const struct key *key)
{
	json_t *s = json_pack("{s:[o,{s:s}]}", "anyOf", key->type->schema(key), "$ref", "#/$defs/reference");

	json_object_set_new(s, "description", json_string(key->about));
	return s;
}

json_t *schema_of_map(const struct map *map)
{
	json_t *properties = json_object(), *required = json_array(), *s;

	for (size_t i = 0; i < map->n; i++) {
		json_object_set_new(properties, map->keys[i].name, schema_of_value(&map->keys[i]));
		if (map->keys[i].required)
			json_array_append_new(required, json_string(map->keys[i].name));
	}
	s = json_pack("{s:s,s:o,s:b}", "type", "object", "properties", properties, "additionalProperties", 0);
	if (json_array_size(required))
		json_object_set_new(s, "required", required);
	else
		json_decref(required);
	return s;
}

void schema_print(FILE *out)
{
	json_t *s =
		json_pack("{s:s,s:s,s:s,s:{s:{s:s,s:s}}}", "$schema", "https://json-schema.org/draft/2020-12/schema",
			"$id", "urn:sabot:scenario:1", "title", "Sabot scenario, version 1", "$defs", "reference",
			"type", "string", "pattern", "\\$\\{[A-Za-z0-9_-]+\\}");
	json_t *map = schema_of_map(&map_scenario);

	json_object_set_new(map, "oneOf", json_pack("[{s:[s]},{s:[s]}]", "required", "technique", "required", "roles"));
	json_object_update(s, map);
	json_decref(map);
	json_dumpf(s, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(s);
}
