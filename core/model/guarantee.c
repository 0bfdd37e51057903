/* SPDX-License-Identifier: MIT */
#include "core/model/guarantee.h"

#include <ctype.h>
#include <string.h>

#include "core/base/banned.h"

const struct guarantee_info guarantee_table[] = {
#define GUARANTEE(symbol, name, group, question, values) { name, group, question, values },
#include "core/techniques/probes/guarantees.def"
#undef GUARANTEE
};
const size_t n_guarantees = sizeof(guarantee_table) / sizeof(guarantee_table[0]);

const struct guarantee_info *guarantee_find(const char *name)
{
	for (size_t i = 0; i < n_guarantees; i++)
		if (strcmp(guarantee_table[i].name, name) == 0)
			return &guarantee_table[i];
	return NULL;
}

static size_t number_length(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return text[0] == '0' && n > 1 ? 0 : n;
}

/* "EPIPE", "EPIPE+SIGPIPE" */
static size_t error_length(const char *text)
{
	size_t n = 1;

	if (text[0] != 'E')
		return 0;
	while (isupper((unsigned char)text[n]) || isdigit((unsigned char)text[n]))
		n++;
	if (n < 2)
		return 0;
	if (strncmp(text + n, "+SIG", 4) == 0)
		for (n += 4; isupper((unsigned char)text[n]); n++)
			;
	return n;
}

static bool word_matches(const char *word, size_t n, const char *value)
{
	for (const char *end = word + n; word < end; word++) {
		size_t length = *word == '#' ? number_length(value) : *word == '@' ? error_length(value) : 1;

		if (length == 0 || (*word != '#' && *word != '@' && *word != *value))
			return false;
		value += length;
	}
	return *value == '\0';
}

bool guarantee_allows(const struct guarantee_info *g, const char *value)
{
	if (strcmp(value, "n/a") == 0 || strcmp(value, "unknown") == 0)
		return true;
	for (const char *word = g->values; *word;) {
		size_t n = strcspn(word, " ");

		if (word_matches(word, n, value))
			return true;
		word += n;
		word += strspn(word, " ");
	}
	return false;
}
