/* SPDX-License-Identifier: MIT */
/* From YAML to scenarios. The only place that knows YAML. */
#ifndef CORE_LOAD_LOAD_H
#define CORE_LOAD_LOAD_H

#include <stddef.h>
#include <stdio.h>

#include "core/base/str.h"
#include "core/model/scenario.h"

struct load_options {
	const char *reference_program;	/* path of sabot-ref */
};

struct scenario_list {
	struct scenario **items;	/* owned */
	size_t n;
};

/*
 * Loads one file; every combination of its matrix becomes one scenario, appended to *list.
 * 0: fine. 1: the file is not a valid scenario: `errors` has one or more messages (file:line:col, source line, caret,
 * remedy), each ending in a newline; nothing was appended. Negative: -errno, the harness broke.
 * A file that cannot be opened, is a directory, binary, empty, larger than 4 MiB or nested deeper than 64 is case 1.
 */
int load_file(const char *path, const struct load_options *options, struct scenario_list *list, struct str *errors);
/*
 * A file, or every *.yaml and *.yml under a directory in the order of strcmp(). Goes on after a bad file, so that all
 * errors are told. 0, 1 or negative as above; 1 also if there is no such file or no scenario in the directory.
 */
int load_path(const char *path, const struct load_options *options, struct scenario_list *list, struct str *errors);
void scenario_list_fini(struct scenario_list *list);
/* The JSON Schema of the format, made from the loader's own table. */
void schema_print(FILE *out);

#endif
