/* SPDX-License-Identifier: MIT */
/* A program with a failure point of its own, "db/commit"; prints what each of five commits came to. */
#define FIU_ENABLE
#include <fiu.h>
#include <stdint.h>
#include <stdio.h>

int main(void)
{
	fiu_init(0);
	for (int i = 0; i < 5; i++) {
		int failed = fiu_fail("db/commit");

		printf("%d:%d ", failed, failed ? (int)(intptr_t)fiu_failinfo() : 0);
	}
	puts("");
	return 0;
}
