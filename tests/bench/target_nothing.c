/* SPDX-License-Identifier: MIT */
/* The smallest dynamic program: what starting one costs. */
int main(void)
{
	return 0;
}
