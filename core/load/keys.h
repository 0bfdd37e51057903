/* SPDX-License-Identifier: MIT */
/*
 * The format as tables: every map of a scenario is a struct map, every key in it a row, every value has a type that
 * reads it and describes it to the JSON Schema. Nothing else knows which keys there are.
 */
#ifndef CORE_LOAD_KEYS_H
#define CORE_LOAD_KEYS_H

#include "core/load/loader.h"

struct json_t;
struct key;

struct type {
	/* Stores the value at `to` (the key's field), or complains. `value` is expanded. */
	void (*read)(struct loader *l, const struct key *key, const struct node *value, void *to);
	/* A new JSON Schema of the value. */
	struct json_t *(*schema)(const struct key *key);
	bool free_text;		/* a ${NAME} that is not set is just text */
	bool null_is_fine;
};

struct map {
	const char *name;		/* "a role", "a fault": for messages */
	const struct key *keys;
	size_t n;
};

struct key {
	const char *name, *about;
	const struct type *type;
	size_t offset;			/* of the field in what the map fills */
	int64_t min, max;		/* numbers; texts and lists: longest */
	const char *const *words;	/* type_word: the value is stored as the index of its word */
	size_t n_words;
	const struct map *map;		/* type_map */
	size_t count_offset;		/* lists: of the size_t that counts them */
	bool required;
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

extern const struct map map_scenario, map_role, map_fault, map_point, map_on, map_corrupt, map_pause, map_hold;
extern const struct map map_verdict, map_program_point;

/* map.c: reads a map by its table into `to`. False if it is no map. */
bool map_read(struct loader *l, const struct map *map, const struct node *n, void *to);
/* The text of a scalar, or NULL after complaining that WHAT is wanted. */
const char *text_want(struct loader *l, const struct node *n, const char *what);
/* Replaces *to with a copy of text. */
void text_set(char **to, const char *text);
/* Marks the scenario as one that needs what does not exist yet; the first reason stays. */
void later(struct loader *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Reads a whole number from min to max; false after complaining. */
bool count_want(struct loader *l, const struct node *n, int64_t min, int64_t max, uint64_t *out);
bool duration_want(struct loader *l, const struct node *n, int64_t min, int64_t max, int64_t *out);

/* basic.c */
extern const struct type type_text, type_prose, type_fixed, type_bool, type_flag, type_true, type_word, type_u32;
extern const struct type type_i32, type_u64, type_real, type_duration, type_limit, type_size_range, type_map;
extern const struct type type_texts, type_signal;
/* format.c */
extern const struct type type_version, type_later, type_matrix;
/* roles.c */
extern const struct type type_roles, type_argv, type_env, type_ready;
/* reference.c */
extern const struct type type_technique, type_design, type_mistakes;
/* faults.c */
extern const struct type type_faults, type_at, type_calls, type_kinds, type_times, type_role_glob;
/* actions.c */
extern const struct type type_action;
/* expects.c */
extern const struct type type_expect;

/* After everything is read: what one key alone cannot tell. */
void roles_finish(struct loader *l, const struct node *root);
void reference_finish(struct loader *l, const struct node *root);
void faults_finish(struct loader *l, const struct node *root);
void expects_finish(struct loader *l, const struct node *root);
/* Does a glob over process names select anything of the scenario? Complains with `what` if not. */
void role_glob_check(struct loader *l, const struct node *n, const char *glob);

/* schema.c */
struct json_t *schema_of_map(const struct map *map);
struct json_t *schema_text(const char *about);
struct json_t *schema_words(const char *const *words, size_t n);

/* Names of a table of structs whose first member is its name; the caller frees the array (not the names). */
const char **names_of(const void *table, size_t size, size_t n);

#endif
