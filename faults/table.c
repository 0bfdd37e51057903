/* SPDX-License-Identifier: MIT */
#include "core/model/fault.h"

#include <string.h>

#include "core/model/plan.h"

const struct fault_info fault_table[] = {
#define FAULT(name, action, class, argument, families, summary) \
	{ #name, ACT_##action, FAULT_##class, argument, families, summary },
#include "faults/faults.def"
#undef FAULT
};
const size_t n_fault_infos = sizeof(fault_table) / sizeof(*fault_table);

const char *const fault_class_names[N_FAULT_CLASSES] = {
	[FAULT_TRANSPARENT] = "transparent", [FAULT_NETWORK] = "network", [FAULT_ERROR] = "error",
	[FAULT_DISRUPTIVE] = "disruptive", [FAULT_ORDERING] = "ordering",
};

const char *const refusal_texts[N_REFUSALS] = {
	[REFUSED_NOT] = "",
	[REFUSED_DATAGRAM] = "a datagram is never moved in parts",
	[REFUSED_NO_HANDLER] =
		"the program has installed no handler that could run (and no signal without one gives EINTR)",
	[REFUSED_BLOCKING] = "a blocking descriptor never gives EAGAIN",
	[REFUSED_PIPE_BUF] = "a write of up to PIPE_BUF bytes to a pipe is never cut short",
	[REFUSED_NOT_SHORTER] = "the length is not below what was asked for",
	[REFUSED_KIND] = "the fault makes no sense on this kind of descriptor",
	[REFUSED_ERRNO] = "the call cannot fail with this errno here",
	[REFUSED_NEVER_EINTR] = "the call never returns EINTR",
	[REFUSED_NO_TARGET] = "no process of that role was alive",
	[REFUSED_TAKEN] = "another fault has decided what this call gives",
	[REFUSED_RELIABLE] = "Linux does not lose, double or reorder anything here",
	[REFUSED_MEANT] = "the signal does by itself what was seen: its handler is not one that only passes by",
	[REFUSED_SEALED] = "the memory is sealed (F_SEAL_SHRINK): nobody can cut it short",
	[REFUSED_PRIVATE] = "no other process could have this memory",
	[REFUSED_RIGHTS] = "nobody else may write to this memory",
	[REFUSED_READY] = "a wait has told that it is ready, or a message is there: on Linux it stays until taken",
	[REFUSED_NO_WAIT] = "the call has never waited here",
	[REFUSED_CONFINED] = "the process has confined itself (seccomp), and would be killed for what this takes",
	[REFUSED_STDIO] = "stdio reads here, and gives its caller no way to go on from EINTR",
	[REFUSED_EMPTY] = "too little has been sent here to fill it: there is room",
};

const struct fault_info *fault_find(const char *name)
{
	for (size_t i = 0; i < n_fault_infos; i++)
		if (strcmp(fault_table[i].name, name) == 0)
			return &fault_table[i];
	return NULL;
}

const struct fault_info *fault_of_action(uint32_t action)
{
	for (size_t i = 0; i < n_fault_infos; i++)
		if (fault_table[i].action == action)
			return &fault_table[i];
	return NULL;
}
