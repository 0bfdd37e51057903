/* SPDX-License-Identifier: MIT */
/* A library that lacks a function which nobody calls. */
int nowhere(int);
int one_more(int x);
int lacking(int x);

int one_more(int x)
{
	return x + 1;
}

int lacking(int x)
{
	return nowhere(x);
}
