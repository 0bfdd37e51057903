/* SPDX-License-Identifier: MIT */
#include <stdint.h>

struct vote {
	uint32_t ballot;
	int32_t  weight;
	char     name[24];
};

struct result {
	uint32_t votes;
	int64_t  weight;
};
