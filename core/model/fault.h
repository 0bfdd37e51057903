/* SPDX-License-Identifier: MIT */
/* The kinds of fault as data: one row of faults/faults.def each. What they do is in faults/, inside the injector. */
#ifndef CORE_MODEL_FAULT_H
#define CORE_MODEL_FAULT_H

#include <stddef.h>
#include <stdint.h>

enum fault_class { FAULT_TRANSPARENT, FAULT_NETWORK, FAULT_ERROR, FAULT_DISRUPTIVE, FAULT_ORDERING, N_FAULT_CLASSES };

struct fault_info {
	const char *name;	/* as in `do:` */
	uint32_t action;	/* enum action */
	uint32_t class;		/* enum fault_class */
	/* "", "bytes|half", "duration", "role", "errno", "{byte: N}", "{role:, for:}", "{until:, limit:}", "N" */
	const char *argument;
	const char *families;	/* where it makes sense: family names separated by spaces; "*" */
	const char *summary;
};

extern const struct fault_info fault_table[];
extern const size_t n_fault_infos;
extern const char *const fault_class_names[N_FAULT_CLASSES];
const struct fault_info *fault_find(const char *name);
const struct fault_info *fault_of_action(uint32_t action);

#endif
