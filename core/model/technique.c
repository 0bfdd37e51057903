/* SPDX-License-Identifier: MIT */
#include "core/model/technique.h"

#include "core/base/banned.h"

const struct technique_info technique_table[] = {
#define TECHNIQUE(symbol, ...) { __VA_ARGS__ },
#include "core/techniques/techniques.def"
#undef TECHNIQUE
};
const size_t n_techniques = sizeof(technique_table) / sizeof(technique_table[0]);

const struct mistake_info mistake_table[] = {
#define MISTAKE(symbol, ...) { __VA_ARGS__ },
#include "core/techniques/mistakes.def"
#undef MISTAKE
};
const size_t n_mistakes = sizeof(mistake_table) / sizeof(mistake_table[0]);

const struct design_info design_table[] = {
#define DESIGN(symbol, ...) { __VA_ARGS__ },
#include "core/techniques/designs.def"
#undef DESIGN
};
const size_t n_designs = sizeof(design_table) / sizeof(design_table[0]);

const struct technique_info *technique_find(const char *name)
{
	for (size_t i = 0; i < n_techniques; i++)
		if (strcmp(technique_table[i].name, name) == 0)
			return &technique_table[i];
	return NULL;
}

uint32_t scenario_traits(const struct scenario *s)
{
	const struct technique_info *t = s->reference.technique ? technique_find(s->reference.technique) : NULL;

	return t ? t->traits : TRAIT_DATA;
}

const struct mistake_info *mistake_find(const char *name)
{
	for (size_t i = 0; i < n_mistakes; i++)
		if (strcmp(mistake_table[i].name, name) == 0)
			return &mistake_table[i];
	return NULL;
}

int words_have(const char *words, const char *word)
{
	size_t n = strlen(word);

	if (strcmp(words, "*") == 0)
		return 1;
	for (const char *p = words; *p;) {
		size_t length = strcspn(p, " ");

		if (length == n && memcmp(p, word, n) == 0)
			return 1;
		p += length;
		p += strspn(p, " ");
	}
	return 0;
}
