/* SPDX-License-Identifier: MIT */
/*
 * The sign of an int says who must act. Every function that can fail returns an int:
 *
 *   negative  the harness broke (-errno, or STATUS_* below): forward it untouched; it ends in exit code 3
 *   zero      done
 *   positive  an outcome named by the function's own header: handle it where it is received
 *
 * "The target failed" and "the harness broke" are never the same value.
 */
#ifndef CORE_BASE_STATUS_H
#define CORE_BASE_STATUS_H

/* Exit codes of the program (DESIGN, section 3). Of several, status_worse() keeps the one that counts. */
enum exit_code {
	EXIT_AS_EXPECTED = 0,
	EXIT_NOT_AS_EXPECTED = 1,
	EXIT_USAGE = 2,
	EXIT_HARNESS = 3,
	EXIT_SKIPPED = 77,
};

/*
 * The worse of two exit codes in the order 2, 3, 1, 0; 77 only if both are 77. Pure.
 */
static inline int status_worse(int a, int b)
{
	static const int order[] = { EXIT_USAGE, EXIT_HARNESS, EXIT_NOT_AS_EXPECTED, EXIT_AS_EXPECTED };

	for (int i = 0; i < 4; i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return EXIT_SKIPPED;
}

#endif
